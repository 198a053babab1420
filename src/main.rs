//! iamra
fn main() {}
