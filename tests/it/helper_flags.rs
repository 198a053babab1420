//! Every flag that a golden passes to a credential helper exists in it and, of AWS's, in the release that the golden names
//! (`src/helper.rs`); and the tables of flags say what the helpers themselves say.

use std::collections::BTreeSet;
use std::process::Command;

use iamra::helper::{FLAGS, IAMRA, OLDEST, Version};
use serde_json::Value;

use crate::cluster::{goldens, pod_specs};
use crate::credentials::{is_iamra, official_helper, sidecars};
use crate::support::{iamra, root, run};

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
                let image = container["image"].as_str().unwrap();
                // If the image does not name a release, only flags that all releases have.
                let release = Version::of_image(image).unwrap_or(OLDEST);
                let has = |command: &str, flag: &str| {
                    if is_iamra(container) { takes(command, flag) } else { release.has(command, flag) }
                };
                for line in command_lines(container) {
                    let command = &line[0];
                    for arg in line.iter().filter(|arg| arg.starts_with("--")) {
                        let flag = arg.trim_start_matches("--").split('=').next().unwrap();
                        assert!(has(command, flag), "{golden}: {image} has no `{command} --{flag}`");
                        seen.insert((is_iamra(container), command.clone(), flag.to_owned()));
                    }
                }
            }
        }
    }
    for (is_iamra, least) in [(false, 15), (true, 12)] {
        assert!(seen.iter().filter(|(it, ..)| *it == is_iamra).count() >= least, "{seen:?}");
    }
}

/// Whether iamra has a flag for a command, by its table.
fn takes(command: &str, flag: &str) -> bool {
    IAMRA.flags.iter().any(|it| it.name == flag && it.commands.contains(&command))
}

#[test]
fn iamra_s_table_says_what_its_help_says() {
    for command in ["serve", "credential-process"] {
        let help = run(iamra(root()).args([command, "--help"]), b"").stdout;
        let own = help.lines().map(str::trim_start).filter(|line| line.starts_with("--"));
        let own: BTreeSet<_> = own.filter_map(|line| line.trim_start_matches("--").split([' ', '=']).next()).collect();
        let known: BTreeSet<_> = IAMRA.flags.iter().filter(|it| takes(command, it.name)).map(|it| it.name).collect();
        let unlike: Vec<_> = known.symmetric_difference(&own).filter(|flag| **flag != "help").collect();
        assert!(unlike.is_empty(), "{command}: {unlike:?}\n{help}");
    }
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
