//! Adds a role to the declaration, changes or removes it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::edit::{Change, Refused, cannot_edit, check_own, is_now, known, parsed, put};
use super::section::{self, ROLES, Section, empty};
use crate::config::{Config, Whole};
use crate::diag::{Code, Diagnostic, Place};
use crate::duration::Duration;
use crate::policy::is_same;
use crate::quote::{quote, quote_all, typed};
use crate::yaml::edit::{Edit, Refusal, apply};
use crate::yaml::{Document, FieldPath, Flow, NodeKind, NodeRef, emit};

/// The request. Settings that are `None` or empty stay as they are, or are those of the declaration's defaults.
pub struct Request<'a> {
    /// The role's name.
    pub role: &'a str,
    /// Its scope.
    pub scope: Option<&'a str>,
    /// All ARNs of policies that it has.
    pub policies: &'a [String],
    /// Policies of its own, by name; others that it has stay.
    pub inline_policies: &'a BTreeMap<String, Value>,
    /// How long its sessions last.
    pub session: Option<&'a Duration>,
    /// The cluster whose own entry is changed, if it has one.
    pub cluster: Option<&'a str>,
}

/// The declaration with the role.
///
/// # Errors
/// Why it cannot be done.
pub fn create(asked: &Request<'_>, text: &str, declaration: Whole<'_>) -> Result<Change, Refused> {
    check_own(declaration, "roles")?;
    let doc = parsed(text)?;
    let section = asked.cluster.map(|cluster| ROLES.of(cluster)).filter(|own| own.has(&doc, asked.role));
    let section = section.unwrap_or(ROLES);
    let mut said = Vec::new();
    let is_there = section.has(&doc, asked.role) && doc.at(&section.entry(asked.role)).is_some();
    let changed = if is_there { asked.alter(section, text, &mut said) } else { asked.add(section, text, &mut said) };
    let text = changed.map_err(|refusal| {
        let entry = format!("{}: {}", asked.role, emit::flow(&Value::Object(asked.fields())));
        cannot_edit(&refusal, &format!("write {} under {}", typed(&entry), quote(&section.path())))
    })?;
    Ok(Change { text, said })
}

impl Request<'_> {
    /// The fields of a new entry.
    fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.extend(self.scope.map(|scope| ("scope".to_owned(), json!(scope))));
        if !self.policies.is_empty() {
            fields.insert("policies".to_owned(), json!(self.policies));
        }
        if !self.inline_policies.is_empty() {
            fields.insert("inlinePolicies".to_owned(), json!(self.inline_policies));
        }
        fields.extend(self.session.map(|session| ("sessionDuration".to_owned(), json!(session.as_str()))));
        fields
    }

    fn add(&self, section: Section<'_>, text: &str, said: &mut Vec<String>) -> Result<String, Refusal> {
        let scope = self.scope.map(|scope| format!("scope {}", quote(&scope)));
        let policies = (!self.policies.is_empty()).then(|| format!("policies {}", quote_all(self.policies)));
        let inline = self.inline_policies.keys().map(|name| format!("inline policy {}", quote(name)));
        let session = self.session.map(|session| format!("sessions of {session}"));
        let parts: Vec<_> = scope.into_iter().chain(policies).chain(inline).chain(session).collect();
        let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
        said.push(format!("role {} added{parts}", quote(&self.role)));
        section.add(text, self.role, self.fields())
    }

    fn alter(&self, section: Section<'_>, text: &str, said: &mut Vec<String>) -> Result<String, Refusal> {
        let at = section.entry(self.role);
        let mut text = text.to_owned();
        let mut say = |what: String| said.push(format!("role {} changed: {what}", quote(&self.role)));
        let session = self.session.map(|session| ("sessionDuration", session.as_str()));
        for (field, wanted) in self.scope.map(|scope| ("scope", scope)).into_iter().chain(session) {
            let doc = section::read(&text)?;
            let at = at.key(field);
            let before = doc.at(&at).and_then(NodeRef::text);
            if before.is_some_and(|before| is_equal(field, before, wanted)) {
                continue;
            }
            say(is_now(field, before, wanted));
            text = apply(&doc, vec![put(&doc, &at, wanted.into())])?;
        }
        if !self.policies.is_empty() {
            text = list(&text, &at.key("policies"), self.policies, &mut say)?;
        }
        for (name, policy) in self.inline_policies {
            let at = at.key("inlinePolicies").key(name.as_str());
            let doc = section::read(&text)?;
            let before = doc.at(&at).map(|node| node.to_value());
            if before.as_ref().is_some_and(|before| is_same(before, policy)) {
                continue;
            }
            say(format!("inline policy {} is {}", quote(name), if before.is_some() { "another" } else { "added" }));
            text = replaced(&doc, &at, policy)?;
        }
        Ok(text)
    }
}

/// Whether a field that is there says the same.
fn is_equal(field: &str, one: &str, other: &str) -> bool {
    let seconds = |text: &str| Duration::parse(text).ok().map(|it| it.seconds());
    one == other || field == "sessionDuration" && seconds(one).is_some() && seconds(one) == seconds(other)
}

