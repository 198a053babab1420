//! Edits change what they say and nothing else, and taking them back gives the text from before.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics has failed"
)]

mod edits;

use edits::{at, check, reversal};
use iamra::yaml::edit::{Edit, apply, empty_source};
use iamra::yaml::{Document, FieldPath};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Name and text of each document in the data file.
fn fixtures() -> Vec<(&'static str, &'static str)> {
    let all = include_str!("data/yaml/deployments.txt");
    all.split("\n=== ").skip(1).map(|part| part.split_once('\n').unwrap()).collect()
}

/// Ways in which the same document comes: as it is, from Windows, cut off, and as an item of a list.
fn variants(text: &str) -> Vec<(&'static str, String, FieldPath)> {
    let root = FieldPath::root();
    let item: String =
        text.lines().map(|line| if line.is_empty() { "\n".into() } else { format!("  {line}\n") }).collect();
    let first = item.find(|char| char != ' ').unwrap();
    // A comment cannot hold the dash of its item.
    let item = if text.starts_with('#') { format!("-\n{item}") } else { format!("- {}", &item[first..]) };
    vec![
        ("as it is", text.to_owned(), root.clone()),
        ("CRLF", text.replace('\n', "\r\n"), root.clone()),
        ("no final newline", text.trim_end_matches('\n').to_owned(), root.clone()),
        ("CRLF, no final newline", text.trim_end_matches('\n').replace('\n', "\r\n"), root.clone()),
        ("byte order mark", format!("\u{feff}{text}"), root.clone()),
        ("item", item, root.index(0)),
    ]
}

fn sidecar(root: &FieldPath) -> Vec<Edit> {
    let template = root.join(&FieldPath::keys("spec.template"));
    let pod = template.key("spec");
    let containers = pod.key("containers");
    let container =
        json!({"name": "iamra", "image": "x/y:1.2", "args": ["--a", "1"], "resources": {"limits": {"cpu": "1"}}});
    vec![
        Edit::AddKeys {
            at: template.key("metadata").key("annotations"),
            entries: vec![("iamra/hash".into(), "0777".into())],
        },
        Edit::Append { at: containers.named("web").key("env"), values: vec![json!({"name": "AWS_X", "value": "yes"})] },
        Edit::Append { at: containers, values: vec![container.clone()] },
        Edit::Prepend { at: pod.key("initContainers"), values: vec![container] },
        Edit::Append {
            at: pod.key("volumes"),
            values: vec![json!({"name": "creds", "emptyDir": {"medium": "Memory"}})],
        },
    ]
}

#[test]
fn a_sidecar_goes_into_every_deployment_and_out_again() {
    let mut refused = Vec::new();
    for (name, text) in fixtures() {
        for (variant, text, root) in variants(text) {
            let doc = Document::parse(&text).unwrap();
            let template = root.join(&FieldPath::keys("spec.template"));
            let mut edits = sidecar(&root);
            if doc.at(&template.key("metadata")).is_none() {
                let entries = vec![("annotations".to_owned(), json!({"iamra/hash": "0777"}))];
                edits[0] = Edit::AddKeys { at: template.key("metadata"), entries };
            }
            match check(&text, &edits) {
                Ok(Some(why)) => refused.push(format!("{name}, {variant}: {why}")),
                Ok(None) => {}
                Err(failure) => panic!("{name}, {variant}: {failure}"),
            }
        }
    }
    let expected = [
        "literal keep at end, no final newline: it ends in a block scalar without a line break",
        "literal keep at end, CRLF, no final newline: it ends in a block scalar without a line break",
        "alias env, as it is: it is reached through an alias",
        "alias env, CRLF: it is reached through an alias",
        "alias env, no final newline: it is reached through an alias",
        "alias env, CRLF, no final newline: it is reached through an alias",
        "alias env, byte order mark: it is reached through an alias",
        "alias env, item: it is reached through an alias",
        "anchor in containers, item: it has an anchor that other items may refer to",
    ];
    assert_eq!(refused, expected);
}

fn edited(text: &str, edits: &[Edit]) -> String {
    assert_eq!(check(text, edits), Ok(None), "{text}");
    apply(&Document::parse(text).unwrap(), edits.to_vec()).unwrap()
}

fn append(path: &str, value: Value) -> Edit {
    Edit::Append { at: at(path), values: vec![value] }
}

