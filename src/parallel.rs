//! Does the same work for many things on all processors; the results are in the order of the things.

use std::num::NonZero;
use std::panic;
use std::thread;

/// For fewer things, a thread costs more than it saves.
const FEW: usize = 32;

/// The result of `work` for each thing.
pub fn map<T: Sync, R: Send>(things: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = processors.min(things.len() / FEW);
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
    #[should_panic(expected = "thing 99")]
    fn a_panic_goes_on() {
        map(&(0..100).collect::<Vec<_>>(), |thing| assert!(*thing < 99, "thing {thing}"));
    }
}
