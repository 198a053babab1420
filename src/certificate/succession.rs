//! What is wrong with a CA that is to follow another one, as far as their certificates say it.

use super::Certificate;
use crate::diag::{Code, Diagnostic};
use crate::quote::quote;

/// Compares the certificate of the CA that signs with that of the one that follows it.
pub fn check(current: &Certificate, next: &Certificate) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut say = |make: fn(Code, String) -> Diagnostic, message: String, help: &str| {
        found.push(make(Code::SameCa, message).help(help));
    };
    if current.der == next.der {
        say(
            Diagnostic::error,
            format!("the next CA is the current one, {}: nothing would change", quote(&current.subject)),
            "give `next` the certificate and key of another CA",
        );
    } else if current.public_key == next.public_key {
        say(
            Diagnostic::warning,
            format!(
                "the next CA, {}, has the key of the current one: whoever has that key keeps what it can do",
                quote(&next.subject)
            ),
            "make a new key for the next CA; a renewed certificate with the same key needs no rotation, but to be added to \
             the trust anchor",
        );
    } else if current.has_name_of(next) {
        say(
            Diagnostic::warning,
            format!(
                "the next CA has the subject of the current one, {}, and another key: a certificate does not say by its \
                 issuer's name which of them has signed it",
                quote(&next.subject)
            ),
            "give the next CA a subject of its own, such as a common name with a year in it",
        );
    }
    if current.der != next.der && next.not_after <= current.not_after {
        let message = format!(
            "the next CA, {}, ends on {}, and the current one later, on {}",
            quote(&next.subject),
            next.end(),
            current.end()
        );
        let help = "make a CA that outlives the current one: to move to it is work that should last";
        found.push(Diagnostic::warning(Code::CaExpiry, message).help(help));
    }
    found
}
