//! What a node means, apart from how it is written.

use serde_json::{Map, Number, Value};

use super::document::{NodeRef, tag_name};
use super::emit;
use super::scalar::{Resolved, resolve};
use super::tree::{NodeKind, Style};

impl NodeRef<'_> {
    /// The value of this node: aliases and merge keys are written out, tags of YAML's own are honoured.
    ///
    /// JSON lacks some of YAML: dates, infinities and NaN become strings, and so do keys that are not strings. If a key
    /// appears twice, the first one counts, as in [`NodeRef::get`]. An alias without its anchor is null.
    pub fn to_value(&self) -> Value {
        let node = self.followed();
        match node.kind() {
            NodeKind::Scalar(text, style) => scalar(text, style, node.tag()),
            NodeKind::Seq(..) => node.items().map(|item| item.to_value()).collect(),
            NodeKind::Map(..) => {
                let mut entries = Map::new();
                node.add_entries(&mut entries);
                Value::Object(entries)
            }
            NodeKind::Alias(_) | NodeKind::Dangling => Value::Null,
        }
    }

    /// A key that a mapping in it has twice. Of its values, [`Self::to_value`] has the first one alone.
    pub fn repeated(self) -> Option<String> {
        let node = self.followed();
        let mut seen = std::collections::BTreeSet::new();
        let repeated = node.entries().filter_map(|(key, _)| key.text()).find(|name| !seen.insert(*name));
        let mut inside = node.entries().map(|(_, value)| value).chain(node.items());
        repeated.map(str::to_owned).or_else(|| inside.find_map(Self::repeated))
    }

    /// Whether its value is this one.
    pub fn is_value(self, value: &Value) -> bool {
        let node = self.followed();
        match (node.kind(), value) {
            (NodeKind::Scalar(text, Style::Quoted | Style::Block), Value::String(value)) if node.tag().is_none() => {
                text == value
            }
            (NodeKind::Scalar(text, style), _) => scalar(text, style, node.tag()) == *value,
            (NodeKind::Seq(..), Value::Array(values)) => {
                node.items().len() == values.len() && node.items().zip(values).all(|(it, value)| it.is_value(value))
            }
            (NodeKind::Map(..), Value::Object(entries)) => {
                // As many keys as there are entries, each another one and none merged, are all of them.
                let is_entry = |((key, value), (name, expected)): ((Self, Self), (&String, &Value))| {
                    key.text() == Some(name) && !key.is_merge_key() && value.is_value(expected)
                };
                let is_in_order = node.entries().len() == entries.len() && node.entries().zip(entries).all(is_entry);
                is_in_order || self.to_value() == *value
            }
            _ => self.to_value() == *value,
        }
    }

    /// Whether both have the same meaning, regardless of the order of keys and of formatting.
    pub fn same(self, other: NodeRef<'_>) -> bool {
        self.is_alike(other) || self.to_value() == other.to_value()
    }

    /// Whether both are written with the same entries in the same order: then they mean the same, and no value has to be
    /// made to see it.
    fn is_alike(self, other: NodeRef<'_>) -> bool {
        let (left, right) = (self.followed(), other.followed());
        if left.tag() != right.tag() {
            return false;
        }
        match (left.kind(), right.kind()) {
            (NodeKind::Scalar(text, style), NodeKind::Scalar(other, other_style)) => {
                text == other && (style == Style::Plain) == (other_style == Style::Plain)
            }
            (NodeKind::Seq(..), NodeKind::Seq(..)) => {
                left.items().len() == right.items().len() && left.items().zip(right.items()).all(|(a, b)| a.is_alike(b))
            }
            (NodeKind::Map(..), NodeKind::Map(..)) => {
                let mut pairs = left.entries().zip(right.entries());
                left.entries().len() == right.entries().len()
                    && pairs.all(|((key, value), (other, of_other))| key.is_alike(other) && value.is_alike(of_other))
            }
            _ => false,
        }
    }

    /// A mapping's own entries override those that it merges, and earlier merged ones override later ones.
    fn add_entries(self, into: &mut Map<String, Value>) {
        for (key, value) in self.entries().filter(|(key, value)| !(key.is_merge_key() && value.is_mergeable())) {
            let name = key.key_text();
            if !into.contains_key(&name) {
                into.insert(name, value.to_value());
            }
        }
        for (_, merged) in self.entries().filter(|(key, value)| key.is_merge_key() && value.is_mergeable()) {
            if merged.is_map() {
                merged.followed().add_entries(into);
            }
            for part in merged.items() {
                part.followed().add_entries(into);
            }
        }
    }

    fn is_mergeable(self) -> bool {
        self.is_map() || (self.is_seq() && self.items().all(Self::is_map))
    }

    /// The name that a key has in JSON.
    fn key_text(self) -> String {
        self.text().map_or_else(|| emit::flow(&self.to_value()), str::to_owned)
    }
}

