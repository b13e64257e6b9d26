//! One answer, handed from the owner thread to the thread that waits for it.
//!
//! - **always-answered**: an [`Answer`] that is dropped without being given refuses, so its waiter never waits in vain.
//! - **taken-once**: what was given is moved out of the slot by the waiter, so the last of the two to let go of the slot
//!   drops a result only if nobody waits for it.

use std::{mem, thread};

use super::quietly_drop;
use crate::sync::{Arc, Condvar, Mutex};

/// Makes both ends of an answer.
pub(super) fn pair<R>() -> (Answer<R>, Waiter<R>) {
    let slot = Arc::new(Slot { state: Mutex::new(State::Pending), given: Condvar::new() });
    (Answer { slot: Some(Arc::clone(&slot)) }, Waiter { slot })
}

struct Slot<R> {
    state: Mutex<State<R>>,
    given: Condvar,
}

enum State<R> {
    Pending,
    Given(thread::Result<R>),
    Refused,
}

impl<R> Slot<R> {
    fn settle(&self, answer: State<R>) {
        *self.state.lock() = answer;
        // After the unlock: the slot is shared, so it outlives a waiter that saw the answer and left meanwhile.
        self.given.notify_one();
    }
}

/// The owner's end.
pub(super) struct Answer<R> {
    /// `None` once given.
    slot: Option<Arc<Slot<R>>>,
}

impl<R> Answer<R> {
    pub(super) fn give(mut self, outcome: thread::Result<R>) {
        if let Some(slot) = self.slot.take() {
            slot.settle(State::Given(outcome));
            // taken-once: if the waiter is gone, the result is dropped here.
            quietly_drop(slot);
        }
    }
}

impl<R> Drop for Answer<R> {
    fn drop(&mut self) {
        // always-answered.
        if let Some(slot) = self.slot.take() {
            slot.settle(State::Refused);
        }
    }
}

/// The end of whoever asked.
pub(super) struct Waiter<R> {
    slot: Arc<Slot<R>>,
}

impl<R> Waiter<R> {
    /// Returns true if [`wait`](Self::wait) would not wait.
    pub(super) fn is_ready(&self) -> bool {
        !matches!(*self.slot.state.lock(), State::Pending)
    }

    /// Waits for the answer; `None` if it was refused.
    pub(super) fn wait(self) -> Option<thread::Result<R>> {
        let mut state = self.slot.state.lock();
        loop {
            match mem::replace(&mut *state, State::Refused) {
                State::Given(outcome) => return Some(outcome),
                State::Refused => return None,
                State::Pending => {
                    *state = State::Pending;
                    state = self.slot.given.wait(state);
                }
            }
        }
    }
}

/// Run by `RUSTFLAGS="--cfg loom" cargo test -p mapwise --lib --release models`.
///
/// Seen to fail: without `settle`'s notification, with it before the state is set, without `Answer`'s refusal when it is
/// dropped.
#[cfg(all(test, loom))]
mod models {
    use super::*;
    use crate::sync::{UnsafeCell, thread};

    #[test]
    fn what_the_owner_did_is_done_when_the_waiter_returns() {
        loom::model(|| {
            let borrowed = Arc::new(UnsafeCell::new(0));
            let (answer, waiter) = pair();
            let owner = {
                let borrowed = Arc::clone(&borrowed);
                thread::spawn(move || {
                    borrowed.with_mut(|n| {
                        // SAFETY: the waiter looks only after the answer; loom checks that.
                        unsafe { *n = 1 }
                    });
                    answer.give(Ok(7));
                })
            };
            assert!(matches!(waiter.wait(), Some(Ok(7))));
            borrowed.with(|n| {
                // SAFETY: as above.
                assert_eq!(unsafe { *n }, 1);
            });
            owner.join().unwrap();
        });
    }

    #[test]
    fn an_answer_that_is_dropped_refuses() {
        loom::model(|| {
            let (answer, waiter) = pair::<u32>();
            let owner = thread::spawn(move || drop(answer));
            assert!(waiter.wait().is_none());
            owner.join().unwrap();
        });
    }

    #[test]
    fn a_result_is_dropped_once_when_nobody_waits() {
        loom::model(|| {
            let counted = Arc::new(());
            let (answer, waiter) = pair();
            let owner = {
                let counted = Arc::clone(&counted);
                thread::spawn(move || answer.give(Ok(counted)))
            };
            drop(waiter);
            owner.join().unwrap();
            assert_eq!(Arc::strong_count(&counted), 1);
        });
    }
}
