//! What can be wrong with a trace: a row, which is skipped and counted, or the whole file.

use std::{fmt, io};

use super::input::Compression;

/// Why a trace could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// The file could not be opened.
    #[error("cannot open trace: {0}")]
    Open(#[source] io::Error),
    /// The file could not be read, or its compressed data are damaged.
    #[error("{}: cannot read {compression} data: {source}", at_or_start(.place))]
    Read {
        /// The last line or record before the failure; `None` at the start.
        place: Option<Place>,
        /// How the file is compressed.
        compression: Compression,
        /// What the system or the decoder said.
        source: io::Error,
    },
    /// The compressed data stop in the middle.
    #[error("{}: {compression} data end early", at_or_start(.place))]
    EndsEarly {
        /// The last line or record before the end; `None` at the start.
        place: Option<Place>,
        /// How the file is compressed.
        compression: Compression,
    },
    /// There is not a single byte.
    #[error("trace is empty")]
    Empty,
    /// There is a header or blank lines, and nothing more.
    #[error("trace has no requests")]
    NoRequests,
    /// The file is of a well-known kind that is no trace.
    #[error("not a trace: the file looks like {0}")]
    Foreign(&'static str),
    /// No format fits the beginning of the file.
    #[error("no known trace format fits: {0}")]
    UnknownFormat(String),
    /// A line is longer than any request can be.
    #[error("line {line}: must be at most {limit} bytes")]
    LineTooLong {
        /// Number of the line, from 1.
        line: u64,
        /// The most bytes that a line may have.
        limit: usize,
    },
    /// A binary trace does not end with a whole record.
    #[error("record {record}: must be {want} bytes, got {got}")]
    TruncatedRecord {
        /// Number of the record, from 1.
        record: u64,
        /// The size of a record.
        want: usize,
        /// The bytes that are there.
        got: usize,
    },
    /// Too many rows are bad to trust the others.
    #[error("at most {percent} % of the rows may be bad, got {bad} of {rows}; first {first}")]
    TooManyBadRows {
        /// The share that is tolerated.
        percent: u64,
        /// Bad rows so far.
        bad: u64,
        /// All rows so far.
        rows: u64,
        /// The first bad row.
        first: BadRow,
    },
}

fn at_or_start(place: &Option<Place>) -> String {
    place.map_or_else(|| "at the start".into(), |place| format!("after {place}"))
}

/// Where in a trace something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// A line of text, from 1.
    Line(u64),
    /// A binary record, from 1.
    Record(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(number) => write!(f, "line {number}"),
            Self::Record(number) => write!(f, "record {number}"),
        }
    }
}

/// A row that is no request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Where it is.
    pub place: Place,
    /// Which rule it breaks, with the value; a key is never quoted.
    pub reason: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

/// The rows of a trace that were skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BadRows {
    /// Rows read so far, good and bad; a header and blank lines are none.
    pub rows: u64,
    /// How many of them are bad.
    pub bad: u64,
    /// The first [`BadRows::KEPT`] of the bad ones.
    pub first: Vec<BadRow>,
}

impl BadRows {
    /// How many bad rows are kept.
    pub const KEPT: usize = 10;
    /// The share of bad rows, in percent, above which a trace is refused.
    pub const MAX_PERCENT: u64 = 1;
    /// A trace is not refused before this many rows, or its end.
    pub const JUDGED_FROM: u64 = 100;

    pub(super) fn good(&mut self) {
        self.rows += 1;
    }

    /// Counts a bad row and refuses the trace if there are too many by now.
    pub(super) fn bad(&mut self, place: Place, reason: String) -> Result<(), TraceError> {
        self.rows += 1;
        self.bad += 1;
        if self.first.len() < Self::KEPT {
            self.first.push(BadRow { place, reason });
        }
        if self.rows >= Self::JUDGED_FROM {
            self.judge()?;
        }
        Ok(())
    }

    /// Refuses the trace if too many of the rows are bad.
    pub(super) fn judge(&self) -> Result<(), TraceError> {
        match self.first.first() {
            Some(first) if self.bad * 100 > self.rows * Self::MAX_PERCENT => Err(TraceError::TooManyBadRows {
                percent: Self::MAX_PERCENT,
                bad: self.bad,
                rows: self.rows,
                first: first.clone(),
            }),
            _ => Ok(()),
        }
    }
}
