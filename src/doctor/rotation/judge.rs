//! What has been done too early. Where the declaration has gone ahead and nobody knows whether it may, that is an error, too.

use super::Scope;
use super::facts::{Facts, KnownCa, is_same};
use super::leaves::Leaf;
use crate::arn::Arn;
use crate::certificate::{Certificate, succession};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::doctor::identity::enable;
use crate::issuer::MOST_TRUSTED;
use crate::quote::quote;
use crate::yaml::FieldPath;

/// How many certificates a message lists.
const LISTED: usize = 3;

pub(super) fn judge(scope: &Scope<'_>, facts: &Facts<'_>, now: i64, place: &FieldPath, report: &mut Report) {
    let mut judge = Judge { facts, anchor: anchor(scope), place, report };
    judge.disabled(scope.trust_anchor);
    let all = std::iter::once(&facts.current).chain(&facts.next);
    for certificate in all.filter_map(|ca| ca.chain.first()) {
        if let Some(trouble) = certificate.trouble(now) {
            judge.say(trouble.of(&quote(&certificate.subject)));
        }
    }
    if let Some(next) = &facts.next {
        if let Some((current, next)) = facts.current.chain.first().zip(next.chain.first()) {
            for diagnostic in succession::check(current, next) {
                judge.say(diagnostic);
            }
        }
        judge.room(next);
        if facts.is_switched {
            judge.switch(next);
        }
        judge.current_is_trusted();
    } else {
        judge.forgotten();
    }
    judge.leaves();
}

/// How messages name a trust anchor.
fn anchor(scope: &Scope<'_>) -> String {
    scope.trust_anchor.map_or_else(|| "the trust anchor".to_owned(), |arn| format!("the trust anchor {arn}"))
}

/// Some certificates, as messages list them.
pub(super) fn list(leaves: &[&Leaf]) -> String {
    let words: Vec<_> = leaves.iter().take(LISTED).map(|leaf| leaf.words.clone()).collect();
    let rest = leaves.len().saturating_sub(LISTED);
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    format!("{}{more}", words.join(", "))
}

struct Judge<'j, 's> {
    facts: &'j Facts<'s>,
    anchor: String,
    place: &'j FieldPath,
    report: &'j mut Report,
}

impl Judge<'_, '_> {
    fn say(&mut self, diagnostic: Diagnostic) {
        self.report.push(diagnostic.at(Place::Config(self.place.clone())));
    }

    fn untold(&mut self, what: &str, why: &str, help: &str) {
        self.say(Diagnostic::error(Code::NotChecked, format!("{what} cannot be told: {why}")).help(help));
    }

    /// A trust anchor with which nobody gets credentials, whatever it trusts.
    fn disabled(&mut self, arn: Option<&Arn>) {
        if self.facts.is_disabled {
            let message = format!("{} is disabled: no workload gets credentials, whichever CA signs", self.anchor);
            self.say(Diagnostic::error(Code::AwsSetup, message).help(enable("trust-anchor", arn)));
        }
    }

    /// A trust anchor that is full, without the next CA.
    fn room(&mut self, next: &KnownCa<'_>) {
        let Ok(trusted) = &self.facts.trusted else { return };
        if trusted.len() < MOST_TRUSTED || next.is_trusted(trusted) != Some(false) {
            return;
        }
        let is_current = |it: &&Certificate| self.facts.current.chain.iter().any(|known| is_same(it, known));
        let (known, others): (Vec<_>, Vec<_>) = trusted.iter().partition(is_current);
        let other = others.first().or(known.last()).map_or_else(String::new, |it| {
            format!("{} until {} (SHA-256 {:.16}…)", quote(&it.subject), it.end(), it.fingerprint())
        });
        let message = format!(
            "{} holds {} certificates, as many as it can, and the next CA, {}, is none of them",
            self.anchor,
            trusted.len(),
            next.words()
        );
        let help = format!("remove one that signs nothing any more: is it {other}?");
        self.say(Diagnostic::error(Code::FullTrustAnchor, message).help(help));
    }

