//! Rotations for people and for programs.

use serde_json::{Value, json};

use crate::doctor::rotation::{Ca, Progress, Rotation, Scope, State};
use crate::quote::{line, quote, quote_object};

/// The version of the format; it changes when a field is removed or changes its meaning.
const SCHEMA_VERSION: u32 = 1;

type All<'a, 's> = [(Scope<'a>, Rotation<'s>)];

pub(super) fn human(all: &All<'_, '_>) -> String {
    let blocks: Vec<_> = all.iter().map(|(scope, rotation)| block(scope, rotation)).collect();
    blocks.join("\n")
}

fn block(scope: &Scope<'_>, rotation: &Rotation<'_>) -> String {
    let cluster = scope.cluster.map_or_else(String::new, |it| format!("cluster {}, ", quote(&it)));
    let name = quote(&scope.name);
    let (current, next) = (ca(&rotation.current), rotation.next.as_ref().map(ca));
    let Some(next) = next else {
        let advice = if rotation.current.issuer.secret().is_some() {
            "; to begin a rotation, declare the CA that follows as `next`"
        } else {
            "; iamra knows no CA of it"
        };
        return format!("{cluster}scope {name}: {current} signs, and no rotation is under way{advice}\n");
    };
    let mut text = format!("{cluster}scope {name}: from {current} to {next}\n");
    for (number, progress) in rotation.steps.iter().enumerate() {
        text.push_str("  ");
        text.extend([format!("{:<7} {} {}\n", state(progress.state), number + 1, line(&progress.says))]);
        let advice = progress.advice.iter().map(|it| format!("            {}\n", line(it)));
        text.extend(advice);
    }
    text
}

/// How people read it.
fn ca(ca: &Ca<'_>) -> String {
    quote_object(&ca.issuer.issuer_ref.kind, &ca.issuer.issuer_ref.name)
}

fn state(state: State) -> &'static str {
    match state {
        State::Done => "done",
        State::Early => "early",
        State::Next => "next",
        State::Later => "later",
        State::Unknown => "unknown",
    }
}

pub(super) fn json(all: &All<'_, '_>) -> String {
    let rotations: Vec<_> = all.iter().map(|(scope, rotation)| entry(scope, rotation)).collect();
    format!("{:#}\n", json!({"schemaVersion": SCHEMA_VERSION, "scopes": rotations}))
}

fn entry(scope: &Scope<'_>, rotation: &Rotation<'_>) -> Value {
    let step = |it: &Progress| {
        let advice: Vec<_> = it.advice.iter().map(|it| line(it)).collect();
        json!({"step": it.step.name(), "state": state(it.state), "says": line(&it.says), "advice": advice})
    };
    let next = rotation.steps.iter().find(|it| it.state != State::Done).map(|it| it.step.name());
    json!({
        "cluster": scope.cluster,
        "scope": scope.name,
        "trustAnchor": scope.trust_anchor.map(crate::arn::Arn::as_str),
        "sharedWith": scope.shared_with,
        "current": of_ca(&rotation.current),
        "next": rotation.next.as_ref().map(of_ca),
        "signs": if rotation.is_switched { "next" } else { "current" },
        "nextStep": next,
        "steps": rotation.steps.iter().map(step).collect::<Vec<_>>(),
    })
}

/// `null` where nothing is known.
fn of_ca(ca: &Ca<'_>) -> Value {
    let certificate = ca.certificate.as_ref();
    let issuer = &ca.issuer.issuer_ref;
    json!({
        "generation": ca.issuer.generation,
        "issuer": {"group": issuer.group, "kind": issuer.kind, "name": issuer.name},
        "secret": ca.issuer.secret(),
        "subject": certificate.map(|it| &it.subject),
        "fingerprint": certificate.map(|it| format!("sha256:{}", it.fingerprint())),
        "notAfter": certificate.map(crate::certificate::Certificate::end_rfc3339),
    })
}
