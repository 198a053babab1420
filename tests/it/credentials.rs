//! Credentials for real: cert-manager issues the certificate that a golden asks for, and with it, with the golden's own
//! arguments and variables, a signer gets credentials from a Roles Anywhere that checks everything.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::aws_peers::moto;
use crate::cluster::{APPLY, CLUSTER, bytes_of, goldens, pod_specs};
use crate::peers::peer;
use crate::roles_anywhere_peers::{Anywhere, World, python};
use crate::support::{Output, free_port, iamra, root, run};

/// AWS's own helper, which no registry has.
pub(crate) fn official_helper() -> Option<String> {
    std::env::var("AWS_SIGNING_HELPER").ok().filter(|path| Path::new(path).is_file())
}

/// A container as the kubelet starts it: variables expanded, the certificate's volume in a folder.
struct Container {
    args: Vec<String>,
    env: BTreeMap<String, String>,
    probe: Vec<String>,
    port: u16,
}

/// What the application waits for: a native sidecar's probe, or a plain one's hook.
fn gate(sidecar: &Value) -> &Value {
    let hook = &sidecar["lifecycle"]["postStart"];
    if hook.is_null() { &sidecar["startupProbe"] } else { hook }
}

/// One sidecar of a golden, with everything that it needs from the cluster.
struct Sidecar {
    golden: String,
    container: Value,
    pod: Value,
    objects: Vec<Value>,
}

impl Sidecar {
    /// What makes it different from others: those that only differ in names and ARNs prove nothing new.
    fn kind(&self) -> String {
        let anonymous = |text: &str| -> String {
            let words = text.split('"').map(|word| word.split_once("=arn:").map_or(word, |(flag, _)| flag));
            words.filter(|word| !word.ends_with("-iam-ra-config")).collect::<Vec<_>>().join("\"")
        };
        let key = self.certificate().map(|certificate| certificate["spec"]["privateKey"].clone());
        let native = self.container["restartPolicy"] == "Always";
        let how =
            ["args", "startupProbe", "lifecycle", "env"].map(|field| anonymous(&self.container[field].to_string()));
        json!([key, native, how, self.sidecars().len()]).to_string()
    }

    fn sidecars(&self) -> Vec<&Value> {
        sidecars(&self.pod)
    }

