//! Emitted objects among the items: added once, replaced if they already exist.

use std::collections::{BTreeMap, BTreeSet};

use memchr::memmem;
use serde_json::{Map, Value};

use super::leftover::secret;
use crate::config::OUR_NAMES;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::issuer;
use crate::krm::{self, Changes, Item, Object, ResourceRef, annotation, group_of};
use crate::name::DEFAULT_NAMESPACE;
use crate::quote::quote_object;
use crate::render::{self, CERTIFICATE, Manifest, SAMPLE};
use crate::writers::fillers;
use crate::yaml::{self, Document, FieldPath, NodeRef, emit};

/// An emitted object, and what is asked of all of them.
struct Emitted {
    target: ResourceRef,
    /// The workload that it is a sample of, if it is one.
    sample: Option<String>,
    /// The Secret that it fills, if it is a Certificate.
    secret: Option<String>,
    text: String,
}

impl Emitted {
    fn of(object: &Manifest) -> Self {
        let text = |path: &str| Some(yaml::at(&object.value, path)?.as_str()?.to_owned());
        let labels = yaml::at(&object.value, "/metadata/labels");
        let sample = labels.and_then(|labels| Some(labels.get(SAMPLE)?.as_str()?.to_owned()));
        let target = object.resource_ref();
        let secret = text("/spec/secretName").filter(|_| target.kind == CERTIFICATE.kind);
        Self { target, sample, secret, text: emit::document(&object.value) }
    }

    /// The namespace that it goes to, if it goes to one.
    fn home(&self) -> &str {
        home(Some(&self.target.api_version), Some(&self.target.kind), self.target.namespace.as_deref())
    }

    /// The object, with what others have added to the existing one.
    fn merged(&self, found: NodeRef<'_>) -> Value {
        #[expect(clippy::expect_used, reason = "we have just printed it")]
        let ours = Document::parse(&self.text).expect("what is emitted is YAML");
        keeping_metadata(ours.root().to_value(), found)
    }
}

pub(super) fn upsert(
    objects: impl Iterator<Item = Manifest>,
    items: &[Item<'_>],
    changes: &mut Changes,
    report: &mut Report,
) {
    let objects: Vec<_> = objects.map(|object| Emitted::of(&object)).collect();
    let existing = existing(&objects, items);
    let mut named: BTreeMap<(&str, &str), Vec<&(usize, Object<'_>)>> = BTreeMap::new();
    let mut samples: BTreeMap<(&str, &str), &(usize, Object<'_>)> = BTreeMap::new();
    for it @ (_, object) in &existing {
        for name in annotation::names(object.root()) {
            named.entry((namespace(object.root()), name.name)).or_default().push(it);
        }
        if let Some(workload) = label(object.root(), SAMPLE).filter(|_| is_ours(object.root())) {
            samples.insert((namespace(object.root()), workload), it);
        }
    }
    let mut added = Vec::new();
    for object in objects {
        let target = &object.target;
        let mut named: Vec<_> = named.get(&(object.home(), &target.name)).into_iter().flatten().copied().collect();
        // An object that states the same namespace is preferred to one that only ends up in it.
        named.sort_by_key(|(_, found)| krm::namespace(found.root()) != target.namespace.as_deref());
        let mut named = named.into_iter();
        let sample = || samples.get(&(object.home(), object.sample.as_deref()?)).copied();
        match named.find(|(_, found)| is_same_object(found, &object)).or_else(sample) {
            None => {
                changes.appended.push(object.text);
                added.extend(object.secret.map(|secret| (object.target, secret)));
            }
            // Our generator made it for this build; later changes by the kustomization are intended.
            Some((_, found)) if is_ours(found.root()) && is_generated_now(found.root()) => {}
            Some((index, found)) if is_ours(found.root()) => {
                let merged = object.merged(found.root());
                if found.to_value() != merged {
                    changes.rewritten.insert(*index, emit::document(&merged));
                }
            }
            Some((_, found)) => {
                let namespace = krm::namespace(found.root()).map(str::to_owned);
                let target = ResourceRef { namespace, ..object.target };
                let message =
                    format!("{} already exists and was not created by iamra", quote_object(&target.kind, &target.name));
                report.push(
                    Diagnostic::error(Code::AlreadyTaken, message)
                        .at(Place::Item(target, FieldPath::keys("metadata.name")))
                        .help("rename or remove it; iamra never overwrites an object that it did not create"),
                );
            }
        }
    }
    check_fillers(items, added, report);
}

/// Reports Certificates of ours that fill one Secret, among the items and those added to them.
pub(super) fn check_fillers(items: &[Item<'_>], added: Vec<(ResourceRef, String)>, report: &mut Report) {
    let mark = memmem::Finder::new(OUR_NAMES);
    let may_be_ours = |item: &&Item<'_>| item.may_be_kind(CERTIFICATE.kind) && item.may_say(&mark);
    let there = items.iter().filter(may_be_ours).filter_map(|item| {
        let object = item.parse().ok().filter(|object| is_ours(object.root()))?;
        Some((object.ident()?.resource_ref(), secret(object.root())?))
    });
    fillers::check(there.chain(added), report);
}

/// Whether the item is an object that we emitted.
pub(super) fn is_generated(item: &Item<'_>) -> bool {
    item.parse().is_ok_and(|object| is_ours(object.root()))
}

/// The items that may be one of the objects; nothing else is parsed.
fn existing<'t>(objects: &[Emitted], items: &[Item<'t>]) -> Vec<(usize, Object<'t>)> {
    let (kinds, names): (BTreeSet<_>, BTreeSet<_>) =
        objects.iter().map(|object| (&*object.target.kind, &*object.target.name)).unzip();
    let [generated, sample] = [annotation::GENERATOR_BEHAVIOR, SAMPLE].map(memmem::Finder::new);
    let candidates = items.iter().enumerate().filter(|(_, item)| {
        item.ident().is_none_or(|ident| {
            let may_be_named = names.contains(&*ident.name) || item.may_say(&generated) || item.may_say(&sample);
            kinds.contains(&*ident.kind) && may_be_named
        })
    });
    candidates.filter_map(|(index, item)| Some((index, item.parse().ok()?))).collect()
}

pub(super) fn is_ours(object: NodeRef<'_>) -> bool {
    let text = |field: &str| object.get(field).and_then(NodeRef::text).unwrap_or_default();
    let annotated = |name: &str| annotation::get(object, name).is_some();
    render::is_emitted(text("apiVersion"), text("kind"), annotated, |name| label(object, name).is_some())
}

fn label<'d>(object: NodeRef<'d>, name: &str) -> Option<&'d str> {
    object.get("metadata")?.get("labels")?.get(name)?.text()
}

