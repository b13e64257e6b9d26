//! The formats of traces, and how one is told from the first bytes of a file.

use std::fmt;
use std::str::FromStr;

use super::error::TraceError;
use super::lines::strip_mark;
use super::{block_csv, cache_csv, oracle_general};

/// How many lines are tried to tell a text format.
const TRIED_LINES: usize = 100;

/// Files that people mistake for a trace, by their first bytes.
const FOREIGN: [(&[u8], &str); 14] = [
    (b"\x7fELF", "a program (ELF)"),
    (b"MZ", "a Windows program"),
    (b"\xcf\xfa\xed\xfe", "a macOS program"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive: unpack it first"),
    (b"\xfd7zXZ", "an xz file: decompress it first"),
    (b"BZh", "a bzip2 file: decompress it first"),
    (b"\x04\x22\x4d\x18", "an lz4 file: decompress it first"),
    (b"\x1f\x8b", "a gzip file inside a compressed file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file inside a compressed file"),
    (b"SQLite format 3", "a database (SQLite)"),
    (b"<", "an HTML or XML document"),
];

/// A format of traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Text: `timestamp,key,key_size,value_size,client,op,ttl`, requests to a production cache.
    CacheCsv,
    /// Text: `version,time,op,size,lbn`, requests to a disk.
    BlockCsv,
    /// Binary: libCacheSim's `oracleGeneral`, 24 bytes a request.
    OracleGeneral,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::CacheCsv, Self::BlockCsv, Self::OracleGeneral];

    /// The name that [`Format::from_str`] takes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CacheCsv => "cache-csv",
            Self::BlockCsv => "block-csv",
            Self::OracleGeneral => "oracle-general",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The refusal of a name that no [`Format`] has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("trace format must be cache-csv, block-csv or oracle-general, got {0:?}")]
pub struct UnknownFormatName(pub String);

impl FromStr for Format {
    type Err = UnknownFormatName;

    fn from_str(name: &str) -> Result<Self, UnknownFormatName> {
        let known = Self::ALL.into_iter().find(|format| format.name() == name);
        known.ok_or_else(|| UnknownFormatName(name.into()))
    }
}

/// Tells the format from the first bytes, `whole` if there are no others.
///
/// Text is decided by its header or else by what at least half of the first rows parse as, so that
/// a trace with a few bad rows keeps its format.
pub(super) fn detect(head: &[u8], whole: bool) -> Result<Format, TraceError> {
    let head = strip_mark(head);
    if head.is_empty() {
        return Err(TraceError::Empty);
    }
    if let Some((_, kind)) = FOREIGN.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(TraceError::Foreign(kind));
    }
    if !is_text(head) {
        return if oracle_general::fits(head) {
            Ok(Format::OracleGeneral)
        } else {
            Err(TraceError::UnknownFormat("it is binary, and not records of oracle-general".into()))
        };
    }
    detect_text(head, whole)
}

/// Whether there is nothing that text never has; records of 24 bytes have zeros early.
fn is_text(head: &[u8]) -> bool {
    let early = &head[..head.len().min(4096)];
    early.iter().all(|byte| *byte >= b' ' || byte.is_ascii_whitespace())
}

fn detect_text(head: &[u8], whole: bool) -> Result<Format, TraceError> {
    let mut lines = head.split(|byte| *byte == b'\n').collect::<Vec<_>>();
    if !whole {
        lines.pop();
    }
    let mut lines = lines.into_iter().map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let Some(first) = lines.next() else {
        return Err(if whole {
            TraceError::NoRequests
        } else {
            let looked_at = head.len();
            TraceError::UnknownFormat(format!("no row ends in the first {looked_at} bytes"))
        });
    };
    if block_csv::is_header(first) {
        return Ok(Format::BlockCsv);
    }
    if cache_csv::is_header(first) {
        return Ok(Format::CacheCsv);
    }
    if first.starts_with(b"{") || first.starts_with(b"[") {
        return Err(TraceError::Foreign("a JSON document"));
    }
    let (mut tried, mut cache, mut block) = (0, 0, 0);
    for line in std::iter::once(first).chain(lines).take(TRIED_LINES) {
        tried += 1;
        cache += usize::from(cache_csv::parse(line).is_ok());
        block += usize::from(block_csv::parse(line).is_ok());
    }
    if cache * 2 >= tried {
        Ok(Format::CacheCsv)
    } else if block * 2 >= tried {
        Ok(Format::BlockCsv)
    } else {
        Err(TraceError::UnknownFormat(nearest_refusal(first)))
    }
}

/// Why the first line is a row of neither text format, most to the point.
fn nearest_refusal(first: &[u8]) -> String {
    let columns = 1 + first.iter().filter(|byte| **byte == b',').count();
    let (format, refusal) = match columns {
        5 => (Format::BlockCsv, block_csv::parse(first).err()),
        7.. => (Format::CacheCsv, cache_csv::parse(first).err()),
        _ => return format!("rows must have 5 or 7 comma-separated columns, line 1 has {columns}"),
    };
    let refusal = refusal.unwrap_or_else(|| "most of the rows are bad".into());
    format!("as {format}, line 1: {refusal}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(head: &[u8]) -> Result<Format, String> {
        detect(head, true).map_err(|error| error.to_string())
    }

    #[test]
    fn text_formats_are_told_with_and_without_a_header() {
        assert_eq!(told(b"0,k,1,2,3,get,0\n"), Ok(Format::CacheCsv));
        assert_eq!(told(b"0,k,1,2,3,get,0"), Ok(Format::CacheCsv));
        assert_eq!(told(b"timestamp,key,key_size,value_size,client,op,ttl\r\n"), Ok(Format::CacheCsv));
        assert_eq!(told(b"\xef\xbb\xbfversion,time,op,size,lbn\n"), Ok(Format::BlockCsv));
        assert_eq!(told(b"\n1,5633898,2a,512,42932745\n"), Ok(Format::BlockCsv));
    }

    #[test]
    fn one_bad_first_row_does_not_hide_the_format() {
        assert_eq!(told(b"0,k,1,2,3,fetch,0\n0,k,1,2,3,get,0\n"), Ok(Format::CacheCsv));
    }

    #[test]
    fn foreign_files_are_named() {
        for (head, text) in [
            (&b""[..], "trace is empty"),
            (b"\xef\xbb\xbf", "trace is empty"),
            (b"\n \n\n", "trace has no requests"),
            (b"\x7fELF\x02\x01", "not a trace: the file looks like a program (ELF)"),
            (b"\x89PNG\r\n", "not a trace: the file looks like a picture (PNG)"),
            (b" {\"a\": 1}", "not a trace: the file looks like a JSON document"),
            (b"\x00\x01\x02", "no known trace format fits: it is binary, and not records of oracle-general"),
            (
                b"Dear reader,\n",
                "no known trace format fits: rows must have 5 or 7 comma-separated columns, line 1 has 2",
            ),
            (
                b"1,2,zz,512,9\n",
                "no known trace format fits: as block-csv, line 1: op must be a hex SCSI code, got \"zz\"",
            ),
        ] {
            assert_eq!(told(head), Err(text.into()));
        }
    }

    #[test]
    fn a_format_is_known_by_its_name() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert_eq!(
            "csv".parse::<Format>().map_err(|error| error.to_string()),
            Err(r#"trace format must be cache-csv, block-csv or oracle-general, got "csv""#.into())
        );
    }
}
