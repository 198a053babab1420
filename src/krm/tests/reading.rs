//! What is read, and what people are told when it cannot be.

use super::corpus::kustomize_list;
use super::{FROM_KPT, FROM_KUSTOMIZE, HEAD, MANIFESTS, differential};
use crate::krm::scan::scan;
use crate::krm::{Changes, Item, ReadError, ResourceList, Stream, is_generator_call};

fn refusal(text: &str) -> ReadError {
    ResourceList::read(text).expect_err(text)
}

#[test]
fn people_are_told_what_is_wrong_and_where() {
    let cases = [
        ("", "the input is empty"),
        ("# only a comment\n---\n", "the input is empty"),
        (
            "kind: Deployment\napiVersion: apps/v1\n",
            "expected a ResourceList, found kind `Deployment` of apiVersion `apps/v1`",
        ),
        ("kind: ResourceList\n", "expected a ResourceList, found kind `ResourceList` without apiVersion"),
        ("a: 1\n", "expected a ResourceList, found a mapping without kind"),
        ("- a\n", "expected a ResourceList, found a sequence"),
        ("hello\n", "expected a ResourceList, found a scalar"),
    ];
    for (text, expected) in cases {
        assert_eq!(refusal(text).to_string(), expected);
    }
    let list = |rest: &str| format!("{HEAD}{rest}");
    let cases = [
        ("items: {}\n", "`items` of the list must be a sequence, found a mapping: line 3, column 8"),
        ("items: x\n", "`items` of the list must be a sequence, found a scalar: line 3, column 8"),
        ("items: []\nitems: []\n", "the list has `items` twice: line 4, column 1"),
        ("results: []\nresults: []\nitems: []\n", "the list has `results` twice: line 4, column 1"),
        (
            "items:\n- a: x\u{2028}y\n",
            "a raw LINE SEPARATOR (U+2028) character, which some YAML parsers treat as a line break: line 4, \
             column 7",
        ),
        ("? items\n: - a\n", "cannot tell where the items of the list begin: line 3, column 3"),
        ("items: []\n: a: b\n", "cannot tell where the items of the list begin: line 3, column 1"),
        ("items:\n- a: 1\n: a: b\n", "cannot tell where the items of the list begin: line 3, column 1"),
    ];
    for (rest, expected) in cases {
        assert_eq!(refusal(&list(rest)).to_string(), expected);
    }
    let continued = refusal(&list("items: []\n  a: 1\n"));
    assert!(continued.to_string().starts_with("the input is not YAML, or is truncated: "), "{continued}");
    assert_eq!(continued.position().map(|at| at.line), Some(4), "{continued}");
    let cut = refusal(&list("items:\n- apiVersion: v1\n  ki"));
    assert!(cut.to_string().starts_with("the input is not YAML, or is truncated: "), "{cut}");
    assert_eq!(cut.position().map(|at| at.line), Some(5), "{cut}");
    assert!(matches!(refusal(&list("items: [")), ReadError::Syntax { .. }));
    let bytes = ResourceList::from_utf8(b"a: \xff\n").unwrap_err();
    assert_eq!(bytes.to_string(), "the input is not UTF-8 text: line 1, column 4");
}

#[test]
fn breaks_that_only_some_readers_know_are_harmless_in_quotes() {
    let text = format!("{HEAD}items:\n- a: \"x\u{2028}y\"\n- b: 1\n");
    assert_eq!(ResourceList::read(&text).unwrap().items.len(), 2);
}