    fn named(&self, kind: &str, name: &Value) -> Option<&Value> {
        self.objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == *name)
    }

    fn secret_name(&self) -> &Value {
        let mount = &self.container["volumeMounts"][0]["name"];
        let volumes = self.pod["volumes"].as_array().unwrap();
        &volumes.iter().find(|volume| volume["name"] == *mount).unwrap()["secret"]["secretName"]
    }

    /// The Certificate among the golden's objects that fills the sidecar's volume.
    fn certificate(&self) -> Option<&Value> {
        let fills =
            |object: &&Value| object["kind"] == "Certificate" && object["spec"]["secretName"] == *self.secret_name();
        self.objects.iter().find(fills)
    }

    /// The Secret of its CA, when the golden has a CA issuer for it.
    fn authority(&self) -> Option<&str> {
        let issuer = self.named("Issuer", &self.certificate()?["spec"]["issuerRef"]["name"])?;
        issuer["spec"]["ca"]["secretName"].as_str()
    }

    fn variable(&self, variable: &Value) -> String {
        if let Some(value) = variable["value"].as_str() {
            return value.to_owned();
        }
        let from = &variable["valueFrom"]["configMapKeyRef"];
        let map = self.named("ConfigMap", &from["name"]).unwrap_or_else(|| panic!("{}: no {from}", self.golden));
        map["data"][from["key"].as_str().unwrap()].as_str().unwrap().to_owned()
    }

    fn environment(&self, container: &Value) -> BTreeMap<String, String> {
        let variables = container["env"].as_array().into_iter().flatten();
        variables.map(|it| (it["name"].as_str().unwrap().to_owned(), self.variable(it))).collect()
    }

    /// As the kubelet would start it, on another port: several tests may run on one machine.
    fn start_with(&self, files: &Path) -> Container {
        let env = self.environment(&self.container);
        let mount = self.container["volumeMounts"][0]["mountPath"].as_str().unwrap();
        let port = free_port();
        let texts = |list: &Value| -> Vec<String> {
            list.as_array().into_iter().flatten().map(|arg| arg.as_str().unwrap().to_owned()).collect()
        };
        let there = |arg: String| arg.replace(mount, files.to_str().unwrap());
        let expand = |arg: String| env.iter().fold(arg, |arg, (name, value)| arg.replace(&format!("$({name})"), value));
        let moved = |arg: String| if arg.starts_with("--port=") { format!("--port={port}") } else { arg };
        Container {
            args: texts(&self.container["args"]).into_iter().map(expand).map(there).map(moved).collect(),
            // Variables are not expanded in the command of a probe or a hook.
            probe: texts(&gate(&self.container)["exec"]["command"]).into_iter().map(there).collect(),
            env,
            port,
        }
    }

    fn flag(&self, name: &str) -> Option<String> {
        let prefix = format!("--{name}=");
        let args = self.container["args"].as_array().unwrap();
        args.iter().find_map(|arg| arg.as_str().unwrap().strip_prefix(&prefix).map(str::to_owned))
    }

    /// The first container of the application that is sent to this sidecar; `None` if the pod has no container yet.
    fn application(&self) -> Option<BTreeMap<String, String>> {
        let endpoint = format!("http://127.0.0.1:{}", self.flag("port").unwrap());
        let ours = self.sidecars();
        let mut others =
            self.pod["containers"].as_array().into_iter().flatten().filter(|it| !ours.contains(it)).peekable();
        others.peek()?;
        let mut environments = others.map(|it| self.environment(it));
        let asks = |env: &BTreeMap<String, String>| {
            env.get("AWS_EC2_METADATA_SERVICE_ENDPOINT").is_some_and(|it| it.trim_end_matches('/') == endpoint)
        };
        Some(environments.find(asks).unwrap_or_else(|| panic!("{}: nobody asks {endpoint}", self.golden)))
    }

    /// What the cluster needs for the certificate, in a namespace of its own.
    fn install(&self, namespace: &str) {
        CLUSTER.namespace(namespace);
        let authority = self.authority().unwrap();
        if self.named("Secret", &json!(authority)).is_none() {
            let read = |name: &str| std::fs::read_to_string(root().join("tests/data/ca").join(name)).unwrap();
            let secret = json!({
                "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
                "metadata": {"name": authority, "namespace": namespace},
                "stringData": {"tls.crt": read("rsa-cert.pem"), "tls.key": read("rsa-key.pem")},
            });
            CLUSTER.accepts(APPLY, &secret.to_string(), "the CA that is there");
        }
        let wanted = ["Secret", "Issuer", "Certificate"];
        for object in self.objects.iter().filter(|object| wanted.contains(&object["kind"].as_str().unwrap())) {
            let mut object = object.clone();
            object["metadata"]["namespace"] = json!(namespace);
            CLUSTER.accepts(APPLY, &object.to_string(), &self.golden);
        }
    }

    fn becomes_ready(&self, namespace: &str) {
        let certificate = self.certificate().unwrap()["metadata"]["name"].as_str().unwrap();
        CLUSTER.becomes_ready(namespace, &format!("certificate/{certificate}"));
    }

    /// The Secret's keys as the files of the volume.
    fn mount(&self, namespace: &str, files: &Path) {
        let secret = CLUSTER.get(namespace, &format!("secret/{}", self.secret_name().as_str().unwrap()));
        let mount = &self.container["volumeMounts"][0]["name"];
        let volume = self.pod["volumes"].as_array().unwrap().iter().find(|it| it["name"] == *mount).unwrap();
        for item in volume["secret"]["items"].as_array().unwrap() {
            let text = |key: &str| item[key].as_str().unwrap();
            std::fs::write(files.join(text("path")), bytes_of(&secret, text("key"))).unwrap();
        }
    }

    /// cert-manager makes a new one, with a new key, when the Secret is gone.
    fn renew(&self, namespace: &str, files: &Path) {
        let secret = format!("secret/{}", self.secret_name().as_str().unwrap());
        let deleted = CLUSTER.kubectl(&["delete", "--namespace", namespace, &secret], "");
        assert_eq!(deleted.exit, 0, "{}", deleted.stderr);
        let wait = ["wait", "--namespace", namespace, "--for=create", "--timeout=60s", &secret];
        let waited = CLUSTER.kubectl(&wait, "");
        assert_eq!(waited.exit, 0, "{}", waited.stderr);
        self.mount(namespace, files);
    }

    /// `iamra doctor` makes a session with the same pair, in the helper's own layout.
    fn doctor_agrees(&self, files: &Path, anywhere: &Anywhere) {
        let env = self.environment(&self.container);
        let spec = &self.certificate().unwrap()["spec"];
        let declaration = json!({
            "apiVersion": "iamra.dev/v1alpha1", "kind": "RolesAnywhere", "metadata": {"name": "acme"},
            "spec": {
                "scopes": {"default": {"trustAnchor": env["TRUST_ANCHOR_ARN"]}},
                "roles": {"app": {"profileArn": env["PROFILE_ARN"], "roleArn": env["ROLE_ARN"]}},
                "workloads": {"app": {"certificate": {"commonName": spec["commonName"]}}},
            },
        });
        std::fs::write(files.join("iamra.yaml"), declaration.to_string()).unwrap();
        let mut command = iamra(files);
        command.args(["doctor", "--certificate", "tls.crt", "--key", "tls.key"]);
        let output = run(command.env("AWS_ENDPOINT_URL_ROLESANYWHERE", &anywhere.http), b"");
        assert!(output.stdout.contains("ok: AWS issues a session for "), "{}: {}", self.golden, output.stderr);
        assert_eq!(anywhere.seen().last().unwrap()["layout"], "query", "{}", self.golden);
    }

    fn world(&self, namespace: &str) -> Anywhere {
        let secret = CLUSTER.get(namespace, &format!("secret/{}", self.authority().unwrap()));
        let ca = String::from_utf8(bytes_of(&secret, "tls.crt")).unwrap();
        let env = self.environment(&self.container);
        let world = World {
            trust_anchor: &env["TRUST_ANCHOR_ARN"],
            profile: &env["PROFILE_ARN"],
            role: &env["ROLE_ARN"],
            ca: &ca,
            common_name: self.certificate().unwrap()["spec"]["commonName"].as_str().unwrap(),
        };
        let mut world = world.json();
        world["profiles"][0]["acceptRoleSessionName"] = json!(self.flag("role-session-name").is_some());
        // Short enough that the helper renews on every request, as it does below ten minutes.
        world["secondsLeft"] = json!(540);
        Anywhere::start(&world)
    }
}

