//! A declaration: errors or a result, the same result twice, and objects that an independent reader reads as they are meant.

use iamra::config::{self, Mode};
use iamra::diag::Report;
use iamra::import;
use iamra::pipeline::{self, Request};
use iamra::resolve::OperatorPolicy;
use iamra::roster::{self, Roster};
use iamra::yaml::{Document, emit};

use crate::fixture::Everything;
use crate::oracle;

pub fn run(text: &str) {
    let Ok(document) = Document::parse(text) else { return };
    let root = document.root();
    let clusters = config::clusters(root);
    let mut report = Report::default();
    let loaded = config::load_all(root, &clusters, &[], &mut report);
    assert_eq!(loaded.is_none(), report.has_errors(), "{text:?}");
    oracle::check_words(&report);
    config::load_lenient(root, &clusters, &mut Report::default());
    let mut report = Report::default();
    if let Some(plan) = pipeline::lock_plan(root, &mut report) {
        plan.read(&Everything, &OperatorPolicy::default(), &mut report);
    }
    oracle::check_words(&report);
    for cluster in clusters.iter().take(2) {
        let (first, second) = (rendered(&document, *cluster), rendered(&document, *cluster));
        assert_eq!(first, second, "{text:?}");
    }
    let roster = Roster::read(root, None, &Everything);
    serde_json::from_str::<serde_json::Value>(&roster::json(&roster)).expect("JSON");
    roster::table(&roster);
    import::from_state("state", text, &mut Report::default());
}

/// The objects for one cluster.
fn rendered(document: &Document<'_>, cluster: Option<&str>) -> Option<String> {
    let mut report = Report::default();
    let request = Request { cluster, mode: Some(Mode::Generate), ..Request::default() };
    let resolved = pipeline::resolve(document.root(), request, &Everything, &mut report);
    oracle::check_words(&report);
    let objects = pipeline::generate(&resolved.filter(|_| !report.has_errors())?, request);
    let texts: Vec<_> = objects.iter().map(|object| emit::document(&object.value)).collect();
    for (object, text) in objects.iter().zip(&texts) {
        let read: serde_json::Value = serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error} in {text:?}"));
        assert_eq!(read, object.value, "{text:?}");
    }
    Some(texts.join("---\n"))
}
