//! The targets: what is done with an input, and which laws it must keep.

mod certificates;
mod declaration;
mod drafts;
mod edit;
mod function;
mod inject;
mod krm;
mod lock;
mod parameters;
mod simple;
mod trust;
mod words;

use std::sync::OnceLock;

type Target = fn(&[u8]);

/// Name and function of each; `fuzz/run` reads the names from here.
const TARGETS: &[(&str, Target)] = &[
    ("simple", |data| text(data, simple::run)),
    ("edit", |data| numbered(data, edit::run)),
    ("list", |data| text(data, krm::list)),
    ("stream", |data| text(data, krm::stream)),
    ("function", |data| text(data, function::run)),
    ("inject", |data| numbered(data, inject::run)),
    ("declaration", |data| text(data, declaration::run)),
    ("lock", |data| text(data, lock::lock)),
    ("values", |data| text(data, lock::values)),
    ("drafts", |data| numbered(data, drafts::run)),
    ("certificates", |data| text(data, certificates::run)),
    ("trust", |data| numbered(data, trust::run)),
    ("parameters", |data| text(data, parameters::run)),
    ("words", |data| text(data, words::run)),
];

/// The target of this process.
pub fn chosen() -> Target {
    static CHOSEN: OnceLock<Target> = OnceLock::new();
    *CHOSEN.get_or_init(|| {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        let found = TARGETS.iter().find(|(known, _)| *known == name);
        found.unwrap_or_else(|| panic!("FUZZ_TARGET is not the name of a target: {name:?}")).1
    })
}

fn text(data: &[u8], run: fn(&str)) {
    if let Ok(text) = std::str::from_utf8(data) {
        run(text);
    }
}

/// The first line is four characters, each of which decides something; the rest is a text.
fn numbered(data: &[u8], run: fn([usize; 4], &str)) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Some((&[a, b, c, d], rest)) =
            text.split_at_checked(4).and_then(|(head, rest)| Some((head.as_bytes().first_chunk::<4>()?, rest)))
    {
        let number = |byte: u8| usize::from(byte.wrapping_sub(b'0'));
        run([a, b, c, d].map(number), rest);
    }
}
