//! The pages that go from an empty folder to credentials and back, command by command, on a machine without an account of
//! AWS and without a cluster.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use crate::aws_peers::{CREDENTIALS, Server};
use crate::cluster::CLUSTER;
use crate::peers::peer;
use crate::roles_anywhere_peers::python;
use crate::support::{iamra_path, root};
use crate::walk::walk;

/// An empty folder with the programs that the pages call, an account of AWS of its own, and the cluster of all tests.
struct Machine {
    folder: TempDir,
    moto: Server,
    control: Server,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["bin", "home", "work"] {
            fs::create_dir(at(name)).unwrap();
        }
        symlink(iamra_path(), at("bin/iamra")).unwrap();
        for (name, program) in [("aws", "aws"), ("kubectl", "kubectl"), ("kustomize", "kustomize-5.8.2")] {
            symlink(peer(program), at("bin").join(name)).unwrap();
        }
        let helper = python("signing_helper.py");
        let words: Vec<_> = [helper.get_program()].into_iter().chain(helper.get_args()).collect();
        let words: Vec<_> = words.into_iter().map(|word| format!("'{}'", word.display())).collect();
        fs::write(at("bin/aws_signing_helper"), format!("#!/bin/sh\nexec {} \"$@\"\n", words.join(" "))).unwrap();
        fs::set_permissions(at("bin/aws_signing_helper"), fs::Permissions::from_mode(0o755)).unwrap();
        // A copy: the pages change its namespace.
        fs::copy(&CLUSTER.kubeconfig, at("kubeconfig")).unwrap();
        let moto = Server::account();
        let [(_, id), (_, secret), ..] = CREDENTIALS;
        let state = json!({"keys": {id: {"account": "123456789012", "secret": secret}}, "behind": moto.url()});
        let control = Server::double(&state);
        Self { folder, moto, control }
    }

    /// A bash in the folder, with nothing of ours in its environment but where AWS and the cluster are.
    fn bash(&self) -> Command {
        let at = |name: &str| self.folder.path().join(name);
        let mut command = Command::new("bash");
        let path = format!("{}:{}", at("bin").display(), std::env::var("PATH").unwrap());
        command.current_dir(at("work")).env_clear().env("PATH", path).env("HOME", at("home"));
        command.env("LC_ALL", "C.UTF-8").env("KUBECONFIG", at("kubeconfig"));
        // The AWS CLI reads the one, everybody else the other.
        command.envs(CREDENTIALS).env("AWS_DEFAULT_REGION", "eu-central-1");
        command.env("AWS_ENDPOINT_URL", self.control.url()).env("AWS_ENDPOINT_URL_STS", self.moto.url());
        command.env("ANYWHERE_DOUBLE", peer("anywhere-double"));
        command.envs(std::env::var_os("AWS_SIGNING_HELPER").map(|helper| ("AWS_SIGNING_HELPER", helper)));
        command
    }
}

#[test]
fn from_an_empty_folder_to_credentials_and_back() {
    match std::env::var("AWS_SIGNING_HELPER") {
        Ok(path) => println!("aws_signing_helper: AWS's own, {path}"),
        Err(_) => println!(
            "aws_signing_helper: iam_rolesanywhere_session in its place; AWS_SIGNING_HELPER does not say where AWS's own is"
        ),
    }
    let machine = Machine::new();
    walk(&root().join("docs/journey.md"), || machine.bash());
}
