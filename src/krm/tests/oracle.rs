//! What readers of YAML that are not ours make of a text.

use saphyr_parser::{Event, Parser, StrInput};
use serde_yaml::Value;

/// A value as saphyr-parser sees it, with nothing resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Scalar(String, bool),
    Seq(Vec<Self>),
    Map(Vec<(Self, Self)>),
    Alias,
}

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

/// The only document of `text`, read by saphyr-parser.
pub(super) fn saphyr(text: &str) -> Option<Node> {
    let mut parser = Parser::new_from_str(text);
    let mut found = None;
    loop {
        match next(&mut parser)? {
            Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
            Event::StreamEnd => return found,
            event if found.is_none() => found = Some(node(&mut parser, event)?),
            _ => return None,
        }
    }
}

fn next<'t>(parser: &mut Parser<'t, StrInput<'t>>) -> Option<Event<'t>> {
    parser.next_event()?.ok().map(|(event, _)| event)
}

fn node<'t>(parser: &mut Parser<'t, StrInput<'t>>, event: Event<'t>) -> Option<Node> {
    Some(match event {
        Event::Scalar(text, style, ..) => {
            Node::Scalar(text.into_owned(), matches!(style, saphyr_parser::ScalarStyle::Plain))
        }
        Event::Alias(_) => Node::Alias,
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match next(parser)? {
                    Event::SequenceEnd => break Node::Seq(items),
                    event => items.push(node(parser, event)?),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut entries = Vec::new();
            loop {
                match next(parser)? {
                    Event::MappingEnd => break Node::Map(entries),
                    event => {
                        let key = node(parser, event)?;
                        let event = next(parser)?;
                        entries.push((key, node(parser, event)?));
                    }
                }
            }
        }
        _ => return None,
    })
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
