//! The simple reader gives the tree of the parser, or none.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|it| it == "yaml" || it == "yml" || it == "txt") {
            found.push(path);
        }
    }
}

/// The documents of all YAML files of the project, and each file as a whole.
static DOCUMENTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    for dir in ["tests", "examples", "kustomize"] {
        files(&root.join(dir), &mut all);
    }
    let texts: Vec<_> = all.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    let parts = texts.iter().flat_map(|text| text.split_inclusive("\n---\n")).map(str::to_owned);
    parts.chain(texts.iter().filter(|text| text.len() < 20_000).cloned()).collect()
});

/// Whether it was read; where it was, the parser must give the same tree.
fn is_read(text: &str) -> bool {
    let Some(read) = read(text) else { return false };
    let parsed = Document::parse_any(text).unwrap_or_else(|error| panic!("{text:?} is not YAML: {error:?}"));
    assert_eq!(read.reading(), parsed.reading(), "{text:?}");
    true
}

#[test]
fn every_document_is_read_as_the_parser_reads_it() {
    let count = DOCUMENTS.iter().filter(|text| is_read(text)).count();
    // Most of what people and tools write is simple; the rest is there because it is not.
    assert!(count * 2 > DOCUMENTS.len(), "{count} of {}", DOCUMENTS.len());
}

#[test]
fn what_tools_print_is_simple() {
    for text in [
        "a:\n- b: c\n  d:\n  - e\n- f\n",
        "---\na: \"b\\n\\\"c\\\"\" # d\n'e''f': [g, \"h\", {i: j}]\n",
        "# a\n\nb:\n  # c\n  d:\ne: {}\nf: []\n",
        "a: |\n  b\n\n    c\t# d\nb: |-\n  c\nd: |+\n  e\n\n",
        // An empty line of as many spaces as the indentation, within and at the end.
        "a: |\n  b\n  \n  c\n  \nb: |-\n  c\n  \n # d\nc: |+\n  d\n  \n\n  \n",
        "- - a\n  - b: c\n-\n  d: e\n",
        "  a: b c:d #e\n  f: 'g: h'\n",
        "a: ä # ö\n",
    ] {
        assert!(is_read(text), "{text}");
    }
}

#[test]
fn what_may_mean_something_else_is_left_to_the_parser() {
    for text in [
        "a: b\n  c\n",
        "a: 'b\n  c'\n",
        "a: >\n  b\n",
        "a: &b c\n",
        "a: *b\n",
        "a: !!str b\n",
        "? a\n",
        "a:\tb\n",
        "a: b\r\n",
        "a: |2\n   b\n",
        "a: |\n  b",
        "a: |+\n  b\n  ",
        "a: |\n\n  b\n",
        "a: b: c\n",
        "a:\n  b: c\n d: e\n",
        "a: [b,\n c]\n",
        "a: {b, c: }\n",
        "a : b\n",
        "a: b\n---\nc: d\n",
        "%YAML 1.1\n---\na: b\n",
        "a: \"\\x41\"\n",
        "a: \u{85}\n",
        "a: \u{2028}\n",
        "\u{feff}a: b\n",
        "a\n",
        "",
        "# a\n",
        "- \n- a\n",
        "a:\n-\n  b\n",
        "a: @b\n",
        "a: b\n- c\n",
        "a: \"b\" c\n",
        "a: |\n  \u{7f}\n",
    ] {
        assert!(read(text).is_none(), "{text:?}");
    }
    let deep: String = (0..=MAX_DEPTH).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    assert!(read(&deep).is_none());
}

/// Pieces that mean something, mostly where they are not expected.
const PIECES: &[&str] = &[
    "a: b\n",
    "  ",
    "- ",
    "a:",
    "\n",
    "# c\n",
    " # c",
    "|\n",
    "|-\n",
    "|+\n",
    "  x\n",
    "  \n",
    "'",
    "\"",
    "\\",
    "''",
    "{a: b}",
    "[a, b]",
    "{}",
    "[]",
    ": ",
    "- - a\n",
    "x y",
    " ",
    "\t",
    "---\n",
    "...\n",
    "&a ",
    "*a",
    "!!str ",
    "? ",
    "é",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "~",
    "null",
    ">\n",
    "%",
    "@",
    "key",
    "-",
    "#",
    ":",
    ",",
    "{",
    "}",
    "[",
    "]",
    "\r\n",
    "\\n",
    "\\x41",
    "0",
    "<<",
    "\"a\": ",
    "'b': ",
    "  - c: d\n",
    "    e: f\n",
    "-\n",
    "a:\n",
    "\u{0}",
    "\u{7f}",
];

/// A text of pieces, or a document of the project with some changes.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(PIECES);
    let new = prop::collection::vec(piece.clone(), 1..14).prop_map(|pieces| pieces.concat());
    let short = DOCUMENTS.iter().filter(|text| text.len() < 3000).map(String::as_str).collect::<Vec<_>>();
    let change = (any::<prop::sample::Index>(), 0..20_usize, prop::option::of(piece));
    let changed = (prop::sample::select(short), prop::collection::vec(change, 1..4));
    let changed = changed.prop_map(|(text, changes)| {
        changes.into_iter().fold(text.to_owned(), |text, (at, length, piece)| {
            let chars: Vec<_> = text.chars().collect();
            let at = at.index(chars.len().max(1)).min(chars.len());
            let (before, after) = (chars.iter().take(at), chars.iter().skip(at + length));
            before.copied().chain(piece.unwrap_or_default().chars()).chain(after.copied()).collect()
        })
    });
    prop_oneof![new, changed]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_documents_are_read_as_the_parser_reads_them(text in texts()) {
        let _ = is_read(&text);
    }
}
