//! Schedule exploration: a test body under many schedules, so that a race which did not happen today is still found.
//!
//! A detector sees only what ran. Here the schedule is chosen, and a schedule that fails has a name that brings it back.
//! Two bodies with the same face: shuttle's, under `--cfg shuttle`, which switches threads at every lock and atomic of the
//! maps; and turns, in every other build, where threads take turns at the maps' operations.

#[cfg(shuttle)]
mod model;
mod schedule;
#[cfg(not(shuttle))]
mod turns;
#[cfg(not(shuttle))]
mod watched;

use std::{env, panic, sync::Arc};

#[cfg(shuttle)]
use model as body;
#[cfg(not(shuttle))]
use turns as body;

use schedule::Schedule;

pub(crate) use body::{come_back, expect_child, leave, point};

/// The environment variable that names the one schedule to run.
const VARIABLE: &str = "MAPWISE_EXPLORE";
/// Schedules, unless it is said how many.
const SCHEDULES: u64 = 1_000;

/// Runs `body` under 1,000 schedules, until one fails.
///
/// A schedule fails if `body` panics, if checked mode finds something, or if nobody can go on. See [`Exploration`].
///
/// # Panics
///
/// If a schedule fails, with what it failed with; the schedule's name and the call that replays it are on standard error.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// mapwise::check::explore(|| {
///     let hits = Arc::new(mapwise::MutexMap::new());
///     hits.insert("/", 0);
///     let visits: Vec<_> = (0..2)
///         .map(|_| {
///             let hits = Arc::clone(&hits);
///             mapwise::check::spawn(move || hits.update("/", |n| *n += 1))
///         })
///         .collect();
///     for visit in visits {
///         visit.join().unwrap();
///     }
///     assert_eq!(hits.get("/"), Some(2));
/// });
/// ```
#[track_caller]
pub fn explore(body: impl Fn() + Send + Sync + 'static) {
    Exploration::new().run(body);
}

/// Runs `body` under the one schedule that has this name.
///
/// # Panics
///
/// As [`explore`] does, and if `schedule` is no name of a schedule.
#[track_caller]
pub fn replay(schedule: &str, body: impl Fn() + Send + Sync + 'static) {
    Exploration::new().replay(schedule, body);
}

/// How to explore.
///
/// Threads that `body` starts with [`check::spawn`](super::spawn) and [`check::scope`](super::scope) are scheduled; others
/// run as they like. What else the threads share must be shared through the maps, or the schedule does not decide alone.
/// Iteration order and shards depend on the maps' hashers, so a schedule is brought back exactly only where they do not
/// matter or the hasher is a fixed one.
///
/// `MAPWISE_EXPLORE=name` in the environment runs the schedule of that name in the place of all others.
#[derive(Clone, Debug)]
#[must_use = "nothing is explored until it runs"]
pub struct Exploration {
    schedules: u64,
    seed: u64,
}

impl Default for Exploration {
    fn default() -> Self {
        Self { schedules: SCHEDULES, seed: 0 }
    }
}

impl Exploration {
    /// Returns an exploration of 1,000 schedules, the same in every run.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many schedules are run.
    pub fn schedules(mut self, schedules: u64) -> Self {
        self.schedules = schedules;
        self
    }

    /// Sets which schedules are run: others for every seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Runs `body` under the schedules, until one fails.
    ///
    /// # Panics
    ///
    /// As [`explore`] does.
    #[track_caller]
    pub fn run(&self, body: impl Fn() + Send + Sync + 'static) {
        if let Ok(name) = env::var(VARIABLE) {
            return self.replay(&name, body);
        }
        let body: Body = Arc::new(body);
        let mut steps = 0;
        for number in 0..self.schedules {
            let schedule = Schedule::nth(self.seed, number, steps);
            steps = trial(schedule, &body, &format!("{} of {}", number + 1, self.schedules));
        }
    }

    /// Runs `body` under the one schedule that has this name.
    ///
    /// # Panics
    ///
    /// As [`replay`] does.
    #[track_caller]
    pub fn replay(&self, schedule: &str, body: impl Fn() + Send + Sync + 'static) {
        let Ok(parsed) = schedule.parse() else {
            panic!("a schedule must be named as random-1f09 or pct-2-37-1f09, got {schedule:?}");
        };
        let body: Body = Arc::new(body);
        trial(parsed, &body, "replayed");
    }
}

/// Runs `wait`, which waits for another thread.
pub(crate) fn away<R>(wait: impl FnOnce() -> R) -> R {
    leave();
    let result = wait();
    come_back();
    result
}

type Body = Arc<dyn Fn() + Send + Sync>;

/// What came of one schedule.
struct Outcome {
    /// Decisions that were made.
    steps: u32,
    /// What `body` panicked with.
    panic: Option<Box<dyn std::any::Any + Send>>,
    /// The reports of what checked mode found.
    findings: Vec<String>,
    /// Something decided beside the schedule.
    unsteady: bool,
}

/// Runs one schedule; returns how many decisions it took.
#[track_caller]
fn trial(schedule: Schedule, body: &Body, which: &str) -> u32 {
    let outcome = body::run(schedule, body);
    if outcome.panic.is_none() && outcome.findings.is_empty() {
        return outcome.steps;
    }
    tell(&format!(
        "mapwise: schedule {schedule} fails ({which})\nreplay it: {VARIABLE}={schedule}, or \
         mapwise::check::replay(\"{schedule}\", body){}",
        if outcome.unsteady { "\nsomething beside the schedule decided too, so a replay may differ" } else { "" }
    ));
    match outcome.panic {
        Some(payload) => {
            tell(&outcome.findings.concat());
            panic::resume_unwind(payload)
        }
        None => panic!(
            "checked mode found {} under schedule {schedule}\n{}",
            outcome.findings.len(),
            outcome.findings.concat()
        ),
    }
}

#[allow(clippy::print_stderr, reason = "it belongs to the output of the test that explores")]
fn tell(text: &str) {
    if !text.is_empty() {
        eprintln!("{text}");
    }
}

#[cfg(test)]
mod tests;
