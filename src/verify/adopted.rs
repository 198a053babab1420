//! The declaration, as it speaks of what is in the stream.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::names::affixes;
use super::object::{self, Object};
use super::{Rendered, Stream};
use crate::config::{Binding, Which};
use crate::krm::Item;
use crate::name::DnsLabel;
use crate::resolve::Resolved;
use crate::workload::WorkloadKind;

/// The declaration with the names and namespaces that its workloads have in the stream.
pub fn adopt(resolved: &Resolved, rendered: &Rendered<'_, '_>) -> Resolved {
    let there = There::of(resolved, rendered);
    let mut adopted = resolved.clone();
    for binding in &mut adopted.bindings {
        let declared = &binding.declared;
        let Which::Name(name) = &declared.target.which else { continue };
        let Some(found) = marked(declared, &rendered.stream) else { continue };
        // With a prefix and a suffix, the name is still recognisable. Otherwise, or next to an object with the declared
        // name, it is a different object.
        if found.name() == name || found.name().contains(name.as_str()) && !there.has(declared, name, found) {
            let declared = &mut Arc::make_mut(binding).declared;
            declared.target.which = Which::Name(found.name().to_owned());
            declared.namespace = found.namespace().and_then(|namespace| DnsLabel::parse(namespace).ok());
        }
    }
    adopted
}

/// The only object that has the identity of a workload, if it is of the kind that is meant.
fn marked<'s>(binding: &Binding, stream: &'s Stream) -> Option<&'s Object> {
    let mut marked = stream.with_mark(&binding.workload).filter(|object| !object.is_ours());
    let found = marked.next().filter(|_| marked.next().is_none())?;
    binding.target.kind.as_ref().is_none_or(|kind| found.kind() == kind).then_some(found)
}

/// The workloads of the stream by name.
struct There<'s> {
    /// Kind, namespace and index.
    places: BTreeMap<String, Vec<(String, String, usize)>>,
    /// What may have come before and behind the name of another workload, by the index of what has its identity.
    renamed: BTreeMap<usize, BTreeSet<(&'s str, &'s str)>>,
}

impl<'s> There<'s> {
    fn of(resolved: &Resolved, rendered: &'s Rendered<'_, '_>) -> Self {
        let mut places = BTreeMap::<_, Vec<_>>::new();
        for (index, it) in rendered.items.iter().map(Item::ident).enumerate() {
            let Some(it) = it.filter(|it| WorkloadKind::find(&it.api_version, &it.kind).is_some()) else { continue };
            let place = (it.kind.to_string(), object::home_of(it.namespace.as_deref()).to_owned(), index);
            places.entry(it.name.to_string()).or_default().push(place);
        }
        let mut renamed = BTreeMap::<_, BTreeSet<_>>::new();
        for binding in resolved.bindings.iter().map(|binding| &binding.declared) {
            let Which::Name(name) = &binding.target.which else { continue };
            if let Some(found) = marked(binding, &rendered.stream).filter(|found| found.name() != name) {
                renamed.entry(found.index).or_default().extend(affixes(name, found.name()));
            }
        }
        Self { places, renamed }
    }

    /// Whether something that the declaration means by this name is there, beside what has the identity. A prefix may give
    /// one workload the name that another has in the declaration; then that one has the prefix, too.
    fn has(&self, binding: &Binding, name: &str, found: &Object) -> bool {
        let homes = [binding.namespace.as_ref().map_or(found.home(), DnsLabel::as_str), found.home()];
        let is_meant = |kind: &String, home: &String| {
            binding.target.kind.as_ref().is_none_or(|it| it == kind) && homes.contains(&home.as_str())
        };
        let is_another = |index: &usize| {
            let renamed = self.renamed.get(index);
            renamed.is_some_and(|renamed| affixes(name, found.name()).any(|affix| renamed.contains(&affix)))
        };
        let places = self.places.get(name).into_iter().flatten();
        places.into_iter().any(|(kind, home, index)| is_meant(kind, home) && !is_another(index))
    }
}