/// Whether a generator of the running kustomize build made the object.
fn is_generated_now(object: NodeRef<'_>) -> bool {
    annotation::get(object, annotation::GENERATOR_BEHAVIOR).is_some()
}

fn is_same_object(object: &Object<'_>, ours: &Emitted) -> bool {
    let (found, Some(ident)) = (object.root(), object.ident()) else { return false };
    let target = &ours.target;
    // Objects from a generator already have the kustomization's prefix and suffix.
    let had_name = || is_generated_now(found) && annotation::names(found).iter().any(|it| target.name == it.name);
    target.kind == *ident.kind
        && group_of(&ident.api_version) == group_of(&target.api_version)
        && (*ident.name == target.name || had_name())
        && namespace(found) == ours.home()
}

/// The namespace of an object, or the default one.
fn namespace(object: NodeRef<'_>) -> &str {
    let text = |field: &str| object.get(field).and_then(NodeRef::text);
    home(text("apiVersion"), text("kind"), krm::namespace(object))
}

/// The namespace that an object is in, if it is in one.
fn home<'n>(api_version: Option<&str>, kind: Option<&str>, said: Option<&'n str>) -> &'n str {
    let is_cluster_wide = issuer::is_cluster_wide(api_version.unwrap_or_default(), kind.unwrap_or_default());
    if is_cluster_wide { "" } else { said.unwrap_or(DEFAULT_NAMESPACE) }
}

/// The emitted object with the labels, annotations and other metadata that others added to the existing one. Its
/// namespace is that of its workload, as written there.
fn keeping_metadata(mut merged: Value, found: NodeRef<'_>) -> Value {
    let theirs = found.get("metadata").map_or(Value::Null, |metadata| metadata.to_value());
    if let (Some(metadata), Value::Object(mut theirs)) =
        (merged.pointer_mut("/metadata").and_then(Value::as_object_mut), theirs)
    {
        theirs.remove("namespace");
        add_missing(metadata, theirs);
    }
    merged
}

fn add_missing(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Object(into)), Value::Object(from)) => add_missing(into, from),
            (Some(_), _) => {}
            (None, value) => {
                into.insert(key, value);
            }
        }
    }
}
