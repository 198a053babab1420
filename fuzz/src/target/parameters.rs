//! What the author of an application of Argo CD may set: only what is valid comes through, and never another cluster.

use iamra::cli::fuzzing::argo_cd_parameters;
use iamra::diag::Report;
use iamra::name::DnsLabel;

use crate::oracle;

/// The namespace is on the first line.
pub fn run(text: &str) {
    let (namespace, text) = text.split_once('\n').unwrap_or(("", text));
    for chosen in [None, Some("prod")] {
        let mut report = Report::default();
        let (cluster, found) = argo_cd_parameters(text, namespace, chosen, &mut report);
        oracle::check_words(&report);
        assert!(chosen.is_none() || cluster.as_deref() == chosen, "{text:?} changes the cluster");
        for name in cluster.iter().chain(&found) {
            assert!(DnsLabel::parse(name).is_ok(), "{name:?} is no name: {text:?}");
        }
    }
}
