//! iamra
pub mod krm;
pub mod yaml;
