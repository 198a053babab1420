//! The entry point; everything else is in the library.

#[cfg(any(target_env = "musl", not(debug_assertions)))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    iamra::cli::run()
}
