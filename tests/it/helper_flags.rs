//! Every flag that a golden passes to the credential helper exists in the version that the golden names
//! (`tests/helper-flags.yaml`).

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::cluster::{goldens, pod_specs};
use crate::credentials::{official_helper, sidecars};
use crate::support::{root, run};

struct Table(serde_yaml::Value);

impl Table {
    fn read() -> Self {
        let text = std::fs::read_to_string(root().join("tests/helper-flags.yaml")).unwrap();
        Self(serde_yaml::from_str(&text).unwrap())
    }

    /// Since when the command has the flag; `None` when it has it not at all.
    fn since(&self, command: &str, flag: &str) -> Option<[u32; 3]> {
        let row = &self.0["commands"][command];
        let own = row["flags"][flag].as_str();
        let shared = self.0["shared"][flag].as_str().filter(|_| row["shared"] == true);
        own.or(shared).map(version)
    }

    fn flags(&self, command: &str) -> BTreeSet<String> {
        let row = &self.0["commands"][command];
        let shared = row["shared"].as_bool().unwrap().then(|| &self.0["shared"]);
        let tables = shared.into_iter().chain([&row["flags"]]).flat_map(|it| it.as_mapping().unwrap().keys());
        tables.map(|flag| flag.as_str().unwrap().to_owned()).collect()
    }

    fn commands(&self) -> impl Iterator<Item = &str> {
        self.0["commands"].as_mapping().unwrap().keys().map(|command| command.as_str().unwrap())
    }

    /// The helper's version in an image, when its tag says one.
    fn version_of(&self, image: &str) -> [u32; 3] {
        let tag = image.split_once('@').map_or(image, |(name, _)| name).rsplit_once(':').map(|(_, tag)| tag);
        let said = tag.filter(|tag| !tag.contains('/') && tag.starts_with(|c: char| c.is_ascii_digit()));
        version(said.unwrap_or(self.0["read"].as_str().unwrap()))
    }
}

/// `1.8.1`, and the same of `1.8.1-2026.04.09.16.01`.
fn version(text: &str) -> [u32; 3] {
    let numbers = text.split('-').next().unwrap().split('.').map(|number| number.parse().expect("a version"));
    numbers.collect::<Vec<_>>().try_into().expect("three numbers")
}

/// The helper's own command lines in a container: how it runs, and how it is probed.
fn command_lines(container: &Value) -> Vec<Vec<String>> {
    let texts = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let probes =
        ["startupProbe", "livenessProbe", "readinessProbe"].map(|probe| texts(&container[probe]["exec"]["command"]));
    let behind_the_program = |line: Vec<String>| line.into_iter().skip(1).collect::<Vec<_>>();
    let lines = [texts(&container["args"])].into_iter().chain(probes.into_iter().map(behind_the_program));
    lines.filter(|line| !line.is_empty()).collect()
}

#[test]
fn every_flag_exists_in_the_version_that_is_named() {
    let table = Table::read();
    let mut seen = BTreeSet::new();
    for (golden, objects) in goldens() {
        for pod in objects.iter().flat_map(pod_specs) {
            for container in sidecars(&pod) {
                let version = table.version_of(container["image"].as_str().unwrap());
                for line in command_lines(container) {
                    let command = &line[0];
                    for arg in line.iter().filter(|arg| arg.starts_with("--")) {
                        let flag = arg.trim_start_matches("--").split('=').next().unwrap();
                        let since = table.since(command, flag);
                        let fits = since.is_some_and(|since| since <= version);
                        assert!(fits, "{golden}: `{command} --{flag}` is of {since:?}, the image is {version:?}");
                        seen.insert((command.clone(), flag.to_owned()));
                    }
                }
            }
        }
    }
    assert!(seen.len() >= 15, "{seen:?}");
}

/// The table against the program itself, where there is one.
#[test]
fn the_table_says_what_the_helper_says() {
    let Some(helper) = official_helper() else {
        println!("helper flags: the official helper is not in AWS_SIGNING_HELPER, the table is not compared with it");
        return;
    };
    let table = Table::read();
    let says = |args: &[&str]| run(Command::new(&helper).args(args), b"").stdout;
    let version = version(says(&["version"]).trim());
    for command in table.commands() {
        let help = says(&[command, "--help"]);
        for flag in table.flags(command) {
            let there = help.split_whitespace().any(|word| word == format!("--{flag}"));
            let since = table.since(command, &flag).unwrap();
            assert_eq!(there, since <= version, "{command} --{flag}: {help}");
        }
    }
    println!("helper flags: as the official helper {version:?} says");
}
