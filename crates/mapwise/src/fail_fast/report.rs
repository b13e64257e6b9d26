//! The last words of a process whose map was used by two threads at once.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    fmt,
    io::{self, Write},
    panic::Location,
    process,
};

use crate::sync::own_thread::Thread;

use super::detector::Access;
use crate::seam::{Op, Visitor};

/// One of the two that met.
pub(super) struct Party {
    pub(super) access: Access,
    pub(super) site: Option<&'static Location<'static>>,
    pub(super) thread: Option<Thread>,
}

impl Party {
    /// Who it is, for the seam.
    pub(super) fn visitor(&self) -> Visitor {
        let op = match self.access {
            Access::Look => Op::View,
            Access::Iterate => Op::ForEach,
            Access::Write(op) => op,
        };
        Visitor { op, site: self.site, thread: self.thread.clone() }
    }
}

/// What is printed.
pub(super) struct Report {
    /// The one that was not let in.
    pub(super) arriving: Party,
    /// The one that was inside.
    pub(super) inside: Party,
    /// Both are the same thread, called from inside its own closure.
    pub(super) nested: bool,
}

impl Report {
    /// Prints the report and ends the process.
    #[cold]
    pub(super) fn print_and_abort(&self) -> ! {
        let trace = Backtrace::capture();
        let mut text = self.to_string();
        if trace.status() == BacktraceStatus::Captured {
            text.push_str(&format!("\nstack of the first:\n{trace}"));
        }
        // One write, so that lines of other threads do not come between; nothing can be done if it fails.
        let _ = io::stderr().lock().write_all(text.as_bytes());
        process::abort()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let accesses = [self.arriving.access, self.inside.access];
        // The wording of Go's runtime.
        let what = if accesses.contains(&Access::Iterate) {
            "concurrent map iteration and map write"
        } else if accesses.contains(&Access::Look) {
            "concurrent map read and map write"
        } else {
            "concurrent map writes"
        };
        writeln!(f, "fatal error: {what}\n")?;
        write!(f, "{}", self.arriving)?;
        let how = if self.nested { "from inside" } else { "while" };
        write!(f, "{how} {}", self.inside)
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.access {
            Access::Look => "a look-up",
            Access::Iterate => "an iteration",
            Access::Write(op) => op.name(),
        };
        write!(f, "{what} by thread ")?;
        match &self.thread {
            Some(thread) => writeln!(f, "{:?} '{}':", thread.id(), thread.name().unwrap_or("<unnamed>"))?,
            None => writeln!(f, "(unknown):")?,
        }
        match self.site {
            Some(site) => writeln!(f, "\t{site}"),
            None => writeln!(f, "\t(unknown)"),
        }
    }
}