#[test]
fn where_new_lines_go() {
    let text = "a: # all\n  # one\n  - x # x\n    # of x\n  # end\n# out\nb: 1\n";
    assert_eq!(
        edited(text, &[append("a", "y".into()), Edit::Prepend { at: at("a"), values: vec!["w".into()] }]),
        "a: # all\n  - w\n  # one\n  - x # x\n    # of x\n  - \"y\"\n  # end\n# out\nb: 1\n"
    );
    let text = "a:\n    -   k: 1\n        m:\n            n: 2\n";
    assert_eq!(
        edited(text, &[append("a", json!({"p": {"q": [1]}}))]),
        format!("{text}    -   p:\n            q:\n                - 1\n")
    );
    assert_eq!(
        edited(
            "a: |\n  x\n\n\nb: 1\n",
            &[Edit::AddKeys { at: FieldPath::root(), entries: vec![("c".into(), 1.into())] }]
        ),
        "a: |\n  x\n\n\nb: 1\nc: 1\n"
    );
    assert_eq!(edited("a:\n- |\n  x\n\n\nb: 1\n", &[append("a", 1.into())]), "a:\n- |\n  x\n- 1\n\n\nb: 1\n");
    assert_eq!(edited("a:\n- |+\n  x\n\n\nb: 1\n", &[append("a", 1.into())]), "a:\n- |+\n  x\n\n\n- 1\nb: 1\n");
    assert_eq!(
        edited("a: [] # none\nb:\n", &[append("a", 1.into()), append("b", 2.into())]),
        "a: # none\n- 1\nb:\n- 2\n"
    );
    assert_eq!(edited("a: [] # none\r\nb: {}", &[append("a", 1.into())]), "a: # none\r\n- 1\r\nb: {}");
    assert_eq!(
        edited("{\"a\": [1], \"b\": []}", &[append("a", 2.into()), append("b", "n".into())]),
        "{\"a\": [1, 2], \"b\": [\"n\"]}"
    );
}

#[test]
fn entries_in_a_row_go_and_come() {
    let remove = |path: &str, index: usize| Edit::Remove { at: at(path).index(index) };
    let twice = [remove("a", 0), remove("a", 1)];
    for (before, after) in [
        ("a: [1, 2, 3]\n", "a: [3]\n"),
        ("a:\n- 1\n- 2\n# three\n- 3\n", "a:\n# three\n- 3\n"),
        ("a:\n- 1\n- 2\n- 3", "a:\n- 3"),
    ] {
        assert_eq!(edited(before, &twice), after);
    }
    let last = [remove("a", 1), append("a", 9.into())];
    for (before, after) in
        [("a: [1, 2]\n", "a: [1, 9]\n"), ("a:\n- 1\n- 2", "a:\n- 1\n- 9"), ("a:\n- 1\n- 2\n", "a:\n- 1\n- 9\n")]
    {
        assert_eq!(edited(before, &last), after);
    }
}

/// A collection is made in it, so its brackets stay, and are there when it becomes empty again.
#[test]
fn an_empty_mapping_goes_back_to_what_it_was_with_all_around_it() {
    let edits = [append("a.new", 1.into()), Edit::AddKeys { at: at("a"), entries: vec![("b".into(), 2.into())] }];
    for text in [
        "a: {}\n",
        "a: {} # b\n",
        "a:    {}\n",
        "a:\n  {} # b\n  # c\n",
        "a: # b\n {} # c\nd: e\n",
        "a: &b {}\n",
        "a: !!map {}\n",
        "{a: {}}\n",
        "a:\r\n  {} # b\r\n",
    ] {
        assert_eq!(check(text, &edits), Ok(None), "{text:?}");
    }
}

/// Its colon belongs to it, and that of the entry before does not.
#[test]
fn an_entry_without_a_value_goes_with_its_colon() {
    let remove = [Edit::Remove { at: at("b") }];
    for (before, after) in [
        ("{a: 1, b: }\n", "{a: 1}\n"),
        ("{a\n  ,b:\n}", "{a\n  \n}"),
        ("{a: , b: 1}", "{a: }"),
        ("{b: , a: 1}", "{a: 1}"),
        ("{a: 1, \"b\"  : }", "{a: 1}"),
    ] {
        assert_eq!(edited(before, &remove), after, "{before:?}");
    }
}

/// kustomize sorts keys, so a container may begin with the very key that goes.
#[test]
fn the_next_key_takes_the_place_behind_the_dash() {
    let remove = [Edit::Remove { at: at("c").index(0).key("env") }];
    for (before, after) in [
        ("c:\n- env:\n  - name: A\n  name: app\n", "c:\n- name: app\n"),
        ("c:\n  -   env: [1]\n      name: app", "c:\n  -   name: app"),
        ("c:\r\n- env:\r\n  - 1\r\n  name: app\r\n", "c:\r\n- name: app\r\n"),
    ] {
        assert_eq!(edited(before, &remove), after);
    }
    let doc = Document::parse("c:\n- env: 1\n  # of the name\n  name: app\n").unwrap();
    assert!(apply(&doc, remove.to_vec()).is_err());
}

