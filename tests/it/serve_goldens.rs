//! The goldens' own sidecars with iamra in them, run for real: their command lines get sessions, their gates open, and the
//! application's own variables lead to the role that is declared for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::aws_peers::moto;
use crate::cluster::{goldens, pod_specs};
use crate::credentials::{is_iamra, sidecars};
use crate::roles_anywhere_peers::{Anywhere, World, python};
use crate::serve::{Volume, data};
use crate::support::{free_port, iamra_path, root, run};

/// What is in a lock of a case.
fn locked(golden: &str) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(root().join("tests/cases").join(golden).join("input/iamra.lock")).unwrap();
    let lock: Value = serde_yaml::from_str(&text).unwrap();
    let entries = lock["references"].as_object().unwrap().iter();
    entries.map(|(name, it)| (name.clone(), it["value"].as_str().unwrap().to_owned())).collect()
}

/// One golden's pod, with this machine's own places and ports for those in it.
pub(crate) struct Pod {
    golden: String,
    pub(crate) spec: Value,
    lock: BTreeMap<String, String>,
    places: Vec<(String, String)>,
    pub(crate) volumes: Vec<Volume>,
    token: tempfile::TempDir,
}

impl Pod {
    pub(crate) fn empty(golden: &str) -> Self {
        let token = tempfile::tempdir().unwrap();
        Self {
            golden: golden.to_owned(),
            spec: Value::Null,
            lock: locked(golden),
            places: Vec::new(),
            volumes: Vec::new(),
            token,
        }
    }

    pub(crate) fn of(golden: &str, spec: Value) -> Self {
        let empty = Self::empty(golden);
        let sidecar = sidecars(&spec)[0].clone();
        let mut places = vec![("/usr/local/bin/iamra".to_owned(), iamra_path().display().to_string())];
        let mut volumes = Vec::new();
        for mount in sidecar["volumeMounts"].as_array().unwrap() {
            let at = mount["mountPath"].as_str().unwrap().to_owned();
            if mount["name"].as_str().unwrap().starts_with("iam-ra-token") {
                places.push((at, empty.token.path().display().to_string()));
                continue;
            }
            // Each certificate is another one.
            let volume = Volume::new(["p256", "rsa2048"][volumes.len()]);
            places.push((at, volume.0.path().display().to_string()));
            volumes.push(volume);
        }
        for port in ["9911", "9912"] {
            let free = free_port();
            places.push((port.to_owned(), free.to_string()));
        }
        // The longest first: some are the beginnings of others.
        places.sort_by_key(|(place, _)| std::cmp::Reverse(place.len()));
        Self { spec, places, volumes, ..empty }
    }

    fn moved(&self, text: &str) -> String {
        self.places.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }

    fn words(&self, list: &Value) -> Vec<String> {
        list.as_array().into_iter().flatten().map(|it| self.moved(it.as_str().unwrap())).collect()
    }

    /// The variables of a container, as the kubelet makes them.
    pub(crate) fn environment(&self, container: &Value) -> BTreeMap<String, String> {
        let value = |variable: &Value| {
            if let Some(value) = variable["value"].as_str() {
                return self.moved(value);
            }
            let from = &variable["valueFrom"]["configMapKeyRef"];
            let role = if from["name"].as_str().unwrap().contains("reports") { "reports" } else { "app" };
            let key = match from["key"].as_str().unwrap() {
                "TRUST_ANCHOR_ARN" => "scopes/default/trust-anchor-arn".to_owned(),
                "PROFILE_ARN" => format!("roles/{role}/profile-arn"),
                _ => format!("roles/{role}/role-arn"),
            };
            self.lock[&format!("ssm:/iam-ra/default/{key}")].clone()
        };
        let variables = container["env"].as_array().into_iter().flatten();
        variables.map(|it| (it["name"].as_str().unwrap().to_owned(), value(it))).collect()
    }

    /// AWS with every role of the lock.
    pub(crate) fn world(&self) -> Anywhere {
        let ca = data("ca/cert.pem");
        let value = |key: &str| self.lock[&format!("ssm:/iam-ra/default/{key}")].as_str();
        let of_role = |role: &str| {
            World {
                trust_anchor: value("scopes/default/trust-anchor-arn"),
                profile: value(&format!("roles/{role}/profile-arn")),
                role: value(&format!("roles/{role}/role-arn")),
                ca: &ca,
                common_name: "app",
            }
            .json()
        };
        let mut world = of_role("app");
        world["profiles"][0]["acceptRoleSessionName"] = json!(true);
        if self.lock.keys().any(|key| key.contains("/roles/reports/")) {
            let other = of_role("reports");
            for list in ["profiles", "roles"] {
                let further = other[list][0].clone();
                world[list].as_array_mut().unwrap().push(further);
            }
            world["profiles"][1]["acceptRoleSessionName"] = json!(true);
        }
        Anywhere::start(&world)
    }
}

