//! Memory in small pages, for a process that runs for long and holds little.

/// Lets the system give no huge pages, of which each counts as a whole: the arena of the allocator would have four of them,
/// of 2 MiB, for what fits into two. Where the system cannot be told so, the program works all the same.
/// <https://man7.org/linux/man-pages/man2/PR_SET_THP_DISABLE.2const.html>
pub(super) fn alone() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}
