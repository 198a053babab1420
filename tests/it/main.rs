//! Every test that runs the program, in one binary.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics has failed"
)]

mod architecture;
mod argocd;
mod aws;
mod aws_peers;
mod bad_server;
mod book;
mod cache;
mod cases;
mod cli;
#[cfg(feature = "serve")]
mod clients;
mod cluster;
#[cfg(feature = "git")]
mod committed;
mod cost;
mod credential_chain;
mod credentials;
mod crl;
mod definition;
mod delegation;
mod delivery;
#[cfg(feature = "serve")]
mod demo_serve;
#[cfg(feature = "git")]
mod diff;
mod doctor;
mod editing;
mod equality;
mod examples;
mod exec_plugin;
mod export;
mod faults;
mod fields;
mod first_contact;
mod fleet;
mod formats;
mod forms;
mod graph;
mod guide;
mod helper_flags;
mod image;
mod import;
mod init;
mod issued_names;
mod issuers;
mod journey;
mod k8s;
mod known_traps;
mod kpt;
mod kubectl;
mod kustomize;
mod laws;
mod layering;
mod lessons;
mod lock;
mod matrix;
mod mint;
mod missing;
mod monorepo;
#[cfg(all(feature = "git", feature = "serve"))]
mod newcomer;
mod overview;
#[cfg(all(feature = "git", feature = "serve"))]
mod pages;
mod paths;
mod peers;
#[cfg(feature = "git")]
mod pre_commit;
mod prerequisites;
mod provision;
mod provision_faults;
mod readme;
mod reference;
mod refusals;
mod release;
mod rendered;
mod renewal;
mod report;
mod roles;
mod roles_anywhere_peers;
mod rotate;
mod rotation;
mod security;
#[cfg(feature = "serve")]
mod serve;
#[cfg(feature = "serve")]
mod serve_goldens;
mod signals;
mod source;
mod stages;
mod status;
mod streams;
mod support;
mod terminal;
mod trust;
mod verify;
mod view;
mod walk;
mod words;
mod writes;
mod yaml_styles;
mod yaml_suite;

/// A test file that nobody mentions here would never run.
#[test]
fn no_file_is_forgotten() {
    let main = include_str!("main.rs");
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        assert!(module == "main" || main.contains(&format!("mod {module};")), "main.rs lacks `mod {module};`");
    }
}