#[test]
fn a_scalar_becomes_another_in_its_own_style() {
    let set = |path: &str, text: &str| Edit::Set { at: at(path), text: text.into() };
    for (before, text, after) in [
        ("a: x # x\n", "y z", "a: y z # x\n"),
        ("a: x\n", "yes", "a: \"yes\"\n"),
        ("a: 'x'\n", "yes", "a: 'yes'\n"),
        ("a: 'x'\n", "it's", "a: \"it's\"\n"),
        ("{\"a\": \"x\"}", "z", "{\"a\": \"z\"}"),
        ("{a: x, b: 1}\n", "y,z", "{a: \"y,z\", b: 1}\n"),
        ("a: # none\nb: 1\n", "z", "a: z # none\nb: 1\n"),
        ("a:\r\nb: 1\r\n", "z", "a: z\r\nb: 1\r\n"),
        ("b: 1\na:", "z", "b: 1\na: z"),
        ("a: &own x\n", "z", "a: &own z\n"),
    ] {
        assert_eq!(edited(before, &[set("a", text)]), after);
    }
    for (text, why) in [
        ("a: |\n  x\n", "several lines"),
        ("a: \"x\\\n  y\"\n", "several lines"),
        ("a: !!str 1\n", "tag"),
        ("b: &x 1\na: *x\n", "alias"),
        ("a: &x 1\nb: *x\n", "anchor"),
        ("a: [1]\n", "scalar"),
        ("a: &x\n", "no place"),
        ("b: 1\n", "no `a`"),
    ] {
        let refusal = apply(&Document::parse(text).unwrap(), vec![set("a", "y")]).unwrap_err();
        assert!(refusal.why.contains(why), "{text:?}: {}", refusal.why);
    }
}

/// What is added between brackets is written as what stands there.
#[test]
fn brackets_keep_their_style() {
    for (before, after) in [
        ("a: [x]\n", "a: [x, {k: \"on\", p: /a}]\n"),
        ("a: [\"x\"]\n", "a: [\"x\", {\"k\": \"on\", \"p\": \"/a\"}]\n"),
        ("a: [{k: \"x\"}]\n", "a: [{k: \"x\"}, {k: \"on\", p: /a}]\n"),
        ("b: {a: []}\n", "b: {a: [{k: \"on\", p: /a}]}\n"),
        ("{\"b\": {\"a\": []}}", "{\"b\": {\"a\": [{\"k\": \"on\", \"p\": \"/a\"}]}}"),
    ] {
        let path = if before.contains('b') { "b.a" } else { "a" };
        assert_eq!(edited(before, &[append(path, json!({"k": "on", "p": "/a"}))]), after);
    }
}

#[test]
fn what_is_no_safe_place_is_refused() {
    for (text, path, why) in [
        ("x: &x {l: []}\na: *x\n", "a.l", "alias"),
        ("x: &x {l: []}\na: *x\n", "x.l", "anchor"),
        ("x: &x {l: [1]}\na:\n  <<: *x\n", "a.l", "merge"),
        ("a: *gone\n", "a", "outside"),
        ("a: [1]\na: [2]\n", "a", "twice"),
        ("a: 1\n", "a", "sequence"),
        ("a: {b: 1}\n", "a", "sequence"),
        ("b: 1\n", "a.b.c", "no"),
        ("a: [1]\nb: \"\u{2028}\"\n", "a", "line breaks"),
        ("a:\n- |\n  x", "a", "line break"),
        ("a:\n- x\n \t# tab\nb: 1\n", "a", "tab"),
    ] {
        let doc = Document::parse(text).unwrap();
        let refusal = apply(&doc, vec![append(path, 1.into())]).unwrap_err();
        assert!(refusal.why.contains(why), "{text:?} {path}: {}", refusal.why);
    }
    // The mark of the key would stay, for an empty key, which is there already.
    let doc = Document::parse("? |\n\n: a\n? |\n  b\n: - c\n").unwrap();
    let refusal = apply(&doc, vec![Edit::Remove { at: FieldPath::root().key("b\n") }]).unwrap_err();
    assert!(refusal.why.contains("as intended"), "{}", refusal.why);
    // Only a plain scalar may have such a line below it.
    let doc = Document::parse("a: 1\n \t\nb: 1\n").unwrap();
    let refusal = apply(&doc, vec![Edit::Set { at: at("a"), text: String::new() }]).unwrap_err();
    assert!(refusal.why.contains("tab"), "{}", refusal.why);
    let doc = Document::parse("- a: &a [1]\n").unwrap();
    assert!(
        apply(&doc, vec![Edit::Append { at: FieldPath::root().index(0).key("a"), values: vec![1.into()] }]).is_err()
    );
}

