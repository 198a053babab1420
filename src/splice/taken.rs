//! Who else writes the Secret of a certificate, or the ConfigMap with the ARNs: of two who write one object the last one counts.

use std::collections::BTreeMap;

use memchr::memmem::Finder;

use super::upsert;
use crate::config::Which;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::{Item, ResourceRef};
use crate::name;
use crate::parallel;
use crate::plan::{Plan, PlannedWorkload};
use crate::quote::{quote, quote_object, typed};
use crate::render::CERTIFICATE;
use crate::writers::{self, copiers::COPIERS};
use crate::yaml::FieldPath;

/// What is written by others, by workload of the plan.
#[derive(Default)]
pub struct Taken {
    said: BTreeMap<usize, Vec<Diagnostic>>,
}

impl Taken {
    /// Looks through the items for those who write what is made for the plan's workloads.
    pub fn of(plan: &Plan<'_>, items: &[Item<'_>]) -> Self {
        let mut made: BTreeMap<(&str, String), Vec<usize>> = BTreeMap::new();
        for (index, planned) in plan.workloads.iter().enumerate() {
            let workload = &planned.binding().workload;
            made.entry(("ConfigMap", name::of_config_map(workload))).or_default().push(index);
            if planned.has_certificate() {
                made.entry(("Secret", planned.certificate_name())).or_default().push(index);
            }
        }
        let copiers = COPIERS.map(Finder::new);
        // Secrets and ConfigMaps are numerous: only those with these names, or that are copied, are read.
        let may_write = |item: &&Item<'_>| {
            item.ident().is_some_and(|ident| {
                let is_plain = matches!(&*ident.kind, "ConfigMap" | "Secret");
                let is_named = || made.contains_key(&(&*ident.kind, ident.name.to_string()));
                writers::is_writer(&ident.api_version, &ident.kind)
                    && (!is_plain || is_named() || copiers.iter().any(|copier| item.may_say(copier)))
            })
        };
        let candidates: Vec<_> = items.iter().filter(may_write).collect();
        let found = parallel::map(&candidates, |item| written(item, plan, &made));
        let mut taken = Self::default();
        for (index, diagnostic) in found.into_iter().flatten() {
            taken.said.entry(index).or_default().push(diagnostic);
        }
        taken
    }

    /// Whether nobody writes any of it.
    pub fn is_empty(&self) -> bool {
        self.said.is_empty()
    }

    /// Whether somebody else writes something that is made for this workload of the plan.
    pub fn has(&self, planned: usize) -> bool {
        self.said.contains_key(&planned)
    }

    /// Says who writes what.
    pub fn report(self, report: &mut Report) {
        self.said.into_values().flatten().for_each(|diagnostic| report.push(diagnostic));
    }
}

/// What one object writes of what is made for workloads.
fn written(item: &Item<'_>, plan: &Plan<'_>, made: &BTreeMap<(&str, String), Vec<usize>>) -> Vec<(usize, Diagnostic)> {
    let Ok(object) = item.parse() else { return Vec::new() };
    let Some(ident) = object.ident() else { return Vec::new() };
    if upsert::is_ours(object.root()) {
        return Vec::new();
    }
    let value = object.to_value();
    let mut found = Vec::new();
    for written in writers::of(&value) {
        // A Certificate with the name of ours is reported where ours is emitted.
        let is_namesake = ident.kind == CERTIFICATE.kind && *ident.name == *written.name;
        let key = (written.kind, written.name.to_owned());
        for index in made.get(&key).into_iter().flatten().filter(|_| !is_namesake) {
            let Some(planned) = plan.workloads.get(*index) else { continue };
            let ours = planned.namespace.as_deref();
            let is_there = |theirs: Option<&str>| ours.zip(theirs).is_none_or(|(ours, theirs)| ours == theirs);
            if written.namespaces.iter().copied().any(is_there) {
                found.push((*index, diagnostic(&ident.resource_ref(), written.kind, written.name, planned)));
            }
        }
    }
    found
}

fn diagnostic(writer: &ResourceRef, kind: &str, name: &str, planned: &PlannedWorkload<'_>) -> Diagnostic {
    let binding = planned.binding();
    let is_itself = writer.kind == kind && writer.name == name;
    let by = if is_itself { "is there already".to_owned() } else { format!("is written by {} too", words(writer)) };
    let message =
        format!("{}, which is made for workload {}, {by}", quote_object(kind, name), quote(&binding.workload));
    let target = match &binding.target.which {
        Which::Name(name) => format!(", with {}", typed(&format_args!("target: {{name: {name}}}"))),
        Which::Labels(_) => String::new(),
    };
    let help = format!("let it have another name, or give the workload another key under `workloads`{target}");
    Diagnostic::error(Code::AlreadyTaken, message).at(Place::Item(writer.clone(), FieldPath::root())).help(help)
}

fn words(writer: &ResourceRef) -> String {
    quote_object(&writer.kind, &writer.name)
}