pub(crate) fn sidecars(pod: &Value) -> Vec<&Value> {
    let lists = ["initContainers", "containers"].map(|list| pod[list].as_array().into_iter().flatten());
    let ours = |container: &&Value| container["name"].as_str().is_some_and(|name| name.starts_with("iam-ra-sidecar"));
    lists.into_iter().flatten().filter(ours).collect()
}

/// Whether a sidecar is iamra itself; `serve.rs` runs these.
pub(crate) fn is_iamra(container: &Value) -> bool {
    container["image"].as_str().is_some_and(|image| image.contains("/iamra"))
}

/// One sidecar with AWS's helper of every kind that the goldens have, with a certificate that their own CA issuer gives.
fn distinct() -> Vec<Sidecar> {
    let mut known = BTreeSet::new();
    let mut found = Vec::new();
    for (golden, objects) in goldens() {
        for pod in objects.iter().flat_map(pod_specs) {
            for container in sidecars(&pod) {
                let (golden, container, pod, objects) =
                    (golden.clone(), container.clone(), pod.clone(), objects.clone());
                let sidecar = Sidecar { golden, container, pod, objects };
                let serves = sidecar.container["args"][0] == "serve" && !is_iamra(&sidecar.container);
                // A chain that the author mounts is not here.
                let has_chain =
                    sidecar.flag("intermediates").is_none_or(|it| it.starts_with("/var/run/secrets/iam-ra/"));
                if serves && has_chain && sidecar.authority().is_some() && known.insert(sidecar.kind()) {
                    found.push(sidecar);
                }
            }
        }
    }
    found
}

