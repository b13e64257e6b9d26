//! Findings that are handed to whoever is looking for them, instead of to the log: schedule exploration reports a finding
//! together with the schedule that shows it.

use std::{
    cell::RefCell,
    sync::{Arc, Mutex, PoisonError},
};

use super::{options::Options, shown::Shown, text};
use crate::check::Finding;

thread_local! {
    static CAPTURE: RefCell<Option<Capture>> = const { RefCell::new(None) };
}

/// A list of findings, for the threads that are attached to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Capture {
    /// Ids and reports.
    found: Arc<Mutex<Vec<(String, String)>>>,
}

impl Capture {
    /// Takes this thread's findings until the guard is dropped.
    pub(crate) fn attach(&self) -> Attached {
        Attached { before: CAPTURE.replace(Some(self.clone())) }
    }

    /// The reports, each finding once.
    pub(crate) fn reports(&self) -> Vec<String> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.iter().map(|(_, report)| report.clone()).collect()
    }

    fn take(&self, finding: &Finding, options: &Options) {
        let id = finding.id();
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.iter().all(|(known, _)| *known != id) {
            found.push((id, text::finding(&Shown::new(finding, options))));
        }
    }
}

/// While this lives, its thread's findings go to a [`Capture`].
#[must_use = "it captures until it is dropped"]
pub(crate) struct Attached {
    before: Option<Capture>,
}

impl Drop for Attached {
    fn drop(&mut self) {
        let _ = CAPTURE.try_with(|capture| capture.replace(self.before.take()));
    }
}

/// Gives the finding to whoever captures this thread's, or else back.
pub(super) fn divert(finding: Finding, options: &Options) -> Option<Finding> {
    // A thread that is ending captures nothing any more.
    let capture = CAPTURE.try_with(|capture| capture.borrow().clone()).ok().flatten();
    match capture {
        Some(capture) => {
            capture.take(&finding, options);
            None
        }
        None => Some(finding),
    }
}
