//! Who can read a key, or get at it in another way, by the roles and bindings of the stream.

use std::collections::BTreeSet;

use serde_json::Value;

use super::keys::{Keys, meets};
use super::object::Object;
use super::rules::{GROUP, OTHERS, READING, Roles};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::{Item, group_of};
use crate::quote::{quote, quote_object};
use crate::yaml::FieldPath;

/// What a user's name, and a group's, begins with when it is about service accounts.
/// <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#service-account-tokens>
const ACCOUNT: &str = "system:serviceaccount:";

/// Groups that service accounts are in, as prefixes.
const OF_ACCOUNTS: &[&str] = &["system:authenticated", "system:serviceaccounts", "system:unauthenticated"];

/// Whether an item is a role or a binding.
pub(super) fn is_rbac(item: &Item<'_>) -> bool {
    item.ident().is_some_and(|ident| group_of(&ident.api_version) == GROUP)
}

/// Who must not read what.
pub(super) struct Readers<'k> {
    pub(super) keys: &'k Keys<'k>,
    /// The namespaces of cert-manager, which writes the Secrets.
    pub(super) writers: BTreeSet<&'k str>,
    /// Whether service accounts must not, as opposed to should not.
    pub(super) strictly: bool,
}

impl Readers<'_> {
    /// Reports who can read Secrets with keys.
    pub(super) fn check(&self, items: &[Item<'_>], report: &mut Report) {
        // An item that cannot be read is reported with everything else that strangers do.
        let objects = items.iter().enumerate().filter(|(_, item)| is_rbac(item));
        let objects = objects.filter_map(|(index, item)| Some(Object::of(index, item.parse().ok()?.to_value())));
        let objects: Vec<_> = objects.collect();
        let roles = Roles::of(&objects);
        for binding in objects.iter().filter(|object| matches!(object.kind(), "RoleBinding" | "ClusterRoleBinding")) {
            self.check_binding(binding, &roles, report);
        }
    }

    fn check_binding(&self, binding: &Object, roles: &Roles<'_>, report: &mut Report) {
        let here = (binding.kind() == "RoleBinding").then(|| binding.namespace());
        let is_here = |namespace: Option<&str>| here.is_none_or(|here| meets(namespace, &[here]));
        let near: Vec<_> = self.keys.all_secrets().filter(|(_, namespace, _)| is_here(*namespace)).collect();
        let subjects = binding.value.get("subjects").and_then(Value::as_array).into_iter().flatten();
        let subjects: Vec<_> = subjects.filter_map(|subject| self.subject(subject, binding)).collect();
        let read = named(near.iter().filter(|(name, ..)| roles.reads(binding, name)));
        if !read.is_empty() {
            for subject in &subjects {
                let make = if self.strictly && subject.runs { Diagnostic::error } else { Diagnostic::warning };
                let help = "list the Secrets that it needs in `resourceNames` of the role, or set \
                            `checks: {exposed-secret: warn}` if it may have the keys";
                report.push(exposed(make, binding, subject, READING.words, &read).help(help));
            }
            return;
        }
        let Some(right) = OTHERS.iter().find(|right| roles.gives(binding, right, None)) else { return };
        for subject in subjects.iter().filter(|subject| subject.runs) {
            // What runs in a namespace is not kept from its Secrets.
            let foreign =
                near.iter().filter(|(_, home, _)| !subject.namespace.is_some_and(|it| meets(*home, &[Some(it)])));
            let within = named(foreign);
            if !within.is_empty() {
                let help = "leave the right out of the role, or bind the role in namespaces without keys; to accept it, set \
                            `checks: {exposed-secret: allow}`";
                report.push(exposed(Diagnostic::warning, binding, subject, right.words, &within).help(help));
            }
        }
    }

    /// `None` for cert-manager.
    fn subject<'s>(&self, subject: &'s Value, binding: &'s Object) -> Option<Subject<'s>> {
        let text = |field: &str| subject.get(field).and_then(Value::as_str).unwrap_or_default();
        let name = text("name");
        let said = Some(text("namespace")).filter(|namespace| !namespace.is_empty());
        let account = match text("kind") {
            "ServiceAccount" => Some((said.or(binding.namespace()), name)),
            "User" => {
                name.strip_prefix(ACCOUNT).and_then(|rest| rest.split_once(':')).map(|(it, name)| (Some(it), name))
            }
            _ => None,
        };
        let Some((namespace, name)) = account else {
            let runs = text("kind") == "Group" && OF_ACCOUNTS.iter().any(|prefix| name.starts_with(prefix));
            return Some(Subject { words: quote_object(text("kind"), name), runs, namespace: None });
        };
        let home = namespace.map_or_else(String::new, |namespace| format!(" of namespace {}", quote(&namespace)));
        let is_writer = namespace.is_some_and(|namespace| self.writers.contains(namespace));
        let words = format!("{}{home}", quote_object("ServiceAccount", name));
        (!is_writer).then_some(Subject { words, runs: true, namespace })
    }
}

/// Secrets by name, those of CAs first, because they count for more: whether each is not one, and its name.
type Named<'k> = BTreeSet<(bool, &'k str)>;

fn named<'s, 'k: 's>(secrets: impl Iterator<Item = &'s (&'k str, Option<&'k str>, bool)>) -> Named<'k> {
    secrets.map(|(name, _, of_ca)| (!of_ca, *name)).collect()
}

fn exposed(
    make: fn(Code, String) -> Diagnostic,
    binding: &Object,
    subject: &Subject<'_>,
    right: &str,
    secrets: &Named<'_>,
) -> Diagnostic {
    let (is_leaf, secret) = secrets.first().copied().unwrap_or_default();
    let what = if is_leaf { "the key of an identity" } else { "the CA's key, which can sign for every workload" };
    let more = if secrets.len() > 1 { format!(", and {} more with keys", secrets.len() - 1) } else { String::new() };
    let secret = quote_object("Secret", secret);
    let message = format!("{} lets {} {right} {secret}, which has {what}{more}", binding.words(), subject.words);
    make(Code::ExposedSecret, message).at(Place::Item(binding.resource_ref(), FieldPath::keys("roleRef")))
}

/// Who is bound.
struct Subject<'s> {
    words: String,
    /// The namespace of a service account.
    namespace: Option<&'s str>,
    /// Whether it is something that runs in the cluster, as opposed to people.
    runs: bool,
}