#[test]
fn the_text_of_empty_values() {
    let text = "a: []\nb:   [ ]\nc:\nd: null # x\ne: {f: {}, g: [1]}\nh: ''\n";
    let doc = Document::parse(text).unwrap();
    let source = |path: &str| empty_source(&doc, &at(path));
    let found: Vec<_> = ["a", "b", "c", "d", "e.f", "e.g", "h", "i"].map(source).into();
    assert_eq!(
        found,
        [Some("[]"), Some("   [ ]"), Some(""), Some("null"), Some("{}"), None, None, None]
            .map(|it| it.map(str::to_owned))
    );
    assert_eq!(reversal(&doc, &[append("b", 1.into())]), [Edit::Restore { at: at("b"), source: "   [ ]".into() }]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn laws_hold_for_any_document(text in edits::random::document(), choices in prop::collection::vec(any::<(usize, usize)>(), 1..4)) {
        // A document that the second reader refuses has nothing to be compared with.
        let Ok(doc) = Document::parse(&text) else { return Ok(()) };
        if serde_yaml::from_str::<Value>(text.trim_start_matches('\u{feff}')).is_err() {
            return Ok(());
        }
        let edits = edits::random::additions(&doc, &choices);
        match check(&text, &edits) {
            Ok(_) => {}
            Err(failure) => return Err(TestCaseError::fail(format!("{edits:?}: {failure}"))),
        }
    }

    #[test]
    fn what_goes_goes_alone(text in edits::random::document(), choices in prop::collection::vec(any::<usize>(), 1..4)) {
        let Ok(doc) = Document::parse(&text) else { return Ok(()) };
        if serde_yaml::from_str::<Value>(text.trim_start_matches('\u{feff}')).is_err() {
            return Ok(());
        }
        let mut edits = edits::random::removals(&doc, &choices);
        // Nothing is taken out of what goes as a whole, or twice.
        edits.sort_by(|left, right| edits::path(left).cmp(edits::path(right)));
        edits.dedup_by(|next, before| edits::path(next).steps().starts_with(edits::path(before).steps()));
        if let Err(failure) = check(&text, &edits) {
            return Err(TestCaseError::fail(format!("{edits:?}: {failure}")));
        }
    }

    #[test]
    fn scalars_are_set_alone(text in edits::random::document(), choice in any::<usize>(), new in "[ -~]{0,6}") {
        let Ok(doc) = Document::parse(&text) else { return Ok(()) };
        if serde_yaml::from_str::<Value>(text.trim_start_matches('\u{feff}')).is_err() {
            return Ok(());
        }
        let edits: Vec<_> = edits::random::removals(&doc, &[choice])
            .iter()
            .map(|edit| Edit::Set { at: edits::path(edit).clone(), text: new.clone() })
            .collect();
        if let Err(failure) = check(&text, &edits) {
            return Err(TestCaseError::fail(format!("{edits:?}: {failure}")));
        }
    }

    #[test]
    fn no_text_makes_it_panic(
        text in edits::random::document(),
        holes in prop::collection::vec((any::<prop::sample::Index>(), "[-:#&*!|>\\[\\]{},\"' \n\r\t?%@`~a]{0,2}"), 0..6),
        choices in prop::collection::vec(any::<(usize, usize)>(), 1..4),
    ) {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, piece) in holes {
            let at = at.index(chars.len() + 1);
            chars.splice(at..(at + 1).min(chars.len()), piece.chars());
        }
        let text: String = chars.into_iter().collect();
        if let Ok(doc) = Document::parse(&text) {
            let mut edits = edits::random::additions(&doc, &choices);
            let _ = apply(&doc, edits.clone());
            edits.extend(edits::random::removals(&doc, &[choices[0].0]));
            let _ = apply(&doc, edits);
            let _ = apply(&doc, edits::random::removals(&doc, &[choices[0].0, choices[0].1]));
        }
    }
}

/// The parser places a block scalar without text at what follows it.
#[test]
fn items_follow_a_block_scalar_of_blank_lines_alone() {
    let path = |to: &str| if to.is_empty() { FieldPath::root() } else { at(to) };
    let append = |to: &str| [Edit::Append { at: path(to), values: vec![json!({}), json!("x")] }];
    for (text, to) in [
        ("- |+\n\n\n", ""),
        ("- |\n", ""),
        ("- |-\n\n", ""),
        ("a:\n  - |+\n\n\n  - y\nb: 1\n", "a"),
        ("a:\n  - y\n  - |+\n\n\n # c\n\nb: 1\n", "a"),
        ("a:\n- |+ # c\n\n# d\n# e\nb: |+\n\n", "a"),
    ] {
        assert_eq!(check(text, &append(to)), Ok(None), "{text:?}");
    }
    // Whether the spaces are part of it, parsers decide differently.
    let cut_off = check("- |+\n  ", &append(""));
    assert!(cut_off.is_ok_and(|refusal| refusal.is_some()));
}
