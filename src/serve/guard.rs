//! Which requests are answered at all: those of programs of the pod that know where they ask. Whoever makes somebody else's
//! program ask (a web page, a proxy, a name that leads to the loopback address) is refused.

use hyper::header::HOST;
use hyper::{HeaderMap, Uri};

/// What only a proxy or a browser sends.
const FOREIGN: &[&str] =
    &["forwarded", "origin", "referer", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/// Why a request is refused.
pub(super) fn refuses(uri: &Uri, headers: &HeaderMap) -> Option<&'static str> {
    if FOREIGN.iter().any(|name| headers.contains_key(*name))
        || headers.keys().any(|it| it.as_str().starts_with("sec-fetch-"))
    {
        return Some("the request came through a proxy or a browser");
    }
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Some("the request has not exactly one Host header");
    };
    let is_ours = host.to_str().is_ok_and(is_loopback) && uri.authority().is_none_or(|it| is_loopback(it.as_str()));
    (!is_ours).then_some("the request is for another host")
}

/// Whether this is the loopback address, or its name, with or without a port.
fn is_loopback(host: &str) -> bool {
    let (name, port) = match host.strip_prefix("[::1]") {
        Some("") => ("::1", None),
        Some(rest) => ("::1", rest.strip_prefix(':').or(Some("x"))),
        None => host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port))),
    };
    ["127.0.0.1", "localhost", "::1"].contains(&name) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_the_loopback_address_is_ours() {
        for host in ["127.0.0.1", "127.0.0.1:9911", "localhost", "localhost:9911", "[::1]", "[::1]:9911"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "169.254.169.254",
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil",
            "127.0.0.1:x",
            "[::1]x",
            "127.0.0.1:9911@evil",
            "evil@127.0.0.1",
            "0.0.0.0",
            "::1",
            "[::1",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
