//! Waiting for a bucket: a little spinning, then giving way, then sleeping, so that nobody burns the processor that
//! the holder needs.

use crate::sync::thread;

/// Turns of spinning, each twice as long as the last.
#[cfg(not(any(loom, shuttle)))]
const SPINS: u32 = 6;
/// Turns of yielding after that.
#[cfg(not(any(loom, shuttle)))]
const YIELDS: u32 = 40;

/// How long a thread has waited.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    turns: u32,
}

impl Backoff {
    pub(super) const fn new() -> Self {
        Self { turns: 0 }
    }

    #[cold]
    pub(super) fn wait(&mut self) {
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