/// The ARN that STS has for the session: named by the certificate's serial number, or as the golden says.
fn expected_arn(sidecar: &Sidecar, anywhere: &Anywhere) -> String {
    let seen = anywhere.seen();
    let last = seen.last().expect("somebody asked");
    assert_eq!(last["status"], 201, "{}: {last}", sidecar.golden);
    let env = sidecar.environment(&sidecar.container);
    for (field, variable) in
        [("trustAnchorArn", "TRUST_ANCHOR_ARN"), ("profileArn", "PROFILE_ARN"), ("roleArn", "ROLE_ARN")]
    {
        assert_eq!(last[field].as_str().unwrap(), env[variable], "{}", sidecar.golden);
    }
    let duration = sidecar.flag("session-duration").unwrap();
    assert_eq!(last["grantedDuration"].to_string(), duration, "{}", sidecar.golden);
    let name = sidecar.flag("role-session-name").unwrap_or_else(|| last["serial"].as_str().unwrap().to_owned());
    let role = &env["ROLE_ARN"];
    let account = role.split(':').nth(4).unwrap();
    format!("arn:aws:sts::{account}:assumed-role/{}/{name}", role.rsplit('/').next().unwrap())
}

#[test]
fn what_the_goldens_ask_for_gets_credentials() {
    let helper = official_helper();
    let mut shown = BTreeSet::new();
    let mut algorithms = BTreeSet::new();
    let mut together = BTreeSet::new();
    let sidecars = distinct();
    let namespace = |n: usize| format!("credentials-{n}");
    // All are installed first: cert-manager is slow if it sees an Issuer before its Secret.
    sidecars.iter().enumerate().for_each(|(n, sidecar)| sidecar.install(&namespace(n)));
    for (n, sidecar) in sidecars.iter().enumerate() {
        let namespace = namespace(n);
        sidecar.becomes_ready(&namespace);
        let folder = tempfile::tempdir().unwrap();
        let files = folder.path();
        sidecar.mount(&namespace, files);
        let anywhere = sidecar.world(&namespace);
        let started = sidecar.start_with(files);
        let mut running = helper.as_deref().map(|helper| Helper::start(helper, sidecar, &started, &anywhere));
        let mut serials = BTreeSet::new();
        for renewed in [false, true] {
            if renewed {
                sidecar.renew(&namespace, files);
            }
            let session = anywhere.python_session(&started.args);
            assert_eq!(
                session.stdout.trim_end(),
                expected_arn(sidecar, &anywhere),
                "{}: {}",
                sidecar.golden,
                session.stderr
            );
            sidecar.doctor_agrees(files, &anywhere);
            if let Some(helper) = &mut running {
                helper.serves_the_application(sidecar, &anywhere);
            }
            serials.extend(anywhere.seen().last().unwrap()["serial"].as_str().map(str::to_owned));
        }
        assert_eq!(serials.len(), 2, "{}: the second certificate is another", sidecar.golden);
        for call in anywhere.seen() {
            algorithms.insert(call["algorithm"].as_str().unwrap().to_owned());
        }
        let native = sidecar.container["restartPolicy"] == "Always";
        together.insert(sidecar.sidecars().len());
        let key = sidecar.certificate().unwrap()["spec"]["privateKey"]["algorithm"].as_str().unwrap();
        shown.insert((key.to_owned(), native));
    }
    assert_eq!(algorithms.len(), 2, "{algorithms:?}");
    assert_eq!(shown.len(), 4, "RSA and ECDSA, native and plain: {shown:?}");
    assert!(together.contains(&2), "two roles in one pod: {together:?}");
    match helper {
        Some(path) => println!("credentials: iam-rolesanywhere-session, and the official helper {path}"),
        None => println!(
            "credentials: iam-rolesanywhere-session; the official helper is not in AWS_SIGNING_HELPER and did not run"
        ),
    }
}

