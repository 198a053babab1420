//! Memory in small pages, for a process that runs for long and holds little.

/// Lets the system give a credential server no huge pages, of which each counts as a whole: the arena of the allocator would
/// have four of them, of 2 MiB, for what fits into one. What is read of the command line would have three already, so this
/// comes before it. Where the system cannot be told so, the program works all the same.
/// <https://man7.org/linux/man-pages/man2/PR_SET_THP_DISABLE.2const.html>
pub(super) fn for_server() {
    #[cfg(target_os = "linux")]
    if std::env::args_os().nth(1).is_some_and(|command| command == "serve") {
        let _ = rustix::thread::disable_transparent_huge_pages(true);
    }
}
