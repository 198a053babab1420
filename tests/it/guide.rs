//! The walk of the guide that users of IAM Roles Anywhere know, from an empty folder to an empty cluster.

use std::collections::BTreeSet;
use std::fs;

use crate::cluster::{APPLY, CLUSTER};
use crate::k8s::Tree;
use crate::support::{iamra, run};

const NAMESPACE: &str = "guide";

/// The name of a sample without the hash at its end.
fn without_hash(name: &str) -> String {
    let sample = name.rsplit_once('-').map(|(sample, _)| sample).filter(|sample| sample.ends_with("-sample"));
    sample.unwrap_or(name).to_owned()
}

/// What is in the namespace, beside what every namespace has.
fn left() -> BTreeSet<String> {
    let kinds = "secrets,configmaps,pods,certificates.cert-manager.io,issuers.cert-manager.io";
    let output = CLUSTER.kubectl(&["get", kinds, "--namespace", NAMESPACE, "--output", "name"], "");
    assert_eq!(output.exit, 0, "{}", output.stderr);
    output.stdout.lines().filter(|name| !name.contains("kube-root-ca")).map(without_hash).collect()
}

/// The rendered tree, and `kubectl apply --prune` with it. A ConfigMap of somebody else is always there: kubectl prunes
/// nothing when it gets nothing.
fn prune(tree: &Tree) -> String {
    let rendered = run(iamra(tree.dir()).args(["render"]).env("IAMRA_VALUES", "values.yaml"), b"");
    assert_eq!(rendered.exit, 0, "{}", rendered.stderr);
    let other = "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: others\n  namespace: guide\n  labels:\n    \
                 app.kubernetes.io/managed-by: iamra\n";
    let allowed = ["core/v1/ConfigMap", "cert-manager.io/v1/Certificate", "cert-manager.io/v1/Issuer"];
    let mut args =
        vec!["apply", "--prune", "--selector", "app.kubernetes.io/managed-by=iamra", "--namespace", NAMESPACE];
    args.extend(allowed.iter().flat_map(|kind| ["--prune-allowlist", kind]));
    args.extend(["-f", "-"]);
    let output = CLUSTER.kubectl(&args, &format!("{}{other}", rendered.stdout));
    assert_eq!(output.exit, 0, "{}", output.stderr);
    rendered.stdout
}

