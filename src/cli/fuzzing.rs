//! What the fuzzer in `fuzz` asks for and nobody else: texts of others that only the command line reads. Exists under
//! the feature `fuzzing` alone.

use super::command::Parameters;
use crate::diag::Report;

/// The cluster and the namespace that the parameters of an application of Argo CD set; what is wrong with them is in the
/// report. `cluster` is the one that the plugin's operator has chosen.
pub fn argo_cd_parameters(
    text: &str,
    namespace: &str,
    cluster: Option<&str>,
    report: &mut Report,
) -> (Option<String>, Option<String>) {
    let read = Parameters::of(Some(text), Some(namespace.to_owned()), cluster.map(str::to_owned), report);
    (read.cluster, read.namespace)
}
