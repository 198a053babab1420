// Prints the access key of the credentials that an SDK for JavaScript finds by itself: `node key.js FOLDER v2|v3`.
const [folder, version] = process.argv.slice(2);
const load = require("module").createRequire(folder + "/");

async function find() {
  if (version === "v3") return load("@aws-sdk/credential-provider-node").defaultProvider()();
  const settings = new (load("aws-sdk").Config)();
  return new Promise((done, failed) =>
    settings.getCredentials((error) => (error ? failed(error) : done(settings.credentials))));
}

find().then(
  (found) => console.log(found.accessKeyId),
  (error) => { console.error(String(error)); process.exitCode = 1; });