/// The text with a list of exactly these.
fn list(text: &str, at: &FieldPath, wanted: &[String], say: &mut dyn FnMut(String)) -> Result<String, Refusal> {
    let there = |doc: &Document<'_>| -> Vec<String> {
        let items = doc.at(at).into_iter().flat_map(NodeRef::items);
        items.map(|item| item.text().unwrap_or_default().to_owned()).collect()
    };
    let doc = section::read(text)?;
    let before = there(&doc);
    let missing: Vec<Value> =
        wanted.iter().filter(|it| !before.contains(it)).map(|it| Value::from(it.as_str())).collect();
    let surplus = before.iter().filter(|it| !wanted.contains(it)).count();
    if missing.is_empty() && surplus == 0 {
        return Ok(text.to_owned());
    }
    say(format!("policies are now {}", quote_all(wanted)));
    let mut text = if missing.is_empty() { text.to_owned() } else { apply(&doc, vec![put(&doc, at, missing.into())])? };
    // One after the other, so that each index is that of the text.
    for _ in 0..surplus {
        let doc = section::read(&text)?;
        let index = there(&doc).iter().position(|it| !wanted.contains(it));
        if let Some(index) = index {
            text = apply(&doc, vec![Edit::Remove { at: at.index(index) }])?;
        }
    }
    Ok(text)
}

/// The text with a mapping in place of the one that is there.
fn replaced(doc: &Document<'_>, at: &FieldPath, value: &Value) -> Result<String, Refusal> {
    let fields = value.as_object().cloned().unwrap_or_default();
    let text = match doc.at(at).map(NodeRef::kind) {
        Some(NodeKind::Map(_, Flow::Yes)) => {
            apply(doc, vec![Edit::Restore { at: at.clone(), source: "{}".to_owned() }])?
        }
        Some(NodeKind::Map(_, Flow::No)) => empty(doc, at)?,
        _ => return apply(doc, vec![put(doc, at, Value::Object(fields))]),
    };
    apply(&section::read(&text)?, vec![Edit::AddKeys { at: at.clone(), entries: fields.into_iter().collect() }])
}

/// A workload that has a role, and the declaration that has the workload.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct User {
    /// The workload's name.
    pub workload: String,
    /// The declaration, if it is another one.
    pub declaration: Option<String>,
}

/// The workloads that have a role.
pub fn users(role: &str, configs: &[Config], declaration: Option<&str>) -> BTreeSet<User> {
    let bindings = configs
        .iter()
        .flat_map(|config| &config.bindings)
        .filter(|binding| binding.role.name == role && !binding.is_inherited());
    let user = |workload: &String| User { workload: workload.clone(), declaration: declaration.map(str::to_owned) };
    bindings.map(|binding| user(&binding.workload)).collect()
}

/// The declaration without the role. `elsewhere` are the workloads of other declarations that have it.
///
/// # Errors
/// Why it cannot be done.
pub fn delete(
    name: &str,
    text: &str,
    declaration: Whole<'_>,
    configs: &[Config],
    elsewhere: &BTreeSet<User>,
) -> Result<Change, Refused> {
    check_own(declaration, "roles")?;
    let doc = parsed(text)?;
    let overlaid: Vec<_> = section::overlaid(&doc, ROLES, name).into_iter().map(str::to_owned).collect();
    let is_there = ROLES.has(&doc, name) && doc.at(&ROLES.entry(name)).is_some();
    if !is_there && overlaid.is_empty() {
        return Err(unknown(name, text).into());
    }
    let users: BTreeSet<_> = users(name, configs, None).into_iter().chain(elsewhere.iter().cloned()).collect();
    if !users.is_empty() {
        return Err(in_use(name, &users));
    }
    let refused = |refusal: Refusal| cannot_edit(&refusal, &format!("remove {} from `spec.roles`", quote(&name)));
    let mut text = text.to_owned();
    for cluster in &overlaid {
        text = ROLES.of(cluster).remove(&text, name).map_err(refused)?;
    }
    if is_there {
        text = ROLES.remove(&text, name).map_err(refused)?;
    }
    Ok(Change { text, said: vec![format!("role {} removed", quote(&name))] })
}

/// Whether the declaration has the role, in `spec` or in a cluster.
pub fn has(name: &str, declaration: Whole<'_>) -> bool {
    let doc = declaration.root();
    let clusters = section::CLUSTERS.names_at(doc);
    let mut all = clusters.into_iter().flat_map(|cluster| ROLES.of(cluster).names_at(doc)).chain(ROLES.names_at(doc));
    all.any(|it| it == name)
}

/// The declaration as it is.
pub fn unchanged(text: &str) -> Change {
    Change { text: text.to_owned(), said: Vec::new() }
}

/// The text with the role and no settings.
///
/// # Errors
/// Why it cannot be done.
pub fn with(name: &str, text: &str) -> Result<String, Refused> {
    let added = ROLES.add(text, name, Map::new());
    added.map_err(|refusal| cannot_edit(&refusal, &format!("add {} to `spec.roles`", quote(&name))))
}

/// That there is no such role.
pub fn unknown(name: &str, text: &str) -> Diagnostic {
    let doc = parsed(text).ok();
    let names = doc.as_ref().map(|doc| ROLES.names(doc)).unwrap_or_default();
    let help = format!("{}`iamra role list` lists them", known(name, names));
    Diagnostic::error(Code::UnknownRole, format!("role {} is not declared", quote(&name)))
        .at(Place::Config(ROLES.path()))
        .help(help)
}

fn in_use(name: &str, users: &BTreeSet<User>) -> Refused {
    let offboard = |user: &User| {
        let elsewhere = user.declaration.as_ref().map(|file| format!(" --declaration {file}")).unwrap_or_default();
        typed(&format_args!("iamra k8s offboard {}{elsewhere}", user.workload))
    };
    let commands: Vec<_> = users.iter().map(offboard).collect();
    let message = format!("workloads have role {}: {}", quote(&name), quote_all(users.iter().map(|it| &it.workload)));
    Diagnostic::error(Code::RoleInUse, message)
        .at(Place::Config(ROLES.entry(name)))
        .help(format!("give them another role, or remove them first: {}", commands.join(", ")))
        .into()
}
