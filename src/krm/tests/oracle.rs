//! What readers of YAML that are not ours make of a text.

#[path = "../../../tests/saphyr/mod.rs"]
mod reader;

pub(super) use reader::{Node, saphyr};
use serde_yaml::Value;

impl Node {
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(name, _)| matches!(name, Self::Scalar(text, _) if text == key)).map(|(_, value)| value)
    }

    /// The text of a scalar that is not null.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar(text, true) if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL") => None,
            Self::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    pub(super) fn items(&self) -> Option<&[Self]> {
        if let Self::Seq(items) = self { Some(items) } else { None }
    }

    fn has_alias(&self) -> bool {
        match self {
            Self::Alias => true,
            Self::Scalar(..) => false,
            Self::Seq(items) => items.iter().any(Self::has_alias),
            Self::Map(entries) => entries.iter().any(|(key, value)| key.has_alias() || value.has_alias()),
        }
    }
}

/// Whether two readers agree that `part` alone, without its dash, means `whole`.
pub(super) fn means(part: &str, dash: bool, whole: &Node) -> bool {
    if whole.has_alias() {
        return true;
    }
    let Some(alone) = saphyr(part) else { return false };
    if dash { matches!(&alone, Node::Seq(items) if items.as_slice() == [whole.clone()]) } else { alone == *whole }
}

/// The only document of `text`, read by `yaml_serde`.
pub(super) fn serde(text: &str) -> Option<Value> {
    serde_yaml::from_str(text).ok()
}
