//! The other two ways to credentials, with the goldens' own command lines and variables: a file that the sidecar writes, and
//! the helper that an SDK starts itself.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::aws_peers::moto;
use crate::cluster::{goldens, pod_specs};
use crate::credentials::{official_helper, sidecars};
use crate::refusals::{pair, world, write};
use crate::roles_anywhere_peers::{Anywhere, python};
use crate::support::run;

/// The machine's own places for those of the golden's pod.
struct Places {
    folder: tempfile::TempDir,
    helper: Option<String>,
}

impl Places {
    fn of(&self, text: &str) -> String {
        let folder = self.folder.path().to_str().unwrap();
        let helper = self.helper.as_deref().unwrap_or("no-helper");
        let text = text.replace("/opt/iam-ra/usr/local/bin/aws_signing_helper", helper);
        let text = text.replace("/usr/local/bin/aws_signing_helper", helper);
        let text =
            text.replace("/var/run/secrets/iam-ra-credentials", folder).replace("/var/run/secrets/iam-ra", folder);
        text.replace("/etc/iam-ra", folder)
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
}

fn of(golden: &str) -> Vec<Value> {
    goldens().into_iter().find(|(name, _)| name == golden).expect("the golden").1
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// A command in a container with these variables, and no others but where AWS is.
fn in_container(mut command: Command, env: &Value, places: &Places, anywhere: &Anywhere) -> crate::support::Output {
    let home = tempfile::tempdir().unwrap();
    command.env_clear().env("HOME", home.path());
    command.env("AWS_ENDPOINT_URL_ROLESANYWHERE", &anywhere.http).env("AWS_ENDPOINT_URL_STS", moto().url());
    for variable in env.as_array().into_iter().flatten().filter(|variable| variable["value"].is_string()) {
        command.env(variable["name"].as_str().unwrap(), places.of(variable["value"].as_str().unwrap()));
    }
    run(&mut command, b"")
}

/// A pod whose certificate is there, and AWS that trusts it.
fn scene() -> (Places, Anywhere) {
    let pair = pair(&json!({}));
    let places = Places { folder: tempfile::tempdir().unwrap(), helper: official_helper() };
    write(&pair, places.folder.path());
    let anywhere = Anywhere::start(&world(&json!({}), &pair.ca));
    (places, anywhere)
}

const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/app/";

#[test]
fn the_sdk_starts_the_helper_itself() {
    let (places, anywhere) = scene();
    let map = of("render/process").into_iter().find(|object| object["kind"] == "ConfigMap").unwrap();
    let config = places.of(map["data"]["config"].as_str().unwrap());
    let line = config.lines().find_map(|line| line.strip_prefix("credential_process = ")).unwrap();
    let args: Vec<_> = line.split(' ').skip(1).map(str::to_owned).collect();
    let session = anywhere.python_session(&args);
    assert!(session.stdout.starts_with(SESSION), "{}", session.stderr);
    if places.helper.is_none() {
        println!("delivery by process: iam-rolesanywhere-session; the official helper is not in AWS_SIGNING_HELPER");
        return;
    }
    std::fs::write(places.file("config"), &config).unwrap();
    let pod = pod_specs(&of("sidecar/process")[0]).remove(0);
    assert!(sidecars(&pod).is_empty(), "there is no sidecar");
    let who = in_container(python("caller_identity.py"), &pod["containers"][0]["env"], &places, &anywhere);
    assert!(who.stdout.starts_with(SESSION), "{}", who.stderr);
    println!("delivery by process: boto3 with the official helper");
}

#[test]
fn the_sidecar_writes_the_file_that_the_sdk_reads() {
    let (places, anywhere) = scene();
    let pod = pod_specs(&of("sidecar/file")[0]).remove(0);
    let sidecar = sidecars(&pod)[0].clone();
    let probe: Vec<_> = texts(&sidecar["startupProbe"]["exec"]["command"]).iter().map(|it| places.of(it)).collect();
    let session = anywhere.python_session(&probe[1..]);
    assert!(session.stdout.starts_with(SESSION), "{}", session.stderr);
    let Some(helper) = &places.helper else {
        println!("delivery by file: iam-rolesanywhere-session; the official helper is not in AWS_SIGNING_HELPER");
        return;
    };
    let mut command = Command::new(helper);
    command.args(&probe[1..]);
    let probed = in_container(command, &sidecar["env"], &places, &anywhere);
    assert_eq!((probed.exit, probed.stdout.as_str()), (0, ""), "{}", probed.stderr);
    assert_eq!(mode(&places.file("credentials")), 0o600, "this is why both must be one user");
    let who = in_container(python("caller_identity.py"), &pod["containers"][0]["env"], &places, &anywhere);
    assert!(who.stdout.starts_with(SESSION), "{}", who.stderr);
    println!("delivery by file: boto3 with the official helper");
}

fn mode(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions()) & 0o777
}
