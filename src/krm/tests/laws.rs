//! What must hold for every input and every change.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_yaml::Value;

use super::corpus::{CONTENTS, Form, Look, finish, list, object, stream};
use super::oracle;
use crate::krm::{Changes, Edited, Item, ResourceList, Stream, json};

fn written(list: &ResourceList<'_>, changes: &Changes) -> String {
    let mut out = Vec::new();
    changes.write(list, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn stream_written(stream: &Stream<'_>, changes: &Changes) -> String {
    let mut out = Vec::new();
    changes.write_stream(stream, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn look() -> impl Strategy<Value = Look> {
    let form = prop_oneof![
        3 => Just(Form::Dashes(0)),
        1 => (1_usize..5).prop_map(Form::Dashes),
        1 => Just(Form::Brackets),
        1 => Just(Form::Json),
    ];
    let mostly_not = || prop::bool::weighted(0.2);
    (form, any::<bool>(), any::<bool>(), any::<Option<bool>>(), mostly_not(), mostly_not(), mostly_not()).prop_map(
        |(form, comments, config_first, results, marker, dos, cut)| Look {
            form,
            comments,
            config_first,
            results,
            marker,
            dos,
            cut,
        },
    )
}

fn objects(least: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(0..CONTENTS.len(), least..6).prop_map(|contents| {
        contents.into_iter().enumerate().map(|(number, content)| object(number, content)).collect()
    })
}

/// What happens to each item: nothing, another name, nothing left, or another object in its place.
fn fates() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0_u8..5, 6)
}

fn changes(items: &[Item<'_>], fates: &[u8], appended: &[usize]) -> Changes {
    let mut changes = Changes::default();
    for (number, (item, fate)) in items.iter().zip(fates).enumerate() {
        match fate {
            1 => {
                let text = item.text();
                let old = name(number);
                let parts = text.match_indices(&old).map(|(at, it)| (at..at + it.len(), name(number + 100)));
                drop(changes.replaced.insert(number, Edited::Parts(parts.collect())));
            }
            4 => {
                let whole = item.text().replace(&name(number), &name(number + 100));
                drop(changes.replaced.insert(number, Edited::Whole(whole)));
            }
            2 => drop(changes.removed.insert(number)),
            3 => drop(changes.rewritten.insert(number, object(number + 300, 0))),
            _ => {}
        }
    }
    changes.appended = appended.iter().enumerate().map(|(number, content)| object(number + 200, *content)).collect();
    changes
}

fn name(number: usize) -> String {
    format!("old{number}x")
}

/// The objects that must be there afterwards, in any order.
fn expected(before: &[Value], fates: &[u8], appended: &[String]) -> Vec<Value> {
    let mut after = Vec::new();
    for (number, (value, fate)) in before.iter().zip(fates).enumerate() {
        let mut value = value.clone();
        if matches!(fate, 1 | 4) {
            value["metadata"]["name"] = name(number + 100).into();
        }
        if *fate == 3 {
            value = oracle::serde(&object(number + 300, 0)).unwrap();
        }
        if *fate != 2 {
            after.push(value);
        }
    }
    after.extend(appended.iter().map(|object| oracle::serde(object).unwrap()));
    sorted(after)
}

fn sorted(mut values: Vec<Value>) -> Vec<Value> {
    values.sort_by_key(|value| value["metadata"]["name"].as_str().map(str::to_owned));
    values
}

fn items(list: &Value) -> Vec<Value> {
    list["items"].as_sequence().cloned().unwrap_or_default()
}

/// Every item's text is in the output as it was, unless it was to change. What parts it from another is not its own.
fn kept(items: &[Item<'_>], fates: &[u8], out: &str) {
    for (item, fate) in items.iter().zip(fates) {
        let own = item.text().trim_start_matches("---").trim_start_matches(['\r', '\n']);
        assert!(*fate != 0 || out.contains(own), "changed without reason:\n{}\nin\n{out}", item.text());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_list_reads_back_as_intended(
        objects in objects(0),
        look in look(),
        fates in fates(),
        appended in prop::collection::vec(0..CONTENTS.len(), 0..3),
        results in any::<Option<bool>>(),
    ) {
        let text = list(&objects, &look);
        let before = oracle::serde(&text).expect(&text);
        let read = ResourceList::read(&text).unwrap();
        prop_assert_eq!(read.items.len(), objects.len());
        let mut changes = changes(&read.items, &fates, &appended);
        changes.results = results.map(|some| if some { "- message: after\n".into() } else { "[]".into() });
        let out = written(&read, &changes);
        let after = oracle::serde(&out).unwrap_or_else(|| panic!("{text}\nbecame\n{out}"));
        let expected = expected(&items(&before), &fates, &changes.appended);
        prop_assert_eq!(sorted(items(&after)), expected, "{}\nbecame\n{}", text, out);
        prop_assert_eq!(&before["functionConfig"], &after["functionConfig"]);
        match results {
            None => prop_assert_eq!(&before["results"], &after["results"]),
            Some(some) => prop_assert_eq!(items_of(&after["results"]), usize::from(some)),
        }
        kept(&read.items, &fates, &out);
        prop_assert!(after["items"].is_sequence(), "no items in\n{}", out);
        // The output is read again in the same way.
        let again = ResourceList::read(&out).unwrap();
        prop_assert_eq!(written(&again, &Changes::default()), out);
    }

    #[test]
    fn a_changed_stream_reads_back_as_intended(
        objects in objects(1),
        look in look(),
        fates in fates(),
        appended in prop::collection::vec(0..CONTENTS.len(), 0..3),
    ) {
        let text = stream(&objects, &look);
        let before = all(&text).expect(&text);
        let read = Stream::read(&text).unwrap();
        prop_assert_eq!(read.items.len(), objects.len(), "{}", text);
        let changes = changes(&read.items, &fates, &appended);
        let out = stream_written(&read, &changes);
        let after = all(&out).unwrap_or_else(|| panic!("{text}\nbecame\n{out}"));
        prop_assert_eq!(sorted(after), expected(&before, &fates, &changes.appended), "{}\nbecame\n{}", text, out);
        kept(&read.items, &fates, &out);
    }

    #[test]
    fn a_list_in_a_stream_is_its_items(objects in objects(0), look in look(), fates in fates(), alone in any::<bool>()) {
        let mut text = list(&objects, &look).replace("config.kubernetes.io/v1", "v1").replace("ResourceList", "List");
        if !alone && !look.dos {
            text = format!("{}---\n{}\n---\n{}", object(50, 0), text.trim_start_matches("---\n"), object(51, 0));
        }
        let before = all(&text).expect(&text);
        let read = Stream::read(&text).unwrap();
        prop_assert_eq!(read.items.len(), objects.len() + if before.len() == 1 { 0 } else { 2 });
        prop_assert_eq!(stream_written(&read, &Changes::default()), text.as_str());
        let mut changes = changes(&[], &[], &[1]);
        let first = usize::from(before.len() > 1);
        let removed = fates.iter().take(objects.len()).enumerate().filter(|(_, fate)| **fate == 2);
        changes.removed.extend(removed.map(|(number, _)| first + number));
        let out = stream_written(&read, &changes);
        let after = all(&out).unwrap_or_else(|| panic!("{text}\nbecame\n{out}"));
        let count: usize = after.iter().map(|document| document.get("items").map_or(1, items_of)).sum();
        prop_assert_eq!(count, read.items.len() - changes.removed.len() + 1, "{}\nbecame\n{}", text, out);
    }

    /// However the text begins and ends.
    #[test]
    fn what_was_added_to_a_stream_goes_without_a_trace(
        objects in objects(1),
        look in look(),
        head in prop::sample::select(HEADS),
        tail in prop::sample::select(TAILS),
        appended in prop::collection::vec(0..CONTENTS.len(), 1..4),
    ) {
        let text = framed(&stream(&objects, &look), head, tail, look.dos);
        let read = Stream::read(&text).unwrap();
        prop_assert_eq!(read.items.len(), objects.len(), "{}", text);
        let out = stream_written(&read, &changes(&[], &[], &appended));
        let after = Stream::read(&out).unwrap();
        prop_assert_eq!(after.items.len(), objects.len() + appended.len(), "{}\nbecame\n{}", text, out);
        prop_assert_eq!(stream_written(&after, &without_new(&after.items)), text.as_str(), "by way of\n{}", out);
        prop_assert!(!look.dos || !out.replace("\r\n", "").contains('\n'), "two kinds of line ends: {:?}", out);
        if !head.starts_with('\u{feff}') {
            let before = all(&text).map(|all| all.len());
            prop_assert_eq!(all(&out).map(|all| all.len() - appended.len()), before, "{}\nbecame\n{}", text, out);
        }
    }

    /// Whatever stands between documents: as long as each of them can be read, so can what comes of it.
    #[test]
    fn what_was_added_among_any_pieces_can_be_read_and_goes(
        parts in prop::collection::vec((pieces(), 0..CONTENTS.len()), 1..3),
        tail in pieces(),
        cut in any::<bool>(),
        dos in prop::bool::weighted(0.2),
        appended in prop::collection::vec(0..CONTENTS.len(), 1..3),
    ) {
        let objects = parts.iter().enumerate().map(|(number, (pieces, content))| pieces.concat() + &object(number, *content));
        let mut text = objects.collect::<String>() + &tail.concat();
        finish(&mut text, cut, dos);
        let Ok(read) = Stream::read(&text) else { return Ok(()) };
        if read.items.iter().any(|item| item.parse().is_err()) {
            return Ok(());
        }
        let out = stream_written(&read, &changes(&[], &[], &appended));
        let after = Stream::read(&out).unwrap();
        prop_assert_eq!(after.items.len(), read.items.len() + appended.len(), "{:?}\nbecame\n{:?}", text, out);
        for item in &after.items {
            prop_assert!(item.parse().is_ok(), "{:?}\nbecame\n{:?}", text, out);
        }
        prop_assert_eq!(stream_written(&after, &without_new(&after.items)), text.as_str(), "by way of\n{:?}", out);
    }

    #[test]
    fn what_was_added_to_a_list_goes_without_a_trace(
        objects in objects(0),
        look in look(),
        space in 0_usize..3,
        tail in prop::sample::select(&["", "", "...\n", "...", "...\n# more\n", "# tail\n"][..]),
        appended in prop::collection::vec(0..CONTENTS.len(), 1..4),
    ) {
        let text = list(&objects, &look).replace("items: []", &format!("items:{}[]", " ".repeat(space + 1)));
        let text = framed(&text, "", tail, look.dos);
        let read = ResourceList::read(&text).unwrap();
        let out = written(&read, &changes(&[], &[], &appended));
        let after = ResourceList::read(&out).unwrap();
        prop_assert_eq!(after.items.len(), objects.len() + appended.len(), "{}\nbecame\n{}", text, out);
        prop_assert_eq!(written(&after, &without_new(&after.items)), text.as_str(), "by way of\n{}", out);
        prop_assert!(!look.dos || !out.replace("\r\n", "").contains('\n'), "two kinds of line ends: {:?}", out);
    }

    /// Objects in a row stay JSON.
    #[test]
    fn what_was_added_to_a_row_goes_without_a_trace(
        objects in objects(1),
        gap in prop::sample::select(&["", "\n", "\n\n", " ", "\r\n", "\t"][..]),
        fates in fates(),
        tail in prop::sample::select(&["", "\n", " \n\n"][..]),
        appended in prop::collection::vec(0..CONTENTS.len(), 0..3),
    ) {
        let json: Vec<_> = objects.iter().map(|object| json::from_block(object).unwrap()).collect();
        let text = format!("{gap}{}{tail}", json.join(gap));
        let read = Stream::read(&text).unwrap();
        prop_assert_eq!(read.items.len(), objects.len());
        let out = stream_written(&read, &changes(&[], &[], &appended));
        let after = Stream::read(&out).unwrap();
        prop_assert_eq!(stream_written(&after, &without_new(&after.items)), text.as_str(), "by way of\n{}", out);
        let changes = changes(&read.items, &fates, &appended);
        let out = stream_written(&read, &changes);
        let values = |text: &str| serde_json::Deserializer::from_str(text).into_iter::<Value>().collect::<Result<Vec<_>, _>>();
        let expected = expected(&values(&text).unwrap(), &fates, &changes.appended);
        prop_assert_eq!(sorted(values(&out).unwrap()), expected, "{}\nbecame\n{}", text, out);
    }

    #[test]
    fn arbitrary_text_is_no_reason_to_panic(
        text in "([ \\n\\-:?#&*!|>'\"%@`{}\\[\\],a~\\t\\r\u{85}\u{2028}é]|\\n- |---|\\.\\.\\.|items:|kind: |List){0,40}",
        list in any::<bool>(),
    ) {
        let text = if list { format!("{}items:\n- {text}", super::HEAD) } else { text };
        super::differential::check(&text);
        if let Ok(list) = ResourceList::read(&text) {
            prop_assert_eq!(written(&list, &Changes::default()), text.as_str());
            list.items.iter().for_each(|item| drop(item.parse()));
            let removed: BTreeSet<usize> = (0..list.items.len()).collect();
            let appended = vec![object(1, 1)];
            written(&list, &Changes { removed, appended, results: Some("[]".into()), ..Changes::default() });
        }
        if let Ok(stream) = Stream::read(&text) {
            prop_assert_eq!(stream_written(&stream, &Changes::default()), text.as_str());
            let removed: BTreeSet<usize> = (0..stream.items.len()).step_by(2).collect();
            let appended = vec![object(1, 1)];
            stream_written(&stream, &Changes { removed, appended, ..Changes::default() });
        }
    }
}

/// Lines, and a byte order mark, that may stand between documents.
fn pieces() -> impl Strategy<Value = Vec<&'static str>> {
    let piece = prop_oneof![
        4 => prop::sample::select(&["---\n", "...\n", "--- # c\n", "... # c\n"][..]),
        2 => prop::sample::select(&["# c\n", " # c\n", "\n", " \n", "\t\n"][..]),
        2 => prop::sample::select(&["%YAML 1.2\n---\n", "%TAG ! !x\n---\n", "%YAML 1.2\n", "\u{feff}"][..]),
    ];
    prop::collection::vec(piece, 0..5)
}

/// What may stand before the first document. One with directives, or that nothing precedes, has no marker of its own.
const HEADS: &[&str] = &[
    "",
    "",
    "---\n",
    "# head\n",
    "\u{feff}",
    "%YAML 1.2\n---\n",
    "\n\n",
    "# a\n---\n# b\n---\n",
    "...\n",
    "--- # head\n",
];

/// What may stand behind the last one.
const TAILS: &[&str] = &[
    "",
    "",
    "---\n",
    "---",
    "...\n",
    "...",
    "# tail\n",
    "# tail",
    "\n\n",
    "  ",
    "...\n%YAML 1.2\n---\n",
    "...\n# more\n",
    "---\n---",
];

fn framed(text: &str, head: &str, tail: &str, dos: bool) -> String {
    let end = |text: &str| if dos { text.replace('\n', "\r\n") } else { text.to_owned() };
    let gap = if tail.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let text = if head.contains("---") {
        text.trim_start_matches("# head").trim_start().trim_start_matches("---\n")
    } else {
        text
    };
    format!("{}{text}{}{}", end(head), end(gap), end(tail))
}

/// Takes out what [`changes`] adds.
fn without_new(items: &[Item<'_>]) -> Changes {
    let is_new =
        |item: &Item<'_>| item.ident().is_some_and(|ident| ident.name.starts_with("old2") && ident.name.len() > 5);
    let removed = items.iter().enumerate().filter(|(_, item)| is_new(item)).map(|(number, _)| number).collect();
    Changes { removed, ..Changes::default() }
}

fn items_of(sequence: &Value) -> usize {
    sequence.as_sequence().map_or(0, Vec::len)
}

/// All documents that hold anything, read by `yaml_serde`.
fn all(text: &str) -> Option<Vec<Value>> {
    use serde::Deserialize as _;
    let documents = serde_yaml::Deserializer::from_str(text).map(Value::deserialize);
    let documents: Option<Vec<Value>> = documents.map(Result::ok).collect();
    Some(documents?.into_iter().filter(|document| !document.is_null()).collect())
}
