//! Where writers wait for a write closure that is at work on the entry they want.
//!
//! One room for a map: such waits are rare and short, and a waiter that is woken for another entry looks and sits down
//! again.

use crate::sync::{Condvar, Mutex};

/// A waiting room.
pub(crate) struct Room {
    door: Mutex<()>,
    bell: Condvar,
}

impl Default for Room {
    fn default() -> Self {
        Self { door: Mutex::new(()), bell: Condvar::new() }
    }
}

impl Room {
    /// Returns after a bell if `must_wait` holds, at once if it does not.
    ///
    /// Whoever makes it false rings afterwards; the door makes sure that this happens before the look or after the
    /// waiter has sat down.
    #[cold]
    pub(crate) fn wait(&self, must_wait: impl FnOnce() -> bool) {
        let door = self.door.lock();
        if must_wait() {
            drop(self.bell.wait(door));
        }
    }

    /// Wakes everyone who waits.
    #[cold]
    pub(crate) fn ring(&self) {
        drop(self.door.lock());
        self.bell.notify_all();
    }
}
