//! How the program is linked.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let [system, libc, features] =
        ["OS", "ENV", "FEATURE"].map(|name| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default());
    let is_static = features.split(',').any(|it| it == "crt-static");
    if system == "linux" && libc == "gnu" && !is_static {
        // An address that is known when the program is linked need not be written when it starts: the dynamic linker would write
        // 73 000 of them, and copy each page that they are in. docs/design/017-start.md has what that costs, and what it is
        // worth. Programs for musl are linked this way by Rust itself.
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