#[test]
fn captured_lists_have_their_items() {
    let list = ResourceList::read(FROM_KUSTOMIZE).unwrap();
    let idents: Vec<String> = list
        .items
        .iter()
        .map(|item| item.ident().map_or("?".into(), |id| format!("{} {}", id.kind, id.name)))
        .collect();
    assert_eq!(idents, ["Deployment web", "ConfigMap cm", "Service svc", "ConfigMap gen"]);
    let config = list.function_config.as_ref().unwrap();
    assert!(config.text().starts_with("functionConfig:\n"));
    assert_eq!(config.parse().unwrap().root().get("kind").unwrap().text(), Some("IamRa"));

    let list = ResourceList::read(FROM_KPT).unwrap();
    let kinds: Vec<bool> = list.items.iter().map(|item| item.may_be_kind("Deployment")).collect();
    // The item in JSON and the one with its metadata in braces are not Deployments either.
    assert_eq!(kinds, [false, false, false, false, true, false, false, false]);
    for item in &list.items {
        let object = item.parse().unwrap();
        assert!(object.root().get("kind").is_some(), "{}", item.text());
    }
    assert!(list.items[1].is_tied());
    assert!(!list.items[5].is_tied());
}

#[test]
fn an_error_in_an_item_is_placed_in_the_input() {
    // The scanner accepts the second item; only a parser finds the error in it.
    let text = format!("{HEAD}items:\n- a: 1\n- b: 1\n    c: 2\n- c: 1\n");
    let list = ResourceList::read(&text).unwrap();
    assert_eq!(list.items.len(), 3);
    let error = list.items[1].parse().unwrap_err();
    assert!(error.offset > list.items[1].offset());
}

#[test]
fn a_generator_is_called_with_its_own_configuration() {
    let object = "apiVersion: a/v1\n  kind: K\n  metadata:\n    name: n\n    annotations:\n";
    let mark = "      config.kubernetes.io/local-config: \"true\"\n";
    let config = format!("functionConfig:\n  {object}      x: y\n");
    let call = |items: &str| is_generator_call(&ResourceList::read(&format!("{HEAD}{items}{config}")).unwrap());
    assert!(call(&format!("items:\n- {object}{mark}")));
    assert!(!call(&format!("items:\n- {object}      x: y\n")), "not marked");
    assert!(!call(&format!("items:\n- {}{mark}", object.replace(": n\n", ": m\n"))), "another name");
    assert!(!call(&format!("items:\n- {object}{mark}- {object}{mark}")), "two items");
    assert!(!call("items: []\n"), "no item");
    let file = "      internal.config.kubernetes.io/path: iamra.yaml\n";
    assert!(!call(&format!("items:\n- {object}{mark}{file}")), "a package with nothing but the declaration");
}

#[test]
fn manifests_are_told_apart() {
    let stream = Stream::read(MANIFESTS).unwrap();
    let names: Vec<_> = stream.items.iter().map(|item| item.ident().map(|ident| ident.name.to_string())).collect();
    assert_eq!(names, ["web", "cm", "svc"].map(|name| Some(name.to_owned())), "metadata in braces too");
    assert_eq!(stream.items.iter().map(Item::text).collect::<String>(), MANIFESTS);
    assert!(matches!(Stream::read("---\n# nothing\n"), Err(ReadError::Empty)));
}

#[test]
fn directives_and_ends_stay_with_their_document() {
    let text = "# head\n%YAML 1.2\n---\na: 1\n...\n# next\nb: 2\n--- {c: 3}\n";
    let stream = Stream::read(text).unwrap();
    let texts: Vec<&str> = stream.items.iter().map(Item::text).collect();
    assert_eq!(texts, ["# head\n%YAML 1.2\n---\na: 1\n...\n", "# next\nb: 2\n", "--- {c: 3}\n"]);
    let mut out = Vec::new();
    let changes = Changes { removed: [1].into(), appended: vec!["d: 4\n".into()], ..Changes::default() };
    changes.write_stream(&stream, &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "# head\n%YAML 1.2\n---\na: 1\n...\n--- {c: 3}\n---\nd: 4\n");
}

#[test]
fn a_document_that_leaves_does_not_join_its_neighbours() {
    let stream = Stream::read("a: 1\n---\nb: 2\n...\nc: 3\n").unwrap();
    let mut out = Vec::new();
    Changes { removed: [1].into(), ..Changes::default() }.write_stream(&stream, &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "a: 1\n---\nc: 3\n");
}

