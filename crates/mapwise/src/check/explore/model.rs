//! Exploration with shuttle: threads are its coroutines, and it may switch at every lock and atomic of the maps.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
};

use shuttle::{
    Config, FailurePersistence, Runner,
    scheduler::{Schedule as Start, Scheduler, Task, TaskId},
};

use super::{
    Body, Outcome,
    schedule::{Decider, Schedule},
};
use crate::check::report::Capture;

/// Room for a thread's stack; a debug build uses much.
const STACK: usize = 1 << 20;

/// Runs `body` once.
pub(super) fn run(schedule: Schedule, body: &Body) -> Outcome {
    let decider = Arc::new(Mutex::new(schedule.decider()));
    let mut config = Config::new();
    config.stack_size = STACK;
    config.failure_persistence = FailurePersistence::None;
    config.silence_warnings = true;
    let once = Once { decider: Arc::clone(&decider), started: false };
    let body = Arc::clone(body);
    let capture = Capture::default();
    // The coroutines are all on this thread.
    let attached = capture.attach();
    let result = catch_unwind(AssertUnwindSafe(|| Runner::new(once, config).run(move || body())));
    drop(attached);
    let steps = decider.lock().unwrap_or_else(PoisonError::into_inner).steps();
    Outcome { steps, panic: result.err(), findings: capture.reports(), unsteady: false }
}

/// One execution, in which the schedule decides.
#[derive(Debug)]
struct Once {
    decider: Arc<Mutex<Decider>>,
    started: bool,
}

impl Once {
    fn decider(&self) -> std::sync::MutexGuard<'_, Decider> {
        self.decider.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Scheduler for Once {
    fn new_execution(&mut self) -> Option<Start> {
        let first = !std::mem::replace(&mut self.started, true);
        first.then(|| Start::new(0))
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, is_yielding: bool) -> Option<TaskId> {
        let able: Vec<usize> = runnable.iter().map(|task| task.id().into()).collect();
        let chosen = self.decider().choose(&able, current.map(usize::from), is_yielding);
        Some(chosen.into())
    }

    fn next_u64(&mut self) -> u64 {
        self.decider().number()
    }
}

// shuttle sees by itself what threads do.

/// Nothing.
pub(crate) fn point() -> bool {
    true
}

/// Nothing.
pub(crate) fn leave() {}

/// Nothing.
pub(crate) fn come_back() {}

/// A thread of the session: there is none to wait for its turn.
pub(crate) enum Child {}

impl Child {
    pub(crate) fn run<R>(self, _work: impl FnOnce() -> R) -> R {
        match self {}
    }
}

/// Nothing.
pub(crate) fn expect_child() -> Option<Child> {
    None
}
