//! The shape that ARCHITECTURE.md promises: who imports whom, what each room may not know, where each heavy crate is
//! named.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{File, Room, files, rooms, uses};
use crate::support::root;

/// Crates (and parts of the standard library) and the only places that may name them.
const DOORS: &[(&str, &[&str])] = &[
    ("granit_parser", &["src/yaml/"]),
    ("git2", &["src/git/"]),
    ("k8s_openapi", &["src/render/"]),
    ("minijinja", &["src/page/fill.rs", "src/template.rs"]),
    ("rcgen", &["src/ca/"]),
    ("use glob", &["src/disk/"]),
    ("use ring", &["src/certificate/key.rs", "src/certificate/signature.rs", "src/serve/"]),
    ("p384::", &["src/certificate/key.rs"]),
    ("p521::", &["src/certificate/key.rs"]),
    ("percent_encoding", &["src/aws/http.rs"]),
    ("x509_parser", &["src/certificate/"]),
    ("aws_config", &["src/aws/"]),
    ("aws_sdk", &["src/aws/"]),
    ("aws_runtime", &["src/aws/"]),
    ("aws_smithy", &["src/aws/"]),
    ("aws_types", &["src/aws/"]),
    ("tokio", &["src/aws/", "src/serve/"]),
    ("hyper", &["src/serve/"]),
    ("http_body_util", &["src/serve/"]),
    ("sha2::", &["src/digest.rs"]),
    ("schemars", &["src/config/"]),
    ("clap", &["src/cli/"]),
    (
        "rustix",
        &[
            "src/cli/core_dump.rs",
            "src/cli/io.rs",
            "src/cli/kustomize.rs",
            "src/cli/small_pages.rs",
            "src/disk/",
            "src/temporary.rs",
        ],
    ),
    ("anstream", &["src/cli/misuse.rs", "src/cli/terminal.rs"]),
    ("anstyle", &["src/cli/terminal.rs"]),
    ("terminal_size", &["src/cli/terminal.rs"]),
    ("indicatif", &["src/cli/progress.rs"]),
    ("signal_hook", &["src/cli/signals.rs"]),
    ("similar::", &["src/output/diff.rs"]),
    ("tempfile", &["src/temporary.rs"]),
    ("mimalloc", &["src/main.rs"]),
    ("memmap2", &["src/memory.rs"]),
    ("std::fs", &["src/disk/", "src/temporary.rs"]),
    ("std::env", &["src/cli/"]),
    ("std::process", &["src/cli/", "src/main.rs", "src/temporary.rs"]),
    ("SystemTime", &["src/cli/", "src/aws/"]),
    ("HashMap", &[]),
];

/// The longest function, in lines.
const LONGEST_FUNCTION: usize = 60;

#[test]
fn imports_point_up_the_table() {
    let order: Vec<String> = rooms().into_iter().flat_map(|room| room.names).collect();
    let rank = |room: &str| order.iter().position(|name| name == room);
    let files = files();
    for file in &files {
        let Some(own) = rank(&file.room) else {
            assert!(["lib", "main"].contains(&&*file.room), "`{}` is in no row of ARCHITECTURE.md", file.room);
            continue;
        };
        for other in uses(file, &files) {
            let other = &files[other].room;
            assert!(rank(other) <= Some(own), "{} names `{other}`, which comes behind `{}`", file.path, file.room);
        }
    }
    let there: BTreeSet<_> = files.iter().map(|file| &file.room).collect();
    let gone: Vec<_> = order.iter().filter(|name| !there.contains(name)).collect();
    assert!(gone.is_empty(), "ARCHITECTURE.md has rooms that are not there: {gone:?}");
}

#[test]
fn no_room_names_what_it_must_not_know() {
    let files = files();
    for Room { names, forbidden } in rooms() {
        assert!(!forbidden.is_empty(), "{names:?}: the last column names nothing that can be looked for");
        for file in files.iter().filter(|file| names.contains(&file.room)) {
            let named: Vec<_> = forbidden.iter().filter(|word| file.code.contains(word.as_str())).collect();
            assert!(named.is_empty(), "{} names {named:?}, which its room must not know", file.path);
        }
    }
}

#[test]
fn files_of_a_room_import_each_other_one_way() {
    let files = files();
    // A folder's `mod.rs` names its contents; only the other files are its parts.
    let is_part = |file: &File| !file.path.ends_with("/mod.rs");
    let below: BTreeMap<usize, BTreeSet<usize>> = (0..files.len())
        .map(|index| {
            let same_room = |other: &usize| files[*other].room == files[index].room && is_part(&files[*other]);
            (index, uses(&files[index], &files).into_iter().filter(same_room).collect())
        })
        .collect();
    for (start, file) in files.iter().enumerate().filter(|(_, file)| is_part(file)) {
        let mut reached = BTreeSet::new();
        let mut next: Vec<usize> = below[&start].iter().copied().collect();
        while let Some(index) = next.pop() {
            if reached.insert(index) {
                next.extend(&below[&index]);
            }
        }
        let through: Vec<_> = reached.iter().map(|index| &files[*index].path).collect();
        assert!(!reached.contains(&start), "{} imports itself by a way among {through:?}", file.path);
    }
}

/// What two commands need stands beside their folder; a folder of commands is one of them.
#[test]
fn no_command_names_another() {
    let files = files();
    let command = |file: &File| match file.module.as_slice() {
        [cli, folder, name, ..] if cli == "cli" && folder == "command" => Some(name.clone()),
        _ => None,
    };
    let mut commands = BTreeSet::new();
    for file in &files {
        let Some(own) = command(file) else { continue };
        for other in uses(file, &files).into_iter().filter_map(|index| command(&files[index])) {
            assert_eq!(own, other, "{} names another command", file.path);
        }
        commands.insert(own);
    }
    assert!(commands.len() > 20, "commands are in another place than this test looks: {commands:?}");
}

