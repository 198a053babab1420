//! The laws of the product, over every case that has objects on stdin.

use std::collections::BTreeMap;

use iamra::helper::{AWS, IAMRA};
use iamra::krm::{Ident, Item, ResourceList, Stream, is_generator_call};

use serde_json::Value;

use crate::cluster::{goldens, pod_specs};
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
    // The marker separates an object from the previous one.
    let own = |item: &Item<'_>| item.text().trim_start_matches("---\n").to_owned();
    Some(stream.items.iter().filter_map(|item| Some((ident(item)?, own(item)))).collect())
}

fn ident(item: &Item<'_>) -> Option<String> {
    let object = item.parse().ok()?;
    Ident::of(object.root()).map(|ident| format!("{ident:?}"))
}

/// The text without what says how the run went.
fn without_results(text: &str) -> String {
    let range = ResourceList::read(text).ok().and_then(|list| list.results.map(|results| results.range()));
    range.map_or_else(|| text.to_owned(), |range| format!("{}{}", &text[..range.start], &text[range.end..]))
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
            // Declarations are left out, and objects of an earlier run may get another namespace.
            let marks = ["kind: RolesAnywhere", "iamra.dev/generated-for", "iamra.dev/scope"];
            let gone = !after.contains_key(&ident) && marks.iter().any(|mark| text.contains(mark));
            assert!(
                same || ours || gone || case.args.first().is_some_and(|arg| arg == "strip"),
                "{}: {ident}",
                case.name
            );
        }
    }
}

/// docs/design/006-startup.md says why.
#[test]
fn a_sidecar_costs_a_start_two_seconds_and_has_a_minute() {
    let mut seen = 0;
    for (case, output) in all("startup") {
        // In JSON or YAML.
        let text = output.stdout.replace('"', "");
        let is_ours = |probe: &&str| [AWS, IAMRA].iter().any(|helper| probe.contains(helper.program));
        for probe in text.split("startupProbe:").skip(1).filter(is_ours) {
            let number = |field: &str| {
                let rest = probe.split_once(field).map(|(_, rest)| rest.trim_start_matches([':', ' ']));
                let digits = rest.and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
                digits.and_then(|digits| digits.parse::<u32>().ok()).unwrap_or_else(|| panic!("{}: {field}", case.name))
            };
            let (period, failures) = (number("periodSeconds"), number("failureThreshold"));
            assert!(period <= 2 && (45..=75).contains(&(period * failures)), "{}: {period} s x {failures}", case.name);
            seen += 1;
        }
    }
    assert!(seen > 60 || std::env::var_os("CASE").is_some(), "only {seen} probes");
}

/// Containers start in their order, and each waits for the hook of the one before.
#[test]
fn a_plain_sidecar_with_a_hook_comes_first_and_has_no_probe() {
    let mut seen = 0;
    for (golden, objects) in goldens() {
        for pod in objects.iter().flat_map(pod_specs) {
            let containers = pod["containers"].as_array().cloned().unwrap_or_default();
            let is_ours = |it: &&Value| it["name"].as_str().is_some_and(|name| name.starts_with("iam-ra-sidecar"));
            let has_hook = |it: &&Value| {
                it["lifecycle"]["postStart"]["exec"]["command"][0]
                    .as_str()
                    .is_some_and(|it| [AWS.program, IAMRA.program].contains(&it))
            };
            let hooks = containers.iter().filter(is_ours).filter(has_hook).count();
            let first = containers.iter().take_while(is_ours).filter(has_hook).count();
            assert_eq!(hooks, first, "{golden}: {pod}");
            assert!(containers.iter().filter(is_ours).all(|it| it["startupProbe"].is_null()), "{golden}: {pod}");
            seen += hooks;
        }
    }
    assert!(seen > 8 || std::env::var_os("CASE").is_some(), "only {seen} hooks");
}