fn written(text: &str, changes: &Changes) -> String {
    let mut out = Vec::new();
    changes.write_stream(&Stream::read(text).unwrap(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn appended(text: &str, objects: &[&str]) -> String {
    let appended = objects.iter().map(|object| (*object).to_owned()).collect();
    written(text, &Changes { appended, ..Changes::default() })
}

#[test]
fn new_documents_take_the_form_of_the_text() {
    let cases = [
        ("kind: A\n", "kind: A\n---\nkind: N\n---\nkind: O\n"),
        ("kind: A", "kind: N\n---\nkind: O\n---\nkind: A"),
        ("---\nkind: A", "---\nkind: N\n---\nkind: O\n---\nkind: A"),
        ("kind: A\n---", "kind: N\n---\nkind: O\n---\nkind: A\n---"),
        ("kind: A\n...\nkind: B", "kind: A\n...\n---\nkind: N\n---\nkind: O\n...\nkind: B"),
        ("%YAML 1.2\n---\nkind: A", "---\nkind: N\n---\nkind: O\n...\n%YAML 1.2\n---\nkind: A"),
        ("kind: A\n...\n%YAML 1.2\n---\n", "kind: A\n...\n%YAML 1.2\n---\n---\nkind: N\n---\nkind: O\n"),
        ("kind: A\n...\n%YAML 1.2\n", "kind: N\n---\nkind: O\n---\nkind: A\n...\n%YAML 1.2\n"),
        ("kind: A\r\n", "kind: A\r\n---\r\nkind: N\r\n---\r\nkind: O\r\n"),
        ("kind: A\r", "kind: A\r---\rkind: N\r---\rkind: O\r"),
        ("kind: A\rb: 2\n...\n\nkind: B", "kind: A\rb: 2\n...\n---\nkind: N\n---\nkind: O\n...\n\nkind: B"),
        ("{\"kind\": \"A\"}", "{\"kind\": \"A\"}\n{\"kind\": \"N\"}\n{\"kind\": \"O\"}"),
        (
            "{\"kind\": \"A\"}{\"kind\": \"B\"}\n",
            "{\"kind\": \"A\"}{\"kind\": \"B\"}\n{\"kind\": \"N\"}\n{\"kind\": \"O\"}\n",
        ),
        // A stream with markers keeps them, because only YAML parsers read it.
        ("{\"kind\": \"A\"}\n---\nkind: B\n", "{\"kind\": \"A\"}\n---\nkind: B\n---\nkind: N\n---\nkind: O\n"),
        ("{kind: A}\n", "{kind: A}\n---\nkind: N\n---\nkind: O\n"),
    ];
    for (text, expected) in cases {
        let out = appended(text, &["kind: N\n", "kind: O\n"]);
        assert_eq!(out, expected, "of {text:?}");
        let stream = Stream::read(&out).unwrap();
        let ours =
            |item: &Item<'_>| ["N", "O"].contains(&item.parse().unwrap().root().get("kind").unwrap().text().unwrap());
        let removed = (0..stream.items.len()).filter(|number| ours(&stream.items[*number])).collect();
        assert_eq!(written(&out, &Changes { removed, ..Changes::default() }), text);
    }
}

#[test]
fn a_document_behind_a_directive_may_be_empty() {
    let text = "%YAML 1.2\n---\n# nothing\n---\nkind: A\n...\n%TAG ! tag:x,2000:\n---\n";
    let stream = Stream::read(text).unwrap();
    assert_eq!(stream.items.iter().map(Item::text).collect::<Vec<_>>(), ["---\nkind: A\n...\n"]);
    let again = appended(text, &["kind: N\n"]);
    assert_eq!(Stream::read(&again).unwrap().items.len(), 2, "{again}");
}

#[test]
fn documents_that_come_and_go_at_once_do_not_run_together() {
    let changes = Changes { removed: [0].into(), appended: vec!["kind: N\n".to_owned()], ..Changes::default() };
    assert_eq!(written("kind: A\n---\nkind: B", &changes), "---\nkind: N\n---\nkind: B");
}

#[test]
fn another_object_is_written_in_the_form_of_the_one_before() {
    let rewritten = |text: &str, number: usize| {
        let rewritten = [(number, "kind: N\nx: 1\n".to_owned())].into();
        written(text, &Changes { rewritten, ..Changes::default() })
    };
    let cases = [
        ("kind: A\n---\nkind: B\n---\nkind: C\n", "kind: A\n---\nkind: N\nx: 1\n---\nkind: C\n"),
        ("kind: A\n---\n# head\nkind: B", "kind: A\n---\n# head\nkind: N\nx: 1"),
        ("kind: A\n--- {kind: B}\n...\n", "kind: A\n---\nkind: N\nx: 1\n...\n"),
        ("{\"kind\": \"A\"}\n {\"kind\": \"B\"}\n", "{\"kind\": \"A\"}\n {\"kind\": \"N\", \"x\": 1}\n"),
        (
            "kind: List\nitems: [{kind: A}, {kind: B}]\n",
            "kind: List\nitems: [{kind: A}, {\"kind\": \"N\", \"x\": 1}]\n",
        ),
        ("kind: List\nitems:\n- kind: A\n# c\n- kind: B", "kind: List\nitems:\n- kind: A\n# c\n- kind: N\n  x: 1"),
        ("a: 1\r\n---\r\nkind: B\r\n", "a: 1\r\n---\r\nkind: N\r\nx: 1\r\n"),
    ];
    for (text, expected) in cases {
        assert_eq!(rewritten(text, 1), expected, "of {text:?}");
    }
}

#[test]
fn a_row_that_is_cut_off_is_refused() {
    let error = Stream::read("{\"a\": 1}\n{\"b\": [").expect_err("it is cut off");
    assert_eq!(
        error.to_string(),
        "the input is not YAML, or is truncated: JSON object number 2 in a row is truncated or is not JSON: line 2, \
         column 7"
    );
}

#[test]
fn long_lists_are_read_fast_and_the_same_way() {
    let text = kustomize_list(400);
    assert_eq!(differential::check(&text), differential::Verdict::Fast);
    let list = ResourceList::read(&text).unwrap();
    assert_eq!(list.items.len(), 400);
    assert!(list.items.iter().all(|item| !item.is_tied()));
    let layout = scan(&text).unwrap();
    assert!(layout.entries.iter().all(|entry| entry.ident.is_some()), "nothing has to be parsed");
    let bytes: usize = layout.entries.iter().map(|entry| entry.range.len()).sum();
    assert_eq!(bytes + text.find("- api").unwrap() + list.function_config.unwrap().text().len(), text.len());
}

#[test]
fn an_item_with_an_empty_value_at_its_end_can_be_followed() {
    // Only the parser reads lists with these breaks, and for it an empty value reaches to the next dash.
    let values =
        ["", "a", "a:", "a: |", "a: |+", "a: >-", "|", "? a", "? |", "a:\n  - ", "a:\n  - b:", "&a", "a: !!str"];
    let breaks = ["\r", "\r\r", "\r\n", "\n\r", "\n\r\r", "\r \r", " #c\r\r"];
    for (value, head) in values.iter().flat_map(|value| ["- ", "  - ", "    - "].map(|head| (value, head))) {
        for end in breaks.iter().flat_map(|line| [(*line).to_owned(), format!("{line}results: []\n")]) {
            let text = format!("{HEAD}items:\n{head}{value}{end}");
            let Ok(list) = ResourceList::read(&text) else { continue };
            let changes = Changes { appended: vec!["kind: X\n".to_owned()], ..Changes::default() };
            let mut out = Vec::new();
            changes.write(&list, &mut out).unwrap();
            let out = String::from_utf8(out).unwrap();
            let again = ResourceList::read(&out).unwrap_or_else(|why| panic!("{why}: {out:?} of {text:?}"));
            assert_eq!(again.items.len(), list.items.len() + 1, "{out:?} of {text:?}");
        }
    }
}
