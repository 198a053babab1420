//! iamra reads one declaration of which workloads are which AWS identities, asks where those identities live, and
//! splices exactly that into a list of Kubernetes objects, saying what it did and what it could not do.
//!
//! The modules in the order in which data goes through them; `pipeline` is the whole program, to be read aloud.

pub mod arn;
pub mod config;
pub mod diag;
pub mod duration;
pub mod issuer;
pub mod krm;
pub mod name;
pub mod reference;
pub mod secret;
pub mod template;
pub mod yaml;
