//! Changes of the CAs of a scope: one step of a rotation at a time, or several at once.

use super::FieldPath;
use super::change::{Change, ChangeKind};
use crate::issuer::Issuer;
use crate::quote::{quote, quote_object};

/// The change, if it is one step of a rotation: the next CA comes, signs, or is withdrawn, or the previous one goes.
pub(super) fn step(scope: &str, was: &Issuer, is: &Issuer) -> Option<Change> {
    let words = |issuer: &Issuer| quote_object(&issuer.issuer_ref.kind, &issuer.issuer_ref.name);
    let (name, old, new) = (quote(&scope), words(was), words(is));
    let (message, escalates) = if is.has_ca_of(was) {
        match (was.other.as_deref(), is.other.as_deref()) {
            (None, Some(next)) => {
                (format!("scope {name} has a next CA, which does not sign yet: {}", words(next)), true)
            }
            (Some(other), None) if other.generation < was.generation => {
                (format!("scope {name} no longer has the previous CA: {}", words(other)), false)
            }
            (Some(other), None) => (format!("scope {name} no longer has a next CA: {}", words(other)), false),
            _ => return None,
        }
    } else if knows(was, is) && knows(is, was) {
        let which = if is.is_next() { "next" } else { "previous" };
        (format!("the {which} CA of scope {name} signs: {new} instead of {old}"), true)
    } else {
        return None;
    };
    Some(Change::new(ChangeKind::Issuer, scope, place(scope), &message).values(old, new).escalates(escalates))
}

/// A CA that signs without having been the next one before, or without leaving the previous one time to go.
pub(super) fn without_overlap(scope: &str, was: &Issuer, is: &Issuer) -> Option<Change> {
    let (old, new) = was.secret().zip(is.secret())?;
    if is.has_ca_of(was) || !is.is_of_other_ca(was) {
        return None;
    }
    let mut why = Vec::new();
    if !knows(was, is) {
        why.push("the trust anchor may not trust the new one yet");
    }
    if !knows(is, was) {
        why.push("the old one goes while certificates of it are in use");
    }
    let message = format!("the CA of scope {} changes without overlap: {}", quote(&scope), why.join(", and "));
    Some(
        Change::new(ChangeKind::CaWithoutOverlap, scope, place(scope), &message)
            .values(old.to_owned(), new.to_owned())
            .escalates(true),
    )
}

/// Whether a CA is among those of a scope.
fn knows(issuer: &Issuer, ca: &Issuer) -> bool {
    issuer.each().any(|it| it.has_ca_of(ca))
}

fn place(scope: &str) -> FieldPath {
    FieldPath::keys("spec.scopes").key(scope).key("issuer")
}
