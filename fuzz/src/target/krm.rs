//! Lists and streams of objects: what passes through is the same bytes, and what was added goes without a trace.

use std::collections::BTreeSet;

use iamra::krm::{Changes, Item, ResourceList, Stream, fuzzing};

use crate::oracle;

/// An object that no input has.
const NEW: &str = "apiVersion: v1\nkind: Thing\nmetadata:\n  name: added-by-the-fuzzer\nv: |\n  - a: \"\n\n  b\n";
const NAME: &str = "added-by-the-fuzzer";

pub fn list(text: &str) {
    if let Some(Err(how)) = fuzzing::readers_agree(text) {
        panic!("two readers differ: {text:?}\n{how}");
    }
    let Ok(list) = ResourceList::read(text) else { return };
    let write = |list: &ResourceList<'_>, changes: &Changes| {
        let mut out = Vec::new();
        changes.write(list, &mut out).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        String::from_utf8(out).expect("text stays text")
    };
    assert_eq!(write(&list, &Changes::default()), text);
    check_items(&list.items, text);
    // Without what stands before it, an item that cannot be read may be in doubt.
    if list.items.iter().any(|item| item.parse().is_err()) {
        return;
    }
    let added = Changes { appended: vec![NEW.to_owned(), NEW.to_owned()], ..Changes::default() };
    let out = write(&list, &added);
    check_added(text, &out, "items");
    let after = ResourceList::read(&out).unwrap_or_else(|error| panic!("{text:?}\nbecame\n{out:?}: {error}"));
    assert_eq!(after.items.len(), list.items.len() + 2, "{text:?}\nbecame\n{out:?}");
    // A list without `items` has one afterwards.
    let back = write(&after, &without_new(&after.items, list.items.len()));
    assert!(back == text || list.items.is_empty(), "{text:?}\nby way of\n{out:?}\nbecame\n{back:?}");
    let results = Changes { results: Some("- message: x\n".to_owned()), ..Changes::default() };
    let out = write(&list, &results);
    let after = ResourceList::read(&out).unwrap_or_else(|error| panic!("{text:?}\nbecame\n{out:?}: {error}"));
    let texts = |items: &[Item<'_>]| {
        items.iter().map(|item| item.text().trim_end_matches(['\r', '\n']).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(texts(&after.items), texts(&list.items), "{text:?}\nbecame\n{out:?}");
    assert!(after.results.is_some(), "{text:?}\nbecame\n{out:?}");
    let removed: BTreeSet<_> = (0..list.items.len()).step_by(2).collect();
    let left = list.items.len() - removed.len();
    let out = write(&list, &Changes { removed, ..Changes::default() });
    let after = ResourceList::read(&out).unwrap_or_else(|error| panic!("{text:?}\nbecame\n{out:?}: {error}"));
    assert_eq!(after.items.len(), left, "{text:?}\nbecame\n{out:?}");
}

pub fn stream(text: &str) {
    let Ok(stream) = Stream::read(text) else { return };
    let write = |stream: &Stream<'_>, changes: &Changes| {
        let mut out = Vec::new();
        changes.write_stream(stream, &mut out).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        String::from_utf8(out).expect("text stays text")
    };
    assert_eq!(write(&stream, &Changes::default()), text);
    check_items(&stream.items, text);
    // What cannot be read is passed on, and nothing is said of what stands beside it.
    if stream.items.iter().any(|item| item.parse().is_err()) {
        return;
    }
    let added = Changes { appended: vec![NEW.to_owned(), NEW.to_owned()], ..Changes::default() };
    let out = write(&stream, &added);
    let after = Stream::read(&out).unwrap_or_else(|error| panic!("{text:?}\nbecame\n{out:?}: {error}"));
    assert_eq!(after.items.len(), stream.items.len() + 2, "{text:?}\nbecame\n{out:?}");
    for item in &after.items {
        assert!(item.parse().is_ok(), "{text:?}\nbecame\n{out:?}");
    }
    let back = write(&after, &without_new(&after.items, stream.items.len()));
    assert!(back == text || stream.items.is_empty(), "{text:?}\nby way of\n{out:?}\nbecame\n{back:?}");
    check_added(text, &out, "");
}

/// Each item by itself means what it means in the list.
fn check_items(items: &[Item<'_>], text: &str) {
    for item in items {
        let Ok(object) = item.parse() else { continue };
        let Some(ident) = item.ident().filter(|_| !item.is_tied()) else { continue };
        let root = object.root();
        if let Some(found) = object.ident() {
            assert_eq!((&found.kind, &found.name), (&ident.kind, &ident.name), "{text:?}");
        } else {
            assert!(root.get("kind").is_none(), "{ident:?} is not in {text:?}");
        }
    }
}

fn without_new(items: &[Item<'_>], before: usize) -> Changes {
    let is_new = |item: &Item<'_>| item.text().contains(NAME);
    let removed: BTreeSet<_> = (0..items.len()).filter(|number| is_new(&items[*number])).collect();
    assert!(removed.len() >= items.len() - before);
    Changes { removed, ..Changes::default() }
}

/// An independent reader finds all that was there, and two more.
fn check_added(before: &str, after: &str, key: &str) {
    // That reader knows no JSON objects in a row.
    if before.contains(NAME)
        || before.contains(['%', '\u{feff}'])
        || key.is_empty() && before.trim_start().starts_with('{')
    {
        return;
    }
    let Some(was) = oracle::documents(before) else { return };
    let is =
        oracle::documents(after).unwrap_or_else(|| panic!("cannot be read any more: {before:?}\nbecame\n{after:?}"));
    let new = |value: &serde_yaml::Value| value["metadata"]["name"] == NAME;
    let items = |all: &[serde_yaml::Value]| -> Vec<serde_yaml::Value> {
        let of = |document: &serde_yaml::Value| document.get("items").and_then(|items| items.as_sequence()).cloned();
        match key {
            "" => all.iter().flat_map(|one| of(one).unwrap_or_else(|| vec![one.clone()])).collect(),
            _ => all.iter().flat_map(|one| of(one).unwrap_or_default()).collect(),
        }
    };
    let (was, is) = (items(&was), items(&is));
    let kept: Vec<_> = is.iter().filter(|value| !new(value)).cloned().collect();
    let same = kept.len() == was.len() && kept.iter().zip(&was).all(|(one, other)| oracle::only_added(other, one));
    assert!(same && is.len() == was.len() + 2, "{before:?}\nbecame\n{after:?}");
}
