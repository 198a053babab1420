//! The CA of a scope in two parameters: one, whatever fails, and however many make it.

use std::cell::{Cell, RefCell};

use super::memory::{Memory, When};
use super::*;
use crate::certificate::{Authority, Certificate};
use crate::config::Config;
use crate::provision::action::{Action, Encrypted, Failure, Fault, Outcome};
use crate::provision::authority::{Kept, Present, Putting};
use crate::provision::key::{Kind, Tags};
use crate::provision::part::{NoPart, Part, part};
use crate::provision::{Purpose, permissions};
use crate::reference::Origin;
use crate::secret::Secret;

const KEY: &str = include_str!("../../../tests/data/keys/p256-key.pem");
const OTHER_KEY: &str = include_str!("../../../tests/data/ca/key.pem");

const PARAMETERS: &str = r#"
apiVersion: iamra.dev/v1alpha1
kind: RolesAnywhere
metadata: {name: acme}
spec:
  parameterPrefix: "/iam-ra/{{ cluster }}"
  region: eu-central-1
  scopes:
    default: {issuer: {ca: {secret: {ssm: {certificate: "ssm:/iam-ra/{{ cluster }}/crt", key: "ssm:/iam-ra/{{ cluster }}/key"}}}}}
    other: {}
  roles:
    admin: {}
  clusters:
    prod: {aws: {profile: prod}}
    staging: {aws: {profile: staging}}
  workloads:
    api: {role: admin, clusters: [prod, staging]}
"#;

fn loaded(text: &str) -> (Vec<Config>, Desired) {
    let document = Document::parse(text).unwrap();
    let (root, mut report) = (document.root(), Report::default());
    let configs = config::load_all(root, &config::clusters(root), &[], &mut report).expect("it is valid");
    let desired = desired(&configs, &[], &Answers::new(), &Certificates::new(), &mut report);
    (configs, desired)
}

fn of(cluster: &str) -> (Part, Kept) {
    of_text(PARAMETERS, cluster)
}

fn of_text(text: &str, cluster: &str) -> (Part, Kept) {
    let (configs, desired) = loaded(text);
    let part = part(&desired, &configs, "default", Some(cluster)).unwrap();
    let kept = part.kept.clone().unwrap();
    (part, kept)
}

/// A CA of one of two keys. Neither is made here, because what is made twice must differ.
fn ca(key: &str) -> Authority {
    let certificate = if key == KEY { OTHER_CA } else { CA };
    Authority::check(certificate, &Secret::new(key)).unwrap()
}

fn certify(key: &Secret) -> Result<Authority, String> {
    [KEY, OTHER_KEY]
        .map(ca)
        .into_iter()
        .find(|it| it.key == *key)
        .ok_or_else(|| "the key is that of neither".to_owned())
}

/// What `iamra init` does with a new key.
fn init(aws: &dyn Provisioner, new: &str) -> Result<Authority, Failure> {
    let (part, kept) = of("prod");
    let observed = observe(&part.desired, aws)?;
    let present = part.present(&kept, &observed, aws)?;
    let candidate = match &present {
        Present::Both(there) => there.clone(),
        Present::Key(key) => certify(key).unwrap(),
        _ => ca(new),
    };
    let putting = Putting { authority: &candidate, kms_key: None, certify: &certify };
    let put = kept.put(&present, &putting, aws, &mut |_| {}).map_err(|it| it.failure)?;
    let observed = if put.certificate == candidate.certificate { observed } else { observe(&part.desired, aws)? };
    let comparison = compare(&part.trusting(&put.certificate), &observed, None);
    apply(&comparison, aws, &mut |_| {}).map_err(|it| it.failure)?;
    Ok(put)
}

/// The kinds and names of what is there, and the only CA that anything trusts.
fn made(aws: &Memory) -> (Vec<(Kind, String)>, Authority) {
    let world = aws.0.borrow();
    let mut all: Vec<_> = world.things.iter().map(|(_, kind, it)| (*kind, it.name.clone())).collect();
    all.sort();
    drop(world);
    let site = Origin { profile: Some("prod".to_owned()), ..Origin::default() };
    let Ok(Outcome::Secret(key)) = aws.call(&site, &Action::DecryptParameter("/iam-ra/prod/key".to_owned())) else {
        panic!("there is no key")
    };
    let ca = certify(&key).unwrap();
    let contents = aws.contents().join("\n");
    let fingerprint = Certificate::first(&ca.certificate).unwrap().pem();
    assert_eq!(contents.matches(&format!("{fingerprint:?}")).count(), 2, "{contents}");
    (all, ca)
}

