//! A CA that is kept in two parameters, and made once, whoever makes it and however often.
//!
//! The key is what the CA is, so it is put first, and never again. Its certificate is made from the key that is there: a run
//! that stops in between is continued by the next one, and of two runs at once the second takes the key of the first.

use std::collections::BTreeSet;

use super::action::{Action, Encrypted, Failure, Fault, Outcome, Provisioner};
use super::apply::Stopped;
use super::desired::Desired;
use super::difference::{Comparison, Difference, Verb};
use super::key::{Key, Owner};
use super::observe::Observed;
use super::state::State;
use crate::certificate::{Authority, Certificate};
use crate::diag::Code;
use crate::quote::quote;
use crate::resolve::NoAnswer;
use crate::secret::Secret;
use crate::yaml::FieldPath;

/// Where a CA is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The parameter with the certificate.
    pub certificate: Key,
    /// The encrypted parameter with the key.
    pub key: Key,
    pub(super) owner: Owner,
    pub(super) place: FieldPath,
    pub(super) clusters: BTreeSet<String>,
}

/// What is there of a CA.
#[derive(Debug, Clone)]
pub enum Present {
    /// Neither certificate nor key.
    Nothing,
    /// The key alone.
    Key(Secret),
    /// The certificate alone.
    Certificate(String),
    /// Both, and they belong together.
    Both(Authority),
}

/// Makes the CA of a key that is there.
pub type Certify<'c> = dyn Fn(&Secret) -> Result<Authority, String> + 'c;

/// How the two parameters are filled.
pub struct Putting<'p> {
    /// The CA to be put.
    pub authority: &'p Authority,
    /// The KMS key that encrypts its key.
    pub kms_key: Option<&'p str>,
    /// What is put in its place if a key is there, after all.
    pub certify: &'p Certify<'p>,
}

impl Kept {
    /// What is there. Reads the key if there is one.
    ///
    /// # Errors
    /// A call failed, or what is there does not belong together.
    pub fn present(&self, observed: &Observed, aws: &dyn Provisioner) -> Result<Present, Failure> {
        let certificate = value(observed, &self.certificate);
        if value(observed, &self.key).is_none() {
            return Ok(certificate.map_or(Present::Nothing, |it| Present::Certificate(it.to_owned())));
        }
        let key = self.read_key(aws)?;
        match certificate {
            None => Ok(Present::Key(key)),
            Some(certificate) => self.both(certificate, &key).map(Present::Both),
        }
    }

    /// The calls that fill the parameters, as differences to be shown.
    pub fn differences(&self, present: &Present, putting: &Putting<'_>) -> Vec<Difference> {
        let (is_key_there, is_certificate_there) = match present {
            Present::Nothing => (false, false),
            Present::Key(_) => (true, false),
            Present::Certificate(_) => (false, true),
            Present::Both(_) => (true, true),
        };
        let by = putting.kms_key.map_or_else(String::new, |it| format!(" with KMS key {}", quote(&it)));
        let key = (&self.key, format!("the private key of the CA, encrypted{by}"), self.create_key(putting));
        let certificate = putting.authority.certificate.as_str();
        let words = Certificate::first(certificate).map_or_else(String::new, |it| {
            let made = if is_key_there { "made from the key that is there" } else { "made from that key" };
            format!("the certificate of CA {}, until {}, {made}", it.subject, it.end())
        });
        let certificate = (&self.certificate, words, self.create_certificate(certificate));
        let missing = [(!is_key_there, key), (!is_certificate_there, certificate)].into_iter();
        let missing = missing.filter(|(is_missing, _)| *is_missing).map(|(_, it)| it);
        missing.map(|(key, words, action)| self.difference(key, words, action)).collect()
    }

    fn difference(&self, key: &Key, words: String, action: Action) -> Difference {
        Difference {
            key: key.clone(),
            verb: Verb::Create,
            arn: None,
            words: vec![words],
            is_escalation: false,
            clusters: self.clusters.clone(),
            place: self.place.clone(),
            help: None,
            steps: vec![action.into()],
        }
    }

    fn create_key(&self, putting: &Putting<'_>) -> Action {
        let kms_key = putting.kms_key.map(str::to_owned);
        let encrypted = Encrypted { value: putting.authority.key.clone(), kms_key };
        Action::CreateEncryptedParameter(self.key.name.clone(), encrypted, self.owner.tags())
    }

    fn create_certificate(&self, pem: &str) -> Action {
        Action::CreateParameter(self.certificate.name.clone(), pem.to_owned(), self.owner.tags())
    }

