//! Declared workloads that are not among the objects, where that is no error.

use std::collections::BTreeMap;

use super::around::Around;
use super::find::{self, Finder};
use crate::config::{Binding, Naming, Which};
use crate::diag::{Code, Diagnostic, Level, Place, Report};
use crate::krm::Item;
use crate::quote::quote;
use crate::workload;
use crate::yaml::FieldPath;

/// What it means when a declared workload is not among the objects, unless `spec.checks` says it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Absence {
    /// The declaration speaks of exactly these objects.
    #[default]
    IsWrong,
    /// It speaks of more builds than this one.
    IsCounted,
    /// The same, and whoever asks looks at all of them.
    IsKnown,
}

/// Which of the workloads to plan for: without those that are not among the objects and need not be. Nothing is looked up
/// or emitted for these. Any others that are missing are reported by [`super::plan`].
pub fn keep(
    bindings: &[&Binding],
    naming: &Naming,
    checks: &BTreeMap<Code, Level>,
    items: &[Item<'_>],
    absence: Absence,
    report: &mut Report,
) -> Vec<bool> {
    let level = checks.get(&Code::WorkloadNotFound);
    // What a base declares may be in other builds than those of a declaration that extends it.
    let may_be_absent = |binding: &Binding| match level {
        Some(Level::Deny) => binding.is_inherited(),
        None => absence != Absence::IsWrong || binding.is_inherited(),
        Some(Level::Warn | Level::Allow) => true,
    };
    if !bindings.iter().any(|binding| may_be_absent(binding)) {
        return vec![true; bindings.len()];
    }
    let make = (level == Some(&Level::Warn)).then_some(Diagnostic::warning as fn(Code, String) -> Diagnostic);
    let is_present = present(bindings, naming, items, make, report);
    let is_kept = bindings.iter().zip(is_present).map(|(it, is_present)| is_present || !may_be_absent(it));
    let is_kept: Vec<_> = is_kept.collect();
    let absent: Vec<_> = bindings.iter().zip(&is_kept).filter(|(_, is)| !**is).map(|(it, _)| *it).collect();
    let is_said = matches!(level, None | Some(Level::Deny)) && absence != Absence::IsKnown;
    if is_said && !absent.is_empty() {
        report.push(note(&absent, bindings.len()));
    }
    is_kept
}

/// Which of the workloads are among the objects. Those that are not are reported as `make` says, if at all.
pub fn present(
    bindings: &[&Binding],
    naming: &Naming,
    items: &[Item<'_>],
    make: Option<fn(Code, String) -> Diagnostic>,
    report: &mut Report,
) -> Vec<bool> {
    let mut found = Report::default();
    let inventory = workload::inventory(items, bindings, naming, &mut found);
    // An unreadable item, which is reported when objects are planned for, may be any of them.
    if found.says(Code::UnreadableItem) {
        return vec![true; bindings.len()];
    }
    let (finder, around) = (Finder::of(&inventory), Around::of(items));
    let originals = around.originals(naming);
    let may_be =
        |binding: &Binding| matches!(&binding.target.which, Which::Name(name) if originals.contains(name.as_str()));
    let is_present = |binding: &&Binding| {
        let meant = finder.meant(&binding.target);
        // One that may be it must not be passed over.
        let is_here = !find::here(binding, &meant, &inventory).is_empty() || may_be(binding);
        if let Some(make) = make.filter(|_| !is_here) {
            report.push(find::missing(binding, &meant, &around, &inventory, make));
        }
        is_here
    };
    bindings.iter().map(is_present).collect()
}

fn note(absent: &[&Binding], all: usize) -> Diagnostic {
    let place = FieldPath::keys("spec.workloads");
    let (message, place) = if let [only] = absent {
        (format!("workload {} is not in this build", quote(&only.workload)), only.place.clone())
    } else if absent.len() == all {
        (format!("none of the {all} declared workloads is in this build"), place)
    } else {
        (format!("{} of {all} declared workloads are not in this build", absent.len()), place)
    };
    Diagnostic::note(Code::WorkloadNotFound, message)
        .at(Place::Config(place))
        .help("`iamra check --builds` says which builds each is in")
}