    /// The next CA signs: the trust anchor must trust it.
    fn switch(&mut self, next: &KnownCa<'_>) {
        const LOOK: &str = "look at the trust anchor (`--live`, or `--trust-anchor FILE`) and at the CA's Secret \
                            (`--objects FILE`) before it signs";
        let what = "whether the trust anchor trusts the CA that signs";
        match &self.facts.trusted {
            Err(why) => self.untold(what, why, LOOK),
            Ok(trusted) => match next.is_trusted(trusted) {
                Some(true) => {}
                None => self.untold(what, &format!("the certificate of the CA {} is not known", next.words()), LOOK),
                Some(false) => {
                    let message = format!(
                        "the next CA signs, {}, and {} does not trust it: workloads lose their credentials as their \
                         certificates are renewed",
                        next.words(),
                        self.anchor
                    );
                    let help = "set `next.signs` to false until the trust anchor holds both certificates";
                    self.say(Diagnostic::error(Code::EarlySwitch, message).help(help));
                }
            },
        }
    }

    /// The trust anchor must trust the current CA as long as certificates of it are in use.
    fn current_is_trusted(&mut self) {
        let Ok(trusted) = &self.facts.trusted else { return };
        let current = &self.facts.current;
        if current.is_trusted(trusted) != Some(false) {
            return;
        }
        let help = "add its certificate to the trust anchor again until every certificate is of the next CA";
        let is_used = if self.facts.is_switched { self.facts.uses_current() } else { Some(true) };
        let (words, anchor) = (current.words(), &self.anchor);
        match is_used {
            Some(false) => {}
            Some(true) if self.facts.is_switched => {
                let leaves = self.facts.leaves.as_deref().unwrap_or_default();
                let of_it: Vec<_> = leaves.iter().filter(|leaf| leaf.is_next == Some(false)).collect();
                let message = format!(
                    "{anchor} no longer trusts the CA {words}, and {} of {} certificates are of it: {}",
                    of_it.len(),
                    leaves.len(),
                    list(&of_it)
                );
                self.say(Diagnostic::error(Code::EarlyRemoval, message).help(help));
            }
            Some(true) => {
                let message = format!("{anchor} does not trust the CA {words}, which signs");
                self.say(Diagnostic::error(Code::EarlyRemoval, message).help(help));
            }
            None => {
                let why = self.facts.leaves.as_ref().err().cloned();
                let why = why.unwrap_or_else(|| "some of them were not seen".to_owned());
                let what = format!("{anchor} no longer trusts the CA {words}; whether certificates of it are in use");
                self.untold(&what, &why, "look at all of the cluster's certificates (`--objects FILE`)");
            }
        }
    }

    /// No rotation is under way: nothing of the previous CA may be in use.
    fn forgotten(&mut self) {
        let Ok(leaves) = &self.facts.leaves else { return };
        let others: Vec<_> = leaves.iter().filter(|leaf| leaf.is_foreign).collect();
        if others.is_empty() {
            return;
        }
        let trusted = self.facts.trusted.as_deref().unwrap_or_default();
        let is_trusted = |leaf: &&&Leaf| leaf.chain.iter().any(|it| trusted.iter().any(|other| is_same(it, other)));
        let message = format!(
            "{} of {} certificates are of another issuer than the declared one: {}",
            others.len(),
            leaves.len(),
            list(&others)
        );
        let make = if others.iter().all(|it| is_trusted(&it)) { Diagnostic::warning } else { Diagnostic::error };
        let help = "declare the CA again, with the other one as its `next`, until every certificate is of the next one";
        self.say(make(Code::EarlyRemoval, message).help(help));
    }

    /// What is signed must be trusted, whatever the declaration says.
    fn leaves(&mut self) {
        let (Ok(trusted), Ok(leaves)) = (&self.facts.trusted, &self.facts.leaves) else { return };
        let is_stranger = |leaf: &&Leaf| {
            !leaf.chain.is_empty() && !leaf.chain.iter().any(|it| trusted.iter().any(|other| is_same(it, other)))
        };
        for is_next in [false, true] {
            let of_it: Vec<_> = leaves.iter().filter(|leaf| leaf.is_next == Some(is_next)).collect();
            let strangers: Vec<_> = of_it.into_iter().filter(is_stranger).collect();
            let ca = self.facts.ca(is_next);
            // That the CA itself is not trusted has been said.
            let is_said = ca.is_trusted(trusted) == Some(false) && (is_next == self.facts.is_switched || !is_next);
            if strangers.is_empty()
                || (is_said && self.facts.next.is_some())
                || strangers.iter().all(|it| it.is_foreign)
            {
                continue;
            }
            let code = if is_next { Code::EarlySwitch } else { Code::EarlyRemoval };
            let message = format!(
                "{} does not trust the CA of {} certificates: {}",
                self.anchor,
                strangers.len(),
                list(&strangers)
            );
            let help = "add the certificate of the CA that has signed them to the trust anchor";
            self.say(Diagnostic::error(code, message).help(help));
        }
    }
}
