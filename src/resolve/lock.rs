//! `iamra.lock`: recorded answers, so that rendering needs neither network nor credentials. It never contains key
//! material.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::file::{answers, committed_key, read_document};
use super::lookup::{Answer, Answers, Lookup, NoAnswer};
use super::profiles;
use super::trust_policies::{self, TrustPolicies};
use crate::certificate::Certificate;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::digest::sha256_hex;
use crate::krm::Position;
use crate::quote::{line, quote};
use crate::reference::{Query, Wanted};
use crate::secret::Secret;
use crate::trust::Profiles;
use crate::yaml::{NodeRef, emit};

/// `apiVersion` of the lock file; it changes with the format.
const API_VERSION: &str = "iamra.dev/v1alpha1";
/// `kind` of the lock file.
const KIND: &str = "Lock";

/// What the digest is of.
const SECTIONS: [&str; 5] = ["references", "scopes", "clusters", trust_policies::SECTION, profiles::SECTION];

/// The comment at the top of every lock.
const HEADER: &str =
    "# Whole by `iamra lock`. Commit it; do not edit it: change the declaration, and run `iamra lock` again.\n";

/// The help for a stale lock.
const MEND: &str = "run `iamra lock`, or provide the value in a values file (`--values FILE`)";

/// The name of a query: the cluster and the scope that have their own account or region, and its reference.
type Name = (Owner, String);

/// Where values are looked up that are not those of the whole declaration.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Owner {
    cluster: Option<String>,
    scope: Option<String>,
}

impl Owner {
    fn of(query: &Query) -> Self {
        Self { cluster: query.origin.cluster.clone(), scope: query.origin.scope.clone() }
    }
}

/// `iamra.lock`: recorded answers, never key material.
#[derive(Debug, Default)]
pub struct Lockfile {
    name: String,
    state: State,
    values: BTreeMap<Name, Answer>,
    trust_policies: Option<TrustPolicies>,
    profiles: Option<Profiles>,
}

/// The state of a lock.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing.
    #[default]
    Absent,
    /// What `iamra lock` has written.
    Whole,
    /// A lock that cannot be used, which has been reported.
    Useless,
}

impl Lockfile {
    /// A required lock, called `name` in messages, that does not exist, which is reported.
    pub fn missing(name: &str, report: &mut Report) -> Self {
        report.push(
            Diagnostic::error(Code::StaleLock, format!("there is no {name}"))
                .at(Place::File(name.to_owned(), None))
                .help("run `iamra lock`, and commit what it writes with the declaration"),
        );
        Self { name: name.to_owned(), state: State::Useless, ..Self::default() }
    }

