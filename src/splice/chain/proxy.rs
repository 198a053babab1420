//! A proxy for everything, and the sidecar that must be asked without it.

use super::Variable;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::ResourceRef;
use crate::splice::pod::Container;

/// The variables that say it.
/// <https://go.dev/src/vendor/golang.org/x/net/http/httpproxy/proxy.go>
pub(super) const NAMES: [&str; 4] = ["HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"];

/// The variable that excepts the sidecar, for a container that has a proxy and no exceptions. Exceptions that lack it are
/// the author's to change.
pub(super) fn exception(
    container: &Container<'_>,
    variables: &[Variable],
    knows_all: bool,
    target: &ResourceRef,
    report: &mut Report,
) -> Option<(&'static str, String)> {
    // The sidecar is asked in clear, so that a proxy for HTTPS does not matter.
    let proxy = named(variables, ["HTTP_PROXY", "http_proxy"]).next_back()?;
    let mut exceptions = named(variables, ["NO_PROXY", "no_proxy"]).peekable();
    if exceptions.peek().is_none() && knows_all {
        return Some(("NO_PROXY", "127.0.0.1,localhost".to_owned()));
    }
    let excepts = |hosts: &String| hosts.split(',').any(|host| ["127.0.0.1", "*"].contains(&host.trim()));
    if !exceptions.any(|it| it.value.as_ref().is_none_or(excepts)) {
        report.push(
            Diagnostic::warning(
                Code::ProxyWithoutException,
                format!("{}, so calls for credentials would go to the proxy", proxy.sets(container)),
            )
            .at(Place::Item(target.clone(), proxy.at.clone()))
            .help("add `127.0.0.1` to NO_PROXY in that container"),
        );
    }
    None
}

fn named<'v>(variables: &'v [Variable], names: [&'static str; 2]) -> impl DoubleEndedIterator<Item = &'v Variable> {
    variables.iter().filter(move |it| names.contains(&it.name.as_str()))
}
