//! What becomes of findings: options, lists, formats, the log and the exit status.
//!
//! - **once**: a finding is reported when it is first seen; after that it is counted.
//! - **survives**: a report is in the log before `emit` returns, so that a panic or an abort cannot lose it. Documents on a
//!   standard stream are the exception: they are written when the process exits.
//! - **bounded**: at most [`MOST_FINDINGS`] findings are kept.
//! - **calls-nobody**: nothing here runs user code or waits for a map: findings are emitted while a map is locked.

mod capture;
mod clean;
mod exit;
mod github;
mod glob;
mod json;
mod junit;
mod lists;
mod log;
pub(crate) mod options;
#[cfg(feature = "profile")]
mod profiled;
mod sarif;
mod shown;
mod summary;
mod text;
mod value;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use super::{Finding, Kind};

pub(crate) use capture::Capture;
use lists::{Baseline, Suppressions};
use log::Output;
use options::{Format, Options};
#[cfg(feature = "profile")]
pub(crate) use profiled::profiled;
use shown::Shown;
use summary::Summary;

/// The most findings that are kept.
const MOST_FINDINGS: usize = 1_000;
/// The most findings that are remembered as suppressed or known.
const MOST_QUIET: usize = 10_000;
/// The status of a process whose options are refused.
const REFUSED: i32 = 2;

static REPORTER: OnceLock<Reporter> = OnceLock::new();

/// The options of this process.
///
/// The first call reads them, before the first operation on a map. What is refused ends the process, with a message and
/// status 2.
pub(crate) fn options() -> &'static Options {
    &reporter().options
}

/// Reports a finding, or counts it if it was reported.
pub(crate) fn emit(finding: Finding) {
    let reporter = reporter();
    let Some(finding) = capture::divert(finding, &reporter.options) else { return };
    let new = reporter.take(&finding);
    let ends = finding.kind() == Kind::Overlap || (new && reporter.options.halt_on_error);
    if !ends {
        return;
    }
    let status = finish();
    // After an overlap the caller aborts.
    if new && reporter.options.halt_on_error {
        exit::now(status);
    }
}

/// Writes what is said at the end, once; returns the status that the process should end with, or 0 for its own.
fn finish() -> u8 {
    let Some(reporter) = REPORTER.get().filter(|reporter| reporter.process == std::process::id()) else {
        // Nothing was watched, or this is a fork that never became a program of its own.
        return 0;
    };
    // calls-nobody: detection takes locks of its own.
    let notes = super::finish();
    let mut state = reporter.state();
    let status = state.status(&reporter.options);
    if std::mem::replace(&mut state.finished, true) {
        return status;
    }
    state.summary.notes.extend(notes.iter().map(|note| clean::line(note, 500)));
    state.summary.unused = reporter.suppressions.unused().collect();
    reporter.conclude(&mut state);
    status
}

fn reporter() -> &'static Reporter {
    REPORTER.get_or_init(|| match Reporter::start() {
        Ok(reporter) => reporter,
        Err(refusal) => {
            let _ = Output::Stderr.append(&format!("mapwise: error: {refusal}\n"));
            std::process::exit(REFUSED);
        }
    })
}

struct Reporter {
    options: Options,
    suppressions: Suppressions,
    baseline: Baseline,
    log: Output,
    process: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    findings: Vec<Shown>,
    /// What was seen, by id: the place among the findings, or `None` if nothing is said of it.
    seen: HashMap<String, Option<usize>>,
    summary: Summary,
    finished: bool,
}

impl State {
    fn status(&self, options: &Options) -> u8 {
        if self.findings.is_empty() { 0 } else { options.exitcode }
    }
}

