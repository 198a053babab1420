//! Memory in small pages, for a process that runs for long and holds little.

#[cfg(target_os = "linux")]
use super::environment;

/// Whether the allocator takes huge pages, which it reads when the program starts:
/// <https://microsoft.github.io/mimalloc/environment.html>.
#[cfg(target_os = "linux")]
const ALLOCATOR: &str = "MIMALLOC_ALLOW_THP";

/// Lets the system give a credential server no huge pages, of which each counts as a whole: where it gives them unasked, the
/// arena of the allocator would have four of them, of 2 MiB, for what fits into one. Two are there before anything of this
/// program runs, so it is started again, as the same process, with the allocator told. Where the system does neither, the program works all the same.
/// <https://man7.org/linux/man-pages/man2/PR_SET_THP_DISABLE.2const.html>
pub(super) fn for_server() {
    #[cfg(target_os = "linux")]
    if std::env::args_os().nth(1).is_some_and(|command| command == "serve") {
        let _ = rustix::thread::disable_transparent_huge_pages(true);
        if std::env::var_os(ALLOCATOR).is_none() {
            environment::again(|command| {
                command.env(ALLOCATOR, "0");
            });
        }
    }
}