/// AWS's helper, running as a sidecar.
struct Helper {
    process: Child,
    application: Option<BTreeMap<String, String>>,
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Helper {
    /// With its startup probe passed, when it has one.
    fn start(program: &str, sidecar: &Sidecar, container: &Container, anywhere: &Anywhere) -> Self {
        let home = tempfile::tempdir().unwrap();
        let with_environment = |args: &[String]| {
            let mut command = Command::new(program);
            command.args(args).env_clear().envs(&container.env).env("HOME", home.path());
            command.env("AWS_ENDPOINT_URL_ROLESANYWHERE", &anywhere.http);
            // The double is a custom endpoint, which AWS's SDK refuses together with kinds of AWS's own.
            command.env_remove("AWS_USE_FIPS_ENDPOINT").env_remove("AWS_USE_DUALSTACK_ENDPOINT");
            command
        };
        let mut serve = with_environment(&container.args);
        let mut process = serve.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the helper starts");
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains("Local server started"));
        assert!(ready, "{}: the helper ended", sidecar.golden);
        // The helper would block on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        if let Some((helper, args)) = container.probe.split_first() {
            assert_eq!(helper, "/usr/local/bin/aws_signing_helper", "{}", sidecar.golden);
            let probe = run(&mut with_environment(args), b"");
            assert_eq!(probe.exit, 0, "{}: {}", sidecar.golden, probe.stderr);
            for text in ["ASIA", "SecretAccessKey", "aws_secret_access_key", "PRIVATE KEY"] {
                assert!(!probe.stdout.contains(text) && !probe.stderr.contains(text), "{}: {text}", sidecar.golden);
            }
        }
        let written = std::fs::read_dir(home.path()).unwrap().count();
        assert_eq!(written, 0, "{}: the helper wrote into its home", sidecar.golden);
        let (port, moved) = (sidecar.flag("port").unwrap(), container.port.to_string());
        let mut application = sidecar.application();
        if let Some(application) = &mut application {
            let endpoint = application.get_mut("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap();
            *endpoint = endpoint.replace(&port, &moved);
        }
        Self { process, application }
    }

    /// The AWS CLI and boto3 in the application's container say who they are.
    fn serves_the_application(&mut self, sidecar: &Sidecar, anywhere: &Anywhere) {
        let Some(application) = &self.application else { return };
        let home = tempfile::tempdir().unwrap();
        let in_container = |mut command: Command| -> Output {
            command.env_clear().envs(application).env("HOME", home.path()).env("AWS_ENDPOINT_URL_STS", moto().url());
            run(&mut command, b"")
        };
        let mut cli = Command::new(peer("aws"));
        cli.args(["sts", "get-caller-identity", "--query", "Arn", "--output", "text"]);
        for command in [cli, python("caller_identity.py")] {
            let output = in_container(command);
            assert_eq!(
                output.stdout.trim_end(),
                expected_arn(sidecar, anywhere),
                "{}: {}",
                sidecar.golden,
                output.stderr
            );
            assert_eq!(anywhere.seen().last().unwrap()["layout"], "query", "the helper writes the ARNs into the query");
        }
    }
}
