//! The workloads among the items of a list.

mod kind;

pub use kind::{Allows, KINDS, WorkloadKind};

use std::collections::{BTreeMap, BTreeSet};

use memchr::memmem;

use crate::config::{Binding, OUR_NAMES, OptIn, ROLE, Target, Which};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::{Ident, Item, Object, ResourceRef, annotation};
use crate::parallel;
use crate::quote::{quote_object, typed};
use crate::yaml::{FieldPath, NodeRef, SyntaxError};

/// A workload that a binding may target.
#[derive(Debug)]
pub struct Workload<'t> {
    /// Which item of the list it is.
    pub index: usize,
    /// Its text as a tree.
    pub object: Object<'t>,
    /// Its current name.
    pub ident: Ident<'static>,
    /// Where its pod template is.
    pub template: FieldPath,
    /// Which sidecars it can have.
    pub allows: Allows,
    /// All of its names from kustomize, with their namespaces; the current one first.
    pub names: Vec<(String, Option<String>)>,
    /// Its kind, and the kinds of objects that refer to its pod template.
    kinds: Vec<String>,
    /// Its own labels.
    pub labels: BTreeMap<String, String>,
}

impl Workload<'_> {
    /// How diagnostics name it.
    pub fn resource_ref(&self) -> ResourceRef {
        self.ident.resource_ref()
    }

    /// Whether it matches the target's kind, and its name or labels.
    pub fn is_meant_by(&self, target: &Target) -> bool {
        target.kind.as_ref().is_none_or(|kind| self.kinds.contains(kind)) && self.is_called(&target.which)
    }

    fn is_called(&self, which: &Which) -> bool {
        match which {
            Which::Name(wanted) => self.names.iter().any(|(name, _)| name == wanted),
            Which::Labels(wanted) => wanted.iter().all(|(name, value)| self.labels.get(name) == Some(value)),
        }
    }

    /// Whether it can be in the namespace: it sets none, or this one, or did so before kustomize changed it.
    pub fn may_be_in(&self, namespace: &str) -> bool {
        self.ident.namespace.is_none() || self.names.iter().any(|(_, it)| it.as_deref() == Some(namespace))
    }
}

/// The workloads that the bindings can target. Nothing else is parsed.
pub fn inventory<'t>(items: &[Item<'t>], bindings: &[&Binding], report: &mut Report) -> Vec<Workload<'t>> {
    let targets = Targets::of(bindings.iter().map(|binding| &binding.target));
    let mut found = named(items, &targets, report);
    // A Rollout may leave its pod template to a workload of another name.
    let referrers: BTreeMap<_, _> = found.iter().filter_map(|it| Some((it.index, referred(it)?))).collect();
    if !referrers.is_empty() {
        let known: BTreeSet<_> = found.iter().map(|it| it.index).collect();
        let also = named(items, &Targets::of(referrers.values()), report);
        found.extend(also.into_iter().filter(|it| !known.contains(&it.index)));
        found = joined(found, &referrers);
    }
    found.sort_by_key(|it| it.index);
    found
}

/// Merges workloads that refer to another one's pod template into that one, which gets their names. One that refers to
/// a missing workload is kept, and has no pod template to patch.
fn joined<'t>(found: Vec<Workload<'t>>, referrers: &BTreeMap<usize, Target>) -> Vec<Workload<'t>> {
    let (referring, mut found): (Vec<_>, Vec<_>) = found.into_iter().partition(|it| referrers.contains_key(&it.index));
    let mut by_name: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (position, workload) in found.iter().enumerate() {
        for (name, _) in &workload.names {
            by_name.entry(name.clone()).or_default().insert(position);
        }
    }
    let mut lost = Vec::new();
    for referrer in referring {
        let target = referrers.get(&referrer.index);
        let meant = target.and_then(|target| {
            let Which::Name(name) = &target.which else { return None };
            let is_meant = |it: &Workload<'_>| it.is_meant_by(target) && it.ident.namespace == referrer.ident.namespace;
            by_name.get(name)?.iter().copied().find(|at| found.get(*at).is_some_and(is_meant))
        });
        match meant.and_then(|at| found.get_mut(at)) {
            Some(meant) => {
                meant.names.extend(referrer.names);
                meant.kinds.extend(referrer.kinds);
                meant.labels.extend(referrer.labels);
            }
            None => lost.push(referrer),
        }
    }
    found.extend(lost);
    found
}

