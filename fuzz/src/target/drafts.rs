//! Edits of declarations: valid again, nothing else changed, and back again.

use std::collections::BTreeMap;

use iamra::config::{Config, Documents};
use iamra::diag::Report;
use iamra::draft::{self, Change, Refused, offboard, onboard, role, setup, teardown};
use iamra::duration::Duration;
use serde_yaml::Value;

use crate::oracle;

const NAMES: &[&str] = &["app", "w", "new-one", "payments", "web"];
const POLICY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

/// The numbers choose the command, the name that it is about, the cluster, and its settings.
pub fn run([command, name, cluster, more]: [usize; 4], text: &str) {
    let Some(clusters) =
        read(text, |_, configs| configs.iter().filter_map(|it| it.cluster.clone()).collect::<Vec<_>>())
    else {
        return;
    };
    let cluster = if clusters.is_empty() || cluster % 3 == 0 { None } else { clusters.get(cluster % clusters.len()) };
    let asked = Asked { name: NAMES[name % NAMES.len()], cluster: cluster.map(String::as_str), more };
    let done = match command % 6 {
        0 => asked.twice(text, Asked::onboard),
        1 => asked.twice(text, Asked::role),
        2 => asked.once(text, Asked::offboard),
        3 => asked.once(text, Asked::unrole),
        4 => asked.twice(text, Asked::setup),
        _ => asked.once(text, Asked::teardown),
    };
    let Some(after) = done else { return };
    check_rest(text, &after, asked.name, command % 6);
    if command % 6 == 0 && !text.contains(asked.name) {
        check_lines(text, &after);
    }
}

struct Asked<'a> {
    name: &'a str,
    cluster: Option<&'a str>,
    more: usize,
}

type Command<'a> = fn(&Asked<'a>, &str, &Documents<'_>, &[Config]) -> Result<Change, Refused>;

impl<'a> Asked<'a> {
    fn onboard(&self, text: &str, documents: &Documents<'_>, configs: &[Config]) -> Result<Change, Refused> {
        let request = onboard::Request {
            workload: self.name,
            role: (self.more % 2 == 1).then_some("app"),
            namespace: (self.more % 3 == 1).then_some("shop"),
            hours: (self.more % 5 == 1).then_some(12),
            cluster: self.cluster,
        };
        onboard::change(&request, text, documents.whole(), configs).map(|(change, _)| change)
    }

    fn offboard(&self, text: &str, _: &Documents<'_>, configs: &[Config]) -> Result<Change, Refused> {
        offboard::change(self.name, self.cluster, text, configs, &[])
    }

    fn role(&self, text: &str, documents: &Documents<'_>, _: &[Config]) -> Result<Change, Refused> {
        let session = Duration::of(3600);
        let policies = if self.more % 3 == 1 { vec![POLICY.to_owned()] } else { Vec::new() };
        let mut inline = BTreeMap::new();
        if self.more % 5 == 1 {
            let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]});
            inline.insert("own".to_owned(), policy);
        }
        let request = role::Request {
            role: self.name,
            scope: None,
            policies: &policies,
            inline_policies: &inline,
            session: (self.more % 2 == 1).then_some(&session),
            cluster: self.cluster,
        };
        role::create(&request, text, documents.whole())
    }

    fn unrole(&self, text: &str, _: &Documents<'_>, _: &[Config]) -> Result<Change, Refused> {
        role::with(self.name, text).map(|text| Change { text, said: vec!["x".to_owned()] })
    }

    fn setup(&self, text: &str, documents: &Documents<'_>, configs: &[Config]) -> Result<Change, Refused> {
        let namespace = (self.more % 2 == 1).then_some("shop");
        let request = setup::Request { cluster: self.name, namespace, extended_by: &[] };
        setup::change(&request, text, documents.whole(), configs)
    }

    fn teardown(&self, text: &str, documents: &Documents<'_>, configs: &[Config]) -> Result<Change, Refused> {
        teardown::change(self.name, text, documents.whole(), configs, &[])
    }

    /// The text afterwards; `None` when it is refused, or would not be valid, which the program refuses.
    fn once(&self, text: &str, command: Command<'a>) -> Option<String> {
        let change = read(text, |documents, configs| match command(self, text, documents, configs) {
            Ok(change) => Some(change),
            Err(why) => {
                let mut report = Report::default();
                report.push(*why);
                oracle::check_words(&report);
                None
            }
        })??;
        assert!(
            !change.said.is_empty() || change.text == text,
            "changed in silence: {text:?}\nbecame\n{:?}",
            change.text
        );
        read(&change.text, |_, _| change.text.clone())
    }

    /// The same for a command that has nothing to do the second time.
    fn twice(&self, text: &str, command: Command<'a>) -> Option<String> {
        let once = self.once(text, command)?;
        let again = self.once(&once, command);
        assert_eq!(again.as_ref(), Some(&once), "a second time:\n{text:?}\nbecame\n{once:?}");
        Some(once)
    }
}