fn everything() -> Vec<(Kind, String)> {
    let of = |kind, name: &str| (kind, name.to_owned());
    vec![
        of(Kind::TrustAnchor, "iam-ra-prod-default"),
        of(Kind::Parameter, "/iam-ra/prod/crt"),
        of(Kind::Parameter, "/iam-ra/prod/key"),
        of(Kind::Parameter, "/iam-ra/prod/scopes/default/trust-anchor-arn"),
    ]
}

#[test]
fn a_scope_is_begun_once_and_nothing_else_is_touched() {
    let aws = Memory::default();
    init(&aws, KEY).unwrap();
    assert_eq!(made(&aws).0, everything());
    let asked = aws.0.borrow().asked.len();
    init(&aws, OTHER_KEY).unwrap();
    assert_eq!(made(&aws), (everything(), ca(KEY)));
    assert!(aws.0.borrow().asked.iter().skip(asked).all(|it| !it.changes()));
    // Keys come before what is made of them.
    let order: Vec<_> = aws.0.borrow().asked.iter().filter(|it| it.changes()).cloned().collect();
    assert!(matches!(
        order.as_slice(),
        [
            Action::CreateEncryptedParameter(..),
            Action::CreateParameter(..),
            Action::CreateTrustAnchor(..),
            Action::CreateParameter(..)
        ]
    ));
}

/// Before the effect, and after it with the answer lost. The next run has another new key at hand, and must not use it.
#[test]
fn after_a_fault_at_any_call_the_next_run_goes_on_with_the_ca_that_is_there() {
    let aws = Memory::default();
    init(&aws, KEY).unwrap();
    let calls = aws.0.borrow().calls;
    for call in 1..=calls {
        for when in [When::Before, When::After] {
            let aws = Memory::failing(call, when);
            init(&aws, KEY).unwrap_err();
            let is_key_there = aws.contents().iter().any(|it| it.contains("/iam-ra/prod/key"));
            init(&aws, OTHER_KEY).unwrap_or_else(|failure| panic!("call {call} {when:?}: {failure:?}"));
            let expected = if is_key_there { KEY } else { OTHER_KEY };
            assert_eq!(made(&aws), (everything(), ca(expected)), "call {call} {when:?}");
        }
    }
}

/// Another run with another key, at any point of this one.
struct Disturbed<'d> {
    aws: &'d Memory,
    at: Cell<usize>,
    other: RefCell<Option<Result<Authority, Failure>>>,
}

impl Provisioner for Disturbed<'_> {
    fn call(&self, site: &Origin, action: &Action) -> Result<Outcome, Failure> {
        if self.at.get() == 0 {
            *self.other.borrow_mut() = Some(init(self.aws, OTHER_KEY));
        }
        self.at.set(self.at.get().wrapping_sub(1));
        self.aws.call(site, action)
    }

    fn pause(&self) {}
}

#[test]
fn two_at_once_have_one_ca() {
    let aws = Memory::default();
    init(&aws, KEY).unwrap();
    let calls = aws.0.borrow().calls;
    for at in 0..calls {
        let aws = Memory::default();
        let disturbed = Disturbed { aws: &aws, at: at.into(), other: RefCell::default() };
        let one = init(&disturbed, KEY);
        let other = disturbed.other.take().expect("there was another run");
        for failed in [&one, &other].into_iter().filter_map(|it| it.as_ref().err()) {
            assert_eq!(failed.fault, Fault::Exists, "{at}: {failed:?}");
        }
        let cas: Vec<_> = [one, other].into_iter().filter_map(Result::ok).map(|it| it.certificate).collect();
        assert!(!cas.is_empty() && cas.iter().all(|it| it == &cas[0]), "{at}");
        init(&aws, KEY).unwrap_or_else(|failure| panic!("{at}: {failure:?}"));
        let (all, ca) = made(&aws);
        assert_eq!(all, everything(), "{at}");
        assert_eq!(ca.certificate, cas[0], "{at}");
    }
}

/// Puts parameters as somebody else would.
fn put(aws: &Memory, certificate: Option<&str>, key: Option<&str>) {
    let site =
        Origin { profile: Some("prod".to_owned()), region: Some("eu-central-1".to_owned()), ..Origin::default() };
    let created =
        certificate.map(|it| Action::CreateParameter("/iam-ra/prod/crt".to_owned(), it.to_owned(), Tags::new()));
    let encrypted = key.map(|it| {
        let encrypted = Encrypted { value: Secret::new(it), kms_key: None };
        Action::CreateEncryptedParameter("/iam-ra/prod/key".to_owned(), encrypted, Tags::new())
    });
    for action in created.into_iter().chain(encrypted) {
        aws.call(&site, &action).unwrap();
    }
}

