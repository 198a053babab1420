//! Proxy variables, which must not apply to calls to the sidecar.

use super::Variable;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::ResourceRef;
use crate::splice::pod::Container;

/// The variables that set a proxy.
/// <https://go.dev/src/vendor/golang.org/x/net/http/httpproxy/proxy.go>
pub(super) const NAMES: [&str; 4] = ["HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"];

/// The NO_PROXY variable for a container that has a proxy and no NO_PROXY. An existing NO_PROXY without the loopback
/// address is reported and left to the author.
pub(super) fn exception(
    container: &Container<'_>,
    variables: &[Variable],
    knows_all: bool,
    target: &ResourceRef,
    report: &mut Report,
) -> Option<(&'static str, String)> {
    // Requests to the sidecar use plain HTTP, so an HTTPS proxy does not matter.
    // An empty variable means no proxy.
    let mut proxies = named(variables, ["HTTP_PROXY", "http_proxy"]).filter(|it| it.value.as_deref() != Some(""));
    let proxy = proxies.next_back()?;
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
