//! From a Go crash dump, race report or lock profile to the two lines that collided and the fix.
//!
//! Bytes in, findings out: [`diagnose`] reads a log of any size and kind, whatever wrapped it
//! (docker, journald, kubectl, CI viewers, quoting), and says for each map that was used by two
//! goroutines at once which two lines met, how sure that is, why, and which fix suits; what the
//! log does not tell is said too, with the command that would show it. [`render`] turns a
//! [`Diagnosis`] into text, JSON, SARIF, GitHub annotations or Markdown.
//!
//! ```
//! let log = "fatal error: concurrent map writes\n\ngoroutine 7 [running]:\n\
//!            main.(*Cache).Set(0x0)\n\t/app/main.go:23 +0x36\n";
//! let diagnosis = mapwise_diagnose::diagnose(log.as_bytes(), &Default::default())?;
//! assert_eq!(diagnosis.findings[0].accesses[0].place.line, 23);
//! # Ok::<(), mapwise_diagnose::Error>(())
//! ```
//!
//! Modules are listed lowest first; each uses only those above it in the list.
//!
//! # Invariants
//!
//! - **bounded**: memory does not grow with the log; lines, stacks, findings and texts have limits.
//! - **total**: no input makes it panic; what was understood before an error is in the error.

mod text;

mod symbol;

mod frame;

mod token;

mod event;

mod finding;

mod scan;

mod decode;

mod unwrap;

mod excerpt;

mod parse;

mod version;

mod source;

mod assemble;

mod cause;

mod fix;

mod words;

mod profile;

mod driver;

pub mod render;

use std::io::{self, Read};

pub use finding::{
    Access, Cause, CauseKind, CodeExcerpt, Confidence, Delay, Diagnosis, Evidence, Finding, Fix, FixKind, Kind,
    Missing, Operation, Owner, Place, Role,
};
pub use source::{SourceDir, SourceLookup};

use driver::Driver;
use scan::Scanner;

/// What a diagnosis may use besides the log.
#[derive(Clone, Copy, Default)]
#[non_exhaustive]
pub struct Options<'a> {
    /// Where the code is, if it is at hand.
    pub source: Option<&'a dyn SourceLookup>,
}

impl<'a> Options<'a> {
    /// Checks causes against the code that `source` finds.
    pub fn with_source(mut self, source: &'a dyn SourceLookup) -> Self {
        self.source = Some(source);
        self
    }
}

/// A log that could not be read to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Reading failed.
    #[error("the log could be read and understood up to line {line} only: {source}")]
    Read {
        /// Lines read before that.
        line: u64,
        /// What was understood before that.
        understood: Box<Diagnosis>,
        /// Why reading failed.
        source: io::Error,
    },
}

/// Reads a log to its end and says what it shows.
///
/// # Errors
///
/// [`Error::Read`] where `reader` fails; it carries what was understood before that.
///
/// # Complexity
///
/// Linear in the length of the log; memory is bounded.
pub fn diagnose(reader: impl Read, options: &Options<'_>) -> Result<Diagnosis, Error> {
    let mut driver = Driver::default();
    let mut decoded = match decode::Decoded::new(reader) {
        Ok(decoded) => decoded,
        Err(source) => {
            return Err(Error::Read { line: 0, understood: Box::default(), source });
        }
    };
    let mut scanner: Scanner<&mut dyn Read> = Scanner::new(&mut decoded);
    let result = driver.run(&mut scanner, 0);
    let (lines, bytes) = (scanner.lines_read(), scanner.bytes_read());
    let diagnosis = conclude(driver, options, lines, bytes);
    match result {
        Ok(()) => Ok(diagnosis),
        Err(source) => Err(Error::Read { line: lines, understood: Box::new(diagnosis), source }),
    }
}

fn conclude(driver: Driver, options: &Options<'_>, lines: u64, bytes: u64) -> Diagnosis {
    let (drafts, mut notes, dropped) = driver.assembler.finish();
    let mut findings: Vec<Finding> = Vec::with_capacity(drafts.len());
    for mut draft in drafts {
        cause::explain(&mut draft, options.source);
        words::describe(&mut draft);
        fix::propose(&mut draft);
        findings.push(draft.finding);
    }
    words::join(&mut findings);
    findings.extend(driver.profile_findings);
    findings.sort_by_key(|finding| (finding.kind, finding.delay.is_none().then_some(finding.log_line)));
    notes.extend(driver.notes);
    if dropped > 0 {
        notes.push(format!("{dropped} further findings are not shown"));
    }
    Diagnosis { findings, notes, lines, bytes, dropped }
}
