//! Findings for a test, instead of for the log.

use std::{
    mem,
    panic::resume_unwind,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::Finding;

/// The most findings that one collection keeps.
const MOST: usize = 10_000;

/// Whoever collects; the others wait.
static TURN: Mutex<()> = Mutex::new(());

static COLLECTED: Mutex<Option<Vec<Finding>>> = Mutex::new(None);

/// Runs `job` and returns what checked mode found meanwhile, on any thread; nothing of it is logged or counted.
///
/// For tests that say what must be found, or that nothing must be. A finding is returned as often as it was made.
///
/// # Concurrency
///
/// One job at a time; a call from inside a job never returns. Threads that outlive `job` are not waited for.
///
/// # Panics
///
/// With the payload of `job`, if it panics.
///
/// # Examples
///
/// ```
/// use mapwise::{MutexMap, check};
///
/// let hits = MutexMap::new();
/// let findings = check::collect(|| {
///     std::thread::scope(|scope| {
///         for _ in 0..4 {
///             scope.spawn(|| hits.upsert("/index", || 1, |n| *n += 1));
///         }
///     });
/// });
/// assert!(findings.is_empty());
/// ```
pub fn collect(job: impl FnOnce()) -> Vec<Finding> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    *collected() = Some(Vec::new());
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
    let findings = mem::take(&mut *collected()).unwrap_or_default();
    if let Err(payload) = outcome {
        resume_unwind(payload);
    }
    findings
}

/// Keeps a finding for whoever collects, or else gives it back.
pub(crate) fn divert(finding: Finding) -> Option<Finding> {
    let mut collected = collected();
    let Some(findings) = collected.as_mut() else { return Some(finding) };
    if findings.len() < MOST {
        findings.push(finding);
    }
    None
}

fn collected() -> MutexGuard<'static, Option<Vec<Finding>>> {
    COLLECTED.lock().unwrap_or_else(PoisonError::into_inner)
}
