//! iamra reads a declaration that maps workloads to AWS identities, looks up those identities, and adds them to a list
//! of Kubernetes objects, with diagnostics for everything that it cannot do. The modules are listed in the order in
//! which data passes through them; start with `pipeline`, which is the whole program.

// Permissions, owners, pipes and signals decide what is read and written safely.
#[cfg(not(unix))]
compile_error!("iamra runs on Linux and macOS; on Windows, use it in WSL");

pub mod arn;
#[cfg_attr(not(feature = "aws"), path = "aws/none.rs")]
pub mod aws;
pub mod ca;
pub mod certificate;
pub mod cli;
pub mod config;
pub mod diag;
pub mod diff;
pub mod digest;
pub mod disk;
pub mod doctor;
pub mod draft;
pub mod duration;
pub mod encoding;
#[cfg_attr(not(feature = "git"), path = "git/none.rs")]
pub mod git;
pub mod helper;
pub mod import;
pub mod issuer;
pub mod krm;
pub mod matrix;
pub mod memory;
pub mod name;
pub mod output;
pub mod page;
pub mod parallel;
pub mod pipeline;
pub mod plan;
pub mod policy;
pub mod provision;
pub mod quote;
pub mod reference;
pub mod render;
pub mod renewal;
pub mod resolve;
pub mod resource;
pub mod roster;
pub mod secret;
#[cfg_attr(not(feature = "serve"), path = "serve/none.rs")]
pub mod serve;
pub mod splice;
pub mod template;
pub mod temporary;
pub mod trust;
pub mod verify;
pub mod workload;
pub mod writers;
pub mod yaml;