/// Workloads whose pod templates are annotated with a role.
///
/// Every item that may contain iamra's annotations is parsed, or reported if that fails: it may be annotated, and
/// `strip` would have to parse it.
pub fn opted_in(items: &[Item<'_>], report: &mut Report) -> Vec<OptIn> {
    let ours = memmem::Finder::new(OUR_NAMES);
    let candidates: Vec<_> = items.iter().enumerate().filter(|(_, item)| item.may_say(&ours)).collect();
    let read = parallel::map(&candidates, |(index, item)| {
        let mut found = Report::default();
        let object = item.parse().map_err(|error| found.push(unreadable(*index, &error)));
        (object.ok().and_then(|object| opt_in(&object, &mut found)), found)
    });
    let told = read.into_iter().filter_map(|(opt_in, found)| {
        report.append(found);
        opt_in
    });
    told.collect()
}

fn opt_in(object: &Object<'_>, report: &mut Report) -> Option<OptIn> {
    let root = object.root();
    let ident = object.ident()?;
    let annotations = FieldPath::keys("metadata.annotations");
    let template = WorkloadKind::find(&ident.api_version, &ident.kind)?.template(root);
    let at = template.join(&annotations).key(ROLE);
    let object = ident.resource_ref();
    let Some(role) = root.at(&at).and_then(NodeRef::text) else {
        let at = annotations.key(ROLE);
        if root.at(&at).is_some() {
            let message = format!(
                "{} is annotated with a role, but its pod template is not",
                quote_object(&ident.kind, &ident.name)
            );
            report.push(
                Diagnostic::warning(Code::MisplacedRole, message)
                    .at(Place::Item(object, at))
                    .help(format!("move the annotation to {}", typed(&template.join(&annotations)))),
            );
        }
        return None;
    };
    // The first name that it had, so that an overlay's prefix does not give it another identity.
    let mut names: Vec<_> = annotation::names(root).iter().map(|name| name.name.to_owned()).collect();
    let current = names.len().min(1);
    names.rotate_left(current);
    Some(OptIn { object, names, role: role.to_owned(), at })
}

/// What the object refers to instead of having a pod template itself.
fn referred(workload: &Workload<'_>) -> Option<Target> {
    let root = workload.object.root();
    let reference = root.at(&FieldPath::keys("spec.workloadRef"))?;
    let text = |key| reference.get(key).and_then(NodeRef::text).map(str::to_owned);
    let has_template = root.at(&workload.template).is_some();
    (!has_template).then_some(Target { kind: text("kind"), which: Which::Name(text("name")?), pod_template: None })
}

/// An index of the targets to look for among the objects.
struct Targets<'b> {
    names: BTreeMap<&'b str, Vec<(usize, &'b Target)>>,
    /// By the first label that they want.
    labels: BTreeMap<(&'b str, &'b str), Vec<(usize, &'b Target)>>,
    /// The values that each of the selectors wants.
    values: Vec<Vec<&'b str>>,
    /// Kinds whose pod templates are where a target says.
    kinds: BTreeSet<&'b str>,
}

/// With more selectors than this, their values are not searched in the text: every workload is parsed.
const FEW: usize = 16;

impl<'b> Targets<'b> {
    fn of(targets: impl Iterator<Item = &'b Target>) -> Self {
        let (names, labels) = (BTreeMap::new(), BTreeMap::new());
        let mut sorted = Self { names, labels, values: Vec::new(), kinds: BTreeSet::new() };
        for it @ (_, target) in targets.enumerate() {
            match &target.which {
                Which::Name(name) => sorted.names.entry(name).or_default().push(it),
                Which::Labels(labels) => {
                    sorted.values.push(labels.values().map(String::as_str).collect());
                    for (name, value) in labels.iter().take(1) {
                        sorted.labels.entry((name, value)).or_default().push(it);
                    }
                }
            }
            sorted.kinds.extend(target.kind.as_deref().filter(|_| target.pod_template.is_some()));
        }
        sorted
    }

    fn is_workload(&self, ident: &Ident<'_>) -> bool {
        WorkloadKind::find(&ident.api_version, &ident.kind).is_some() || self.kinds.contains(&*ident.kind)
    }

