//! Waiting for a bucket: a little spinning, then giving way, then sleeping, so that nobody burns the processor that
//! the holder needs.

use super::word::Word;
use crate::{seam::Waiting, sync::thread};

/// Turns of spinning, each twice as long as the last.
#[cfg(not(any(loom, shuttle)))]
const SPINS: u32 = 6;
/// Turns of yielding after that.
#[cfg(not(any(loom, shuttle)))]
const YIELDS: u32 = 40;

/// How long a thread has waited.
#[derive(Debug)]
pub(super) struct Backoff {
    turns: u32,
    /// Told what is waited for, each time before a turn, and that it is over by its end.
    waiting: Waiting,
}

impl Backoff {
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Self { turns: 0, waiting: Waiting::none() }
    }

    /// Waits a turn for a bucket with this head, whose word was seen.
    #[cold]
    pub(super) fn wait_for<T>(&mut self, head: &T, word: Word) {
        self.waiting.meet(std::ptr::from_ref(head).addr(), word.place());
        self.turn();
    }

    /// Notes what the word of a bucket that was perhaps waited for says now that it is free.
    #[inline(always)]
    pub(super) fn over(&mut self, word: Word) {
        self.waiting.over(word.place());
    }

    /// Waits a turn for something that is no bucket.
    #[cold]
    pub(super) fn wait(&mut self) {
        self.waiting.meet(0, 0);
        self.turn();
    }

    fn turn(&mut self) {
        self.turns = self.turns.saturating_add(1);
        #[cfg(not(any(loom, shuttle)))]
        if self.turns <= SPINS {
            for _ in 0..1 << self.turns {
                crate::sync::spin_loop();
            }
            return;
        } else if self.turns > SPINS + YIELDS {
            // From 32 us to 1 ms: nobody is told when a bucket is released, so this bounds how late it is noticed.
            let doublings = (self.turns - SPINS - YIELDS).min(5);
            thread::sleep(std::time::Duration::from_micros(32 << doublings));
            return;
        }
        thread::yield_now();
    }
}