#[test]
fn what_somebody_has_to_decide_is_said_and_nothing_is_made() {
    for (certificate, key, said) in [
        (
            Some(OTHER_CA),
            None,
            "parameter `/iam-ra/prod/crt` is there, and the parameter `/iam-ra/prod/key` with its key is not",
        ),
        (Some(OTHER_CA), Some(OTHER_KEY), "are no CA: the private key does not belong to the CA certificate"),
        (Some("text"), Some(KEY), "are no CA: the CA certificate is not PEM"),
    ] {
        let aws = Memory::default();
        put(&aws, certificate, key);
        let failure = init(&aws, KEY).unwrap_err();
        assert!(failure.answer.why.contains(said), "{failure:?}");
    }
    // A trust anchor trusts a CA that is in no parameter: a new one would end what works.
    let aws = Memory::default();
    init(&aws, KEY).unwrap();
    aws.0.borrow_mut().things.retain(|(_, _, it)| !it.name.ends_with("crt"));
    let failure = init(&aws, KEY).unwrap_err();
    assert!(failure.answer.why.contains("trusts a CA, whose certificate is not in the parameter"), "{failure:?}");
}

/// A trust anchor that is declared by its ARN trusts another CA.
#[test]
fn no_ca_is_made_for_a_trust_anchor_of_somebody_else() {
    let arn = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d";
    let text = PARAMETERS
        .replace("default: {issuer", &format!("default: {{trustAnchor: \"{arn}\", issuer"))
        .replace("    staging: {aws: {profile: staging}}\n", "")
        .replace("[prod, staging]", "[prod]");
    let ((part, kept), aws) = (of_text(&text, "prod"), Memory::default());
    let observed = observe(&part.desired, &aws).unwrap();
    let failure = part.present(&kept, &observed, &aws).unwrap_err();
    assert!(failure.answer.why.contains("is declared by its ARN"), "{failure:?}");
    put(&aws, Some(OTHER_CA), Some(KEY));
    let observed = observe(&part.desired, &aws).unwrap();
    assert!(matches!(part.present(&kept, &observed, &aws), Ok(Present::Both(_))));
}

/// What others have put there is used.
#[test]
fn a_ca_of_somebody_else_is_used_and_not_tagged() {
    let aws = Memory::default();
    put(&aws, Some(OTHER_CA), Some(KEY));
    init(&aws, OTHER_KEY).unwrap();
    assert_eq!(made(&aws), (everything(), ca(KEY)));
}

#[test]
fn a_scope_is_found_or_it_is_said_why_not() {
    let (configs, desired) = loaded(PARAMETERS);
    let found = |scope, cluster| part(&desired, &configs, scope, cluster).map(|it| it.kept.is_some());
    assert_eq!(found("default", Some("prod")), Ok(true));
    assert_eq!(found("default", None), Err(NoPart::Several));
    assert_eq!(found("other", Some("prod")), Ok(false));
    assert_eq!(found("none", None), Err(NoPart::Unknown));
}

/// With the permissions that are printed, and no others.
#[test]
fn each_permission_of_init_is_needed_or_for_what_a_race_leaves() {
    let aws = Memory::default();
    init(&aws, KEY).unwrap();
    aws.0.borrow_mut().things.retain(|(_, _, it)| !it.name.ends_with("default"));
    init(&aws, KEY).unwrap();
    let asked: std::collections::BTreeSet<_> = aws.0.borrow().asked.iter().map(Action::permission).collect();
    let (part, _) = of("prod");
    let policy = permissions(Purpose::Init, &part.desired, Some("arn:aws:kms:eu-central-1:1:key/k")).to_string();
    for permission in asked.iter().filter(|it| **it != "sts:GetCallerIdentity") {
        assert!(policy.contains(&format!("\"{permission}\"")), "{permission}: {policy}");
    }
    for foreign in ["iam:", "Profile", "profile", "ssm:DeleteParameter", "parameter/iam-ra/prod/*", "staging"] {
        assert!(!policy.contains(foreign), "{foreign}: {policy}");
    }
    assert!(policy.contains("\"kms:Decrypt\",\"kms:Encrypt\"],\"Resource\":\"arn:aws:kms"), "{policy}");
}
