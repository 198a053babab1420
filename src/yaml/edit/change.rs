//! Groups the edits of one call by collection.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::super::{Document, FieldPath, NodeId, NodeKind, NodeRef, repeated_key};
use super::locate::{Locator, Place, Target, child};
use super::{Edit, Refusal, is_empty};

use crate::quote::quote;

/// All changes of one collection.
#[derive(Debug, Clone)]
pub(super) struct Change<'d> {
    pub(super) node: NodeRef<'d>,
    /// The collection that it is in, and its position there.
    pub(super) holder: Option<(NodeRef<'d>, usize)>,
    /// How deep in the document it is.
    pub(super) depth: usize,
    pub(super) prepended: Vec<Value>,
    pub(super) appended: Vec<Value>,
    pub(super) keys: Map<String, Value>,
    /// Those of `keys` that are new collections, and how many of their entries were prepended.
    pub(super) created: BTreeMap<String, usize>,
    /// Positions of entries to remove.
    pub(super) removed: BTreeSet<usize>,
    /// The original empty form of the collection, to be restored.
    pub(super) restore: Option<String>,
    /// The new text of a scalar.
    pub(super) set: Option<String>,
}

/// All changes, by the node that they are about.
#[derive(Debug, Default)]
pub(super) struct Plan<'d> {
    changes: BTreeMap<NodeId, Change<'d>>,
    /// Nodes in which something changes.
    touched: BTreeSet<NodeId>,
}

impl<'d> Plan<'d> {
    pub(super) fn of(doc: &'d Document<'d>, edits: Vec<Edit>) -> Result<Self, Refusal> {
        let locator = Locator::new(doc);
        let mut plan = Self::default();
        for edit in edits {
            match edit {
                Edit::Append { at, values } => plan.add_values(&locator, &at, values, false)?,
                Edit::Prepend { at, values } => plan.add_values(&locator, &at, values, true)?,
                Edit::AddKeys { at, entries } => plan.add_keys(&locator, &at, entries)?,
                Edit::Remove { at } => {
                    let place = locator.locate(&at)?;
                    let (Target::Node(node), Some((holder, index))) = (&place.target, place.holder) else {
                        return Err(Refusal::new(format!("there is no {} to remove", quote(&at)), 0..0));
                    };
                    locator.check(*node)?;
                    let holder_place =
                        locator.locate(&at.split_last().map(|(parent, _)| parent).unwrap_or_default())?;
                    plan.change(&holder_place, holder).removed.insert(index);
                }
                Edit::Set { at, text } => plan.whole(&locator, &at, "set")?.set = Some(text),
                Edit::Restore { at, source } => plan.whole(&locator, &at, "restore")?.restore = Some(source),
            }
        }
        Ok(plan)
    }

