//! The objects that matter: patched ones, and ours.

use std::collections::{BTreeMap, BTreeSet};

use super::is_marked;
use super::object::{DeclaredAs, Object};
use crate::krm::Item;

/// Those of the stream; nothing else is parsed.
pub(super) struct Stream {
    marked: Vec<Object>,
    patched: Vec<usize>,
    ours: Vec<usize>,
    /// Of both, by each of their marks.
    by_mark: BTreeMap<String, Vec<usize>>,
    /// Ours, by which part of the declaration each is.
    parts: BTreeMap<DeclaredAs, Vec<usize>>,
}

impl Stream {
    pub(super) fn of(items: &[Item<'_>]) -> Self {
        let marked = items.iter().enumerate().filter(|(_, item)| is_marked(item));
        let read = |(index, item): (usize, &Item<'_>)| Some(Object::of(index, item.parse().ok()?.to_value()));
        let marked: Vec<_> = marked.filter_map(read).collect();
        let (mut patched, mut ours, mut by_mark) = (Vec::new(), Vec::new(), BTreeMap::<_, Vec<_>>::new());
        let mut parts = BTreeMap::<_, Vec<_>>::new();
        for (position, object) in marked.iter().enumerate() {
            if object.is_ours() {
                ours.push(position);
                parts.entry(object.part()).or_default().push(position);
            } else if !object.marks().is_empty() {
                patched.push(position);
            }
            for mark in object.marks().into_iter().collect::<BTreeSet<_>>() {
                by_mark.entry(mark.to_owned()).or_default().push(position);
            }
        }
        Self { marked, patched, ours, by_mark, parts }
    }

    fn at<'s>(&'s self, positions: &'s [usize]) -> impl Iterator<Item = &'s Object> {
        positions.iter().filter_map(|position| self.marked.get(*position))
    }

    /// Objects of users that have an identity.
    pub(super) fn patched(&self) -> impl Iterator<Item = &Object> {
        self.at(&self.patched)
    }

    /// Objects that we made.
    pub(super) fn ours(&self) -> impl Iterator<Item = &Object> {
        self.at(&self.ours)
    }

    /// Everything that has the mark of a workload.
    pub(super) fn with_mark(&self, workload: &str) -> impl Iterator<Item = &Object> {
        self.at(self.by_mark.get(workload).map_or(&[], Vec::as_slice))
    }

    /// Ours that are the same part of the same declaration.
    pub(super) fn counterparts(&self, wanted: &Object) -> impl Iterator<Item = &Object> {
        self.at(self.parts.get(&wanted.part()).map_or(&[], Vec::as_slice))
    }

    /// What iamra has written of a kind of the core group for a scope.
    pub(super) fn of_scope(&self, kind: &str, scope: &str, home: &str) -> Option<&Object> {
        let part = (format!(" {kind}"), home.to_owned(), None, Some(scope.to_owned()));
        self.at(self.parts.get(&part)?).next()
    }
}