    /// Reads the lock file named `name` in messages; `None` when there is none.
    pub fn read(name: &str, text: Option<&str>, report: &mut Report) -> Self {
        let read = |node: NodeRef<'_>, report: &mut Report| {
            let mut values = BTreeMap::new();
            let policies = trust_policies::read(node);
            let profiles = profiles::read(node);
            let wrong = read_lock(node, &mut values).err();
            let wrong = wrong.or(policies.as_ref().err().cloned()).or(profiles.as_ref().err().cloned());
            if let Some((node, why)) = wrong {
                let line = node.map(|node| Position::of(node.document().text(), node.span().start).line);
                report.push(
                    Diagnostic::error(Code::InvalidLock, format!("{name} {why}"))
                        .at(Place::File(name.to_owned(), line.or(Some(1))))
                        .help("restore it from Git, or regenerate it with `iamra lock`"),
                );
            }
            (values, policies.unwrap_or_default(), profiles.unwrap_or_default())
        };
        let mut found = Report::default();
        let (values, trust_policies, profiles) =
            text.map(|text| read_document(name, text, &mut found, read)).unwrap_or_default();
        if let Some(committed) = text.and_then(|text| committed_key(name, text)) {
            found.push(committed);
        }
        let state = match text {
            None => State::Absent,
            Some(_) if found.has_errors() => State::Useless,
            Some(_) => State::Whole,
        };
        report.append(found);
        Self { name: name.to_owned(), state, values, trust_policies, profiles }
    }

    /// Its name in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The recorded trust policies; `None` when none were asked for.
    pub fn trust_policies(&self) -> Option<&TrustPolicies> {
        self.trust_policies.as_ref()
    }

    /// The recorded profiles; `None` when none were asked for.
    pub fn profiles(&self) -> Option<&Profiles> {
        self.profiles.as_ref()
    }

    /// Recorded references that are not needed.
    pub fn unused(&self, queries: &BTreeSet<Query>) -> Vec<String> {
        let asked: BTreeSet<_> =
            queries.iter().flat_map(|query| [name_of(query), (Owner::of(query), query.reference.clone())]).collect();
        self.values.keys().filter(|name| !asked.contains(*name)).map(|(_, reference)| line(reference)).collect()
    }

    /// Needed references that are not recorded.
    pub fn gaps(&self, queries: &BTreeSet<Query>) -> Vec<String> {
        let names = queries.iter().filter(|query| !query.is_secret()).map(name_of);
        names.filter(|name| !self.values.contains_key(name)).map(|name| not_locked(&name)).collect()
    }

    /// Differences between new answers and recorded ones.
    pub fn drift(&self, fresh: &Answers) -> Vec<String> {
        let mut drift = Vec::new();
        let mut asked = BTreeSet::new();
        for (query, answer) in fresh.iter().filter(|(query, _)| !query.is_secret()) {
            let Ok(answer) = answer else { continue };
            let name = name_of(query);
            let text = in_words(&name);
            match self.values.get(&name) {
                None => drift.push(not_locked(&name)),
                Some(locked) if locked.value != answer.value => {
                    drift.push(format!("{text} has a different value{}", versions(locked, answer)));
                }
                Some(locked) if locked.version.is_some() && locked.version != answer.version => {
                    drift.push(format!("{text} has the same value{}", versions(locked, answer)));
                }
                Some(_) => {}
            }
            asked.insert(name);
        }
        let unused = self.values.keys().filter(|name| !asked.contains(*name));
        drift.extend(
            unused.map(|name| format!("{} is locked, and the declaration does not refer to it", in_words(name))),
        );
        drift
    }

    /// Differences between the trust policies and profiles that AWS has and recorded ones.
    pub fn trust_drift(&self, fresh: &Trust) -> Vec<String> {
        let policies = trust_policies::drift(self.trust_policies.as_ref(), &fresh.policies);
        policies.into_iter().chain(profiles::drift(self.profiles.as_ref(), &fresh.profiles)).collect()
    }
}

fn versions(locked: &Answer, fresh: &Answer) -> String {
    match (locked.version, fresh.version) {
        (Some(old), Some(new)) if old != new => format!(": version {old} is locked, AWS has version {new}"),
        _ => String::new(),
    }
}

fn in_words((owner, reference): &Name) -> String {
    let owners = [("scope", &owner.scope), ("cluster", &owner.cluster)].into_iter();
    let owners = owners.filter_map(|(kind, name)| Some(format!(" of {kind} {}", quote(name.as_ref()?))));
    std::iter::once(quote(reference).to_string()).chain(owners).collect()
}

fn not_locked(name: &Name) -> String {
    format!("{} is not locked", in_words(name))
}

fn name_of(query: &Query) -> Name {
    (Owner::of(query), query.name())
}

impl Lookup for Lockfile {
    fn answer(&self, queries: &BTreeSet<Query>) -> Answers {
        answers(queries, |query| {
            if query.is_secret() {
                return Err(NoAnswer {
                    code: Code::UnresolvedReference,
                    why: format!("{} is key material, which is never stored in {}", quote(&query.reference), self.name),
                    help: "look it up in AWS (`--live`), provide it in a values file (`--values FILE`), or use an \
                           existing CA Secret"
                        .to_owned(),
                });
            }
            let missing = || {
                let (name, reference) = (&self.name, quote(&query.reference));
                let (code, why) = match self.state {
                    State::Absent => {
                        (Code::UnresolvedReference, format!("{reference} has no value: there is no {name}"))
                    }
                    State::Whole => (Code::StaleLock, format!("{name} has no entry for {reference}")),
                    State::Useless => (Code::InvalidLock, format!("{reference} has no value: {name} cannot be used")),
                };
                NoAnswer { code, why, help: MEND.to_owned() }
            };
            // A lock written by hand may name trust anchors and profiles as the declaration does.
            let by_hand = || self.values.get(&(Owner::of(query), query.reference.clone()));
            self.values.get(&name_of(query)).or_else(by_hand).cloned().ok_or_else(missing)
        })
    }
}

