//! What the objects of the declaration are called in the stream, after kustomize.
//!
//! An object of ours is found by its mark, and whoever refers to it must use the name that it has there. What is not ours
//! keeps the name that the declaration says, or has one object of its kind with a prefix or a suffix around that name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::object::{NOWHERE, Object, home_of};
use super::stream::Stream;
use crate::issuer::{self, Contents};
use crate::krm::Item;
use crate::plan::Plan;
use crate::render::{is_sidecar, is_volume};
use crate::yaml::FieldPath;

/// A kind and a namespace.
type Place = (String, String);

/// The names that a rendered stream gives to what the declaration speaks of.
pub(super) struct Names<'s> {
    /// Images that somebody vouches for.
    images: &'s [String],
    /// By kind and namespace: the name of the declaration, and the one in the stream.
    called: BTreeMap<Place, BTreeMap<String, String>>,
}

/// A reference that names another object than it should.
pub(super) struct Astray {
    /// Where it is.
    pub(super) at: FieldPath,
    /// The kind that it refers to.
    pub(super) kind: String,
    /// The name that it has.
    pub(super) name: String,
}

impl<'s> Names<'s> {
    pub(super) fn of(
        plan: &Plan<'_>,
        wanted: &[Object],
        stream: &Stream,
        items: &[Item<'_>],
        images: &'s [String],
    ) -> Self {
        let mut names = Self { images, called: BTreeMap::new() };
        for wanted in wanted {
            let Some(found) = stream.counterparts(wanted).next() else { continue };
            names.call(wanted.kind(), wanted.home(), wanted.name(), found.name());
            let [secret, called] = [wanted, found].map(|object| object.text("/spec/secretName"));
            // A Certificate's Secret is not in the stream, so kustomize renames it like the Certificate or not at all.
            if wanted.is_certificate() && is_renamed_like(secret, called, wanted.name(), found.name()) {
                names.call("Secret", wanted.home(), secret, called);
            }
        }
        for prerequisite in &plan.prerequisites {
            let object = prerequisite.object;
            let (kind, home) = (object.kind.gvk.kind, home_of(prerequisite.namespace.as_deref()));
            // The others are in `wanted`.
            if object.contents == Contents::KeyPair
                && let Some(found) = stream.of_scope(kind, prerequisite.scope, home)
            {
                names.call(kind, home, &object.name, found.name());
            }
        }
        names.follow_others(wanted, stream, items);
        names
    }

    fn call(&mut self, kind: &str, home: &str, wanted: &str, found: &str) {
        let place = (kind.to_owned(), home.to_owned());
        self.called.entry(place).or_default().insert(wanted.to_owned(), found.to_owned());
    }

    /// What is referred to and not ours. Another name is followed only where the stream refers to it already: something that is
    /// merely named alike is something else.
    fn follow_others(&mut self, wanted: &[Object], stream: &Stream, items: &[Item<'_>]) {
        let referred = |object: &Object| {
            if object.is_certificate() {
                return Some((object.text("/spec/issuerRef/kind").to_owned(), "/spec/issuerRef/name"));
            }
            Some(("Secret".to_owned(), issuer::object_kind(object.kind())?.secret_at?))
        };
        let (mut declared, mut said) = (BTreeMap::<_, BTreeSet<_>>::new(), BTreeSet::new());
        for object in wanted {
            let Some((kind, at)) = referred(object).filter(|(_, at)| !object.text(at).is_empty()) else { continue };
            said.extend(stream.counterparts(object).next().map(|found| found.text(at)));
            if self.lookup(&kind, object.home(), object.text(at)).is_none() {
                declared.entry((kind, object.home().to_owned())).or_default().insert(object.text(at).to_owned());
            }
        }
        let kinds: BTreeSet<_> = declared.keys().map(|(kind, _)| kind.clone()).collect();
        let mut there = BTreeMap::<_, BTreeSet<_>>::new();
        for ident in items.iter().filter_map(Item::ident).filter(|ident| kinds.contains(&*ident.kind)) {
            let place = (ident.kind.to_string(), home_of(ident.namespace.as_deref()).to_owned());
            there.entry(place).or_default().insert(ident.name.to_string());
        }
        for ((kind, home), wanted) in &declared {
            // An object without a namespace is as near as one in this namespace.
            let places = [home.as_str(), home_of(None)].map(|home| (kind.clone(), home.to_owned()));
            let near: BTreeSet<_> = places.iter().filter_map(|place| there.get(place)).flatten().collect();
            for name in wanted.iter().filter(|name| !near.contains(name)) {
                let longer = |other: &&String| other.len() > name.len() && other.contains(name.as_str());
                let longer: Vec<_> = wanted.iter().filter(longer).collect();
                let is_its = |it: &&&String| {
                    it.contains(name.as_str()) && !longer.iter().any(|longer| it.contains(longer.as_str()))
                };
                let mut its = near.iter().filter(is_its);
                if let (Some(found), None) = (its.next(), its.next())
                    && said.contains(found.as_str())
                {
                    self.call(kind, home, name, found);
                }
            }
        }
    }

    /// What something in a namespace means by a name: what is called so there, or what is in no namespace. What is in none
    /// itself names Secrets of another one.
    fn lookup(&self, kind: &str, home: &str, wanted: &str) -> Option<&str> {
        let within = |home: &str| self.called.get(&(kind.to_owned(), home.to_owned()))?.get(wanted);
        let anywhere = || {
            let mut called =
                self.called.iter().filter(|((it, _), _)| it == kind).filter_map(|(_, names)| names.get(wanted));
            called.next().filter(|_| home == NOWHERE && called.next().is_none())
        };
        within(home).or_else(|| within(NOWHERE)).or_else(anywhere).map(String::as_str)
    }

    /// Gives references in what we would write the names that they should have in the stream, and says which have another
    /// one there. Those are taken over, so that nothing else is overlooked.
    pub(super) fn adopt(&self, home: &str, wanted: &mut Value, found: &Value, is_ours: bool) -> Vec<Astray> {
        let mut walk = Walk { names: self, home, astray: Vec::new() };
        walk.value(wanted, found, "", is_ours, &FieldPath::root());
        walk.astray
    }
}

/// Whether `found` is `wanted` with what `owner` has got around it, or `wanted` itself.
fn is_renamed_like(wanted: &str, found: &str, owner: &str, owner_found: &str) -> bool {
    wanted == found || affixes(owner, owner_found).any(|(before, behind)| format!("{before}{wanted}{behind}") == found)
}

/// What may have come before and behind a name to make another one of it.
pub(super) fn affixes<'f>(name: &str, found: &'f str) -> impl Iterator<Item = (&'f str, &'f str)> {
    let at = found.match_indices(name).map(|(at, name)| (at, at + name.len()));
    at.filter_map(|(from, to)| found.get(..from).zip(found.get(to..)))
}

struct Walk<'n, 's> {
    names: &'n Names<'s>,
    home: &'n str,
    astray: Vec<Astray>,
}

impl Walk<'_, '_> {
    /// A value under `key`; entries of a list are under the list's. References of users are theirs.
    fn value(&mut self, wanted: &mut Value, found: &Value, key: &str, is_ours: bool, at: &FieldPath) {
        match (wanted, found) {
            (Value::Object(wanted), Value::Object(found)) => {
                let kind = found.get("kind").and_then(Value::as_str).unwrap_or(issuer::KIND).to_owned();
                for (field, wanted) in wanted {
                    let Some(found) = found.get(field) else { continue };
                    let at = at.key(field.as_str());
                    let (Value::String(text), Value::String(there)) = (&mut *wanted, found) else {
                        self.value(wanted, found, field, is_ours, &at);
                        continue;
                    };
                    if is_image(key, field) && self.names.images.contains(there) {
                        text.clone_from(there);
                    } else if let Some(kind) = referred(key, field, &kind).filter(|_| is_ours) {
                        self.reference(kind, text, there, at);
                    }
                }
            }
            (Value::Array(wanted), Value::Array(found)) => {
                for (index, (wanted, found)) in wanted.iter_mut().zip(found).enumerate() {
                    let name = wanted["name"].as_str().unwrap_or_default();
                    let is_ours = is_ours || is_volume(name) || is_sidecar(name);
                    self.value(wanted, found, key, is_ours, &at.index(index));
                }
            }
            _ => {}
        }
    }

    fn reference(&mut self, kind: &str, wanted: &mut String, found: &str, at: FieldPath) {
        // The wanted object has the names of the declaration.
        let meant = self.names.lookup(kind, self.home, wanted).unwrap_or(wanted.as_str());
        if meant != found {
            self.astray.push(Astray { at, kind: kind.to_owned(), name: found.to_owned() });
        }
        found.clone_into(wanted);
    }
}

/// The kind that a field refers to; `kind` is what stands beside it.
fn referred<'k>(within: &str, field: &str, kind: &'k str) -> Option<&'k str> {
    match (within, field) {
        ("issuerRef", "name") => Some(kind),
        ("configMapKeyRef" | "configMap", "name") => Some("ConfigMap"),
        (_, "secretName") => Some("Secret"),
        _ => None,
    }
}

fn is_image(within: &str, field: &str) -> bool {
    field == "image" || (within, field) == ("image", "reference")
}