    pub(super) fn changes(&self) -> impl Iterator<Item = &Change<'d>> {
        self.changes.values()
    }

    fn change(&mut self, place: &Place<'d>, node: NodeRef<'d>) -> &mut Change<'d> {
        self.touched.extend(place.ancestors.iter().copied());
        self.touched.insert(node.id());
        self.changes.entry(node.id()).or_insert_with(|| Change {
            node,
            holder: place.holder,
            depth: place.ancestors.len(),
            prepended: Vec::new(),
            appended: Vec::new(),
            keys: Map::new(),
            created: BTreeMap::new(),
            removed: BTreeSet::new(),
            restore: None,
            set: None,
        })
    }

    /// The change of an existing value whose whole text is replaced.
    fn whole(&mut self, locator: &Locator<'d>, at: &FieldPath, what: &str) -> Result<&mut Change<'d>, Refusal> {
        let place = locator.locate(at)?;
        let Target::Node(node) = place.target else {
            return Err(Refusal::new(format!("there is no {} to {what}", quote(&at)), 0..0));
        };
        locator.check(node)?;
        Ok(self.change(&place, node))
    }

    fn add_values(
        &mut self,
        locator: &Locator<'d>,
        at: &FieldPath,
        values: Vec<Value>,
        first: bool,
    ) -> Result<(), Refusal> {
        let place = locator.locate(at)?;
        match &place.target {
            Target::Missing(key) => self.add_missing(locator, at, key, Value::Array(values), first),
            Target::Node(node) => {
                locator.check(*node)?;
                if !is_empty(*node) && !node.is_seq() || matches!(node.kind(), NodeKind::Map(..)) {
                    return Err(Refusal::new(format!("{} is not a sequence", quote(&at)), node.span()));
                }
                let change = self.change(&place, *node);
                if first { &mut change.prepended } else { &mut change.appended }.extend(values);
                Ok(())
            }
        }
    }

    fn add_keys(
        &mut self,
        locator: &Locator<'d>,
        at: &FieldPath,
        entries: Vec<(String, Value)>,
    ) -> Result<(), Refusal> {
        let place = locator.locate(at)?;
        match &place.target {
            Target::Missing(key) => {
                self.add_missing(locator, at, key, Value::Object(entries.into_iter().collect()), false)
            }
            Target::Node(node) => {
                locator.check(*node)?;
                if !is_empty(*node) && !node.is_map() || matches!(node.kind(), NodeKind::Seq(..)) {
                    return Err(Refusal::new(format!("{} is not a mapping", quote(&at)), node.span()));
                }
                let change = self.change(&place, *node);
                for (key, value) in entries {
                    if node.entry(&key).is_some() || change.keys.contains_key(&key) {
                        return Err(Refusal::new(format!("{} has a {} already", quote(&at), quote(&key)), node.span()));
                    }
                    change.keys.insert(key, value);
                }
                Ok(())
            }
        }
    }

    /// A missing collection becomes a new key of its parent; several edits may create it together.
    fn add_missing(
        &mut self,
        locator: &Locator<'d>,
        at: &FieldPath,
        key: &str,
        value: Value,
        first: bool,
    ) -> Result<(), Refusal> {
        let parent = at.split_last().map(|(parent, _)| parent).unwrap_or_default();
        let place = locator.locate(&parent)?;
        let Target::Node(holder) = place.target else {
            return Err(Refusal::new(format!("nothing can hold {}", quote(&at)), 0..0));
        };
        let change = self.change(&place, holder);
        let count = value.as_array().filter(|_| first).map_or(0, Vec::len);
        let Some(front) = change.created.get_mut(key) else {
            change.created.insert(key.to_owned(), count);
            return self.add_keys(locator, &parent, vec![(key.to_owned(), value)]);
        };
        let again = || Refusal::new(format!("{} would be created in two ways", quote(&at)), holder.span());
        match (change.keys.get_mut(key), value) {
            (Some(Value::Array(items)), Value::Array(more)) => {
                let at = if first { *front } else { items.len() };
                items.splice(at..at, more);
                *front += count;
                Ok(())
            }
            (Some(Value::Object(entries)), Value::Object(more)) => {
                let all = entries.len() + more.len();
                entries.extend(more);
                if entries.len() == all { Ok(()) } else { Err(again()) }
            }
            _ => Err(again()),
        }
    }

    /// Whether `read` means what the document means at `node` after all changes.
    ///
    /// Compares node by node as far as both are written alike, which is nearly always everything; the rest is compared
    /// as values.
    pub(super) fn is_in(&self, node: NodeRef<'d>, read: NodeRef<'_>) -> bool {
        if !self.touched.contains(&node.id()) {
            return node.same(read);
        }
        // Of a key that is there twice, values have one.
        let is_ambiguous = || repeated_key(read).is_some() && repeated_key(node).is_none();
        self.is_alike(node, read) || self.expected(node) == read.to_value() && !is_ambiguous()
    }

    fn is_alike(&self, node: NodeRef<'d>, read: NodeRef<'_>) -> bool {
        let change = self.changes.get(&node.id());
        if is_empty(node) || change.is_some_and(|change| change.restore.is_some() || change.set.is_some()) {
            return false;
        }
        let kept = |index: &usize| change.is_none_or(|change| !change.removed.contains(index));
        match node.kind() {
            NodeKind::Seq(items, _) if read.is_seq() => {
                let (before, after) = change.map_or((&[][..], &[][..]), |it| (&it.prepended, &it.appended));
                let mut found = read.items();
                let mut is_next = |value: &Value| found.next().is_some_and(|it| it.is_value(value));
                before.iter().all(&mut is_next)
                    && (0..items.len())
                        .filter(kept)
                        .all(|index| found.next().is_some_and(|it| self.is_in(child(node, index), it)))
                    && after.iter().all(|value| found.next().is_some_and(|it| it.is_value(value)))
                    && found.next().is_none()
            }
            NodeKind::Map(entries, _) if read.is_map() => {
                let mut found = read.entries();
                let mut names = BTreeSet::new();
                let mut is_next = |name: Option<&'d str>| {
                    let (key, value) = found.next()?;
                    // With merge or duplicate keys, a mapping means more than its individual entries.
                    let is_plain = !key.is_merge_key() && key.text() == name && names.insert(name?);
                    is_plain.then_some(value)
                };
                let key = |index: usize| entries.get(index).and_then(|[key, _]| node.document().node(*key).text());
                (0..entries.len())
                    .filter(kept)
                    .all(|index| is_next(key(index)).is_some_and(|value| self.is_in(child(node, index), value)))
                    && change.into_iter().flat_map(|change| &change.keys).all(|(name, value)| {
                        found.next().is_some_and(|(key, it)| {
                            !key.is_merge_key() && key.text() == Some(name) && it.is_value(value)
                        })
                    })
                    && found.next().is_none()
            }
            _ => false,
        }
    }

    /// What the document means after all changes.
    fn expected(&self, node: NodeRef<'d>) -> Value {
        if !self.touched.contains(&node.id()) {
            return node.to_value();
        }
        let change = self.changes.get(&node.id());
        if let Some(source) = change.and_then(|change| change.restore.as_deref()) {
            return Document::parse(source).map_or(Value::Null, |source| source.root().to_value());
        }
        if let Some(text) = change.and_then(|change| change.set.clone()) {
            return Value::String(text);
        }
        let gone = |index: usize| change.is_some_and(|change| change.removed.contains(&index));
        match (node.kind(), change) {
            (_, Some(change)) if is_empty(node) => change.filling(),
            (NodeKind::Seq(items, _), _) => {
                let kept =
                    (0..items.len()).filter(|index| !gone(*index)).map(|index| self.expected(child(node, index)));
                let before = change.into_iter().flat_map(|change| change.prepended.iter().cloned());
                let after = change.into_iter().flat_map(|change| change.appended.iter().cloned());
                before.chain(kept).chain(after).collect()
            }
            (NodeKind::Map(entries, _), _) => {
                let Value::Object(mut map) = node.to_value() else { return Value::Null };
                for (index, [key, _]) in entries.iter().enumerate() {
                    let Some(key) = node.document().node(*key).text() else { continue };
                    if gone(index) {
                        map.shift_remove(key);
                    } else if self.touched.contains(&child(node, index).id()) {
                        map.insert(key.to_owned(), self.expected(child(node, index)));
                    }
                }
                map.extend(change.into_iter().flat_map(|change| change.keys.clone()));
                Value::Object(map)
            }
            _ => node.to_value(),
        }
    }
}

impl Change<'_> {
    /// What an empty collection becomes.
    pub(super) fn filling(&self) -> Value {
        if self.keys.is_empty() {
            Value::Array([self.prepended.as_slice(), &self.appended].concat())
        } else {
            Value::Object(self.keys.clone())
        }
    }
}