impl Reporter {
    fn start() -> Result<Self, String> {
        let options = match std::env::var_os(options::VARIABLE) {
            None => Options::default(),
            Some(text) => match text.to_str() {
                Some(text) => Options::parse(text).map_err(|error| error.to_string())?,
                None => return Err(format!("{} must be UTF-8", options::VARIABLE)),
            },
        };
        let file = |name: &str, path: &std::path::Path, error: &dyn std::fmt::Display| {
            format!("{}: {name}: {}: {error}", options::VARIABLE, clean::line(&path.display().to_string(), 500))
        };
        let suppressions = match &options.suppressions {
            None => Suppressions::default(),
            Some(path) => Suppressions::read(path).map_err(|error| file("suppressions", path, &error))?,
        };
        let baseline = match &options.baseline {
            None => Baseline::default(),
            Some(path) => {
                Baseline::read(path, options.update_baseline).map_err(|error| file("baseline", path, &error))?
            }
        };
        let log = Output::open(&options.log).map_err(|(path, error)| file("log_path", &path, &error))?;
        if !exit::at_exit() {
            return Err("no handler can be registered that would set the exit status".to_owned());
        }
        let process = std::process::id();
        Ok(Self { options, suppressions, baseline, log, process, state: Mutex::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the finding, and reports it if it is new; returns whether it was.
    fn take(&self, finding: &Finding) -> bool {
        let id = finding.id();
        let mut state = self.state();
        match state.seen.get(&id) {
            Some(&Some(place)) => {
                state.findings[place].count += 1;
                return false;
            }
            Some(None) => return false,
            None => {}
        }
        if self.quiet(finding, &id, &mut state) {
            if state.seen.len() < MOST_QUIET {
                state.seen.insert(id, None);
            }
            return false;
        }
        if state.findings.len() == MOST_FINDINGS {
            state.summary.dropped += 1;
            return false;
        }
        let shown = Shown::new(finding, &self.options);
        let place = state.findings.len();
        state.seen.insert(id, Some(place));
        state.findings.push(shown);
        self.write(&state, place);
        true
    }

    /// Whether nothing is to be said of a finding, because a list has it.
    fn quiet(&self, finding: &Finding, id: &str, state: &mut State) -> bool {
        if self.suppressions.cover(finding) {
            state.summary.suppressed += 1;
            return true;
        }
        if self.baseline.has(id) {
            state.summary.known += 1;
            return true;
        }
        let Some(path) = self.options.baseline.as_deref().filter(|_| self.options.update_baseline) else {
            return false;
        };
        match Baseline::append(path, id, &Shown::new(finding, &self.options).title()) {
            Ok(()) => state.summary.added += 1,
            Err(error) => {
                let note = format!("the baseline could not be written, so this finding is reported: {error}");
                let note = clean::line(&note, 500);
                if !state.summary.notes.contains(&note) {
                    state.summary.notes.push(note);
                }
                return false;
            }
        }
        true
    }

    /// Writes what is due when a finding is new.
    fn write(&self, state: &State, place: usize) {
        match self.options.format {
            Format::Text => self.put(&text::finding(&state.findings[place]), Output::append),
            _ if self.log.path().is_some() => self.put(&self.document(state), Output::replace),
            _ => {}
        }
    }

    /// Writes what is due at the end.
    fn conclude(&self, state: &mut State) {
        state.summary.found = state.findings.len();
        state.summary.status = state.status(&self.options);
        let found = !state.findings.is_empty();
        let words = text::summary(&state.findings, &state.summary);
        match self.options.format {
            Format::Text => self.put(&words, Output::append),
            _ if found => self.put(&self.document(state), Output::replace),
            // A document without findings would only be in the way of the program's own output.
            _ => drop(Output::Stderr.append(&words)),
        }
        if let Some(path) = self.log.path().filter(|_| found) {
            // Otherwise nobody would know why the process failed.
            let last = state.summary.lines().pop().unwrap_or_default();
            let path = clean::line(&path.display().to_string(), 500);
            let _ = Output::Stderr.append(&format!("mapwise: {last}, see {path}\n"));
        }
        self.log.close();
    }

    fn document(&self, state: &State) -> String {
        let mut summary = state.summary.clone();
        summary.found = state.findings.len();
        summary.status = state.status(&self.options);
        match self.options.format {
            Format::Text => text::summary(&state.findings, &summary),
            Format::Json => json::document(&state.findings, &summary),
            Format::Sarif => sarif::document(&state.findings, &summary),
            Format::Github => github::document(&state.findings, &summary),
            Format::Junit => junit::document(&state.findings, &summary),
        }
    }

    /// Writes to the log; a report that the log does not take goes to standard error.
    fn put(&self, text: &str, how: impl FnOnce(&Output, &str) -> std::io::Result<()>) {
        if let Err(error) = how(&self.log, text) {
            let _ = Output::Stderr.append(&format!("mapwise: the log cannot be written: {error}\n{text}"));
        }
    }
}
