//! Workloads of different files that are one: only one file may declare a workload.

use std::collections::BTreeMap;

use super::unique::{Alike, Seen};
use super::{Binding, Which};
use crate::diag::{Code, Diagnostic, Place};
use crate::quote::quote;
use crate::reference::{Origin, Target};

/// Workloads by what only one of them may have.
#[derive(Default)]
pub struct Claims<'b> {
    found: BTreeMap<Claimed<'b>, Vec<Claim<'b>>>,
}

/// A workload in a cluster.
#[derive(Clone, Copy)]
struct Claim<'b> {
    binding: &'b Binding,
    file: usize,
}

/// What only one workload may have.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Claimed<'b> {
    /// A name in a cluster.
    Name(Option<&'b str>, &'b str),
    /// An object of a cluster, by its name.
    Object(Option<&'b str>, &'b str),
    /// A common name that one CA signs, by where the trust anchor is.
    CommonName((Target, Origin), &'b str),
}

impl<'b> Claims<'b> {
    /// Adds a workload of a file. Returns what is wrong with it if it clashes with one of another file; `in_words` says how
    /// messages name the place of that one.
    pub fn add(
        &mut self,
        cluster: Option<&'b str>,
        binding: &'b Binding,
        file: usize,
        in_words: impl Fn(usize, &Binding) -> String,
    ) -> Option<Diagnostic> {
        let object = match &binding.target.which {
            Which::Name(name) => Some(Claimed::Object(cluster, name)),
            Which::Labels(_) => None,
        };
        let anchor = binding.role.trust_anchor.source();
        let subject = Claimed::CommonName(anchor, &binding.certificate.common_name);
        let mut clash = None;
        for claimed in [Some(Claimed::Name(cluster, &binding.workload)), object, Some(subject)].into_iter().flatten() {
            let others = self.found.get(&claimed).map(Vec::as_slice).unwrap_or_default();
            let other = others.iter().find(|other| other.file != file && claimed.is_shared(binding, other.binding));
            if let Some(other) = other.filter(|_| clash.is_none()) {
                clash = Some(claimed.clash(binding, other.binding, &in_words(other.file, other.binding)));
            }
            self.found.entry(claimed).or_default().push(Claim { binding, file });
        }
        clash.map(|clash| clash.at(Place::Config(binding.place.clone())))
    }
}

impl Claimed<'_> {
    /// Whether two workloads that have it are one, or would be taken for one.
    fn is_shared(&self, one: &Binding, other: &Binding) -> bool {
        let differ = |one: Option<&str>, other: Option<&str>| one.zip(other).is_some_and(|(one, other)| one != other);
        let kinds = differ(one.target.kind.as_deref(), other.target.kind.as_deref());
        let namespaces = one.namespace.as_ref().zip(other.namespace.as_ref()).is_some_and(|(one, other)| one != other);
        match self {
            Self::Name(..) => !namespaces,
            Self::Object(..) => !namespaces && !kinds,
            Self::CommonName(..) => Alike::of(Seen::of(one), Seen::of(other)).is_some(),
        }
    }

    fn clash(&self, one: &Binding, other: &Binding, place: &str) -> Diagnostic {
        let (place, name, of) = (quote(&place), quote(&one.workload), quote(&other.workload));
        let (code, message, help) = match self {
            Self::Name(..) => (
                Code::ClaimedTwice,
                format!("workload {name} is already declared in {place}"),
                "give it another name, with the object's under `target`, or remove one of them",
            ),
            Self::Object(_, object) => (
                Code::ClaimedTwice,
                format!("workload {name} targets the object {}, as workload {of} in {place} does", quote(&object)),
                "let one of them declare it",
            ),
            Self::CommonName(_, common_name) => (
                Code::CommonNameClash,
                format!(
                    "workload {name} would have {}, as workload {of} in {place} has",
                    Alike::of(Seen::of(one), Seen::of(other))
                        .map_or_else(|| quote(common_name).to_string(), |alike| alike.in_scope(&one.scope))
                ),
                "set a different `certificate.commonName` for one of them",
            ),
        };
        Diagnostic::error(code, message).help(help)
    }
}
