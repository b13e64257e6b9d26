//! A small number for each thread, so that what belongs to a thread can be kept in an array.
//!
//! - **one-thread**: an index belongs to one thread at a time. An ended thread's is given to another later; what the
//!   first did happens before what the second does, since both pass the pool's lock.
//! - **dense**: the smallest free index is given out, so indices stay below the largest number of threads at a time.

use std::{cmp::Reverse, collections::BinaryHeap};

use parking_lot::Mutex;

use crate::sync::own_thread::{self as thread, Thread};

/// Which indices are free, and whose the others are.
struct Pool {
    free: BinaryHeap<Reverse<usize>>,
    /// By index; `None` where it is free, or its thread is ending and has lost its handle.
    threads: Vec<Option<Thread>>,
}

static POOL: Mutex<Pool> = Mutex::new(Pool { free: BinaryHeap::new(), threads: Vec::new() });

/// Gives the index back when it is dropped: at the end of the thread.
struct Index(usize);

impl Index {
    fn acquire(thread: Option<Thread>) -> Self {
        let mut pool = POOL.lock();
        let index = match pool.free.pop() {
            Some(Reverse(index)) => index,
            None => {
                pool.threads.push(None);
                pool.threads.len() - 1
            }
        };
        pool.threads[index] = thread;
        Self(index)
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        // one-thread: before anybody else can get it.
        #[cfg(feature = "profile")]
        CACHED.with(|cached| cached.set(0));
        let thread = {
            let mut pool = POOL.lock();
            pool.free.push(Reverse(self.0));
            pool.threads[self.0].take()
        };
        drop(thread);
    }
}

crate::sync::thread_local! {
    static INDEX: Index = {
        let index = Index::acquire(Some(thread::current()));
        #[cfg(feature = "profile")]
        CACHED.with(|cached| cached.set(scaled(index.0)));
        index
    };
}

#[cfg(feature = "profile")]
std::thread_local! {
    // Has no destructor, so that it is there to the thread's end, and a look at it is one load.
    static CACHED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// The number of bytes between the places of two threads, where each has its own in an array.
#[cfg(feature = "profile")]
pub(crate) const SCALE: usize = 512;

/// How many threads have such places: twice as many as there are processors.
///
/// Threads are often more than processors, and an index above the processors is given out only then.
#[cfg(feature = "profile")]
pub(crate) fn places() -> usize {
    static PLACES: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    *PLACES.get_or_init(|| std::thread::available_parallelism().map_or(8, |n| n.get() * 2).clamp(8, 64))
}

/// Where in such an array the place of a thread is, in bytes; the first is nobody's, for threads that have none.
#[cfg(feature = "profile")]
fn scaled(index: usize) -> usize {
    // A model's threads share.
    if index < places() && cfg!(not(loom)) { (index + 1) * SCALE } else { 0 }
}

/// Returns where this thread's place is, in bytes, if [`with`] has given it an index already, and otherwise 0: that of
/// nobody. Never more than `places() * SCALE`, and a multiple of [`SCALE`].
#[cfg(feature = "profile")]
#[inline(always)]
pub(crate) fn cached() -> usize {
    CACHED.get()
}

/// Calls `job` with this thread's index.
#[inline]
pub(crate) fn with<R>(job: impl FnOnce(usize) -> R) -> R {
    match INDEX.try_with(|index| index.0) {
        Ok(index) => job(index),
        // The thread is ending and has given its index back: another one, for this call.
        Err(_) => {
            let index = Index::acquire(None);
            job(index.0)
        }
    }
}

/// Returns the thread that has `index` now.
pub(crate) fn thread(index: usize) -> Option<Thread> {
    POOL.lock().threads.get(index).cloned().flatten()
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, sync::mpsc};

    use super::*;

    #[test]
    fn threads_that_are_alive_at_once_have_different_indices() {
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            let barrier = std::sync::Arc::new(std::sync::Barrier::new(8));
            for _ in 0..8 {
                let (sender, barrier) = (sender.clone(), std::sync::Arc::clone(&barrier));
                scope.spawn(move || {
                    with(|index| sender.send(index)).unwrap();
                    barrier.wait();
                });
            }
        });
        drop(sender);
        let mut indices: Vec<usize> = receiver.into_iter().collect();
        indices.sort_unstable();
        indices.dedup();
        assert_eq!(indices.len(), 8);
    }

    #[test]
    fn a_thread_keeps_its_index_and_can_be_found_by_it() {
        let first = with(|index| index);
        assert_eq!(with(|index| index), first);
        assert_eq!(super::thread(first).map(|thread| thread.id()), Some(thread::current().id()));
    }

    #[test]
    fn a_thread_that_is_ending_gets_an_index_for_the_call() {
        struct AtEnd(mpsc::Sender<bool>);
        impl Drop for AtEnd {
            fn drop(&mut self) {
                let alone = with(|outer| with(|inner| (INDEX.try_with(|_| ()).is_ok(), outer, inner)));
                self.0.send(alone.0 || alone.1 != alone.2).unwrap();
            }
        }
        thread_local! {
            static FIRST: RefCell<Option<AtEnd>> = const { RefCell::new(None) };
        }
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            FIRST.with_borrow_mut(|slot| *slot = Some(AtEnd(sender)));
            with(|_| ());
        })
        .join()
        .unwrap();
        assert!(receiver.recv().unwrap(), "two calls at once share an index");
    }
}
