//! Prints HCL, as `terraform fmt` does.
//! <https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md>

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    Text(String),
    /// A number, a boolean or a reference.
    Raw(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
    /// The text of a value in JSON.
    Json(Box<Self>),
}

impl Expression {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

/// What a body has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Attribute(String, Expression),
    /// Its type and labels, and its body.
    Block(String, Vec<Self>),
}

impl Item {
    pub(super) fn attribute(name: &str, value: Expression) -> Self {
        Self::Attribute(name.to_owned(), value)
    }

    pub(super) fn block(header: &str, body: Vec<Self>) -> Self {
        Self::Block(header.to_owned(), body)
    }
}

/// The text of a file.
pub(super) fn print(items: &[Item]) -> String {
    let mut lines = Vec::new();
    body(items, 0, &mut lines);
    align(&mut lines);
    lines.into_iter().map(Line::text).collect()
}

/// A line; one that is an attribute as a whole is aligned with those around it.
#[derive(Default)]
struct Line {
    indent: usize,
    lead: String,
    assign: Option<String>,
}

impl Line {
    fn text(self) -> String {
        let assign = self.assign.map(|it| format!(" = {it}")).unwrap_or_default();
        let text = format!("{:1$}{2}{assign}", "", self.indent, self.lead);
        format!("{}\n", if text.trim().is_empty() { "" } else { &text })
    }
}

fn align(lines: &mut [Line]) {
    for run in lines.chunk_by_mut(|one, other| one.assign.is_some() && other.assign.is_some()) {
        let width = run.iter().map(|line| line.lead.chars().count()).max().unwrap_or_default();
        for line in run.iter_mut().filter(|line| line.assign.is_some()) {
            line.lead = format!("{:width$}", line.lead);
        }
    }
}

fn body(items: &[Item], indent: usize, lines: &mut Vec<Line>) {
    for (index, item) in items.iter().enumerate() {
        match item {
            Item::Attribute(name, value) => expression(value, Some(name), ("", ""), indent, lines),
            Item::Block(header, inside) => {
                if index > 0 {
                    lines.push(Line::default());
                }
                if inside.is_empty() {
                    lines.push(Line { indent, lead: format!("{header} {{}}"), assign: None });
                    continue;
                }
                lines.push(Line { indent, lead: format!("{header} {{"), assign: None });
                body(inside, indent + 2, lines);
                lines.push(Line { indent, lead: "}".to_owned(), assign: None });
                if matches!(items.get(index + 1), Some(Item::Attribute(..))) {
                    lines.push(Line::default());
                }
            }
        }
    }
}

/// A value between what opens and closes it, on one line if it is short.
fn expression(
    value: &Expression,
    name: Option<&str>,
    (open, close): (&str, &str),
    indent: usize,
    lines: &mut Vec<Line>,
) {
    let mut whole = |text: &str| match name {
        Some(name) => lines.push(Line { indent, lead: name.to_owned(), assign: Some(format!("{open}{text}{close}")) }),
        None => lines.push(Line { indent, lead: format!("{open}{text}{close}"), assign: None }),
    };
    let lead = |bracket: &str| match name {
        Some(name) => format!("{name} = {open}{bracket}"),
        None => format!("{open}{bracket}"),
    };
    match value {
        Expression::Text(text) if close.is_empty() && open.is_empty() && is_block(text) => {
            whole("<<EOT");
            let text = in_template(text);
            lines.extend(text.lines().map(|line| Line { lead: line.to_owned(), ..Line::default() }));
            lines.push(Line { lead: "EOT".to_owned(), ..Line::default() });
        }
        Expression::Text(text) => whole(&quoted(text)),
        Expression::Raw(text) => whole(text),
        Expression::Json(value) => {
            expression(value, name, (&format!("{open}jsonencode("), &format!("){close}")), indent, lines);
        }
        Expression::List(all) => match all.as_slice() {
            [] => whole("[]"),
            [one] => expression(one, name, (&format!("{open}["), &format!("]{close}")), indent, lines),
            all => {
                lines.push(Line { indent, lead: lead("["), assign: None });
                for it in all {
                    expression(it, None, ("", ","), indent + 2, lines);
                }
                lines.push(Line { indent, lead: format!("]{close}"), assign: None });
            }
        },
        Expression::Object(entries) if entries.is_empty() => whole("{}"),
        Expression::Object(entries) => {
            lines.push(Line { indent, lead: lead("{"), assign: None });
            for (key, it) in entries {
                expression(it, Some(&self::key(key)), ("", ""), indent + 2, lines);
            }
            lines.push(Line { indent, lead: format!("}}{close}"), assign: None });
        }
    }
}

/// Whether it is better read as it is, on lines of its own.
fn is_block(text: &str) -> bool {
    let is_plain = text.chars().all(|c| c == '\n' || (' '..='~').contains(&c));
    is_plain && text.ends_with('\n') && text.lines().all(|line| line.trim() != "EOT" && line.trim_end() == line)
}

/// Words that mean something else at the beginning of an object.
const KEYWORDS: &[&str] = &["for", "if", "in", "null", "true", "false"];

fn key(name: &str) -> String {
    let is_name =
        name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric());
    if is_name && !KEYWORDS.contains(&name) { name.to_owned() } else { quoted(name) }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in in_template(text).chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.extend(format!("\\u{:04x}", u32::from(c)).chars()),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// In a template, these two begin something else.
fn in_template(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}
