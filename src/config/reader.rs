//! The declaration while it is checked: what every rule can look up, and where it reports problems.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Sidecar;
use super::extension::Extension;
use super::overlay::Overlay;
use super::placed::invalid;
use super::v1alpha1 as wire;
use crate::diag::{Code, Diagnostic, Known, Place, Report};
use crate::issuer::DEFAULT_SCOPE;
use crate::name::DnsLabel;
use crate::quote::quote;
use crate::reference::{Origin, Reference};
use crate::template;
use crate::yaml::FieldPath;

pub(super) struct Reader<'r> {
    pub(super) spec: &'r wire::Spec,
    pub(super) prefix: String,
    pub(super) at: FieldPath,
    /// What the cluster lays over it, if it is read for one.
    pub(super) overlay: Option<&'r Overlay>,
    /// What it adds to another declaration, if it extends one.
    pub(super) extension: Option<&'r Extension<'r>>,
    roles: OnceCell<Known<'r>>,
    scopes: OnceCell<Known<'r>>,
    clusters: OnceCell<Known<'r>>,
    /// The sidecar of the last workload.
    pub(super) last_sidecar: Option<Arc<Sidecar>>,
    pub(super) report: &'r mut Report,
}

/// A variable of templates that may have no value, and how it gets one.
pub(super) struct Optional {
    name: &'static str,
    help: &'static str,
}

pub(super) const NAMESPACE: Optional =
    Optional { name: "namespace", help: "set `namespace:` for the workload or its cluster" };
pub(super) const CLUSTER: Optional = Optional { name: "cluster", help: "declare it under `clusters:`" };

impl<'r> Reader<'r> {
    pub(super) fn new(spec: &'r wire::Spec, overlay: Option<&'r Overlay>, report: &'r mut Report) -> Self {
        let at = FieldPath::root().key("spec");
        let (roles, scopes, clusters, last_sidecar) = Default::default();
        Self {
            spec,
            prefix: String::new(),
            at,
            overlay,
            extension: None,
            roles,
            scopes,
            clusters,
            last_sidecar,
            report,
        }
    }

    /// The names of the declared roles, to suggest one.
    pub(super) fn known_roles(&self) -> &Known<'r> {
        self.roles.get_or_init(|| Known::of(self.spec.roles.keys().map(String::as_str)))
    }

    /// The names of the valid scopes, to suggest one.
    pub(super) fn known_scopes(&self, valid: &BTreeMap<String, impl Sized>) -> &Known<'r> {
        let names: BTreeSet<_> = self.spec.scopes.keys().map(String::as_str).chain([DEFAULT_SCOPE]).collect();
        self.scopes.get_or_init(|| Known::of(names.into_iter().filter(|name| valid.contains_key(*name))))
    }

    /// The names of the declared clusters, to suggest one.
    pub(super) fn known_clusters(&self) -> &Known<'r> {
        self.clusters.get_or_init(|| Known::of(self.spec.clusters.keys().map(String::as_str)))
    }
}

impl Reader<'_> {
    pub(super) fn namespace(&mut self, name: Option<&str>, at: &FieldPath) -> Option<DnsLabel> {
        let at = at.key("namespace");
        DnsLabel::parse(name?).map_err(|why| invalid(self.report, &at, why)).ok()
    }

    /// A text from its template. A variable that has no value is missing in the declaration, and not empty.
    pub(super) fn filled(
        &mut self,
        template: &str,
        variables: &BTreeMap<&str, &str>,
        optional: &[Optional],
        at: &FieldPath,
    ) -> Option<String> {
        let why = match template::fill(template, variables) {
            Ok(text) => return Some(text),
            Err(why) => why,
        };
        let mut all = variables.clone();
        for Optional { name, help } in optional.iter().filter(|it| !variables.contains_key(it.name)) {
            all.insert(name, "some");
            if template::fill(template, &all).is_ok() {
                let message = format!("{} needs a {name}, and the declaration sets none", quote(&template));
                self.report
                    .push(Diagnostic::error(Code::MissingField, message).at(Place::Config(at.clone())).help(*help));
                return None;
            }
        }
        invalid(self.report, at, template::fill(template, &all).err().unwrap_or(why));
        None
    }

    pub(super) fn reference(
        &mut self,
        text: Option<&str>,
        default: &str,
        at: &FieldPath,
        origin: &Arc<Origin>,
    ) -> Option<Reference> {
        let variables = self.overlay.map(|overlay| ("cluster", overlay.cluster())).into_iter().collect();
        let text = self.filled(text.unwrap_or(default), &variables, &[CLUSTER], at)?;
        let reference = Reference::parse(&text, at);
        reference.map(|it| it.looked_up_in(origin)).map_err(|why| invalid(self.report, at, why)).ok()
    }

    /// The value of the only field that is set among several; each is given with its name and, if set, its value. More
    /// than one is reported; `why` is appended to the message.
    pub(super) fn one_of<T, const N: usize>(
        &mut self,
        fields: [(&str, Option<T>); N],
        why: &str,
        at: &FieldPath,
    ) -> Result<Option<T>, Conflict> {
        let there = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let (names, mut values): (Vec<_>, Vec<_>) = there.unzip();
        let value = values.pop();
        if values.is_empty() {
            return Ok(value);
        }
        let mut names: Vec<_> = names.iter().map(|name| quote(name).to_string()).collect();
        let last = names.pop().unwrap_or_default();
        self.report.push(
            Diagnostic::error(
                Code::ConflictingFields,
                format!("{} and {last} cannot be used together{why}", names.join(", ")),
            )
            .at(Place::Config(at.clone()))
            .help("keep one of them"),
        );
        Err(Conflict)
    }
}

/// Several mutually exclusive fields are set.
pub(super) struct Conflict;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_one_of_any_number_of_fields_is_there() {
        let (spec, mut report) = (wire::Spec::default(), Report::default());
        let mut reader = Reader::new(&spec, None, &mut report);
        let mut one_of = |there: [bool; 4]| {
            let fields = [0, 1, 2, 3].map(|it| (["a", "b", "c", "d"][it], there[it].then_some(it)));
            reader.one_of(fields, ": why", &FieldPath::root()).ok()
        };
        assert_eq!(one_of([false, false, false, false]), Some(None));
        assert_eq!(one_of([false, true, false, false]), Some(Some(1)));
        assert_eq!(one_of([true, false, false, true]), None);
        assert_eq!(one_of([true, true, false, true]), None);
        let said: Vec<_> = report.diagnostics().into_iter().map(|it| it.message.clone()).collect();
        assert_eq!(said, ["`a` and `d` cannot be used together: why", "`a`, `b` and `d` cannot be used together: why"]);
    }
}
