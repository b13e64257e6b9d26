//! Lines of bounded length.

use std::io::{self, BufRead, BufReader, Read};

use super::error::TraceError;
use super::input::Input;

/// The most bytes of a line; keys of the caches that are traced have at most 250.
pub(super) const MAX_LINE: usize = 64 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The bytes after a byte order mark, which some tools put at the start of text.
pub(super) fn strip_mark(head: &[u8]) -> &[u8] {
    head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head)
}

pub(super) struct Lines {
    source: BufReader<Input>,
    line: Vec<u8>,
    /// Number of the current line, from 1; 0 before the first.
    pub(super) number: u64,
}

/// Why there is no next line.
pub(super) enum LineError {
    Io(io::Error),
    Trace(TraceError),
}

impl Lines {
    pub(super) fn new(input: Input) -> Self {
        Self { source: BufReader::new(input), line: Vec::new(), number: 0 }
    }

    /// Goes to the next line and tells whether there was one.
    pub(super) fn advance(&mut self) -> Result<bool, LineError> {
        self.line.clear();
        let limit = MAX_LINE as u64 + 1;
        let mut source = (&mut self.source).take(limit);
        let count = source.read_until(b'\n', &mut self.line).map_err(LineError::Io)?;
        if count == 0 {
            return Ok(false);
        }
        self.number += 1;
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        } else if self.line.len() > MAX_LINE {
            let line = self.number;
            let limit = MAX_LINE;
            return Err(LineError::Trace(TraceError::LineTooLong { line, limit }));
        }
        Ok(true)
    }

    /// The current line without its end and without a byte order mark.
    pub(super) fn line(&self) -> &[u8] {
        let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        if self.number == 1 { strip_mark(line) } else { line }
    }

    pub(super) fn input(&self) -> &Input {
        self.source.get_ref()
    }
}
