//! Roles in fields from which no workload is imported: custom resources, Helm releases and the like have fields of their
//! own. Each is reported.

use std::collections::{BTreeMap, BTreeSet};

use super::pods::leave_out;
use crate::arn::Arn;
use crate::diag::Report;
use crate::krm::{Ident, Object};
use crate::name::DEFAULT_NAMESPACE;
use crate::quote::{quote, typed};
use crate::yaml::{FieldPath, NodeRef, Step};

/// The namespace and the name of a ServiceAccount.
pub(super) type Account = (String, String);

/// The ServiceAccounts with a role.
pub(super) type Accounts = BTreeMap<Account, (Ident<'static>, Arn)>;

/// A ServiceAccount that an object names, in the object's namespace.
pub(super) fn account_of(ident: &Ident<'_>, name: &str) -> Account {
    (ident.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE).to_owned(), name.to_owned())
}

/// What to look for in an object.
pub(super) struct Elsewhere<'a> {
    /// The annotation that names a role.
    pub(super) annotation: &'static str,
    /// The annotations that are imported.
    pub(super) imported: BTreeSet<FieldPath>,
    /// The ServiceAccounts with a role; none for an object whose pods are known.
    pub(super) accounts: Option<&'a Accounts>,
}

impl Elsewhere<'_> {
    /// Reports the roles, and gives the ServiceAccounts among them.
    pub(super) fn mention(&self, object: &Object<'_>, ident: &Ident<'_>, report: &mut Report) -> Vec<Account> {
        let mut named = Vec::new();
        walk(object.root(), &FieldPath::root(), &mut |around, key, value| {
            let role = value.text().map(str::trim).filter(|role| !role.is_empty());
            let role = role.filter(|_| key == self.annotation && !self.imported.contains(around));
            let (message, template) = if let Some((account, (_, arn))) = self.account(ident, key, value) {
                named.push(account.clone());
                let name = quote(&account.1);
                let message =
                    format!("ServiceAccount {name} has {}, and is named where nothing is imported", quote(arn));
                (message, behind(around, &["spec"]))
            } else if let Some(role) = role {
                let message = format!("the role {} is named where nothing is imported", quote(role));
                (message, behind(around, &["metadata", "annotations"]))
            } else {
                return;
            };
            let is_pod = |at: &FieldPath| object.root().at(&at.join(&FieldPath::keys("spec.containers"))).is_some();
            let by_hand = template.filter(is_pod).map(|at| {
                let Ident { kind, name, .. } = ident;
                let at = at.notation();
                let target = format_args!("target: {{kind: {kind}, name: {name}, podTemplatePath: {at}}}");
                format!("declare it by hand, with {}", typed(&target))
            });
            let help = "import the objects that are created from this one, or declare their workload by hand";
            leave_out(ident, around.key(key), message, by_hand.as_deref().unwrap_or(help), report);
        });
        named
    }

    /// The ServiceAccount with a role that a field names.
    fn account(&self, ident: &Ident<'_>, key: &str, value: NodeRef<'_>) -> Option<(&Account, &(Ident<'static>, Arn))> {
        let letters = key.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        if !["serviceaccount", "serviceaccountname", "serviceaccountref"].iter().any(|end| letters.ends_with(end)) {
            return None;
        }
        let field = |name| value.get(name).and_then(NodeRef::text);
        let (namespace, name) = account_of(ident, value.text().or_else(|| field("name"))?);
        let namespace = field("namespace").map_or(namespace, str::to_owned);
        self.accounts?.get_key_value(&(namespace, name))
    }
}

/// What is left of a path without these keys at its end.
fn behind(path: &FieldPath, keys: &[&str]) -> Option<FieldPath> {
    keys.iter().rev().try_fold(path.clone(), |path, key| {
        let (rest, last) = path.split_last()?;
        matches!(last, Step::Key(it) if it == key).then_some(rest)
    })
}

/// Visits every field: the path of the mapping that it is in, its key and its value.
fn walk<'d>(node: NodeRef<'d>, at: &FieldPath, visit: &mut impl FnMut(&FieldPath, &'d str, NodeRef<'d>)) {
    for (key, value) in node.entries() {
        let Some(key) = key.text() else { continue };
        visit(at, key, value);
        walk(value, &at.key(key), visit);
    }
    for (index, item) in node.items().enumerate() {
        walk(item, &at.index(index), visit);
    }
}
