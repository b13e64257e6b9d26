//! The bytes of a trace, decompressed as they are read.
//!
//! The compression is told by the first bytes, never by the name. Memory is bounded whatever the
//! file says: a few buffers, and for zstd at most the window that `zstd` itself accepts by default.

use std::fmt;
use std::io::{self, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::zstd::ZstdFrames;

/// How many decompressed bytes are looked at to tell the format.
const HEAD: usize = 64 * 1024;
const BUFFER: usize = 64 * 1024;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// How a trace is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    Plain,
    /// gzip, of one or more members.
    Gzip,
    /// Zstandard, of one or more frames.
    Zstd,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

impl Compression {
    fn of(magic: &[u8]) -> Self {
        if magic.starts_with(&GZIP_MAGIC) {
            Self::Gzip
        } else if magic.starts_with(&ZSTD_MAGIC) {
            Self::Zstd
        } else {
            Self::Plain
        }
    }
}

/// A decompressed stream whose beginning was looked at.
pub(super) struct Input {
    pub(super) compression: Compression,
    head: Cursor<Vec<u8>>,
    /// The failure that ended the head; it is reported after the bytes before it were read.
    failed: Option<io::Error>,
    rest: Box<dyn Read + Send>,
    /// Whether the compressed bytes are used up.
    exhausted: Arc<AtomicBool>,
}

impl Input {
    pub(super) fn new(raw: impl Read + Send + 'static) -> io::Result<Self> {
        let exhausted = Arc::new(AtomicBool::new(false));
        let mut raw = Watched { raw, exhausted: Arc::clone(&exhausted) };
        let (magic, failed) = read_up_to(&mut raw, ZSTD_MAGIC.len());
        if let Some(error) = failed {
            return Err(error);
        }
        let compression = Compression::of(&magic);
        let raw = BufReader::with_capacity(BUFFER, Cursor::new(magic).chain(raw));
        let mut rest: Box<dyn Read + Send> = match compression {
            Compression::Plain => Box::new(raw),
            Compression::Gzip => Box::new(MultiGzDecoder::new(raw)),
            Compression::Zstd => Box::new(ZstdFrames::new(raw)),
        };
        let (head, failed) = read_up_to(&mut rest, HEAD);
        Ok(Self { compression, head: Cursor::new(head), failed, rest, exhausted })
    }

    /// The first bytes, and whether they are all there is.
    pub(super) fn head(&self) -> (&[u8], bool) {
        let head = self.head.get_ref();
        (head, head.len() < HEAD)
    }

    /// The failure before the first byte, if there was one.
    pub(super) fn failed_at_start(&mut self) -> Option<io::Error> {
        if self.head.get_ref().is_empty() { self.failed.take() } else { None }
    }

    /// Whether a failure to decompress means that the file is cut off: the decoder asked for more
    /// bytes than there are.
    pub(super) fn is_cut_off(&self) -> bool {
        // Relaxed: set by the same thread, inside the read that failed.
        self.compression != Compression::Plain && self.exhausted.load(Ordering::Relaxed)
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        match self.head.read(buffer)? {
            0 => match self.failed.take() {
                Some(error) => Err(error),
                None => self.rest.read(buffer),
            },
            count => Ok(count),
        }
    }
}

/// Remembers that a reader came to its end.
struct Watched<R> {
    raw: R,
    exhausted: Arc<AtomicBool>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.raw.read(buffer)?;
        if count == 0 && !buffer.is_empty() {
            self.exhausted.store(true, Ordering::Relaxed);
        }
        Ok(count)
    }
}

/// Reads `limit` bytes, or what comes before the end or a failure.
fn read_up_to(reader: &mut impl Read, limit: usize) -> (Vec<u8>, Option<io::Error>) {
    let mut bytes = Vec::new();
    let failed = reader.take(limit as u64).read_to_end(&mut bytes).err();
    (bytes, failed)
}
