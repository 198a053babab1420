//! Mutated lists and soups of tokens: whatever the scanner accepts, the parsers must see the same way.

#![expect(clippy::format_push_string, reason = "a test may allocate, and reads better so")]

use super::super::{events, scan::scan, stream::identify};
use super::{FROM_KPT, FROM_KUSTOMIZE, HEAD, MANIFESTS, oracle};
use crate::krm::Ident;
use crate::krm::layout::{Layout, Shape};
use crate::yaml::Document;

/// What the readers made of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// The scanner knows, and the parsers agree.
    Fast,
    /// The scanner leaves it to the parser.
    Slow,
    /// The scanner accepts what the parsers refuse: passed on as it came.
    Invalid,
    /// Nobody accepts it.
    Refused,
}

/// The contract of the scanner: what it accepts, it sees as every reader does that accepts the text.
pub(super) fn check(text: &str) -> Verdict {
    let (fast, slow) = (scan(text), events::read(text));
    match (&fast, &slow) {
        (Ok(fast), Ok(slow)) => same(text, fast, slow),
        (Ok(_), Err(_)) => {}
        (Err(_), Ok(slow)) => read_alone(text, slow),
        (Err(_), Err(_)) => return Verdict::Refused,
    }
    if let Ok(fast) = &fast {
        read_alone(text, fast);
    }
    match (fast, slow) {
        (Ok(_), Ok(_)) => Verdict::Fast,
        (Ok(_), Err(_)) => Verdict::Invalid,
        _ => Verdict::Slow,
    }
}

fn same(text: &str, fast: &Layout<'_>, slow: &Layout<'_>) {
    let mut slow = slow.clone();
    for (fast, slow) in fast.entries.iter().zip(&mut slow.entries) {
        // The scanner may report no ident, but never a wrong one.
        if fast.ident.is_none() {
            slow.ident = None;
        }
        assert!(fast.tied || !slow.tied, "the scanner misses an anchor, alias or tag in\n{text}");
        slow.tied = fast.tied;
    }
    assert_eq!(*fast, slow, "in\n{text}");
}

/// Every item, cut out and read by itself, is what it was in the list.
fn read_alone(text: &str, layout: &Layout<'_>) {
    let Some(list) = oracle::saphyr(text) else { return };
    let items = list.get("items").and_then(oracle::Node::items).unwrap_or_default();
    assert_eq!(items.len(), layout.entries.len(), "other items in\n{text}");
    let dash = matches!(layout.shape, Shape::Dashes { .. });
    for (number, (entry, item)) in layout.entries.iter().zip(items).enumerate() {
        // Not every parser can read a tag that needs a directive, or a pair in brackets, on its own.
        let part = text.get(entry.range.clone()).unwrap();
        if dash || part.starts_with('{') {
            assert!(entry.tied || oracle::means(part, dash, item), "item {number} is\n{part}\nin\n{text}");
        }
        if let Some(ident) = &entry.ident {
            let metadata =
                |key| item.get("metadata").and_then(|metadata| metadata.get(key)).and_then(|name| name.text());
            let top = |key| item.get(key).and_then(|word| word.text());
            if !entry.tied {
                assert_eq!(Some(ident.kind.as_ref()), top("kind"), "in\n{text}");
                assert_eq!(Some(ident.api_version.as_ref()), top("apiVersion"), "in\n{text}");
                assert_eq!(Some(ident.name.as_ref()), metadata("name"), "in\n{text}");
                assert_eq!(ident.namespace.as_deref(), metadata("namespace"), "in\n{text}");
            }
        }
    }
}

#[rustfmt::skip]
const TOKENS: &[&str] = &[
    "- ", "-", "\n", "\n- ", "\n  ", "\n    ", "\n      ", "  ", " ", "\"", "'", "{", "}", "[", "]", ": ", ":",
    "|", ">", "|-", "|2\n", ">+\n", " #", "# ", "#", "&a ", "*a", "!t ", "!!str ", "? ", "a", "kind: X",
    "\nitems:\n", "\nfunctionConfig:\n", "\nresults:\n", ",", "\\", "\t", "%", "---\n", "...\n", "\n---\n", "é",
    "<<: ", "\n# c\n", "\n\n", "x: |\n", "\"\n- a: 1\n\"", "'\n- a: 1\n'", "[\n- a\n]", "@", "`", "~", "null",
    "\u{85}", "\u{2028}- a: 1\n", "\u{2029}", "# \u{85}- x: \"", "\r", "\r\n", "\u{feff}",
    "  metadata:\n    name: n\n", "  kind: K\n", "  apiVersion: v1\n",
    "\n  and more", "\n\n   and more", "\n\tand more", "\n  # c\n  and more", " >-\n  ", " |\n  ", "\n  \"x\"", "%YAML 1.2\n",
    " 'x\n    y'\n", " \"x\n    - y: z\"\n", " [a,\n    {b: c}\n    ]\n", "\n    'x", " 'it''s\n", "\\\n    x\"\n",
    "%TAG ! tag:x,2000:\n", "...", "{\"kind\": \"J\"}", "{kind: F}\n",
];

