//! Signals that end iamra: first its child processes end, then unfinished files are removed.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::{disk, temporary};

/// The running child processes.
static RUNNING: Mutex<Vec<Child>> = Mutex::new(Vec::new());

/// Whether a signal is the usual end.
static IS_USUAL_END: AtomicBool = AtomicBool::new(false);

/// From now on, a signal is how we are meant to end: without a word, with exit code 0.
pub(super) fn end_well() {
    IS_USUAL_END.store(true, Ordering::Relaxed);
}

/// Starts a thread that waits for signals.
pub(super) fn watch() -> io::Result<()> {
    let ignored = ignored();
    let heeded = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
    let mut signals = Signals::new(heeded)?;
    thread::Builder::new().spawn(move || signals.forever().next().map(stop))?;
    Ok(())
}

/// The signals that are ignored, as `nohup` and shells set it; one bit per signal. A system without `/proc`, such as
/// macOS, does not say; there, what `nohup` may have set stays.
/// <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>
fn ignored() -> u64 {
    let Ok(status) = disk::read(Path::new("/proc/self/status")) else { return 1 << (SIGHUP - 1) };
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

/// Argo CD signals the whole process group; an init process or a shell signals only iamra.
fn stop(signal: i32) {
    // Held until the process exits, so that `wait` does not report a killed child as failed.
    let mut running = running();
    for child in running.iter_mut() {
        let _ = child.kill().and_then(|()| child.wait());
    }
    temporary::abandon();
    if IS_USUAL_END.load(Ordering::Relaxed) {
        signal_hook::low_level::exit(0);
    }
    let what = if running.is_empty() { "before it finished" } else { "before the manifests were written" };
    let _ = writeln!(io::stderr(), "error: stopped by signal {signal} {what}");
    // <https://www.gnu.org/software/bash/manual/html_node/Exit-Status.html>
    signal_hook::low_level::exit(128 + signal);
}

fn running() -> MutexGuard<'static, Vec<Child>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A program that was started.
pub(super) struct Started(u32);

/// Starts a program that is ended before iamra; `look` is called with it once it runs.
pub(super) fn start<T>(command: &mut Command, look: impl FnOnce(&mut Child) -> T) -> io::Result<(Started, T)> {
    let mut running = running();
    let mut child = command.spawn()?;
    let seen = look(&mut child);
    let started = Started(child.id());
    running.push(child);
    Ok((started, seen))
}

/// Waits for the end of a program that has closed its output.
pub(super) fn wait(started: &Started) -> io::Result<ExitStatus> {
    let mut running = running();
    let index = running.iter().position(|child| child.id() == started.0).ok_or(io::ErrorKind::NotFound)?;
    let mut child = running.swap_remove(index);
    // Others wait for theirs in the meantime.
    drop(running);
    child.wait()
}

/// Whether a program has ended.
pub(super) fn has_ended(started: &Started) -> bool {
    let mut running = running();
    let child = running.iter_mut().find(|child| child.id() == started.0);
    child.is_none_or(|child| !matches!(child.try_wait(), Ok(None)))
}

/// Ends a program.
pub(super) fn end(started: &Started) {
    let mut running = running();
    if let Some(index) = running.iter().position(|child| child.id() == started.0) {
        let mut child = running.swap_remove(index);
        let _ = child.kill().and_then(|()| child.wait());
    }
}
