//! Changes of namespaces: which roles their workloads may have, and which folders may declare these.

use std::collections::BTreeSet;

use super::View;
use super::change::{Change, ChangeKind};
use crate::config::{ALL, Tenants};
use crate::quote::{quote, quote_all};
use crate::yaml::FieldPath;

/// What is compared: the field, and the message before and after what was gained or lost.
struct Permission {
    kind: ChangeKind,
    field: &'static str,
    of: fn(&Tenants, &str) -> BTreeSet<String>,
    all: &'static str,
    words: fn(whose: &str, gained: &str, lost: &str) -> String,
}

const PERMISSIONS: &[Permission] = &[
    Permission {
        kind: ChangeKind::NamespaceRoles,
        field: "roles",
        of: Tenants::roles,
        all: "any role",
        words: |whose, gained, lost| match (gained, lost) {
            (gained, "") => format!("{whose} may have {gained} in addition"),
            ("", lost) => format!("{whose} may no longer have {lost}"),
            (gained, lost) => format!("{whose} may have {gained} and no longer {lost}"),
        },
    },
    Permission {
        kind: ChangeKind::NamespacePaths,
        field: "paths",
        of: Tenants::paths,
        all: "any folder",
        words: |whose, gained, lost| match (gained, lost) {
            (gained, "") => format!("{whose} may also be declared in {gained}"),
            ("", lost) => format!("{whose} may no longer be declared in {lost}"),
            (gained, lost) => format!("{whose} may be declared in {gained} and no longer in {lost}"),
        },
    },
];

/// Changes of what one cluster allows its namespaces.
pub(super) fn compare(before: Option<&View>, after: Option<&View>) -> Vec<Change> {
    let (Some(before), Some(after)) = (before, after) else { return Vec::new() };
    let (was, is) = (&before.config.tenants, &after.config.tenants);
    let names: BTreeSet<_> = was.names().chain(is.names()).collect();
    names.iter().flat_map(|name| PERMISSIONS.iter().filter_map(|it| it.compare(name, was, is))).collect()
}

impl Permission {
    fn compare(&self, name: &str, was: &Tenants, is: &Tenants) -> Option<Change> {
        let (old, new) = ((self.of)(was, name), (self.of)(is, name));
        // Those that all include are neither gained nor lost.
        let more = |than: &BTreeSet<String>, all: &BTreeSet<String>| match (all.contains(ALL), than.contains(ALL)) {
            (_, true) => String::new(),
            (true, false) => self.all.to_owned(),
            (false, false) => quote_all(all.difference(than).collect::<Vec<_>>()),
        };
        let (gained, lost) = (more(&old, &new), more(&new, &old));
        if gained.is_empty() && lost.is_empty() {
            return None;
        }
        let whose = match name {
            ALL => "workloads of namespaces that are not listed".to_owned(),
            name => format!("workloads of namespace {}", quote(&name)),
        };
        let place = FieldPath::keys("spec.namespaces").key(name).key(self.field);
        let words = (self.words)(&whose, &gained, &lost);
        Some(Change::new(self.kind, name, place, &words).escalates(!gained.is_empty()))
    }
}