/// What may stand at the words that name an object.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    " K", " K\n  and more", " K\n\n  and more", " K # c\n  and more", "\n  K", "\n  K\n  L", " >-\n  K\n  L", " |\n  K", " 'K'", " \"K\"",
    " \"K\n  L\"", " 'K\n  L'", " \"\\u004b\"", " &a K", " *a", " !!str K", " !x K", "", " ~", " null", " # c", "\n# c\n  K", " K:L", " {a: b}",
    " [K]", " - K", " K\n...", " K\n---", "\tK", " K\t", " K\n# c\n  L", " K\n\tL", " ? K", " ''", " 'it''s'", " K\n    l: m",
];

/// What may stand before and between the keys.
#[rustfmt::skip]
const GAPS: &[&str] = &[
    "", "", "", "", "# c\n", "\n", "---\n", "...\n", "%YAML 1.2\n---\n", "%TAG ! tag:x,2000:\n---\n", "\u{feff}", "  # c\n", "--- # c\n",
    "<<: {kind: M}\n", "? kind\n: Q\n", "\"kind\": Q\n", "x: |\n  kind: B\n", "x: >\n\n  kind: B\n\n", "x:\n- kind: I\n", "x: word\n  kind: C\n",
];

/// xorshift: the same cases in every run.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn token(&mut self) -> &'static str {
        TOKENS[self.below(TOKENS.len())]
    }

    fn place(&mut self, text: &str, from: usize, reach: usize) -> usize {
        text.floor_char_boundary((from + self.below(reach)).min(text.len()))
    }
}

fn soup(random: &mut Random) -> String {
    let tokens: String = (0..random.below(30)).map(|_| random.token()).collect();
    format!("{HEAD}items:\n- {tokens}\n")
}

/// An object whose words are written in all sorts of ways, one or two of them at a time.
fn object(random: &mut Random) -> String {
    let mut text = String::new();
    for key in ["apiVersion:", "kind:", "metadata:", "  name:", "  namespace:", "kind:"] {
        let is_second = key == "kind:" && text.contains("metadata:");
        if random.below(10) == 0 || is_second && random.below(8) > 0 {
            continue;
        }
        let gap = if random.below(6) == 0 { GAPS[random.below(GAPS.len())] } else { "" };
        let word = match random.below(4) {
            0 => WORDS[random.below(WORDS.len())],
            _ if key == "metadata:" => "",
            _ => " K",
        };
        text += &format!("{gap}{key}{word}\n");
    }
    text
}

/// A list whose own words go on, or not.
fn list(random: &mut Random) -> String {
    let more = |random: &mut Random| if random.below(2) > 0 { "" } else { random.token() };
    let (a, b, c, d) = (more(random), more(random), more(random), more(random));
    format!("{d}apiVersion: config.kubernetes.io/v1{a}\nkind: ResourceList{b}\nitems:\n- a: b{c}\n")
}

fn mutation(random: &mut Random, base: &str) -> String {
    let mut text = base.to_owned();
    for _ in 0..=random.below(4) {
        let from = random.place(&text, 0, base.len());
        match random.below(3) {
            0 => text.insert_str(from, random.token()),
            1 => {
                let to = random.place(&text, from, 12).max(from);
                text.replace_range(from..to, "");
            }
            _ => {
                let to = random.place(&text, from, 4).max(from);
                let token = random.token();
                text.replace_range(from..to, token);
            }
        }
    }
    if random.below(8) > 0 && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// A number from the environment, for longer runs than the one in every build.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[test]
fn the_scanner_never_disagrees_with_a_parser() {
    let mut random = Random(setting("IAMRA_FUZZ_SEED", 88_172_645_463_325_252));
    let mut verdicts = std::collections::BTreeMap::new();
    for case in 0..setting("IAMRA_FUZZ_CASES", 15_000) {
        let text = match case % 4 {
            0 => soup(&mut random),
            3 => list(&mut random),
            1 => mutation(&mut random, FROM_KPT),
            _ => mutation(&mut random, FROM_KUSTOMIZE),
        };
        *verdicts.entry(check(&text)).or_insert(0) += 1;
    }
    println!("{verdicts:?}");
    assert!(verdicts[&Verdict::Fast] > verdicts.values().sum::<usize>() / 20, "too little is accepted: {verdicts:?}");
}

/// What the scanner says of a document is what the parser says.
#[test]
fn the_words_of_a_document_are_those_that_a_parser_reads() {
    let mut random = Random(setting("IAMRA_FUZZ_SEED", 88_172_645_463_325_252));
    let (mut told, mut agreed) = (0, 0);
    for case in 0..setting("IAMRA_FUZZ_CASES", 15_000) {
        let text = if case % 4 == 0 { mutation(&mut random, MANIFESTS) } else { object(&mut random) };
        let Ok((Some(fast), _)) = identify(&text) else { continue };
        told += 1;
        // Text that is not YAML passes through unchanged; only what is changed is parsed.
        let Ok(parsed) = Document::parse(&text) else { continue };
        assert_eq!(Some(&fast), Ident::of(parsed.root()).as_ref(), "in\n{text}");
        agreed += 1;
    }
    println!("{told} told, {agreed} agreed");
    assert!(agreed > 500, "too little is told: {told}, {agreed}");
}

#[test]
fn captured_lists_are_read_fast() {
    assert_eq!(check(FROM_KUSTOMIZE), Verdict::Fast);
    assert_eq!(check(FROM_KPT), Verdict::Fast);
}
