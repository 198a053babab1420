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
use crate::walk::{commands, walk};

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
    walk(&root().join("docs/journey.md"), |_| machine.bash());
}

/// The commands of iam-ra's guide for Kubernetes, with `iamra` for `iam-ra`; what is to be chosen is chosen.
const GUIDE: &[&str] = &[
    "iamra init --ca-mode self-signed",
    "iamra role create admin --policy arn:aws:iam::aws:policy/AdministratorAccess",
    "iamra k8s setup prod-cluster | kubectl apply -f -",
    "iamra k8s onboard payment-service --role admin --cluster prod-cluster | kubectl apply -f -",
    "iamra k8s setup test-cluster --k8s-namespace from-iam-ra",
    "iamra k8s list --cluster prod-cluster",
    "iamra k8s list --json",
    "iamra k8s onboard invoices --role admin --cluster test-cluster --k8s-namespace from-iam-ra --duration-hours 48",
    "iamra k8s offboard invoices",
    "iamra k8s teardown test-cluster",
    "iamra role create admin --policy arn:aws:iam::aws:policy/AdministratorAccess",
    "iamra role create readonly --policy arn:aws:iam::aws:policy/ReadOnlyAccess",
    "iamra k8s onboard backend-api --role admin --cluster prod",
    "iamra k8s onboard monitoring --role readonly --cluster prod",
    "iamra k8s setup prod-us-east-1",
    "iamra k8s setup prod-eu-west-1",
    "iamra k8s setup staging",
    "iamra k8s list",
    "iamra k8s setup prod --k8s-namespace iam-ra-system",
    "iamra k8s onboard api --cluster prod --k8s-namespace api-ns",
    "kubectl describe certificate payment-service-cert",
    "aws rolesanywhere get-trust-anchor --trust-anchor-id $ID",
    "iamra destroy --yes",
    "iamra init --ca-mode self-signed",
];

/// Those that need a pod that runs, or the network: the page has them, and they are not run.
const NOT_RUN: &[&str] = &[
    "kubectl apply -f https://github.com/cert-manager/cert-manager/releases/download/v1.14.0/cert-manager.yaml",
    "kubectl logs payment-service-sample -c app",
    "kubectl logs -n cert-manager deploy/cert-manager",
    "kubectl logs payment-service-sample -c iam-ra-sidecar",
];

/// `--yes` and where manifests go to do not make it another command.
fn is_of_guide(command: &str, guide: &str) -> bool {
    let words: Vec<_> = command.split_whitespace().filter(|word| *word != "\\").collect();
    let command = words.join(" ");
    let more = command.strip_prefix(guide).map(str::trim);
    more.is_some_and(|more| ["", "--yes", "| kubectl apply -f -"].contains(&more))
}

#[test]
fn the_guide_of_iam_ra_is_run_with_iamra() {
    let page = root().join("docs/from-iam-ra.md");
    let mut run = commands(&page).into_iter();
    for guide in GUIDE {
        assert!(run.any(|command| is_of_guide(&command, guide)), "in the guide's order, the page lacks {guide}");
    }
    let text = fs::read_to_string(&page).unwrap();
    for guide in NOT_RUN {
        let is_there = text.lines().any(|line| line == *guide || line.starts_with(&format!("{guide}  ")));
        assert!(is_there, "the page lacks {guide}");
    }
    let machine = Machine::new();
    walk(&page, |_| machine.bash());
}
