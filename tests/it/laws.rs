//! The laws of the product, over every case that has objects on stdin.

use std::collections::BTreeMap;

use iamra::krm::{ResourceList, Stream};

use crate::support::{Case, Output, cases, iamra, root, run};

/// Cases with objects on stdin that can be read, and what came of them.
fn all(law: &str) -> Vec<(Case, Output)> {
    let cases = cases().into_iter().filter(|case| case.stdin.is_some() && !case.except.contains_key(law));
    cases.map(|case| (case.clone(), case.run())).collect()
}

fn text(case: &Case) -> String {
    String::from_utf8_lossy(case.stdin.as_deref().unwrap_or_default()).into_owned()
}

/// Objects by what they are called, with their own bytes.
fn objects(text: &str) -> Option<BTreeMap<String, String>> {
    let stream = Stream::read(text).ok()?;
    let ident = |item: &iamra::krm::Item<'_>| {
        let object = item.parse().ok()?;
        iamra::krm::Ident::of(object.root()).map(|ident| format!("{ident:?}"))
    };
    Some(stream.items.iter().filter_map(|item| Some((ident(item)?, item.text().trim_end().to_owned()))).collect())
}

#[test]
fn what_is_not_changed_leaves_byte_for_byte() {
    for (case, output) in all("pass-through").into_iter().filter(|(_, output)| output.exit == 0) {
        let (Some(before), Some(after)) = (objects(&text(&case)), objects(&output.stdout)) else { continue };
        if after.is_empty() {
            continue;
        }
        for (ident, text) in before {
            let same = after.get(&ident) == Some(&text);
            let ours = after.get(&ident).is_some_and(|text| text.contains("iamra.dev/"));
            let generator = !after.contains_key(&ident) && text.contains("kind: RolesAnywhere");
            assert!(
                same || ours || generator || case.args.first().is_some_and(|arg| arg == "strip"),
                "{}: {ident}",
                case.name
            );
        }
    }
}

#[test]
fn a_second_run_changes_nothing() {
    for (case, output) in all("idempotence").into_iter().filter(|(_, output)| output.exit == 0) {
        let again = case.run_on(output.stdout.as_bytes());
        assert_eq!(again.exit, 0, "{}: {}", case.name, again.stderr);
        assert_eq!(again.stdout, output.stdout, "{}", case.name);
    }
}

#[test]
fn strip_gives_back_the_input() {
    for (case, output) in all("reversal").into_iter().filter(|(_, output)| output.exit == 0) {
        let strip = |text: &str| run(iamra(root()).arg("strip"), text.as_bytes());
        let (before, after) = (strip(&text(&case)), strip(&output.stdout));
        assert_eq!(after.exit, 0, "{}: {}", case.name, after.stderr);
        // `results` are about the run, not about the objects.
        let objects =
            |text: &str| text.split_inclusive("\nresults:").next().unwrap_or_default().replace("\nresults:", "\n");
        assert_eq!(objects(&after.stdout), objects(&before.stdout), "{}", case.name);
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for case in cases() {
        let first = case.run();
        let mut command = iamra(&case.input());
        command
            .args(&case.args)
            .envs(&case.environment)
            .env("TZ", "Pacific/Chatham")
            .env("LANG", "tr_TR.UTF-8")
            .env("HOME", "/nonexistent");
        command.env("AWS_REGION", "us-west-2").env("AWS_PROFILE", "other");
        let second = run(&mut command, case.stdin.as_deref().unwrap_or_default());
        assert_eq!(first, second, "{}", case.name);
    }
}

#[test]
fn a_function_always_answers_with_one_list() {
    for case in cases().into_iter().filter(Case::is_function) {
        let output = case.run();
        let list = ResourceList::read(&output.stdout).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        if output.exit != 0 {
            // The items as they came, and the reason both in `results` and on stderr.
            let input = text(&case);
            if let Ok(given) = ResourceList::read(&input) {
                let texts =
                    |list: &ResourceList<'_>| list.items.iter().map(|item| item.text().to_owned()).collect::<Vec<_>>();
                assert_eq!(texts(&list), texts(&given), "{}", case.name);
            }
            assert!(list.results.is_some(), "{}: no results", case.name);
            assert!(output.stderr.starts_with("error["), "{}: {}", case.name, output.stderr);
        }
    }
}

#[test]
fn no_declared_workload_is_passed_over_in_silence() {
    for (case, output) in
        all("nothing-silent").into_iter().filter(|(case, output)| case.is_function() && output.exit == 0)
    {
        let list: serde_yaml::Value = serde_yaml::from_str(&output.stdout).unwrap();
        let spec = &list["functionConfig"]["spec"];
        let generates = list["functionConfig"]["kind"] != "RolesAnywhere"
            || ["generate", "validate"].contains(&spec["mode"].as_str().unwrap_or_default())
            || output.stdout.contains("local-config");
        if generates || spec["clusters"].is_mapping() {
            continue;
        }
        for name in spec["workloads"].as_mapping().into_iter().flatten().map(|(name, _)| name.as_str().unwrap()) {
            // JSON or not, on a line of its own or not.
            let plain = output.stdout.replace('"', "");
            let marks = plain.split("iamra.dev/workload: ").skip(1);
            let marks = marks.filter_map(|rest| rest.split(['\n', '}']).next()).flat_map(|names| names.split(','));
            let marked = marks.map(str::trim).any(|marked| marked == name);
            assert!(marked, "{}: nothing happened to `{name}` and nobody said so", case.name);
        }
    }
}

#[test]
fn key_material_reaches_the_one_secret_and_nothing_else() {
    let key = std::fs::read_to_string(root().join("tests/data/ca/key.pem")).unwrap();
    let secret_lines: Vec<_> = key.lines().filter(|line| !line.starts_with("---")).collect();
    for (case, output) in cases().into_iter().map(|case| (case.clone(), case.run())) {
        for line in &secret_lines {
            assert!(!output.stderr.contains(line), "{}: stderr shows the key", case.name);
            assert!(!output.stdout.contains(line), "{}: stdout shows the key in clear", case.name);
        }
        let results = output.stdout.split("\nresults:").nth(1).unwrap_or_default();
        assert!(!results.contains("tls.key:"), "{}: results show the key", case.name);
    }
}
