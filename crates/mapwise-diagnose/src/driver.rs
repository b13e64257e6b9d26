//! Drives one stream through unwrapping, repair, recognition and assembly.
//!
//! - **bounded**: an excerpt is handed on at [`MAX_EXCERPT_LINES`] lines or [`MAX_EXCERPT_BYTES`];
//!   recognizers keep their state across such cuts.

use std::collections::HashMap;
use std::io::{self, Read};

use flate2::bufread::GzDecoder;

use crate::assemble::Assembler;
use crate::excerpt::{self, Line};
use crate::finding::Finding;
use crate::parse::Parser;
use crate::profile::{Profile, proto, text};
use crate::scan::Scanner;
use crate::token::{self, Token};
use crate::unwrap;

const MAX_EXCERPT_LINES: usize = 20_000;
const MAX_EXCERPT_BYTES: usize = 4 << 20;
/// Processes, containers and packages told apart in one log.
const MAX_STREAMS: usize = 64;
const MAX_PROFILE: u64 = 24 << 20;
const MAX_PARTIAL: usize = 64 << 10;
const MAX_PROFILES: usize = 8;
const MAX_NESTING: usize = 2;

/// State that outlives an excerpt.
#[derive(Default)]
pub(crate) struct Driver {
    pub(crate) assembler: Assembler,
    pub(crate) profile_findings: Vec<Finding>,
    pub(crate) notes: Vec<String>,
    profiles: usize,
    streams: HashMap<String, usize>,
    parsers: Vec<Parser>,
    current: usize,
    lines: Vec<Line>,
    bytes: usize,
    partial: HashMap<usize, String>,
    text_profile: Option<text::Builder>,
}

impl Driver {
    /// Reads all of `scanner`; an error leaves what was understood so far in place.
    pub(crate) fn run(&mut self, scanner: &mut Scanner<&mut dyn Read>, nesting: usize) -> io::Result<()> {
        if proto::looks_like_one(scanner.peek()?) {
            let mut bytes = Vec::new();
            scanner.take(MAX_PROFILE).read_to_end(&mut bytes)?;
            self.profile_bytes(&bytes, 1);
        }
        let result = self.read(scanner, nesting);
        self.finish_excerpt();
        result
    }

    fn read(&mut self, scanner: &mut Scanner<&mut dyn Read>, nesting: usize) -> io::Result<()> {
        let mut pieces = Vec::new();
        loop {
            let Some(raw) = scanner.next_line()? else {
                return Ok(());
            };
            let number = raw.number;
            if raw.resumed {
                self.finish_excerpt();
            }
            if raw.gzip {
                self.gzip(scanner, number, nesting);
                continue;
            }
            let text = String::from_utf8_lossy(raw.bytes);
            let origin = unwrap::unwrap(&text, &mut pieces);
            let stream = self.stream(origin.key);
            for text in pieces.drain(..) {
                self.line(Line { number, text, stream, test: origin.test.clone() }, origin.partial);
            }
        }
    }

    /// The number of the stream named `key`; lines without a name follow the one before.
    fn stream(&mut self, key: Option<String>) -> usize {
        if let Some(key) = key {
            let next = self.streams.len() + 1;
            self.current = match self.streams.get(&key) {
                Some(&known) => known,
                None if next < MAX_STREAMS => {
                    self.streams.insert(key, next);
                    next
                }
                None => 0,
            };
        }
        if self.parsers.len() <= self.current {
            self.parsers.resize_with(self.current + 1, Parser::default);
        }
        self.current
    }

