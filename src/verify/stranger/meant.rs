//! What is meant by a name in some place: an issuer that is asked, a Secret that is read, a volume that is mounted, an object
//! that is written.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::asked::asked;
use super::reach::Reach;
use super::speech::{self, Meaning};
use super::writes::{self, is_writing};
use super::{Around, Walk};
use crate::issuer;
use crate::name::words;
use crate::splice::speaks_of_mounts;
use crate::workload::WorkloadKind;
use crate::writers::{self, Whole, copiers};
use crate::yaml::{FieldPath, Step};

/// Where objects name the namespace in which others are made of them: Flux's and k3s's, Argo CD's, Crossplane's.
/// <https://fluxcd.io/flux/components/>
/// <https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/>
const ELSEWHERE: &[&str] = &[
    "/spec/destination/namespace",
    "/spec/forProvider/namespace",
    "/spec/targetNamespace",
    "/spec/template/spec/destination/namespace",
];

impl Walk<'_, '_> {
    pub(super) fn issuer(&mut self, name: &str, kind: &str, around: Around<'_>) {
        if name.contains("://") {
            return;
        }
        let asked = asked(self.object, self.keys);
        // Some fields take the namespace before the name.
        let (before, name) = name.rsplit_once('/').map_or((None, name), |(before, name)| (Some(before), name));
        let namespaces = self.namespaces(Around { namespace: before.or(around.namespace), ..around });
        let signers = self.keys.asked(name, kind, &namespaces);
        let reached = signers.map(|signer| (around.at.clone(), Reach::Issuer { signer, name: name.to_owned(), asked }));
        let reached: Vec<_> = reached.collect();
        self.found.extend(reached);
    }

    /// The Secrets that a text names, in whatever it is written between.
    pub(super) fn secret(&mut self, text: &str, around: Around<'_>) {
        if speech::is_of_files(around.key) {
            return;
        }
        for named in speech::named(text, around.meaning) {
            let namespaces = match named.namespace {
                Some(namespace) => vec![Some(namespace)],
                None if named.is_anywhere => vec![None],
                None => self.namespaces(around),
            };
            let Some(of_ca) = self.keys.secret(named.name, &namespaces) else { continue };
            // The other writer is reported, and a reader may mean what that one writes.
            if !of_ca && self.contested.contains(named.name) {
                continue;
            }
            let secret = named.name.to_owned();
            let by_kind = matches!(around.meaning, Meaning::SecretByKind | Meaning::Target);
            let has_name = by_kind && named.namespace.is_none() && self.makes() == named.name;
            // The name of what is made, or the same Secret as the source. A Secret with that name in another namespace
            // may be a copy of it, or what another store has under that name.
            let is_itself = || self.keys.secret(self.makes(), &[self.object.namespace()]).is_some();
            let is_made = has_name && (is_in_metadata(around.at) || is_itself())
                // A Certificate fills its Secret, which is how a CA is created in a cluster; an issuer signs with it.
                || of_ca && (self.object.is_certificate() || self.is_signer());
            if !is_made {
                let unknown = || Reach::Unknown { kind: "Secret", name: named.name.to_owned() };
                let reach = if named.is_sure && !has_name { Reach::Key { secret, of_ca } } else { unknown() };
                if named.is_sure || !speech::is_harmless(around.at) {
                    self.found.push((around.at.clone(), reach));
                }
            }
        }
    }

    /// The namespaces that a reference may mean: the one that stands beside it, and the objects' that it is in. Where the
    /// kind has no such field, Kubernetes passes over what is said.
    fn namespaces<'n>(&'n self, around: Around<'n>) -> Vec<Option<&'n str>> {
        let said = [around.namespace, around.home].into_iter().flatten().filter(|namespace| !namespace.is_empty());
        let elsewhere = ELSEWHERE.iter().map(|pointer| self.object.text(pointer)).filter(|it| !it.is_empty());
        said.chain(elsewhere).map(Some).chain([self.object.namespace()]).collect()
    }