    /// The targets that match the workload's name or labels, in their order.
    fn calling(&self, workload: &Workload<'_>) -> Vec<&'b Target> {
        let names = workload.names.iter().filter_map(|(name, _)| self.names.get(name.as_str()));
        let labels =
            workload.labels.iter().filter_map(|(name, value)| self.labels.get(&(name.as_str(), value.as_str())));
        let found = names.chain(labels).flatten().filter(|(_, target)| workload.is_called(&target.which));
        found.copied().collect::<BTreeMap<_, _>>().into_values().collect()
    }
}

fn named<'t, 'b>(items: &[Item<'t>], targets: &Targets<'b>, report: &mut Report) -> Vec<Workload<'t>> {
    let finders = |values: &[&'b str]| values.iter().map(|value| memmem::Finder::new(*value)).collect::<Vec<_>>();
    let labelled: Vec<_> = targets.values.iter().take(FEW + 1).map(|values| finders(values)).collect();
    let renamed = memmem::Finder::new("previousNames");
    let candidates = items.iter().enumerate().filter(|(_, item)| {
        item.ident().is_none_or(|ident| {
            ident.kind.ends_with(LIST)
                || targets.is_workload(ident)
                    && (targets.names.contains_key(&*ident.name)
                        || labelled.len() > FEW
                        || item.may_say(&renamed)
                        || labelled.iter().any(|values| values.iter().all(|value| item.may_say(value))))
        })
    });
    let candidates: Vec<_> = candidates.collect();
    let read = parallel::map(&candidates, |(index, item)| {
        let mut found = Report::default();
        (read(*index, item, targets, &mut found), found)
    });
    let told = read.into_iter().filter_map(|(workload, found)| {
        report.append(found);
        workload
    });
    told.collect()
}

/// The suffix of the kinds of lists.
const LIST: &str = "List";

/// Whether kubectl would apply its items instead of the object itself.
fn is_list(object: NodeRef<'_>) -> bool {
    let is_of_kind = object.get("kind").and_then(NodeRef::text).is_some_and(|kind| kind.ends_with(LIST));
    is_of_kind && object.get("items").is_some_and(|items| items.items().len() > 0)
}

/// The diagnostic for an item that must be processed and cannot be parsed.
pub fn unreadable(index: usize, error: &SyntaxError) -> Diagnostic {
    let message = format!("item {index} cannot be read: {}", error.message);
    Diagnostic::error(Code::UnreadableItem, message).at(Place::Input(error.offset))
}

fn read<'t>(index: usize, item: &Item<'t>, targets: &Targets<'_>, report: &mut Report) -> Option<Workload<'t>> {
    let object = match item.parse() {
        Ok(object) => object,
        Err(error) => {
            report.push(unreadable(index, &error));
            return None;
        }
    };
    if is_list(object.root()) {
        let message = format!("item {index} is a list inside a list, and its objects would not be processed");
        report.push(
            Diagnostic::error(Code::UnreadableItem, message)
                .at(Place::Input(item.offset()))
                .help("move its objects to the outer list, or write each as a separate document"),
        );
        return None;
    }
    let ident = object.ident()?;
    let names: Vec<_> = annotation::names(object.root())
        .iter()
        .map(|name| (name.name.to_owned(), name.namespace.map(str::to_owned)))
        .collect();
    let labels = object.root().at(&FieldPath::keys("metadata.labels")).into_iter().flat_map(NodeRef::entries);
    let labels = labels.filter_map(|(name, value)| Some((name.text()?.to_owned(), value.text()?.to_owned()))).collect();
    let kind = WorkloadKind::find(&ident.api_version, &ident.kind);
    let mut workload = Workload {
        index,
        template: kind.map_or_else(FieldPath::root, |kind| kind.template(object.root())),
        allows: kind.map_or(Allows::Any, WorkloadKind::allows),
        kinds: vec![ident.kind.to_string()],
        object,
        ident,
        names,
        labels,
    };
    let meant = targets.calling(&workload);
    let mut said = meant.iter().filter(|target| target.kind.as_deref() == Some(&*workload.ident.kind));
    let said = said.find_map(|target| target.pod_template.clone());
    if said.is_none() && kind.is_none() {
        return None;
    }
    if let Some(said) = said {
        workload.template = said;
    }
    (!meant.is_empty()).then_some(workload)
}
