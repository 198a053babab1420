//! One program with all targets; `FUZZ_TARGET` says which. `fuzz/run` builds and calls it, docs/fuzzing.md explains it.
//!
//! An input that breaks a law panics, with the law and the texts.

#![cfg_attr(fuzzing, no_main)]

mod fixture;
mod oracle;
mod target;

#[path = "../../tests/edits/mod.rs"]
#[allow(dead_code)]
mod edits;
#[path = "../../tests/policies/mod.rs"]
#[allow(dead_code)]
mod policies;
#[path = "../../tests/saphyr/mod.rs"]
mod saphyr;

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| target::chosen()(data));

#[cfg(not(fuzzing))]
fn main() {
    // Without the instrumentation, `make lint` looks at the targets all the same.
    let _ = target::chosen;
    eprintln!("this is built and run by fuzz/run, with the compiler's instrumentation");
    std::process::exit(2);
}