/// Whom AWS trusts, and with which tags.
#[derive(Debug, Default)]
pub struct Trust {
    /// The trust policies of the roles.
    pub policies: TrustPolicies,
    /// The profiles.
    pub profiles: Profiles,
}

/// The text of a lock with these answers and, if it was asked for, whom AWS trusts. Key material and failed answers are
/// omitted.
pub fn lock(answers: &Answers, trust: Option<&Trust>) -> String {
    let mut sections: BTreeMap<Option<String>, Scopes> = BTreeMap::from([(None, Scopes::new())]);
    for (query, answer) in answers.iter().filter(|(query, _)| !query.is_secret()) {
        if let Ok(answer) = answer {
            let (Owner { cluster, scope }, name) = name_of(query);
            sections.entry(cluster).or_default().entry(scope).or_default().insert(name, entry(query, answer));
        }
    }
    let mut content = section(sections.remove(&None).unwrap_or_default());
    if !sections.is_empty() {
        let named = sections.into_iter().map(|(cluster, scopes)| (cluster.unwrap_or_default(), section(scopes).into()));
        content.insert("clusters".to_owned(), Value::Object(named.collect()));
    }
    if let Some(Trust { policies, profiles }) = trust {
        let policies = policies.iter().map(|(role, policy)| (role.clone(), policy.clone())).collect();
        content.insert(trust_policies::SECTION.to_owned(), Value::Object(policies));
        content.insert(profiles::SECTION.to_owned(), profiles::section(profiles));
    }
    let mut lock = Map::new();
    lock.insert("apiVersion".to_owned(), API_VERSION.into());
    lock.insert("kind".to_owned(), KIND.into());
    lock.insert("digest".to_owned(), digest(&content).into());
    lock.append(&mut content);
    format!("{HEADER}{}", emit::document(&Value::Object(lock)))
}

/// Entries by scope and name.
type Scopes = BTreeMap<Option<String>, BTreeMap<String, Value>>;

/// The references of the whole declaration or of a cluster.
fn section(mut scopes: Scopes) -> Map<String, Value> {
    let map = |entries: BTreeMap<String, Value>| Value::Object(entries.into_iter().collect());
    let mut section = Map::new();
    section.insert("references".to_owned(), map(scopes.remove(&None).unwrap_or_default()));
    if !scopes.is_empty() {
        let named = scopes.into_iter().map(|(scope, it)| (scope.unwrap_or_default(), json!({"references": map(it)})));
        section.insert("scopes".to_owned(), Value::Object(named.collect()));
    }
    section
}

/// Whether a text is a lock or the rest of one. Any other file must not be overwritten.
pub fn is_lock(text: &str) -> bool {
    text.trim().is_empty() || text.lines().any(|line| line == format!("kind: {KIND}"))
}

fn entry(query: &Query, answer: &Answer) -> Value {
    let value = answer.value.reveal();
    let mut entry = Map::new();
    if query.wanted == Wanted::Certificate {
        entry.insert("value".to_owned(), format!("{value}\n").into());
    } else {
        entry.insert("value".to_owned(), value.into());
    }
    entry.extend(answer.version.map(|version| ("version".to_owned(), version.into())));
    entry.extend(answer.arn.as_deref().map(|arn| ("arn".to_owned(), arn.into())));
    if let Some(certificate) = Certificate::first(value) {
        entry.insert("fingerprint".to_owned(), fingerprint(&certificate).into());
        entry.insert("notAfter".to_owned(), certificate.end_rfc3339().into());
    }
    Value::Object(entry)
}