    /// Puts what is missing, the key first, and returns the CA that is there then: another run may have been faster.
    ///
    /// # Errors
    /// Where and why it stopped.
    pub fn put(
        &self,
        present: &Present,
        putting: &Putting<'_>,
        aws: &dyn Provisioner,
        tell: &mut dyn FnMut(&Key),
    ) -> Result<Authority, Box<Stopped>> {
        let authority = match present {
            Present::Both(authority) => return Ok(authority.clone()),
            Present::Key(_) => putting.authority.clone(),
            Present::Nothing | Present::Certificate(_) => self.put_key(putting, aws, tell)?,
        };
        if matches!(present, Present::Certificate(_)) {
            return Ok(authority);
        }
        self.put_certificate(authority, aws, tell)
    }

    fn put_key(
        &self,
        putting: &Putting<'_>,
        aws: &dyn Provisioner,
        tell: &mut dyn FnMut(&Key),
    ) -> Result<Authority, Box<Stopped>> {
        let action = self.create_key(putting);
        match aws.call(&self.key.site, &action) {
            Ok(_) => {
                tell(&self.key);
                Ok(putting.authority.clone())
            }
            Err(failure) if failure.fault == Fault::Exists => {
                let certified = self.read_key(aws).and_then(|key| (putting.certify)(&key).map_err(|why| refused(&why)));
                certified.map_err(|failure| stopped(&self.key, action, failure))
            }
            Err(failure) => Err(stopped(&self.key, action, failure)),
        }
    }

    fn put_certificate(
        &self,
        authority: Authority,
        aws: &dyn Provisioner,
        tell: &mut dyn FnMut(&Key),
    ) -> Result<Authority, Box<Stopped>> {
        let action = self.create_certificate(&authority.certificate);
        match aws.call(&self.certificate.site, &action) {
            Ok(_) => {
                tell(&self.certificate);
                Ok(authority)
            }
            Err(failure) if failure.fault == Fault::Exists => {
                let there = self.read_certificate(aws).and_then(|there| self.both(&there, &authority.key));
                there.map_err(|failure| stopped(&self.certificate, action, failure))
            }
            Err(failure) => Err(stopped(&self.certificate, action, failure)),
        }
    }

    fn read_key(&self, aws: &dyn Provisioner) -> Result<Secret, Failure> {
        match aws.call(&self.key.site, &Action::DecryptParameter(self.key.name.clone()))? {
            Outcome::Secret(key) => Ok(key),
            _ => Err(refused(&format!("the {} has no value", self.key))),
        }
    }

    fn read_certificate(&self, aws: &dyn Provisioner) -> Result<String, Failure> {
        let name = &self.certificate.name;
        let action = Action::GetParameters(BTreeSet::from([name.clone()]));
        if let Outcome::Resources(all) = aws.call(&self.certificate.site, &action)? {
            let found = all.into_iter().find_map(|it| match it.state {
                State::Parameter { value } if it.name == *name => Some(value),
                _ => None,
            });
            return found.ok_or_else(|| refused(&format!("the {} is not visible yet", self.certificate)));
        }
        Err(refused(&format!("the {} has no value", self.certificate)))
    }

    fn both(&self, certificate: &str, key: &Secret) -> Result<Authority, Failure> {
        Authority::check(certificate, key)
            .map_err(|why| refused(&format!("the {} and the {} are no CA: {why}", self.certificate, self.key)))
    }
}

fn value<'o>(observed: &'o Observed, key: &Key) -> Option<&'o str> {
    observed.resources.get(key)?.iter().find_map(|seen| match &seen.state {
        State::Parameter { value } => Some(value.as_str()),
        _ => None,
    })
}

fn refused(why: &str) -> Failure {
    let help = "look at both parameters: who has put them there knows which of them is right";
    let answer = NoAnswer { code: Code::InvalidCa, why: why.to_owned(), help: help.to_owned() };
    Failure { fault: Fault::Refused, answer }
}

fn stopped(key: &Key, action: Action, failure: Failure) -> Box<Stopped> {
    Box::new(Stopped { key: key.clone(), action, failure })
}

impl Observed {
    /// Something that is there and has our tags.
    pub fn ours(&self) -> Option<&Key> {
        let mut all = self.resources.iter();
        all.find(|(_, seen)| seen.iter().any(|it| it.not_ours.is_none())).map(|(key, _)| key)
    }

    /// Whether a resource is there, ours or not.
    pub fn has(&self, key: &Key) -> bool {
        self.resources.get(key).is_some_and(|seen| !seen.is_empty())
    }
}

impl Comparison {
    /// The same after what is done before it. A trust anchor to be made trusts the CA that is put before it.
    #[must_use]
    pub fn after(mut self, mut first: Vec<Difference>, desired: &Desired) -> Self {
        let is_new = |it: &&mut Difference| it.verb == Verb::Create && desired.is_anchor(&it.key) && !first.is_empty();
        for anchor in self.differences.iter_mut().filter(is_new) {
            anchor.words = vec!["trusts that CA".to_owned()];
        }
        first.append(&mut self.differences);
        self.differences = first;
        self
    }
}