#[test]
fn the_guide_goes_there_and_back() {
    CLUSTER.namespace(NAMESPACE);
    let tree = Tree::new(None);
    let demo = run(iamra(tree.dir()).arg("demo"), b"").stdout;
    let secret = demo.split("---\n").find(|document| document.contains("kind: Secret")).unwrap();
    // Somebody else creates the CA, so iamra must not delete it.
    let secret =
        secret.replace("namespace: shop", "namespace: guide").replace("managed-by: iamra", "managed-by: somebody");
    CLUSTER.accepts(APPLY, &secret, "the CA");

    // 1. Set up the cluster. A new declaration has no key in any manifest, nor in the workloads' namespaces.
    let setup = tree.done("setup prod-cluster --k8s-namespace guide");
    assert!(setup.stderr.contains("iamra.yaml: a new declaration"), "{}", setup.stderr);
    assert!(setup.stderr.contains("cert-manager --output json | iamra ca show"), "{}", setup.stderr);
    assert!(setup.stdout.contains("kind: ClusterIssuer") && !setup.stdout.contains("guide"), "{}", setup.stdout);
    // The users of this guide have a CA already, in the namespace.
    let text = tree.text();
    let (before, issuer) = text.split_once("  scopes:\n").unwrap();
    let (_, after) = issuer.split_once("are not declared here\n").unwrap();
    fs::write(tree.declaration(), format!("{before}{after}")).unwrap();
    let setup = tree.done("setup prod-cluster --k8s-namespace guide");
    assert!(setup.stderr.contains("Secret `iam-ra-ca`, which must be in namespace `guide`"), "{}", setup.stderr);
    CLUSTER.accepts(&["apply", "-f", "-"], &setup.stdout, "setup");
    CLUSTER.becomes_ready(NAMESPACE, "issuer/iam-ra");

    // 2. Onboard a workload. The first role need not be declared before.
    let onboard = tree.done("onboard payment-service --role admin --cluster prod-cluster");
    CLUSTER.accepts(&["apply", "-f", "-"], &onboard.stdout, "onboard");
    CLUSTER.becomes_ready(NAMESPACE, "certificate/payment-service-cert");
    let names: BTreeSet<_> =
        onboard.stdout.lines().filter_map(|line| line.strip_prefix("  name: ")).map(without_hash).collect();
    let expected = ["iam-ra", "payment-service-cert", "payment-service-iam-ra-config", "payment-service-sample"];
    assert_eq!(names, expected.map(str::to_owned).into());

    // Several roles, several clusters.
    let text = tree.text().replace("    admin: {}\n", "    admin: {}\n    readonly: {}\n");
    fs::write(tree.declaration(), text).unwrap();
    // Pods are immutable, so a sample with another role is a new Pod.
    for role in ["readonly", "admin"] {
        let onboard = tree.done(&format!("onboard payment-service --role {role} --cluster prod-cluster"));
        CLUSTER.accepts(&["apply", "-f", "-"], &onboard.stdout, role);
    }
    let samples =
        ["get", "pods", "--selector", "iamra.dev/sample=payment-service", "--namespace", NAMESPACE, "-o", "name"];
    assert_eq!(CLUSTER.kubectl(&samples, "").stdout.lines().count(), 2);
    let monitoring =
        tree.done("onboard monitoring --role readonly --cluster prod-cluster --duration-hours 48 --no-sample-pod");
    CLUSTER.accepts(&["apply", "-f", "-"], &monitoring.stdout, "monitoring");
    CLUSTER.becomes_ready(NAMESPACE, "certificate/monitoring-cert");
    tree.does("setup staging");
    let listed = tree.done("list");
    let rows: Vec<_> = listed.stdout.lines().map(|line| line.split_whitespace().take(4).collect::<Vec<_>>()).collect();
    assert_eq!(
        rows[1..],
        [["monitoring", "prod-cluster", "guide", "readonly"], ["payment-service", "prod-cluster", "guide", "admin"]]
    );
    assert_eq!(listed.stderr, "no workloads yet in staging\n");
    tree.does("teardown staging");
    assert_eq!(prune(&tree).matches("\nkind: ").count(), 5, "an Issuer, two Certificates, two ConfigMaps");

    // And back: objects reported as pruned are gone, and those reported to stay are there.
    let refused = tree.k8s("teardown prod-cluster");
    assert!(refused.exit == 1 && refused.stderr.contains("cluster-in-use"), "{}", refused.stderr);
    tree.does("offboard monitoring");
    let said = tree.done("offboard payment-service").stderr;
    for words in [
        "Certificate guide/payment-service-cert\n",
        "ConfigMap guide/payment-service-iam-ra-config\n",
        "Issuer guide/iam-ra\n",
        "remains until you delete it: Secret guide/payment-service-cert,",
        "role `admin` removed: `onboard` had added it",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(prune(&tree), "");
    let stays = ["secret/iam-ra-ca", "secret/monitoring-cert", "secret/payment-service-cert"];
    let by_hand = ["configmap/others", "pod/payment-service-sample"];
    let expected: BTreeSet<_> = stays.iter().chain(&by_hand).map(|name| (*name).to_owned()).collect();
    assert_eq!(left(), expected);

    // The printed commands delete the rest.
    for command in said.lines().filter_map(|line| line.strip_prefix("  kubectl ")) {
        let deleted = CLUSTER.kubectl(&command.split(' ').collect::<Vec<_>>(), "");
        assert_eq!(deleted.exit, 0, "{}", deleted.stderr);
    }
    let torn = tree.done("teardown prod-cluster");
    assert!(torn.stderr.contains("Issuer guide/iam-ra\n"), "{}", torn.stderr);
    let expected = ["configmap/others", "secret/iam-ra-ca", "secret/monitoring-cert"].map(str::to_owned).into();
    assert_eq!(left(), expected);
    let declaration = tree.text();
    assert!(!declaration.contains("clusters") && !declaration.contains("workloads:"), "{declaration}");
}