/// What `path`, as in `/metadata/name`, leads to. As [`Value::pointer`], which makes two copies of every key on the way; a
/// path that needs its escapes, `~0` and `~1`, leads nowhere.
pub fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let Some(keys) = path.strip_prefix('/') else { return path.is_empty().then_some(value) };
    keys.split('/').try_fold(value, |value, key| match value {
        Value::Object(entries) => entries.get(key),
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        _ => None,
    })
}

fn scalar(text: &str, style: Style, tag: Option<&str>) -> Value {
    let name = tag.map(tag_name);
    let resolved = match (name, style) {
        (None, Style::Plain) | (Some("int" | "float" | "bool" | "null"), _) => resolve(text),
        _ => Resolved::Str,
    };
    let number = match resolved {
        Resolved::Null => return Value::Null,
        Resolved::Bool(value) => return Value::Bool(value),
        #[expect(clippy::cast_precision_loss, reason = "the tag asks for a float")]
        Resolved::Int(value) if name == Some("float") => Number::from_f64(value as f64),
        Resolved::Int(value) => Number::from_i128(value),
        Resolved::Float(value) => Number::from_f64(value),
        Resolved::Timestamp | Resolved::Str => None,
    };
    number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

#[cfg(test)]
mod tests {
    use super::super::Document;
    use super::at;
    use serde_json::{Value, json};

    fn value(text: &str) -> Value {
        Document::parse(text).unwrap().root().to_value()
    }

    #[test]
    fn a_path_leads_where_a_pointer_does() {
        let value = json!({"a": {"b": [1, {"": 2}]}, "": 3, "0": 4});
        for path in ["", "/", "/a", "/a/b/0", "/a/b/1/", "/a/b/2", "/a/c", "/a/b/x", "/a/b/0/c", "a", "/0", "/a/"] {
            assert_eq!(at(&value, path), value.pointer(path), "{path}");
        }
    }

    #[test]
    fn scalars_by_style_and_tag() {
        let text = "a: 1\nb: '1'\nc: !!str 1\nd: !!int '0x10'\ne: !!float 1\nf: ! 1\ng: !own 1\nh:\ni: .inf\nj: |\n  1\n\
                    k: 18446744073709551615\nl: 2024-01-01\nm: !!str\n";
        assert_eq!(
            value(text),
            json!({"a": 1, "b": "1", "c": "1", "d": 16, "e": 1.0, "f": "1", "g": "1", "h": null, "i": ".inf",
                   "j": "1\n", "k": u64::MAX, "l": "2024-01-01", "m": ""})
        );
    }

    #[test]
    fn merge_keys_are_written_out() {
        let text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  <<: [*x, *y]\n  a: 0\nw: {\"<<\": 1, 1: true}\n";
        let all = value(text);
        assert_eq!(all["z"], json!({"a": 0, "b": 1, "c": 2}));
        assert_eq!(all["w"], json!({"<<": 1, "1": true}));
    }

    #[test]
    fn a_value_is_compared_without_being_made() {
        for text in [
            "a: 1\nb: ['1', \"x\", 2024-01-01, ~]\nc: {}\n",
            "x: &x {a: 1}\ny: *x\nz: {<<: *x, b: 2}\n",
            "a: 1\n\"a\": 2\n",
            "1: a\n~: b\n",
            "[]",
            "|\n  a\n",
            "!!int '1'",
        ] {
            let document = Document::parse(text).unwrap();
            let (root, value) = (document.root(), value(text));
            assert!(root.is_value(&value), "{text}");
            for other in
                [json!({}), json!([]), json!("1"), json!(1), json!(null), json!({"a": 1, "b": []}), json!({"a": 2})]
            {
                assert_eq!(root.is_value(&other), root.to_value() == other, "{text} {other}");
            }
        }
    }

    #[test]
    fn order_and_style_do_not_count() {
        let left = Document::parse("a: 1\nb: [x]\n").unwrap();
        let right = Document::parse("{b: ['x'], \"a\": 0x1}").unwrap();
        assert!(left.root().same(right.root()));
        assert!(!left.root().same(Document::parse("a: '1'\nb: [x]\n").unwrap().root()));
    }
}
