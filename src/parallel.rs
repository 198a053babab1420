//! Does the same work for many things on all processors; the results are in the order of the things.

use std::collections::BTreeMap;
use std::iter;
use std::num::NonZero;
use std::panic;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// For fewer things, a thread costs more than it saves.
const FEW: usize = 32;

/// How many processors there are for us. To find out, the system's files about limits are read, which takes longer than many
/// a piece of work: once is enough.
pub fn processors() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get))
}

/// The result of `work` for each thing.
pub fn map<T: Sync, R: Send>(things: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    // Few things are the rule.
    let most = things.len() / FEW;
    let threads = if most < 2 { most } else { processors().min(most) };
    if threads < 2 {
        return things.iter().map(work).collect();
    }
    let work = &work;
    thread::scope(|scope| {
        // If no thread can be started, its share is processed here.
        let start = |share| {
            let run = move || -> Vec<R> { <[T]>::iter(share).map(work).collect() };
            thread::Builder::new().spawn_scoped(scope, run).map_err(|_| run())
        };
        let running: Vec<_> = things.chunks(things.len().div_ceil(threads)).map(start).collect();
        let done = |thread: Result<thread::ScopedJoinHandle<'_, Vec<R>>, Vec<R>>| match thread {
            Ok(thread) => thread.join().unwrap_or_else(|it| panic::resume_unwind(it)),
            Err(done) => done,
        };
        running.into_iter().flat_map(done).collect()
    })
}

/// The result of `work` for each thing, where each thing takes its time: the next one begins as soon as a processor is free.
/// `done` is called with each thing when it is done, on the thread of the caller.
pub fn queue<T: Sync, R: Send>(things: &[T], work: impl Fn(&T) -> R + Sync, done: impl FnMut(&T)) -> Vec<R> {
    queue_apart(things, work, |_, result| result, done)
}

/// How many things of a queue are finished in a row.
const IN_A_ROW: usize = 8;

/// When the first of them has waited for so long, no more are begun.
const PATIENCE: Duration = Duration::from_millis(200);

/// The same where `begin` runs another program and `finish` looks at what it has made. The other program has emptied the processor's
/// caches, so several small things are finished in a row: alone, each takes a fifth longer.
pub fn queue_apart<T: Sync, B, R: Send>(
    things: &[T],
    begin: impl Fn(&T) -> B + Sync,
    finish: impl Fn(&T, B) -> R + Sync,
    mut done: impl FnMut(&T),
) -> Vec<R> {
    let (next, (sender, receiver)) = (AtomicUsize::new(0), mpsc::channel());
    let take = |sender: &mpsc::Sender<(usize, R)>| {
        let one = || {
            let index = next.fetch_add(1, Ordering::Relaxed);
            things.get(index).map(|thing| (index, thing, begin(thing)))
        };
        loop {
            let start = Instant::now();
            let Some(first) = one() else { break };
            let more = iter::from_fn(|| if start.elapsed() < PATIENCE { one() } else { None });
            let waiting: Vec<_> = iter::once(first).chain(more).take(IN_A_ROW).collect();
            for (index, thing, made) in waiting {
                // The caller is gone only in a panic.
                let _ = sender.send((index, finish(thing, made)));
            }
        }
    };
    let take = &take;
    thread::scope(|scope| {
        let start = |_| {
            let sender = sender.clone();
            thread::Builder::new().spawn_scoped(scope, move || take(&sender)).ok()
        };
        let running: Vec<_> = (0..processors().min(things.len())).filter_map(start).collect();
        if running.is_empty() {
            take(&sender);
        }
        drop(sender);
        let mut results = BTreeMap::new();
        for (index, result) in receiver {
            things.get(index).into_iter().for_each(&mut done);
            results.insert(index, result);
        }
        for thread in running {
            thread.join().unwrap_or_else(|it| panic::resume_unwind(it));
        }
        results.into_values().collect()
    })
}

/// Does `work` for the first of the things on other threads until `meanwhile` has ended on this one. Returns what that gave, and
/// the results so far, in the order of the things.
pub fn ahead<T: Sync, R: Send, M>(
    things: &[T],
    work: impl Fn(&T) -> R + Sync,
    meanwhile: impl FnOnce() -> M,
) -> (M, Vec<R>) {
    /// Nothing new is begun once it is dropped, also in a panic.
    struct Until<'a>(&'a AtomicBool);
    impl Drop for Until<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let (next, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let take = || {
        let one = || {
            let index = next.fetch_add(1, Ordering::Relaxed);
            things.get(index).map(|thing| (index, work(thing)))
        };
        let until = iter::from_fn(|| if is_over.load(Ordering::Relaxed) { None } else { one() });
        until.collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let until = Until(&is_over);
        let start = |_| thread::Builder::new().spawn_scoped(scope, take).ok();
        let running: Vec<_> = (0..processors().min(things.len())).filter_map(start).collect();
        let ended = meanwhile();
        drop(until);
        let results = running.into_iter().flat_map(|it| it.join().unwrap_or_else(|it| panic::resume_unwind(it)));
        (ended, results.collect::<BTreeMap<_, _>>().into_values().collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_kept() {
        for count in [0, 1, FEW, 2 * FEW, 2 * FEW + 1, 100 * FEW - 1] {
            let things: Vec<_> = (0..count).collect();
            assert_eq!(map(&things, |thing| thing * 2), things.iter().map(|thing| thing * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_queue_keeps_the_order_and_tells_of_each() {
        for count in [0, 1, 2, 100] {
            let things: Vec<_> = (0..count).collect();
            let mut told = Vec::new();
            let results = queue(&things, |thing| thing * 2, |thing| told.push(*thing));
            assert_eq!(results, things.iter().map(|thing| thing * 2).collect::<Vec<_>>());
            assert_eq!(queue_apart(&things, |thing| *thing, |thing, begun| thing + begun, |_| ()), results);
            told.sort_unstable();
            assert_eq!(told, things);
        }
    }

    #[test]
    fn what_is_done_ahead_are_the_first_things() {
        let things: Vec<_> = (0..100).collect();
        let (done, wait) = mpsc::channel();
        let (ended, results) = ahead(&things, |thing| done.send(*thing).map(|()| thing * 2), || wait.recv());
        assert!(ended.is_ok() && !results.is_empty());
        let results = results.into_iter().collect::<Result<Vec<_>, _>>().expect("the receiver is there");
        assert_eq!(results, (0..results.len()).map(|thing| thing * 2).collect::<Vec<_>>());
    }

    #[test]
    #[should_panic(expected = "meanwhile")]
    fn a_panic_meanwhile_ends_what_is_done_ahead() {
        let things: Vec<_> = (0..1 << 20).collect();
        ahead(&things, |_| thread::yield_now(), || assert!(things.is_empty(), "meanwhile"));
    }

    #[test]
    #[should_panic(expected = "thing 9")]
    fn a_panic_in_a_queue_goes_on() {
        queue(&(0..10).collect::<Vec<_>>(), |thing| assert!(*thing < 9, "thing {thing}"), |_| ());
    }

    #[test]
    #[should_panic(expected = "thing 99")]
    fn a_panic_goes_on() {
        map(&(0..100).collect::<Vec<_>>(), |thing| assert!(*thing < 99, "thing {thing}"));
    }
}
