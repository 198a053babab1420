//! Every flag that a golden passes to the credential helper exists in the release that the golden names
//! (`src/helper.rs`), and the table of flags says what the helper itself says.

use std::collections::BTreeSet;
use std::process::Command;

use iamra::helper::{FLAGS, OLDEST, Version};
use serde_json::Value;

use crate::cluster::{goldens, pod_specs};
use crate::credentials::{official_helper, sidecars};
use crate::support::run;

/// The helper's own command lines in a container: how it runs, and how it is probed or waited for.
fn command_lines(container: &Value) -> Vec<Vec<String>> {
    let texts = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let probes = ["startupProbe", "livenessProbe", "readinessProbe"];
    let probes = probes.map(|probe| texts(&container[probe]["exec"]["command"]));
    let behind_the_program = |line: Vec<String>| line.into_iter().skip(1).collect::<Vec<_>>();
    let hook = texts(&container["lifecycle"]["postStart"]["exec"]["command"]);
    let others = probes.into_iter().chain([hook]).map(behind_the_program);
    let lines = [texts(&container["args"])].into_iter().chain(others);
    lines.filter(|line| !line.is_empty()).collect()
}

#[test]
fn every_flag_exists_in_the_release_that_is_named() {
    let mut seen = BTreeSet::new();
    for (golden, objects) in goldens() {
        for pod in objects.iter().flat_map(pod_specs) {
            for container in sidecars(&pod) {
                // If the image does not name a release, only flags that all releases have.
                let release = Version::of_image(container["image"].as_str().unwrap()).unwrap_or(OLDEST);
                for line in command_lines(container) {
                    let command = &line[0];
                    for arg in line.iter().filter(|arg| arg.starts_with("--")) {
                        let flag = arg.trim_start_matches("--").split('=').next().unwrap();
                        assert!(release.has(command, flag), "{golden}: {release} has no `{command} --{flag}`");
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
        println!("helper flags: AWS_SIGNING_HELPER names no program, so the table is not compared with one");
        return;
    };
    let says = |args: &[&str]| run(Command::new(&helper).args(args), b"").stdout;
    let release = Version::parse(says(&["version"]).trim()).expect("it says its release");
    for command in ["serve", "update", "credential-process", "read-certificate-data"] {
        let help = says(&[command, "--help"]);
        for flag in FLAGS {
            let there = help.split_whitespace().any(|word| word == format!("--{}", flag.name));
            assert_eq!(there, release.has(command, flag.name), "{command} --{}: {help}", flag.name);
        }
    }
    println!("helper flags: as the official helper {release} says");
}
