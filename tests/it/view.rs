//! `iamra view`: what it shows is the declaration, without layers.

use std::fs;

use iamra::config::{self, Binding, Config};
use iamra::diag::Report;
use iamra::reference::Reference;
use iamra::yaml::{Document, emit};

use crate::support::{cases, root};

fn texts() -> Vec<(String, String)> {
    let of_cases = cases().into_iter().map(|case| case.input().join("iamra.yaml"));
    let corpus = fs::read_dir(root().join("tests/data/declarations")).unwrap().map(|it| it.unwrap().path());
    let files = of_cases.chain(corpus).filter(|path| path.is_file());
    files.filter_map(|path| Some((path.display().to_string(), fs::read_to_string(path).ok()?))).collect()
}

/// What a binding is, without where it is declared.
fn words(binding: &Binding) -> String {
    let Binding { workload, namespace, target, containers, role, scope, .. } = binding;
    let Binding { certificate, sidecar, environment, sample, .. } = binding;
    let references = [&role.trust_anchor, &role.profile, &role.role].map(Reference::as_str);
    let role = (&role.name, references, binding.session(), role.accepts_session_name, &role.policies);
    format!(
        "{:#?}",
        (workload, namespace, target, containers, role, scope, (certificate, sidecar, environment, sample))
    )
}

fn all_words(config: &Config) -> Vec<String> {
    config.bindings.iter().map(words).collect()
}

#[test]
fn what_is_shown_means_the_same_without_layers() {
    let (mut compared, mut overlaid) = (0, 0);
    for (name, text) in texts() {
        let Ok(document) = Document::parse(&text) else { continue };
        for cluster in config::clusters(document.root()) {
            let mut report = Report::default();
            let Some(before) = config::load(document.root(), cluster, &[], &mut report) else { continue };
            let flat = config::flat(document.root(), &before).unwrap();
            let shown = emit::document(&flat.declaration);
            let again = Document::parse(&shown).unwrap();
            let after = config::load(again.root(), None, &[], &mut report);
            let after = after.unwrap_or_else(|| panic!("{name}: {:?}\n{shown}", report.diagnostics()));
            assert_eq!(all_words(&before), all_words(&after), "{name}\n{shown}");
            compared += 1;
            overlaid += usize::from(text.contains("clusters:"));
        }
    }
    assert!(compared >= 150 && overlaid >= 10, "{compared} were compared, {overlaid} with clusters");
}
