//! A team of threads that starts together, is told when to measure and when to stop, and whose
//! panics end the slice instead of the run.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;

/// How often the conductor looks whether the run was interrupted.
const PULSE: Duration = Duration::from_millis(50);

/// Called at least every 50 ms while a team works; false asks it to stop.
pub(crate) type Pulse<'a> = dyn Fn() -> bool + 'a;

/// Why a candidate makes no number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It lost or invented entries.
    Wrong(String),
    /// Its code panicked.
    Panicked(String),
    /// The threads could not be started.
    NoThreads(String),
    /// The run was interrupted.
    Cancelled,
}

/// What the workers should be doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    Warm = 0,
    Measure = 1,
    Stop = 2,
}

/// Shared by a team and its conductor.
pub(crate) struct Control {
    /// Alone on its cache line: workers read it between batches and must not pay for anything else.
    phase: CachePadded<AtomicU8>,
    gate: Mutex<Gate>,
    moved: Condvar,
}

#[derive(Default)]
struct Gate {
    ready: usize,
    open: bool,
    done: usize,
}

impl Control {
    fn new() -> Self {
        Self {
            phase: CachePadded::new(AtomicU8::new(Phase::Warm as u8)),
            gate: Mutex::default(),
            moved: Condvar::new(),
        }
    }

    /// What to do now.
    #[inline]
    pub(crate) fn phase(&self) -> Phase {
        // Relaxed: the phase publishes nothing; results are handed over by joining.
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Warm,
            1 => Phase::Measure,
            _ => Phase::Stop,
        }
    }

    /// Tells the team what to do from now on and returns the moment it was told.
    pub(crate) fn set(&self, phase: Phase) -> Instant {
        let now = Instant::now();
        // Relaxed: as in `phase`.
        self.phase.store(phase as u8, Ordering::Relaxed);
        now
    }

    /// Waits for `time`, or until every worker is done, calling `pulse` meanwhile.
    pub(crate) fn wait(&self, time: Duration, team: usize, pulse: &Pulse<'_>) -> Result<(), Trouble> {
        let deadline = Instant::now().checked_add(time);
        let mut gate = self.lock();
        loop {
            let left = deadline.map_or(PULSE, |at| at.saturating_duration_since(Instant::now()));
            if left.is_zero() || gate.done == team {
                return Ok(());
            }
            gate = self.moved.wait_timeout(gate, left.min(PULSE)).unwrap_or_else(PoisonError::into_inner).0;
            if !pulse() {
                return Err(Trouble::Cancelled);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn await_start(&self) {
        let mut gate = self.lock();
        gate.ready += 1;
        self.moved.notify_all();
        while !gate.open {
            gate = self.moved.wait(gate).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn open_when_ready(&self, team: usize) {
        let mut gate = self.lock();
        while gate.ready < team {
            gate = self.moved.wait(gate).unwrap_or_else(PoisonError::into_inner);
        }
        gate.open = true;
        self.moved.notify_all();
    }

    fn finish(&self) {
        self.lock().done += 1;
        self.moved.notify_all();
    }
}

/// Runs `body` on `team` threads that start together, while `conduct` runs on this one; the team is
/// told to stop when `conduct` returns.
///
/// What the workers did is returned even when `conduct` failed: it was done to a map that lives on.
pub(crate) fn run<R: Send, C>(
    team: usize,
    body: &(dyn Fn(usize, &Control) -> R + Sync),
    conduct: impl FnOnce(&Control) -> Result<C, Trouble>,
) -> Result<(Vec<R>, Result<C, Trouble>), Trouble> {
    let control = Control::new();
    std::thread::scope(|scope| {
        let mut workers = Vec::with_capacity(team);
        let mut refused = None;
        for thread in 0..team {
            let control = &control;
            let work = move || {
                control.await_start();
                let result = catch_unwind(AssertUnwindSafe(|| body(thread, control)));
                control.finish();
                result
            };
            match Builder::new().spawn_scoped(scope, work) {
                Ok(worker) => workers.push(worker),
                Err(error) => {
                    refused = Some(Trouble::NoThreads(format!("thread {thread}: {error}")));
                    control.set(Phase::Stop);
                    break;
                }
            }
        }
        control.open_when_ready(workers.len());
        let conducted = match refused {
            Some(trouble) => Err(trouble),
            None => conduct(&control),
        };
        control.set(Phase::Stop);
        let results = workers.into_iter().map(|worker| {
            let outcome = worker.join().and_then(|caught| caught);
            outcome.map_err(|panic| Trouble::Panicked(text_of(&*panic)))
        });
        // Every worker is joined, then the first trouble counts.
        let results: Vec<Result<R, Trouble>> = results.collect();
        let results = results.into_iter().collect::<Result<Vec<R>, Trouble>>()?;
        Ok((results, conducted))
    })
}

/// Runs `work` alone on a thread of its own. Maps that register threads then never see the thread
/// that conducts the run, which would hold up their reclamation between two slices.
pub(crate) fn alone<R: Send>(pulse: &Pulse<'_>, work: &(dyn Fn(&Control) -> R + Sync)) -> Result<R, Trouble> {
    let (mut results, conducted) =
        run(1, &|_, control| work(control), |control| control.wait(Duration::MAX, 1, pulse))?;
    conducted?;
    results.pop().ok_or_else(|| Trouble::NoThreads("no result".to_owned()))
}

/// The message of a panic.
pub(crate) fn text_of(panic: &(dyn Any + Send)) -> String {
    let text =
        panic.downcast_ref::<&str>().map(|text| (*text).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_team_works_until_its_conductor_returns() {
        let (counts, conducted) = run(
            3,
            &|_, control| {
                let mut turns = 0_u64;
                while control.phase() != Phase::Stop {
                    turns += 1;
                    std::thread::yield_now();
                }
                turns
            },
            |control| control.wait(Duration::from_millis(5), 3, &|| true),
        )
        .unwrap();
        assert_eq!((counts.len(), conducted), (3, Ok(())));
    }

    #[test]
    fn a_panic_in_one_worker_is_told_with_its_text() {
        let result = run(2, &|thread, _| assert_ne!(thread, 1, "worker one fell over"), |control| {
            control.wait(Duration::from_secs(20), 2, &|| true)
        });
        let Err(Trouble::Panicked(text)) = result else {
            panic!("{result:?}");
        };
        assert!(text.contains("worker one fell over"), "{text}");
    }

    #[test]
    fn an_interruption_stops_the_team_and_keeps_what_it_did() {
        let result = run(
            1,
            &|_, control| {
                while control.phase() != Phase::Stop {
                    std::thread::yield_now();
                }
            },
            |control| control.wait(Duration::from_secs(60), 1, &|| false),
        );
        assert_eq!(result, Ok((vec![()], Err(Trouble::Cancelled))));
    }
}