    fn line(&mut self, mut line: Line, partial: bool) {
        if let Some(mut start) = self.partial.remove(&line.stream) {
            start.push_str(&line.text);
            line.text = start;
        }
        if partial && line.text.len() < MAX_PARTIAL {
            self.partial.insert(line.stream, line.text);
            return;
        }
        if let Some(profile) = &mut self.text_profile {
            if profile.line(&line.text) {
                return;
            }
            self.finish_text_profile();
        }
        if let Token::Profile { mutex } = token::read(&line.text) {
            self.text_profile = Some(text::Builder::new(mutex, line.number));
            return;
        }
        self.bytes += line.text.len() + 64;
        self.lines.push(line);
        if self.lines.len() >= MAX_EXCERPT_LINES || self.bytes >= MAX_EXCERPT_BYTES {
            self.flush();
        }
    }

    /// Hands the lines read so far to their recognizers, which stay open.
    fn flush(&mut self) {
        self.bytes = 0;
        let mut by_stream: Vec<Vec<Line>> = Vec::new();
        for line in std::mem::take(&mut self.lines) {
            if by_stream.len() <= line.stream {
                by_stream.resize_with(line.stream + 1, Vec::new);
            }
            by_stream[line.stream].push(line);
        }
        for (stream, lines) in by_stream.into_iter().enumerate() {
            for line in excerpt::repair(lines) {
                self.parsers[stream].line(&line);
                for event in self.parsers[stream].take() {
                    self.assembler.add(stream, event);
                }
            }
        }
    }

    fn finish_excerpt(&mut self) {
        for (stream, text) in std::mem::take(&mut self.partial) {
            self.lines.push(Line { number: 0, text, stream, test: None });
        }
        self.finish_text_profile();
        self.flush();
        for (stream, parser) in self.parsers.iter_mut().enumerate() {
            for event in parser.finish() {
                self.assembler.add(stream, event);
            }
        }
        self.streams.clear();
        self.parsers.clear();
        self.current = 0;
    }

    fn finish_text_profile(&mut self) {
        if let Some(profile) = self.text_profile.take() {
            self.profile(profile.finish());
        }
    }

    fn profile(&mut self, profile: Profile) {
        self.profiles += 1;
        if self.profiles <= MAX_PROFILES {
            self.profile_findings.extend(profile.findings(&mut self.notes));
        } else if self.profiles == MAX_PROFILES + 1 {
            self.assembler.note(format!("only the first {MAX_PROFILES} profiles are shown"));
        }
    }

    fn profile_bytes(&mut self, bytes: &[u8], number: u64) {
        if bytes.len() as u64 >= MAX_PROFILE {
            self.assembler
                .note(format!("line {number}: the profile is larger than {} MiB and was not read", MAX_PROFILE >> 20));
            return;
        }
        match proto::read(bytes, number) {
            Some(profile) => self.profile(profile),
            None => self.assembler.note(format!("line {number}: a profile, but not of a mutex or of blocking")),
        }
    }

    /// A compressed profile, or a compressed log, in the middle of the stream.
    fn gzip(&mut self, scanner: &mut Scanner<&mut dyn Read>, number: u64, nesting: usize) {
        if nesting >= MAX_NESTING {
            scanner.skip_byte();
            return;
        }
        self.finish_excerpt();
        let result = self.gzip_member(scanner, number, nesting);
        if let Err(error) = result {
            self.assembler
                .note(format!("line {number}: the compressed part is damaged ({error}); it was read up to there"));
        }
    }

    fn gzip_member(&mut self, scanner: &mut Scanner<&mut dyn Read>, number: u64, nesting: usize) -> io::Result<()> {
        let mut decoder = GzDecoder::new(scanner);
        let mut head = [0u8; 16];
        let mut length = 0;
        while length < head.len() {
            match decoder.read(&mut head[length..])? {
                0 => break,
                read => length += read,
            }
        }
        let head = &head[..length];
        if proto::looks_like_one(head) {
            let mut bytes = head.to_vec();
            let result = decoder.take(MAX_PROFILE).read_to_end(&mut bytes);
            self.profile_bytes(&bytes, number);
            return result.map(drop);
        }
        let mut text = head.chain(decoder);
        let mut inner: Scanner<&mut dyn Read> = Scanner::new(&mut text);
        self.run(&mut inner, nesting + 1)
    }
}