#[test]
fn no_function_is_long() {
    for file in files() {
        for (name, lines) in file.functions() {
            assert!(lines <= LONGEST_FUNCTION, "{}: `{name}` has {lines} lines", file.path);
        }
    }
}

#[test]
fn every_door_is_the_only_one() {
    for file in files() {
        for (name, doors) in DOORS {
            let is_open = doors.iter().any(|door| file.path.starts_with(door));
            // A string that starts with the name is not the crate.
            let code = file.code.replace(&format!("\"{name}"), "");
            assert!(is_open || !code.contains(name), "{} names `{name}`", file.path);
        }
    }
}

/// Who knows the kinds of issuers, and the sources of CAs.
const READERS: &[&str] = &["src/config/issuer.rs", "src/config/ca_source.rs"];

/// A kind of issuer is a file of its room, a variant of the declaration and a line of their one reader. Nobody else knows of
/// it, so that one more takes no more.
#[test]
fn kinds_of_issuer_are_known_to_their_reader_alone() {
    let files = files();
    let room = files.iter().find(|file| file.path == "src/issuer/mod.rs").unwrap();
    let kinds = room.code.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let kinds: Vec<_> = kinds.map(|kind| format!("src/issuer/{kind}.rs")).collect();
    for kind in &kinds {
        let named = |file: &&File| uses(file, &files).into_iter().any(|index| files[index].path == *kind);
        let by: Vec<_> = files.iter().filter(named).map(|file| file.path.as_str()).collect();
        assert!(!by.is_empty() && by.iter().all(|path| READERS.contains(path)), "{kind}: {by:?}");
    }
    // The first line of each file begins with its field.
    let field = |path: &String| {
        let text = std::fs::read_to_string(root().join(path)).unwrap();
        text.strip_prefix("//! `").and_then(|rest| rest.split_once('`')).map(|(field, _)| field.to_owned())
    };
    let mut variants = BTreeSet::new();
    let mut types = BTreeSet::new();
    fields_below("Issuer", "", &mut variants, &mut types);
    let described: BTreeSet<_> = kinds.iter().map(|kind| field(kind).unwrap_or_else(|| panic!("{kind}"))).collect();
    // A source of a CA is below each kind that has one, and either may have fields of its own.
    let variant = |field: &String| {
        let steps: Vec<_> = field.split('.').collect();
        match steps.as_slice() {
            ["ca" | "clusterCa", "secret", source, ..] | ["ca" | "clusterCa", "next", "secret", source, ..] => {
                format!("secret.{source}")
            }
            [kind, ..] => (*kind).to_owned(),
            [] => String::new(),
        }
    };
    assert_eq!(described, variants.iter().map(variant).collect());
    // The wire types of the issuers. Quoted text is the name of a kind in a cluster.
    for file in files.iter().filter(|file| file.path != "src/config/v1alpha1.rs" && !READERS.contains(&&*file.path)) {
        let unquoted: String = file.code.lines().flat_map(|line| line.split('"').step_by(2).chain(["\n"])).collect();
        let mut words = unquoted.split(|c: char| !c.is_ascii_alphanumeric());
        let named = words.find(|word| types.contains(*word));
        assert_eq!(named, None, "{} names a type of one kind of issuer", file.path);
    }
    // Only the `issuer` room names their kinds in a cluster.
    for file in files.iter().filter(|file| file.room != "issuer") {
        for word in ["\"Issuer\"", "\"cert-manager.io\""] {
            assert!(!file.code.contains(word), "{} names {word}", file.path);
        }
    }
}

/// The innermost fields below a type of the schema, and the types on the way.
fn fields_below(name: &str, at: &str, fields: &mut BTreeSet<String>, types: &mut BTreeSet<String>) {
    let schema = iamra::config::json_schema();
    let properties = schema["$defs"][name]["properties"].as_object().into_iter().flatten();
    let mut is_innermost = true;
    for (field, schema) in properties {
        let reference = schema["$ref"].as_str().or(schema["anyOf"][0]["$ref"].as_str());
        // A list of words is no kind.
        let has_fields = |below: &&str| iamra::config::json_schema()["$defs"][*below]["type"] == "object";
        if let Some(below) = reference.and_then(|it| it.strip_prefix("#/$defs/")).filter(has_fields) {
            is_innermost = false;
            types.insert(below.to_owned());
            fields_below(below, &format!("{at}.{field}"), fields, types);
        }
    }
    if is_innermost {
        fields.insert(at.trim_start_matches('.').to_owned());
    }
}

/// Whatever stands between backticks goes through `quote`; only our own constants may be written there themselves.
#[test]
fn values_are_quoted_in_one_way() {
    let is_ours = |name: &str| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    for File { path, code, .. } in files().into_iter().filter(|file| !file.path.starts_with("src/quote/")) {
        for line in code.lines().filter(|line| line.contains('`') && line.contains('"')) {
            // Every second part is between backticks; doubled braces are not placeholders.
            for part in line.replace("{{", "").replace("}}", "").split('`').skip(1).step_by(2) {
                let filled = part.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
                let is_place = |name: &&str| !name.contains([' ', ':', '"']) || name.starts_with(':');
                let foreign: Vec<_> =
                    filled.filter(is_place).filter(|name| !is_ours(name) || name.is_empty()).collect();
                assert!(foreign.is_empty(), "{path} quotes {foreign:?} without `quote`: {line}");
            }
        }
    }
}
