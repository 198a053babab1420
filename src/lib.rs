//! iamra reads one declaration of which workloads are which AWS identities, asks where those identities live, and
//! splices exactly that into a list of Kubernetes objects, saying what it did and what it could not do.
//!
//! The modules in the order in which data goes through them; `pipeline` is the whole program, to be read aloud.

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
#[cfg_attr(not(feature = "git"), path = "git/none.rs")]
pub mod git;
pub mod helper;
pub mod import;
pub mod issuer;
pub mod krm;
pub mod name;
pub mod output;
pub mod parallel;
pub mod pipeline;
pub mod plan;
pub mod quote;
pub mod reference;
pub mod render;
pub mod resolve;
pub mod resource;
pub mod roster;
pub mod secret;
pub mod splice;
pub mod template;
pub mod temporary;
pub mod trust;
pub mod verify;
pub mod workload;
pub mod yaml;