/// The sidecar of a pod, running.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(pod: &Pod, anywhere: &Anywhere) -> Self {
        let sidecar = sidecars(&pod.spec)[0];
        let environment = pod.environment(sidecar);
        let expand =
            |arg: String| environment.iter().fold(arg, |arg, (name, value)| arg.replace(&format!("$({name})"), value));
        let mut command = Command::new(iamra_path());
        command.args(pod.words(&sidecar["args"]).into_iter().map(expand)).env_clear();
        command.env("AWS_ENDPOINT_URL_ROLESANYWHERE", &anywhere.http);
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// Whether what the kubelet runs before it goes on succeeds: a probe is repeated, a hook is not.
    pub(crate) fn opens(pod: &Pod) -> bool {
        let sidecar = sidecars(&pod.spec)[0];
        let hook = &sidecar["lifecycle"]["postStart"];
        let (gate, times) = if hook.is_null() { (&sidecar["startupProbe"], 100) } else { (hook, 1) };
        let command = pod.words(&gate["exec"]["command"]);
        (0..times).any(|_| {
            let opens = run(Command::new(&command[0]).args(&command[1..]).env_clear(), b"").exit == 0;
            if !opens && times > 1 {
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
            opens
        })
    }

    /// As the kubelet does it.
    fn ends(mut self) -> Option<i32> {
        let sent = run(Command::new("kill").args(["-s", "TERM", &self.0.id().to_string()]), b"");
        assert_eq!(sent.exit, 0);
        self.0.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Who the application is by its own variables; `None` if it has no credentials.
fn who(pod: &Pod, container: &Value) -> Option<String> {
    let mut command = python("caller_identity.py");
    let home = tempfile::tempdir().unwrap();
    command.env_clear().env("HOME", home.path()).env("AWS_ENDPOINT_URL_STS", moto().url());
    let output = run(command.envs(pod.environment(container)), b"");
    output.stdout.strip_prefix("arn:aws:sts::111122223333:assumed-role/").map(str::to_owned)
}

/// A pod whose application starts iamra itself, and the variables of that application: the configuration is in `folder`.
pub(crate) fn process(folder: &Path) -> (Pod, BTreeMap<String, String>) {
    let objects = goldens().into_iter().find(|(golden, _)| golden == "render/iamra-process").expect("the golden").1;
    let map = objects.iter().find(|object| object["kind"] == "ConfigMap").unwrap();
    let volume = Volume::new("p256");
    let program = iamra_path().display().to_string();
    let config = map["data"]["config"].as_str().unwrap().replace("/opt/iam-ra/usr/local/bin/iamra", &program);
    let config = config.replace("/var/run/secrets/iam-ra", &volume.0.path().display().to_string());
    std::fs::write(folder.join("config"), config).unwrap();
    let mut pod = Pod::empty("sidecar/iamra-process");
    pod.places.push(("/etc/iam-ra".to_owned(), folder.display().to_string()));
    pod.volumes.push(volume);
    let spec = goldens().into_iter().find(|(golden, _)| golden == "sidecar/iamra-process").expect("the golden").1;
    let environment = pod.environment(&pod_specs(&spec[0])[0]["containers"][0]);
    (pod, environment)
}

#[test]
fn an_sdk_starts_iamra_itself() {
    let home = tempfile::tempdir().unwrap();
    let (pod, environment) = process(home.path());
    let anywhere = pod.world();
    let mut command = python("caller_identity.py");
    command.env_clear().env("HOME", home.path()).envs(environment);
    command.env("AWS_ENDPOINT_URL_ROLESANYWHERE", &anywhere.http).env("AWS_ENDPOINT_URL_STS", moto().url());
    let output = run(&mut command, b"");
    assert!(output.stdout.starts_with("arn:aws:sts::111122223333:assumed-role/app/"), "{}", output.stderr);
}

#[test]
fn iamra_s_sidecars_serve_their_applications() {
    let mut seen = BTreeSet::new();
    for (golden, objects) in goldens() {
        for spec in objects.iter().flat_map(pod_specs) {
            let all = sidecars(&spec);
            // Proxies and other endpoints are not here.
            let is_usual = |it: &&Value| is_iamra(it) && !it.to_string().contains("HTTPS_PROXY");
            let Some(sidecar) = all.first().filter(|it| is_usual(it)) else { continue };
            assert_eq!(all.len(), 1, "{golden}: one sidecar, however many roles");
            let has = |flag: &str| sidecar["args"].to_string().contains(flag);
            let native = sidecar["restartPolicy"] == "Always";
            if !seen.insert((native, has("--no-metadata"), has("--role="))) {
                continue;
            }
            let pod = Pod::of(&golden, spec.clone());
            let anywhere = pod.world();
            let running = Running::start(&pod, &anywhere);
            assert!(Running::opens(&pod), "{golden}: {:?}", anywhere.seen());
            let is_application = |it: &&Value| !it["env"].is_null() && it["name"] != sidecar["name"];
            for container in spec["containers"].as_array().unwrap().iter().filter(is_application) {
                let role = if container["name"] == "reporter" { "reports" } else { "app" };
                let session = who(&pod, container).unwrap_or_default();
                assert!(session.starts_with(&format!("{role}/")), "{}: {container}: {session}", pod.golden);
            }
            let presented: BTreeSet<_> = anywhere.seen().iter().map(|it| it["serial"].to_string()).collect();
            assert_eq!(presented.len(), pod.volumes.len(), "{golden}: each role has its own certificate");
            assert_eq!(anywhere.seen().len(), pod.volumes.len(), "{golden}: one session a role, and none for the gate");
            assert_eq!(pod.token.path().join("token").is_file(), has("--no-metadata"), "{golden}");
            assert_eq!(running.ends(), Some(0), "{golden}");
        }
    }
    assert_eq!(seen.len(), 5, "native and plain, endpoint and container, one role and two: {seen:?}");
}
