//! iamra
pub mod yaml;
