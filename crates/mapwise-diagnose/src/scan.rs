//! Reads a stream of any size and yields only the lines near something of Go's.
//!
//! - **bounded**: the buffer never exceeds [`MAX_LINE`] plus one block; a longer line is handed on
//!   in pieces.
//! - **skipping**: while no recognizer has anything to read, whole blocks are searched for a few
//!   words and counted, never split into lines.

use std::io::{self, BufRead, Read};

use aho_corasick::AhoCorasick;
use memchr::{memchr, memchr_iter, memrchr};

/// The longest line kept whole.
pub(crate) const MAX_LINE: usize = 1 << 20;
const BLOCK: usize = 256 << 10;
/// How much of the text before a hit stays readable.
const KEEP: usize = 8 << 10;
const CONTEXT_LINES: usize = 24;
/// Lines without a hit after which reading turns into skipping again.
const TAIL_LINES: usize = 100;

const GZIP: &[u8] = b"\x1f\x8b\x08";
const WORDS: &[&[u8]] = &[
    GZIP,
    b"DATA RACE",
    b"MAP RACE",
    b"concurrent map",
    b"fatal error: ",
    b" +0x",
    b"goroutine ",
    b"--- mutex:",
    b"--- contention:",
    b"race detected",
    b"data race(s)",
    b"runtime.map",
    b" @ 0x",
    // journald's form of a line with colors in it.
    b"\"MESSAGE\":[",
    b"\"MESSAGE\" : [",
];

/// One line, or piece of one, of interest.
pub(crate) struct RawLine<'a> {
    /// 1-based line number in the stream.
    pub(crate) number: u64,
    pub(crate) bytes: &'a [u8],
    /// Whether lines were skipped just before.
    pub(crate) resumed: bool,
    /// Whether the line starts a gzip member; nothing of it is consumed then.
    pub(crate) gzip: bool,
}

/// The line source; see the module's invariants.
pub(crate) struct Scanner<R> {
    reader: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    words: AhoCorasick,
    active: bool,
    resumed: bool,
    line_start: bool,
    quiet: usize,
    lines: u64,
    bytes: u64,
}

impl<R: Read> Scanner<R> {
    /// Starts to read `reader`.
    pub(crate) fn new(reader: R) -> Self {
        let words = AhoCorasick::new(WORDS).expect("a dozen short words make a valid automaton");
        Self {
            reader,
            buffer: vec![0; BLOCK],
            start: 0,
            end: 0,
            ended: false,
            words,
            active: false,
            resumed: true,
            line_start: true,
            quiet: 0,
            lines: 0,
            bytes: 0,
        }
    }

    /// Lines passed so far.
    pub(crate) fn lines_read(&self) -> u64 {
        self.lines
    }

