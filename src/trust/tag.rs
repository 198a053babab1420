//! Session tags: which values they can have.

/// The longest value of a session tag. <https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html>
const LONGEST_TAG: usize = 256;

/// Why AWS drops a value instead of making it a session tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagFault {
    /// It has more than 256 characters: how many.
    Long(usize),
    /// A session tag cannot have this character.
    Character(char),
    /// It is not known whether a session tag can have this character.
    Perhaps(char),
}

/// Why the value would be dropped, which AWS does silently.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html>
pub fn tag_fault(value: &str) -> Option<TagFault> {
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || " _.:/=+-@".contains(c) || (!c.is_ascii() && c.is_alphabetic());
    let length = value.chars().count();
    let mut others = value.chars().filter(|c| !is_plain(*c));
    if length > LONGEST_TAG {
        return Some(TagFault::Long(length));
    }
    let first = others.next()?;
    let surely = std::iter::once(first).chain(others).find(char::is_ascii);
    Some(surely.map_or(TagFault::Perhaps(first), TagFault::Character))
}
