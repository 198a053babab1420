//! Literals of the Common Expression Language.
//! <https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax>

/// A text.
pub(super) fn text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A list of texts.
pub(super) fn list<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    format!("[{}]", texts.map(text).collect::<Vec<_>>().join(", "))
}

/// A map from texts to expressions.
pub(super) fn map(entries: impl Iterator<Item = (String, String)>) -> String {
    let entries: Vec<_> = entries.map(|(key, value)| format!("{}: {value}", text(&key))).collect();
    format!("{{{}}}", entries.join(", "))
}
