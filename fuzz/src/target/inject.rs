//! `inject` and `strip`: out again without a trace, a second time nothing happens, and values are only added.

use iamra::config::Mode;
use iamra::diag::Report;
use iamra::krm::{Changes, ReadError, ResourceList, Stream};
use iamra::pipeline::{self, Request};
use iamra::plan::Absence;
use iamra::yaml::Document;
use iamra::{splice, workload};

use crate::fixture::Everything;
use crate::oracle;

/// What is written into a workload.
const DEFAULTS: &[&str] = &[
    "",
    "  defaults: {sidecar: {style: container, startup: certificate}}\n",
    "  defaults: {sidecar: {style: container, startup: none}}\n",
    "  defaults: {sidecar: {delivery: file}}\n",
    "  defaults: {sidecar: {delivery: process, image: example.com/helper:1}}\n",
];

/// Names that the inputs give to workloads.
const NAMES: &[&str] = &["w", "app", "web", "api", "payment-service", "orders"];

/// Stands between a declaration and its manifests in an input that has its own.
const BETWEEN: &str = "\n#####\n";

/// The numbers choose the kind of sidecar and the mode.
pub fn run([style, mode, ..]: [usize; 4], text: &str) {
    let workloads: String = NAMES.iter().map(|name| format!("    {name}: {{role: app}}\n")).collect();
    let ours = format!(
        "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {{name: w}}\nspec:\n{}  roles: {{app: {{}}}}\n  workloads:\n{workloads}",
        DEFAULTS[style % DEFAULTS.len()]
    );
    let (declaration, text) = text.split_once(BETWEEN).unwrap_or((&ours, text));
    let mode = if mode % 2 == 0 { Mode::Transform } else { Mode::All };
    let Ok(document) = Document::parse(declaration) else { return };
    let injected = |text: &str| injected(&document, mode, text);
    let Some(once) = injected(text) else { return };
    let Some(before) = stripped(text) else { return };
    // A declaration alone is left out, and then nothing is there.
    match Stream::read(&once) {
        Ok(after) if after.items.is_empty() => return,
        Err(ReadError::Empty) => return,
        _ => {}
    }
    let again = injected(&once).unwrap_or_else(|| panic!("{text:?}\nbecame\n{once:?}\nwhich is refused"));
    assert_eq!(again, once, "a second run of\n{text:?}");
    let back = stripped(&once).unwrap_or_else(|| panic!("{text:?}\nbecame\n{once:?}\nwhich cannot be stripped"));
    // A declaration among the manifests is left out.
    assert!(back == before || text.contains("RolesAnywhere"), "{text:?}\nbecame\n{once:?}\nand\n{back:?}");
    if before == text {
        check_values(text, &once);
    }
}

/// What `inject` prints; `None` when it is refused.
fn injected(declaration: &Document<'_>, mode: Mode, text: &str) -> Option<String> {
    let stream = Stream::read(text).ok()?;
    let mut report = Report::default();
    let opted_in = workload::opted_in(&stream.items, &mut report);
    let request = Request {
        items: Some(&stream.items),
        opted_in: &opted_in,
        mode: Some(mode),
        absence: Absence::IsKnown,
        // As for a package of kpt, whose files would go.
        keeps_items: text.contains("ResourceList") && ResourceList::read(text).is_ok(),
        ..Request::default()
    };
    let resolved = pipeline::resolve(declaration.root(), request, &Everything, &mut report);
    let changes = resolved.map(|resolved| pipeline::run(&resolved, &stream.items, request, &mut report));
    oracle::check_words(&report);
    changes.filter(|_| !report.has_errors()).map(|changes| written(&stream, &changes))
}

/// What `strip` prints; `None` when it is refused.
fn stripped(text: &str) -> Option<String> {
    let stream = Stream::read(text).ok()?;
    let mut report = Report::default();
    let changes = splice::strip(&stream.items, &mut report);
    oracle::check_words(&report);
    (!report.has_errors()).then(|| written(&stream, &changes))
}

fn written(stream: &Stream<'_>, changes: &Changes) -> String {
    let mut out = Vec::new();
    changes.write_stream(stream, &mut out).unwrap_or_else(|error| panic!("{:?}: {error}", stream.text()));
    String::from_utf8(out).expect("text stays text")
}

/// An independent reader finds every object with what it had, in the same order.
fn check_values(before: &str, after: &str) {
    if before.contains(['%', '\u{feff}']) {
        return;
    }
    let Some(was) = oracle::documents(before) else { return };
    let is =
        oracle::documents(after).unwrap_or_else(|| panic!("cannot be read any more: {before:?}\nbecame\n{after:?}"));
    // A declaration among the manifests is left out.
    let mut is = is.iter();
    let is_declaration = |value: &serde_yaml::Value| value["kind"] == "RolesAnywhere";
    let was = was.into_iter().map(|mut value| {
        if let Some(items) = value.get_mut("items").and_then(serde_yaml::Value::as_sequence_mut) {
            items.retain(|item| !is_declaration(item));
        }
        value
    });
    for value in &was.filter(|value| !is_declaration(value)).collect::<Vec<_>>() {
        assert!(is.any(|after| oracle::only_added(value, after)), "{before:?}\nbecame\n{after:?}\n{value:?} is gone");
    }
}
