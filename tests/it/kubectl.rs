//! What kubectl itself makes of a text: it takes one for JSON or YAML by its first byte, and parts documents its own way.

use std::collections::BTreeSet;
use std::process::Command;

use crate::cluster::objects;
use crate::peers::peer;
use crate::support::{cases, run};

/// The objects that kubectl reads; `None` when it refuses the text.
fn names(text: &str) -> Option<BTreeSet<String>> {
    let mut kubectl = Command::new(peer("kubectl"));
    kubectl.args(["label", "--local", "--filename", "-", "seen=yes", "--output", "name"]);
    let output = run(&mut kubectl, text.as_bytes());
    (output.exit == 0).then(|| output.stdout.lines().map(str::to_owned).collect())
}

/// Whatever it reads without iamra it reads with it, and all that iamra adds.
#[test]
fn what_kubectl_reads_it_still_reads() {
    let mut seen = 0;
    let injects = |case: &crate::support::Case| case.exit == 0 && case.args.first().is_some_and(|arg| arg == "inject");
    for case in cases().into_iter().filter(injects) {
        let input = String::from_utf8(case.stdin.clone().unwrap()).unwrap();
        let Some(mut before) = names(&input) else { continue };
        // A declaration among them is left out, as it is not for the cluster.
        before.retain(|name| !name.starts_with("rolesanywhere.iamra.dev/"));
        let output = case.run().stdout;
        let after = names(&output).unwrap_or_else(|| panic!("{}: kubectl refuses\n{output}", case.name));
        assert!(after.is_superset(&before), "{}: {before:?} became {after:?}", case.name);
        let is_ours =
            |object: &serde_json::Value| object["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "iamra";
        for object in objects(&output).iter().filter(|object| is_ours(object)) {
            let name = object["metadata"]["name"].as_str().unwrap();
            let kind = object["kind"].as_str().unwrap().to_lowercase();
            let is_it = |it: &String| it.starts_with(&kind) && it.ends_with(&format!("/{name}"));
            assert!(after.iter().any(is_it), "{}: no {kind} {name} in {after:?}", case.name);
        }
        seen += 1;
    }
    assert!(seen > 50, "only {seen} inputs were read");
}