/// The result of `work` on a valid declaration; `None` when it is not.
fn read<T>(text: &str, work: impl FnOnce(&Documents<'_>, &[Config]) -> T) -> Option<T> {
    let documents = Documents::parse("iamra.yaml", text, std::path::Path::new("."), &[]).ok()?;
    let configs = draft::read(documents.whole(), &mut Report::default())?;
    Some(work(&documents, &configs))
}

/// An independent reader finds everything else as it was.
fn check_rest(before: &str, after: &str, name: &str, command: usize) {
    let read = |text: &str| serde_yaml::from_str::<Value>(text.trim_start_matches('\u{feff}')).ok();
    // Aliases are expanded by that reader, and merge keys are not.
    let Some(mut was) = read(before).filter(|_| !before.contains(['*', '&', '!'])) else { return };
    let mut is = read(after).unwrap_or_else(|| panic!("cannot be read any more: {before:?}\nbecame\n{after:?}"));
    for value in [&mut was, &mut is] {
        forget(&mut value["spec"], name, command);
    }
    let same = was == is || tidy(&was) == tidy(&is);
    assert!(same, "{before:?}\nbecame\n{after:?}\n{was:?}\n{is:?}");
}

/// Takes out what the commands are about: entries of this name, and the lists of clusters.
fn forget(spec: &mut Value, name: &str, command: usize) {
    let Some(spec) = spec.as_mapping_mut() else { return };
    for section in ["workloads", "roles"] {
        if let Some(entries) = spec.get_mut(section).and_then(Value::as_mapping_mut) {
            entries.remove(name);
            // The role of a workload that goes goes with it, if `onboard` has declared it; `-r` in which clusters it runs.
            for (_, entry) in entries.iter_mut() {
                if let Some(entry) = entry.as_mapping_mut().filter(|_| command > 3) {
                    entry.remove("clusters");
                }
            }
        }
    }
    if command == 0 || command == 2 {
        spec.remove("roles");
    }
    if let Some(clusters) = spec.get_mut("clusters").and_then(Value::as_mapping_mut) {
        if command > 3 {
            clusters.remove(name);
        }
        for (_, cluster) in clusters.iter_mut() {
            if let Some(cluster) = cluster.as_mapping_mut() {
                let mut inner = Value::Mapping(std::mem::take(cluster));
                forget(&mut inner, name, command);
                *cluster = inner.as_mapping().cloned().unwrap_or_default();
            }
        }
    }
}

/// Without what is empty: `onboard` fills it, and what is emptied goes.
fn tidy(value: &Value) -> Value {
    match value {
        Value::Mapping(entries) => {
            let entries = entries.iter().map(|(key, value)| (key.clone(), tidy(value)));
            let entries: serde_yaml::Mapping = entries.filter(|(_, value)| !value.is_null()).collect();
            if entries.is_empty() { Value::Null } else { Value::Mapping(entries) }
        }
        Value::Sequence(items) if items.is_empty() => Value::Null,
        Value::Sequence(items) => Value::Sequence(items.iter().map(tidy).collect()),
        other => other.clone(),
    }
}

/// Every line that was there is there, but for those that hold a section in brackets, or that it is empty.
fn check_lines(before: &str, after: &str) {
    let is_kept = |line: &&str| {
        let words = line.split('#').next().unwrap_or_default();
        !words.contains(['{', '}', '[', ']', '~']) && !words.contains("null") && !words.trim_end().ends_with(':')
    };
    if before.contains('{') || before.contains('[') {
        return;
    }
    let mut lines = after.lines();
    for line in before.lines().filter(is_kept) {
        assert!(lines.any(|other| other == line), "{line:?} is gone: {before:?}\nbecame\n{after:?}");
    }
}
