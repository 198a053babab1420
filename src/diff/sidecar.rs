//! Changes of the sidecar's settings, and which of them are escalations.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::config::{Endpoint, Sidecar};

/// A setting that differs.
pub(super) struct Setting {
    name: &'static str,
    old: String,
    new: String,
    /// Whether credentials may reach more clients, or come from a different place.
    pub(super) escalates: bool,
}

/// The settings that differ, except the image.
pub(super) fn compare(old: &Sidecar, new: &Sidecar) -> Vec<Setting> {
    // No `..`: a new setting of the declaration must be compared here.
    let Sidecar {
        helper: _,
        image: _,
        pull_policy: _,
        delivery: _,
        style: _,
        startup: _,
        port: _,
        hop_limit: _,
        role_session_name: _,
        proxy: _,
        endpoint: _,
        extra_args: _,
        env: _,
        fixed_user: _,
        requests: _,
        limits: _,
    } = new;
    let mut settings = Vec::new();
    let mut add = |name, words: &dyn Fn(&Sidecar) -> String, escalates: bool| {
        let (old, new) = (words(old), words(new));
        if old != new {
            settings.push(Setting { name, old, new, escalates });
        }
    };
    // Another program has the key, as with another image.
    add("helper", &|it| it.helper.name().to_owned(), true);
    add("delivery", &|it| word(it.delivery), false);
    add("style", &|it| word(it.style), false);
    add("startup", &|it| word(it.startup), false);
    add("port", &|it| it.port.to_string(), false);
    add("pull policy", &|it| it.pull_policy.map_or_else(none, |policy| format!("{policy:?}")), false);
    // With a higher hop limit, responses can be read outside the pod.
    add("hop limit", &|it| it.hop_limit.to_string(), new.hop_limit > old.hop_limit);
    add("session name", &|it| it.role_session_name.clone().unwrap_or_else(none), false);
    add("proxy", &|it| it.proxy.clone().unwrap_or_else(none), true);
    add("endpoint", &|it| endpoint(&it.endpoint), true);
    add("arguments", &|it| or_none(it.extra_args.join(" ")), true);
    add("variables", &|it| or_none(pairs(&it.env)), true);
    // The application may run as the user of the pod, and read what is that user's.
    add("fixed user", &|it| it.fixed_user.to_string(), old.fixed_user && !new.fixed_user);
    add("requests", &|it| or_none(pairs(&it.requests)), false);
    add("limits", &|it| or_none(pairs(&it.limits)), false);
    settings
}

/// The old and the new values in words.
pub(super) fn words(settings: &[Setting]) -> (String, String) {
    let all = |value: fn(&Setting) -> &String| {
        settings.iter().map(|it| format!("{} {}", it.name, value(it))).collect::<Vec<_>>().join(", ")
    };
    (all(|it| &it.old), all(|it| &it.new))
}

/// A choice as the declaration writes it: the name of its variant in lower case.
fn word(choice: impl Debug) -> String {
    format!("{choice:?}").to_lowercase()
}

fn endpoint(endpoint: &Endpoint) -> String {
    let parts = [endpoint.url.as_deref(), endpoint.fips.then_some("FIPS"), endpoint.dual_stack.then_some("dual-stack")];
    or_none(parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

fn pairs(pairs: &BTreeMap<String, String>) -> String {
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

fn or_none(words: String) -> String {
    if words.is_empty() { none() } else { words }
}

fn none() -> String {
    "none".to_owned()
}
