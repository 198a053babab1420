//! The process's edge; everything else is in the library.

fn main() {}
