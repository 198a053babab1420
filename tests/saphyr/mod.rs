//! What saphyr-parser, a reader of YAML that is not ours, makes of a text.

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};

/// A value as saphyr-parser sees it, with nothing resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// Its text, and whether it is plain.
    Scalar(String, bool),
    Seq(Vec<Self>),
    Map(Vec<(Self, Self)>),
    Alias,
}

/// The only document of `text`; `None` if it cannot be read, or not on this stack.
pub(crate) fn saphyr(text: &str) -> Option<Node> {
    let mut parser = Parser::new_from_str(text);
    let mut found = None;
    loop {
        match next(&mut parser)? {
            Event::StreamEnd => return found,
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd => {}
            _ if found.is_some() => return None,
            event => found = Some(node(&mut parser, event, 0)?),
        }
    }
}

fn next<'t>(parser: &mut Parser<'t, StrInput<'t>>) -> Option<Event<'t>> {
    parser.next_event()?.ok().map(|(event, _)| event)
}

fn node<'t>(parser: &mut Parser<'t, StrInput<'t>>, event: Event<'t>, depth: usize) -> Option<Node> {
    if depth > 250 {
        return None;
    }
    Some(match event {
        Event::Scalar(text, style, ..) => Node::Scalar(text.into_owned(), matches!(style, ScalarStyle::Plain)),
        Event::Alias(_) => Node::Alias,
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match next(parser)? {
                    Event::SequenceEnd => break Node::Seq(items),
                    event => items.push(node(parser, event, depth + 1)?),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut entries = Vec::new();
            loop {
                match next(parser)? {
                    Event::MappingEnd => break Node::Map(entries),
                    event => {
                        let key = node(parser, event, depth + 1)?;
                        let event = next(parser)?;
                        entries.push((key, node(parser, event, depth + 1)?));
                    }
                }
            }
        }
        _ => return None,
    })
}
