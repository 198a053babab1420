//! An index of large collections by name: linear searches for many names would take quadratic time.

use std::iter::successors;

use super::document::NodeRef;

impl<'d> NodeRef<'d> {
    /// The first entry of a mapping itself that has this key, and one that `is` so.
    pub(super) fn written(self, key: &str, is: impl Fn(Self) -> bool) -> Option<(Self, Self)> {
        let map = self.followed();
        if !map.is_wide() {
            return map.entries().find(|(name, _)| name.text() == Some(key) && is(*name));
        }
        let document = map.document();
        let pairs = document.tree.pairs(map.id());
        let entry = |at: usize| pairs.get(at).map(|[key, value]| (document.node(*key), document.node(*value)));
        let found = successors(map.position(key, 0), |at| map.position(key, at + 1));
        found.filter_map(entry).find(|(name, _)| is(*name))
    }

    /// The first entry at or after `from` that has this key, or in a sequence this `name`.
    pub(super) fn position(self, name: &str, from: usize) -> Option<usize> {
        let node = self.followed();
        let count = node.document().tree.count(node.id());
        let Some(index) = node.document().tree.wide.get(&node.id()) else {
            return (from..count).find(|at| node.name_of(*at) == Some(name));
        };
        let sorted = index.get_or_init(|| {
            let mut sorted: Box<[_]> = (0..count).collect();
            sorted.sort_by_key(|at| node.name_of(*at));
            sorted
        });
        let found = sorted.partition_point(|at| (node.name_of(*at), *at) < (Some(name), from));
        sorted.get(found).copied().filter(|at| node.name_of(*at) == Some(name))
    }

    /// What the entry at a position of this very collection is called.
    fn name_of(self, position: usize) -> Option<&'d str> {
        let (document, tree) = (self.document(), &self.document().tree);
        match tree.pairs(self.id()).get(position) {
            Some([key, _]) => document.node(*key).text(),
            None => document.node(*tree.items(self.id()).get(position)?).get("name")?.text(),
        }
    }

    fn is_wide(self) -> bool {
        !self.document().tree.wide.is_empty() && self.document().tree.wide.contains_key(&self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::NARROW;
    use super::super::{Document, FieldPath};
    use super::*;

    fn text_at<'d>(doc: &'d Document<'d>, path: &str) -> Option<&'d str> {
        doc.at(&FieldPath::keys(path)).and_then(NodeRef::text)
    }

    #[test]
    fn a_wide_collection_is_read_as_a_narrow_one() {
        let wide = |count: usize| {
            let keys: String = (0..count).rev().map(|n| format!("  k{n}: v{n}\n")).collect();
            let items: String = (0..count).map(|n| format!("- {{name: n{n}, at: {n}}}\n")).collect();
            format!(
                "x: &x {{merged: yes}}\nm:\n{keys}  \"<<\": {{merged: no}}\n  <<: *x\n  ? [a]\n  : b\n  k0: again\ns:\n{items}- name: n0\n- plain\n"
            )
        };
        for count in [1, NARROW / 2, 10 * NARROW] {
            let text = wide(count);
            let doc = Document::parse(&text).unwrap();
            assert_eq!(text_at(&doc, "m.k0"), Some("v0"));
            assert_eq!(text_at(&doc, &format!("m.k{}", count - 1)), Some(&*format!("v{}", count - 1)));
            assert_eq!((text_at(&doc, "m.merged"), text_at(&doc, "m.none")), (Some("yes"), None));
            let named = |name: &str| doc.at(&FieldPath::keys("s").named(name).key("at")).and_then(NodeRef::text);
            assert_eq!((named("n0"), named(&format!("n{}", count - 1))), (Some("0"), Some(&*(count - 1).to_string())));
            assert_eq!((named("none"), doc.at(&FieldPath::keys("s").index(count + 2)).is_none()), (None, true));
            let map = doc.at(&FieldPath::keys("m")).unwrap();
            assert_eq!((map.position("k0", 0), map.position("k0", count)), (Some(count - 1), Some(count + 3)));
        }
    }
}
