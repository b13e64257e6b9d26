//! Reads the requests of a trace one by one, whatever its format and compression.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::error::{BadRows, Place, TraceError};
use super::format::{self, Format};
use super::input::{Compression, Input};
use super::lines::{LineError, Lines};
use super::oracle_general::RECORD;
use super::request::{Request, Row};
use super::{block_csv, cache_csv, oracle_general};

/// A trace that is being read, in bounded memory.
///
/// Rows that are no requests are skipped and counted ([`Reader::skipped`]). When more than
/// [`BadRows::MAX_PERCENT`] of the rows are bad, [`Reader::next_request`] fails: as soon as
/// [`BadRows::JUDGED_FROM`] rows were read, or at the end of a shorter trace.
///
/// # Examples
///
/// ```
/// use mapwise_record::trace::{Key, Reader, TraceOp};
///
/// let text = "0,user:17,7,120,3,get,0\n1,user:17,7,121,3,set,3600\n";
/// let mut reader = Reader::new(text.as_bytes(), None)?;
/// let mut writes = 0;
/// while let Some(request) = reader.next_request()? {
///     assert_eq!(request.key, Key::Text(b"user:17"));
///     writes += u32::from(request.op == TraceOp::Insert);
/// }
/// assert_eq!(writes, 1);
/// # Ok::<(), mapwise_record::trace::TraceError>(())
/// ```
pub struct Reader {
    rows: Rows,
    format: Format,
    compression: Compression,
    tally: BadRows,
}

enum Rows {
    Text { lines: Lines, parse: fn(&[u8]) -> Result<Row, String>, is_header: fn(&[u8]) -> bool },
    Records { source: BufReader<Input>, read: u64 },
}

impl Reader {
    /// Opens the trace at `path`, in the given format or in the one that its content shows.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or read, and, without a given format, when none fits.
    pub fn open(path: impl AsRef<Path>, format: Option<Format>) -> Result<Self, TraceError> {
        let file = File::open(path).map_err(TraceError::Open)?;
        Self::new(file, format)
    }

    /// Reads a trace from any stream of bytes; see [`Reader::open`].
    ///
    /// # Errors
    ///
    /// As [`Reader::open`].
    pub fn new(source: impl Read + Send + 'static, format: Option<Format>) -> Result<Self, TraceError> {
        let mut input = Input::new(source).map_err(TraceError::Open)?;
        if let Some(source) = input.failed_at_start() {
            return Err(failure(&input, None, source));
        }
        let (head, whole) = input.head();
        let format = match format {
            Some(_) if head.is_empty() => return Err(TraceError::Empty),
            Some(format) => format,
            None => format::detect(head, whole)?,
        };
        let compression = input.compression;
        let rows = match format {
            Format::CacheCsv => {
                Rows::Text { lines: Lines::new(input), parse: cache_csv::parse, is_header: cache_csv::is_header }
            }
            Format::BlockCsv => {
                Rows::Text { lines: Lines::new(input), parse: block_csv::parse, is_header: block_csv::is_header }
            }
            Format::OracleGeneral => Rows::Records { source: BufReader::new(input), read: 0 },
        };
        Ok(Self { rows, format, compression, tally: BadRows::default() })
    }

    /// The next request, `None` at the end of the trace.
    ///
    /// # Errors
    ///
    /// When the file cannot be read to its end, when too many rows are bad, and at the end of a
    /// trace without a single row. After an error the trace is over; what further calls return
    /// means nothing.
    pub fn next_request(&mut self) -> Result<Option<Request<'_>>, TraceError> {
        match &mut self.rows {
            Rows::Text { lines, parse, is_header } => next_line(lines, *parse, *is_header, &mut self.tally),
            Rows::Records { source, read } => next_record(source, read, &mut self.tally),
        }
    }

    /// The rows that were skipped so far.
    #[must_use]
    pub fn skipped(&self) -> &BadRows {
        &self.tally
    }

    /// The format that is read.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// How the trace is compressed.
    #[must_use]
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// Ends reading, at the end of the trace or before, and returns what was skipped.
    ///
    /// # Errors
    ///
    /// When too many of the rows so far are bad, however few they are.
    pub fn finish(self) -> Result<BadRows, TraceError> {
        self.tally.judge()?;
        Ok(self.tally)
    }
}

fn next_line<'a>(
    lines: &'a mut Lines,
    parse: fn(&[u8]) -> Result<Row, String>,
    is_header: fn(&[u8]) -> bool,
    tally: &mut BadRows,
) -> Result<Option<Request<'a>>, TraceError> {
    let row = loop {
        match lines.advance() {
            Ok(true) => {}
            Ok(false) => return end(tally).map(|()| None),
            Err(LineError::Trace(error)) => return Err(error),
            Err(LineError::Io(source)) => {
                let place = (lines.number > 0).then_some(Place::Line(lines.number));
                return Err(failure(lines.input(), place, source));
            }
        }
        let line = lines.line();
        if line.trim_ascii().is_empty() || (tally.rows == 0 && is_header(line)) {
            continue;
        }
        match parse(line) {
            Ok(row) => break row,
            Err(reason) => tally.bad(Place::Line(lines.number), reason)?,
        }
    };
    tally.good();
    Ok(Some(row.on(lines.line())))
}

fn next_record<'a>(
    source: &mut BufReader<Input>,
    read: &mut u64,
    tally: &mut BadRows,
) -> Result<Option<Request<'a>>, TraceError> {
    loop {
        let mut record = [0; RECORD];
        let got = fill(source, &mut record).map_err(|error| {
            let place = (*read > 0).then_some(Place::Record(*read));
            failure(source.get_ref(), place, error)
        })?;
        if got == 0 {
            return end(tally).map(|()| None);
        }
        *read += 1;
        if got < RECORD {
            return Err(TraceError::TruncatedRecord { record: *read, want: RECORD, got });
        }
        match oracle_general::parse(&record) {
            Ok(row) => {
                tally.good();
                return Ok(Some(row.on(&[])));
            }
            Err(reason) => tally.bad(Place::Record(*read), reason)?,
        }
    }
}

/// Fills `buffer` as far as the source reaches.
fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn end(tally: &BadRows) -> Result<(), TraceError> {
    if tally.rows == 0 {
        return Err(TraceError::NoRequests);
    }
    tally.judge()
}

fn failure(input: &Input, place: Option<Place>, source: io::Error) -> TraceError {
    let compression = input.compression;
    if input.is_cut_off() {
        TraceError::EndsEarly { place, compression }
    } else {
        TraceError::Read { place, compression, source }
    }
}