fn fingerprint(certificate: &Certificate) -> String {
    format!("sha256:{}", certificate.fingerprint())
}

/// Detects truncation, edits and bad merges. It protects against accidents only: an attacker can compute it too.
fn digest(content: &Map<String, Value>) -> String {
    let text = emit::flow(&Value::Object(content.clone()));
    format!("sha256:{}", sha256_hex(text))
}

type Wrong<'d> = (Option<NodeRef<'d>>, String);

/// Reads a lock. An error has its node and a message that follows the file's name.
fn read_lock<'d>(root: NodeRef<'d>, values: &mut BTreeMap<Name, Answer>) -> Result<(), Wrong<'d>> {
    let text = |key| root.get(key).and_then(NodeRef::text);
    match (text("apiVersion"), text("kind")) {
        (Some(API_VERSION), Some(KIND)) => {}
        (Some(version), Some(KIND)) => {
            let why =
                format!("is a lock of version {}, and this version of iamra reads `{API_VERSION}`", quote(&version));
            return Err((root.get("apiVersion"), why));
        }
        _ => return Err((None, format!("is not a lock file: expected `apiVersion: {API_VERSION}`, `kind: {KIND}`"))),
    }
    if root.get("references").is_none() {
        return Err((None, "has no `references`: it was truncated".to_owned()));
    }
    if let Some(recorded) = text("digest") {
        let content = SECTIONS.into_iter().filter_map(|key| Some((key.to_owned(), root.get(key)?.to_value())));
        if digest(&content.collect()) != recorded {
            let why =
                "was edited, truncated or merged since `iamra lock` wrote it: its `digest` does not match".to_owned();
            return Err((root.get("digest"), why));
        }
    }
    read_section(None, root, values)?;
    for (key, section) in root.get("clusters").into_iter().flat_map(NodeRef::entries) {
        let name =
            key.text().filter(|_| section.is_map()).ok_or((Some(key), "has a cluster without a name".to_owned()))?;
        read_section(Some(name), section, values)?;
    }
    Ok(())
}

fn read_section<'d>(
    cluster: Option<&str>,
    section: NodeRef<'d>,
    values: &mut BTreeMap<Name, Answer>,
) -> Result<(), Wrong<'d>> {
    let owner = |scope: Option<&str>| Owner { cluster: cluster.map(str::to_owned), scope: scope.map(str::to_owned) };
    if let Some(references) = section.get("references") {
        read_references(&owner(None), references, values)?;
    }
    for (key, scope) in section.get("scopes").into_iter().flat_map(NodeRef::entries) {
        let named = key.text().zip(scope.get("references"));
        let (name, references) = named.ok_or((Some(key), "has a scope without `references`".to_owned()))?;
        read_references(&owner(Some(name)), references, values)?;
    }
    Ok(())
}

fn read_references<'d>(
    owner: &Owner,
    references: NodeRef<'d>,
    values: &mut BTreeMap<Name, Answer>,
) -> Result<(), Wrong<'d>> {
    let wrong = |node| Err((Some(node), "has an entry that is not `reference: {value: …}`".to_owned()));
    if !references.is_map() {
        return wrong(references);
    }
    for (key, entry) in references.entries() {
        let (Some(name), Some(value)) = (key.text(), entry.get("value").and_then(NodeRef::text)) else {
            return wrong(key);
        };
        let value = value.trim_end_matches('\n');
        let recorded = entry.get("fingerprint").and_then(NodeRef::text);
        if recorded.is_some() && recorded != Certificate::first(value).as_ref().map(fingerprint).as_deref() {
            return Err((
                Some(key),
                format!("has a certificate for {} that does not match its `fingerprint`", quote(&name)),
            ));
        }
        let version = entry.get("version").and_then(|version| version.to_value().as_i64());
        let arn = entry.get("arn").and_then(NodeRef::text).map(str::to_owned);
        values.insert((owner.clone(), name.to_owned()), Answer { value: Secret::new(value), version, arn });
    }
    Ok(())
}
