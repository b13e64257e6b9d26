//! UTF-16 logs, as PowerShell's `>` writes them, turned into UTF-8 while reading.

use std::io::{self, Read};

/// Reads UTF-8 from a stream that may be UTF-16 with a byte order mark.
pub(crate) enum Decoded<R> {
    /// The bytes as they are, after those already looked at.
    Plain(io::Chain<io::Cursor<Vec<u8>>, R>),
    /// Two-byte units, turned round if big-endian.
    Wide(Wide<R>),
}

impl<R: Read> Decoded<R> {
    pub(crate) fn new(mut reader: R) -> io::Result<Self> {
        let mut head = [0u8; 2];
        let mut length = 0;
        while length < 2 {
            match reader.read(&mut head[length..]) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(match head {
            [0xff, 0xfe] | [0xfe, 0xff] if length == 2 => {
                Self::Wide(Wide { reader, big: head[0] == 0xfe, high: None, odd: None, ready: Vec::new(), at: 0 })
            }
            _ => Self::Plain(io::Cursor::new(head[..length].to_vec()).chain(reader)),
        })
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(reader) => reader.read(out),
            Self::Wide(reader) => reader.read(out),
        }
    }
}

/// A UTF-16 reader; unpaired surrogates become U+FFFD.
pub(crate) struct Wide<R> {
    reader: R,
    big: bool,
    high: Option<u16>,
    odd: Option<u8>,
    ready: Vec<u8>,
    at: usize,
}

impl<R: Read> Wide<R> {
    fn unit(&mut self, unit: u16) {
        let mut push = |c: char| self.ready.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        let pending = self.high.take();
        let units = pending.into_iter().chain([unit]);
        if pending.is_none() && (0xd800..0xdc00).contains(&unit) {
            self.high = Some(unit);
            return;
        }
        char::decode_utf16(units).for_each(|c| push(c.unwrap_or('\u{fffd}')));
    }
}

impl<R: Read> Read for Wide<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.ready.len() {
            self.ready.clear();
            self.at = 0;
            let mut block = [0u8; 16 << 10];
            let read = self.reader.read(&mut block)?;
            if read == 0 {
                return Ok(0);
            }
            let bytes: Vec<u8> = self.odd.take().into_iter().chain(block[..read].iter().copied()).collect();
            let (pairs, rest) = bytes.as_chunks::<2>();
            for &pair in pairs {
                self.unit(if self.big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) });
            }
            self.odd = rest.first().copied();
        }
        let length = out.len().min(self.ready.len() - self.at);
        out[..length].copy_from_slice(&self.ready[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}