#[test]
fn a_second_run_changes_nothing() {
    for (case, output) in all("idempotence").into_iter().filter(|(_, output)| output.exit == 0) {
        let again = case.run_on(output.stdout.as_bytes());
        assert_eq!(again.exit, 0, "{}: {}", case.name, again.stderr);
        assert_eq!(again.stdout, output.stdout, "{}", case.name);
    }
}

/// To the byte: line ends, the end of the last line and all.
#[test]
fn strip_gives_back_the_input() {
    let strip = |text: &str| run(iamra(root()).arg("strip"), text.as_bytes());
    let mut seen = 0;
    for (case, output) in all("reversal").into_iter().filter(|(_, output)| output.exit == 0) {
        let input = text(&case);
        // An input that was rendered before is stripped too; any other has nothing to strip.
        let marks = ["iamra.dev/workload", "iamra.dev/generated-for", "iamra.dev/scope"];
        let is_rendered = marks.iter().any(|mark| input.contains(mark));
        let before = if is_rendered { strip(&input).stdout } else { input };
        let after = strip(&output.stdout);
        assert_eq!(after.exit, 0, "{}: {}", case.name, after.stderr);
        assert_eq!(without_results(&after.stdout), without_results(&before), "{}", case.name);
        seen += usize::from(output.stdout != before);
    }
    assert!(seen > 60 || std::env::var_os("CASE").is_some(), "only {seen} outputs had anything to strip");
}

/// kpt deletes what a function does not return. What kustomize calls a generator or a validator with is its own copy.
#[test]
fn no_item_is_lost() {
    let cases = cases().into_iter().filter(|case| case.is_function() && !case.except.contains_key("no-item-is-lost"));
    for case in cases {
        let (input, output) = (text(&case), case.run());
        let Ok(given) = ResourceList::read(&input) else { continue };
        if is_generator_call(&given) && output.exit == 0 {
            continue;
        }
        let returned = ResourceList::read(&output.stdout).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let mut returned: Vec<_> = returned.items.iter().map(ident).collect();
        for item in &given.items {
            let found = returned.iter().position(|it| *it == ident(item));
            let found = found.unwrap_or_else(|| panic!("{} loses\n{}", case.name, item.text()));
            returned.swap_remove(found);
        }
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for case in cases().into_iter().filter(|case| !case.except.contains_key("determinism")) {
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
            // The items are unchanged, and the reason is both in `results` and on stderr.
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
            // In JSON or YAML, on its own line or not.
            let plain = output.stdout.replace('"', "");
            let of = |mark| plain.split(mark).skip(1);
            let marks = of("iamra.dev/workload: ").chain(of("iamra.dev/generated-for: "));
            let marks = marks.filter_map(|rest| rest.split(['\n', '}']).next()).flat_map(|names| names.split(','));
            let marked = marks.map(str::trim).any(|marked| marked == name);
            let said = output.stderr.contains(&format!("no workload named `{name}` is among the objects"));
            assert!(marked || said, "{}: nothing happened to `{name}` and nobody said so", case.name);
        }
    }
}

#[test]
fn key_material_reaches_the_one_secret_and_nothing_else() {
    let key = std::fs::read_to_string(root().join("tests/data/ca/key.pem")).unwrap();
    let secret_lines: Vec<_> = key.lines().filter(|line| !line.starts_with("---")).collect();
    for (case, output) in cases().into_iter().map(|case| (case.clone(), case.run())) {
        let (list, results) = output.stdout.split_once("\nresults:").unwrap_or((&output.stdout, ""));
        // A list that contains a key is returned unchanged.
        let given = text(&case);
        for line in &secret_lines {
            assert!(!output.stderr.contains(line), "{}: stderr shows the key", case.name);
            assert!(!list.contains(line) || given.contains(line), "{}: stdout shows the key in clear", case.name);
            assert!(!results.contains(line), "{}: results show the key", case.name);
        }
        assert!(!results.contains("tls.key:"), "{}: results show the key", case.name);
    }
}