    /// The Secret that an object of a kind that makes Secrets makes.
    fn makes(&self) -> &str {
        let said = ["/spec/target/name", "/spec/destination/name"].map(|pointer| self.object.text(pointer));
        said.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| self.object.name())
    }

    /// Whether it is an issuer of declared workloads.
    fn is_signer(&self) -> bool {
        let object = self.object;
        object.group() == issuer::GROUP
            && self.keys.signers(object.name(), object.kind(), &[object.namespace()]).next().is_some()
    }

    /// Volumes of declared workloads. What a pod says of its volumes it says of its own.
    pub(super) fn volume(&mut self, text: &str, around: Around<'_>) {
        const OWN: &[&str] = &["annotations", "volumeDevices", "volumeMounts", "volumes"];
        let mut named = words(text).filter(|word| self.keys.is_volume(word));
        let Some(name) = named.next() else { return };
        let is_own = |step: &Step| matches!(step, Step::Key(key) if OWN.contains(&key.as_str()));
        let is_pod = || WorkloadKind::find(self.object.text("/apiVersion"), self.object.kind()).is_some();
        if around.at.steps().iter().any(is_own) && is_pod() {
            return;
        }
        let is_alone = name.len() == text.trim().len();
        if around.mounts || speaks_of_mounts(around.key, text) {
            self.found.push((around.at.clone(), Reach::Mount { volume: name.to_owned() }));
        } else if is_alone && around.meaning == Meaning::Nothing && !speech::is_harmless(around.at) {
            let reach = Reach::Unknown { kind: "volume", name: name.to_owned() };
            self.found.push((around.at.clone(), reach));
        }
    }

    /// The sidecar of declared workloads, or an object of iamra's, in a policy by which admission changes what it admits.
    pub(super) fn change(&mut self, text: &str, around: Around<'_>) {
        // `!NAME` means any other name.
        let others = |piece: &str| usize::from(piece.starts_with(|c: char| c.is_ascii_alphanumeric()));
        let pieces = text.split('!').enumerate();
        let mut named = pieces.flat_map(|(at, piece)| words(piece).skip(if at > 0 { others(piece) } else { 0 }));
        if let Some(name) = named.find(|word| self.keys.is_sidecar(word)) {
            self.found.push((around.at.clone(), Reach::Change { container: name.to_owned() }));
        }
        let namespaces = self.namespaces(around);
        let made = self.keys.made(text, &namespaces).next();
        let reach = made.map(|kind| Reach::Write { kind: kind.to_owned(), name: text.to_owned() });
        self.found.extend(reach.map(|reach| (around.at.clone(), reach)));
    }

    /// A manifest in a text, and the name of what is made.
    pub(super) fn writing(&mut self, text: &str, around: Around<'_>) {
        let made: BTreeSet<_> = words(text).filter(|word| self.keys.has_made(word)).collect();
        if made.is_empty() {
            return;
        }
        let is_filled = around.meaning == Meaning::Made && speech::is_name(around.key);
        let manifests = writes::manifests(text);
        let namespaces = self.namespaces(around);
        let mut reached = Vec::new();
        for name in made {
            let is_written = |kind: &&str| manifests.contains(kind) || is_filled && *kind == "Secret" && name == text;
            let kinds = self.keys.made(name, &namespaces).filter(is_written);
            reached.extend(kinds.map(|kind| Reach::Write { kind: kind.to_owned(), name: name.to_owned() }));
        }
        self.found.extend(reached.into_iter().map(|reach| (around.at.clone(), reach)));
    }

    /// A Secret that a controller copies by its annotations or labels: whoever applies them to it, or has it filled with them.
    pub(super) fn copies(&mut self) {
        let is_secret = self.object.kind() == "Secret" && self.object.group().is_empty();
        let (name, metadata) = if is_secret {
            (self.object.name(), "metadata")
        } else {
            (self.object.text("/spec/secretName"), "spec.secretTemplate")
        };
        let Some(of_ca) = self.keys.secret(name, &[self.object.namespace()]) else { return };
        let places = copiers::places(&self.object.value, metadata).into_iter();
        self.found.extend(places.map(|at| (at, Reach::Key { secret: name.to_owned(), of_ca })));
    }

    /// An object within this one, and a kind and a name where such an object is written.
    pub(super) fn manifest(&mut self, map: &Map<String, Value>, around: Around<'_>) {
        let Some(kind) = map.get("kind").and_then(Value::as_str) else { return };
        let metadata = map.get("metadata");
        let text = |field: &str| metadata.and_then(|it| it.get(field)).and_then(Value::as_str);
        let is_written = || {
            let steps = around.at.steps().iter();
            steps.filter_map(|step| if let Step::Key(key) = step { Some(key) } else { None }).any(|key| is_writing(key))
        };
        let named = || map.get("name").and_then(Value::as_str).filter(|_| is_written());
        let Some(name) = text("name").or_else(named) else { return };
        let written = Whole { kind, name, namespaces: self.namespaces(around) };
        if self.is_rendered(&written) {
            self.found.push((around.at.clone(), reach_of(&written)));
        }
    }

    /// What it has written under its own name, or by fields of its kind.
    pub(super) fn writes(&mut self) {
        if (self.is_ours)(&FieldPath::root()) {
            return;
        }
        for written in writers::of(&self.object.value) {
            // Only cert-manager may write a certificate's Secret, whether or not the Certificate is in the stream.
            if self.keys.is_of_certificate(&written) || self.is_rendered(&written) {
                self.found.push((FieldPath::root(), reach_of(&written)));
            }
        }
    }

    /// Whether what is written is an object that the declaration renders.
    fn is_rendered(&self, written: &Whole<'_>) -> bool {
        self.keys.made(written.name, &written.namespaces).any(|kind| kind == written.kind)
    }
}

/// Whether a place is the metadata of an object, or of a template of one.
fn is_in_metadata(at: &FieldPath) -> bool {
    at.steps().iter().any(|step| matches!(step, Step::Key(key) if key == "metadata"))
}

fn reach_of<'r>(written: &Whole<'_>) -> Reach<'r> {
    Reach::Write { kind: written.kind.to_owned(), name: written.name.to_owned() }
}
