//! From a path to the nodes that an edit is about.

use super::super::path::Step;
use super::super::{Document, FieldPath, NodeId, NodeKind, NodeRef};
use super::Refusal;

use crate::quote::quote;

/// The target of a path.
#[derive(Debug, Clone)]
pub(super) enum Target<'d> {
    Node(NodeRef<'d>),
    /// Only the last key is missing; its mapping is the holder.
    Missing(String),
}

/// Where a path leads.
#[derive(Debug, Clone)]
pub(super) struct Place<'d> {
    /// The nodes on the way, the holder last.
    pub(super) ancestors: Vec<NodeId>,
    /// The collection that the node is in, and its position there.
    pub(super) holder: Option<(NodeRef<'d>, usize)>,
    pub(super) target: Target<'d>,
}

/// Follows paths through a document, and rejects places where a change would have effects elsewhere.
pub(super) struct Locator<'d> {
    doc: &'d Document<'d>,
}

impl<'d> Locator<'d> {
    pub(super) fn new(doc: &'d Document<'d>) -> Self {
        Self { doc }
    }

    pub(super) fn locate(&self, path: &FieldPath) -> Result<Place<'d>, Refusal> {
        let target = Target::Node(self.doc.root());
        let mut place = Place { ancestors: Vec::new(), holder: None, target };
        for step in path.steps() {
            let Target::Node(node) = place.target else {
                let span = place.holder.map_or(0..0, |(node, _)| node.span());
                return Err(Refusal::new(format!("neither {} nor what should contain it exists", quote(&path)), span));
            };
            self.check(node)?;
            place.ancestors.push(node.id());
            if let Some(index) = position(node, step, path)? {
                place.holder = Some((node, index));
                place.target = Target::Node(child(node, index));
            } else {
                let Step::Key(key) = step else {
                    return Err(Refusal::new(format!("there is no {}", quote(&path)), node.span()));
                };
                place.holder = Some((node, node.entries().len()));
                place.target = Target::Missing(key.clone());
            }
        }
        Ok(place)
    }

    /// Rejects a node whose change would have effects elsewhere.
    pub(super) fn check(&self, node: NodeRef<'d>) -> Result<(), Refusal> {
        let in_list = self.doc.root().is_seq();
        let why = match node.kind() {
            NodeKind::Alias(_) => "it is reached through an alias",
            NodeKind::Dangling => "it is an alias of something outside this text",
            _ if node.is_anchored() && node.is_aliased() => "it has an anchor with aliases elsewhere",
            _ if node.is_anchored() && in_list => "it has an anchor that other items may refer to",
            _ => return Ok(()),
        };
        Err(Refusal::new(why, node.span()))
    }
}

/// The value at a position of a collection, aliases not followed.
#[expect(clippy::indexing_slicing, reason = "the index is that of an entry which was found in the collection")]
pub(super) fn child(holder: NodeRef<'_>, index: usize) -> NodeRef<'_> {
    match holder.kind() {
        NodeKind::Seq(items, _) => holder.document().node(items[index]),
        NodeKind::Map(entries, _) => holder.document().node(entries[index][1]),
        _ => holder,
    }
}

/// The key at a position of a mapping.
fn key_of(map: NodeRef<'_>, index: usize) -> NodeRef<'_> {
    map.entries().nth(index).map_or(map, |(key, _)| key)
}

fn position(node: NodeRef<'_>, step: &Step, path: &FieldPath) -> Result<Option<usize>, Refusal> {
    match step {
        Step::Key(_) if !node.is_map() => {
            Err(Refusal::new(format!("a parent of {} is not a mapping", quote(&path)), node.span()))
        }
        Step::Index(_) | Step::Named(_) if !node.is_seq() => {
            Err(Refusal::new(format!("a parent of {} is not a sequence", quote(&path)), node.span()))
        }
        Step::Key(key) => {
            let first = node.position(key, 0);
            if let Some(second) = first.and_then(|first| node.position(key, first + 1)) {
                return Err(Refusal::new(
                    format!("the key {} appears twice", quote(&key)),
                    key_of(node, second).span(),
                ));
            }
            if first.is_none()
                && let Some((name, _)) = node.entry(key)
            {
                return Err(Refusal::new(format!("{} comes from a merge key", quote(&key)), name.span()));
            }
            Ok(first)
        }
        Step::Index(index) => Ok((*index < node.items().len()).then_some(*index)),
        Step::Named(name) => Ok(node.position(name, 0)),
    }
}