    /// Bytes read so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes
    }

    /// The first bytes of the stream, as far as one block has them.
    pub(crate) fn peek(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.fill()?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// The next line of interest.
    pub(crate) fn next_line(&mut self) -> io::Result<Option<RawLine<'_>>> {
        if !self.active && !self.skip()? {
            return Ok(None);
        }
        let Some((from, to, next)) = self.line_bounds()? else {
            return Ok(None);
        };
        let bytes = &self.buffer[from..to];
        let whole = self.line_start;
        let resumed = std::mem::take(&mut self.resumed);
        if whole && is_gzip(bytes) {
            return Ok(Some(RawLine { number: self.lines + 1, bytes, resumed, gzip: true }));
        }
        self.start = next;
        self.line_start = next > to;
        let number = self.lines + 1;
        self.lines += u64::from(next > to);
        self.quiet = if self.words.is_match(bytes) { 0 } else { self.quiet + 1 };
        if self.quiet > TAIL_LINES {
            self.active = false;
            self.resumed = true;
        }
        Ok(Some(RawLine { number, bytes: &self.buffer[from..to], resumed, gzip: false }))
    }

    /// Drops one byte, so that a gzip signature is not met again.
    pub(crate) fn skip_byte(&mut self) {
        self.consume(1);
    }

    /// Start and end of the next line and the start of the one after it.
    fn line_bounds(&mut self) -> io::Result<Option<(usize, usize, usize)>> {
        let mut searched = 0;
        loop {
            let text = &self.buffer[self.start..self.end];
            if let Some(at) = memchr(b'\n', &text[searched..]) {
                let to = self.start + searched + at;
                return Ok(Some((self.start, to, to + 1)));
            }
            searched = text.len();
            if searched >= MAX_LINE || (self.ended && searched > 0) {
                let to = self.start + searched.min(MAX_LINE);
                return Ok(Some((self.start, to, to)));
            }
            if !self.fill()? {
                if self.start == self.end {
                    return Ok(None);
                }
                continue;
            }
        }
    }

    /// Moves to the first line of the neighborhood of the next word; false at the end.
    fn skip(&mut self) -> io::Result<bool> {
        loop {
            let text = &self.buffer[self.start..self.end];
            if let Some(found) = self.words.find(text) {
                let start = self.start + context_start(text, found.start());
                self.pass(start);
                self.active = true;
                self.quiet = 0;
                return Ok(true);
            }
            let keep = self.end.saturating_sub(KEEP).max(self.start);
            let line = memchr(b'\n', &self.buffer[keep..self.end]).map(|at| keep + at + 1);
            self.pass(line.filter(|_| keep > self.start).unwrap_or(keep));
            if !self.fill()? {
                self.pass(self.end);
                return Ok(false);
            }
        }
    }

    /// Counts and drops everything before `to`.
    fn pass(&mut self, to: usize) {
        let passed = &self.buffer[self.start..to];
        self.lines += memchr_iter(b'\n', passed).count() as u64;
        if let Some(&last) = passed.last() {
            self.line_start = last == b'\n';
        }
        self.start = to;
    }

    /// Reads another block; false when nothing is left.
    fn fill(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() - self.end < BLOCK / 2 {
            self.buffer.resize(self.end + BLOCK, 0);
        }
        loop {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    self.ended = true;
                    return Ok(false);
                }
                Ok(read) => {
                    self.end += read;
                    self.bytes += read as u64;
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// The rest of the stream as bytes, for a compressed member in the middle of it.
impl<R: Read> BufRead for Scanner<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.peek()
    }

    fn consume(&mut self, amount: usize) {
        let to = (self.start + amount).min(self.end);
        self.pass(to);
        self.line_start = true;
    }
}

impl<R: Read> Read for Scanner<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut ready = self.fill_buf()?;
        let read = ready.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

/// Whether `bytes` start a gzip member: signature, deflate, no reserved flag.
pub(crate) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(GZIP) && bytes.get(3).is_some_and(|flags| flags & 0xe0 == 0)
}

/// Start of the line [`CONTEXT_LINES`] before the one that holds `hit`.
fn context_start(text: &[u8], hit: usize) -> usize {
    let mut start = hit;
    for _ in 0..=CONTEXT_LINES {
        match memrchr(b'\n', &text[..start.saturating_sub(1)]) {
            Some(newline) => start = newline + 1,
            None => return 0,
        }
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &[u8]) -> Vec<u64> {
        let mut scanner = Scanner::new(text);
        let mut seen = Vec::new();
        while let Some(line) = scanner.next_line().unwrap() {
            seen.push(line.number);
        }
        seen
    }

    #[test]
    fn a_log_without_go_in_it_yields_nothing_and_is_counted() {
        let text = "nothing here\n".repeat(100_000);
        let mut scanner = Scanner::new(text.as_bytes());
        assert!(scanner.next_line().unwrap().is_none());
        assert_eq!((scanner.lines_read(), scanner.bytes_read()), (100_000, text.len() as u64));
    }

    #[test]
    fn line_numbers_survive_skipping() {
        let mut text = "nothing here\n".repeat(50_000);
        text.push_str("WARNING: DATA RACE\n");
        text.push_str(&"nothing here\n".repeat(500));
        let seen = numbers(text.as_bytes());
        assert!(seen.contains(&50_001));
        assert!(seen.len() <= CONTEXT_LINES + TAIL_LINES + 3, "{}", seen.len());
        assert!(seen.windows(2).all(|pair| pair[0] + 1 == pair[1]));
    }

    #[test]
    fn an_endless_line_is_handed_on_in_pieces() {
        let mut text = vec![b'x'; 3 * MAX_LINE];
        text[10..19].copy_from_slice(b"DATA RACE");
        let mut scanner = Scanner::new(text.as_slice());
        let mut longest = 0;
        while let Some(line) = scanner.next_line().unwrap() {
            longest = longest.max(line.bytes.len());
        }
        assert!(longest <= MAX_LINE + BLOCK);
        assert_eq!(scanner.bytes_read(), text.len() as u64);
    }
}
