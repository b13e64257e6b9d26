//! The recognizers of one stream: tokens in, events out.
//!
//! Exactly one recognizer is open at a time; a line that means nothing to it is passed over, and
//! after [`PATIENCE`] such lines in a row what was understood so far is handed on.

mod dump;
mod race;
mod stack;

use crate::event::{Checked, CheckedAccess, Event};
use crate::excerpt::Line;
use crate::text::cut;
use crate::token::{self, Token};

use dump::DumpBuilder;
use race::RaceBuilder;
use stack::StackBuilder;

/// Foreign lines in a row after which an open report is taken to be cut off.
const PATIENCE: usize = 60;

#[derive(Debug, Default)]
enum Open {
    #[default]
    Nothing,
    Race(RaceBuilder),
    Dump(Box<DumpBuilder>),
    Checked(CheckedBuilder),
}

/// The parser of one stream.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    open: Open,
    foreign: usize,
    events: Vec<Event>,
    /// A test said to have failed, but not yet that a race was why.
    failed: Option<String>,
    /// A race was said to have failed a test not yet named.
    raced: bool,
}

impl Parser {
    /// Reads the next line.
    pub(crate) fn line(&mut self, line: &Line) {
        if let Open::Checked(checked) = &mut self.open
            && checked.rust(&line.text, line.number)
        {
            self.foreign = 0;
            return;
        }
        let token = token::read(&line.text);
        match token {
            Token::Blank => return,
            Token::TestRace => {
                match self.failed.take() {
                    Some(test) => self.test_raced(test),
                    None => self.raced = true,
                }
                return;
            }
            Token::Other => {
                self.foreign += 1;
                if self.foreign > PATIENCE {
                    self.close();
                }
                return;
            }
            _ => self.foreign = 0,
        }
        self.token(token, line);
    }

    /// Hands on what was read so far and is complete.
    pub(crate) fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Ends whatever is open and hands on everything.
    pub(crate) fn finish(&mut self) -> Vec<Event> {
        self.close();
        self.take()
    }

    fn close(&mut self) {
        match std::mem::take(&mut self.open) {
            Open::Nothing => {}
            Open::Race(builder) => self.events.extend(builder.finish().map(Event::Race)),
            Open::Dump(builder) => self.events.extend(builder.finish()),
            Open::Checked(builder) => self.events.push(Event::Checked(builder.finish())),
        }
    }

    fn token(&mut self, token: Token<'_>, line: &Line) {
        let at = line.number;
        match token {
            Token::RaceHeader => {
                self.close();
                self.open = Open::Race(RaceBuilder::new(at, line.test.clone()));
            }
            Token::RaceAccess { .. } | Token::RaceThread { .. } => {
                if !matches!(self.open, Open::Race(_)) {
                    self.close();
                    self.open = Open::Race(RaceBuilder::new(at, line.test.clone()));
                }
                self.section(token, at, line);
            }
            Token::Checked { kind, rest } => {
                self.close();
                self.open = Open::Checked(CheckedBuilder::new(kind, rest, at));
            }
            Token::Ruler => match &self.open {
                Open::Race(race) if race.is_empty() => {}
                Open::Race(_) | Open::Checked(_) => self.close(),
                _ => {}
            },
            Token::RaceEnd => {
                if !matches!(self.open, Open::Dump(_)) {
                    self.close();
                }
            }
            Token::TestFailed { name } => {
                let name = cut(name, 200).to_owned();
                if std::mem::take(&mut self.raced) {
                    self.test_raced(name);
                } else {
                    self.failed = Some(name);
                }
            }
            Token::Fatal { .. } | Token::Fault { .. } | Token::Goroutine { .. } => {
                self.dump(token, line);
            }
            _ => self.part(token, line),
        }
    }

    fn test_raced(&mut self, test: String) {
        if matches!(self.open, Open::Race(_)) {
            self.close();
        }
        self.events.push(Event::TestFailed(test));
    }

    fn section(&mut self, token: Token<'_>, at: u64, line: &Line) {
        let Open::Race(race) = &mut self.open else {
            return;
        };
        if let Some(complete) = race.section(token, at) {
            // A second report began without a header of its own.
            self.events.extend(complete.finish().map(Event::Race));
            let mut next = RaceBuilder::new(at, line.test.clone());
            next.section(token, at);
            self.open = Open::Race(next);
        }
    }

    fn dump(&mut self, token: Token<'_>, line: &Line) {
        let fits = match (&self.open, &token) {
            (Open::Dump(dump), Token::Fatal { .. } | Token::Fault { .. }) => dump.takes_message(),
            (Open::Dump(_), _) => true,
            _ => false,
        };
        if !fits {
            self.close();
            self.open = Open::Dump(Box::new(DumpBuilder::new(line.number, line.test.clone())));
        }
        if let Open::Dump(dump) = &mut self.open {
            match token {
                Token::Fatal { message } => dump.message(message),
                Token::Fault { message } => dump.fault(message),
                Token::Goroutine { number, state } => dump.goroutine(number, state, line.number),
                _ => {}
            }
        }
    }

    /// Gives a line without a meaning of its own to whatever is open.
    fn part(&mut self, token: Token<'_>, line: &Line) {
        if matches!(self.open, Open::Nothing)
            && matches!(token, Token::Function(_) | Token::File(_) | Token::Created { .. })
        {
            // The log starts in the middle of a stack.
            self.open = Open::Dump(Box::new(DumpBuilder::new(line.number, line.test.clone())));
        }
        match &mut self.open {
            Open::Nothing => {}
            Open::Race(race) => race.part(token, line.number),
            Open::Dump(dump) => dump.part(token, line.number),
            Open::Checked(checked) => checked.part(token, line.number),
        }
    }
}

/// A report of mapwise's own checked mode.
#[derive(Debug)]
struct CheckedBuilder {
    report: Checked,
    stack: StackBuilder,
    whose: Whose,
}

/// What the frames that come are about.
#[derive(Debug, Default)]
enum Whose {
    /// The last access.
    #[default]
    Access,
    /// Where this thread was created.
    Created(String),
    /// Where a thread whose creation is not known was first seen: no caller of any access.
    Seen,
}

impl CheckedBuilder {
    fn new(kind: &str, rest: &str, at: u64) -> Self {
        let map = rest.split('"').nth(1).unwrap_or("");
        let report =
            Checked { at, kind: cut(kind, 100).to_owned(), map: cut(map, 200).to_owned(), ..Checked::default() };
        Self { report, stack: StackBuilder::default(), whose: Whose::Access }
    }

    fn part(&mut self, token: Token<'_>, at: u64) {
        match token {
            Token::CheckedAccess { what, actor } => {
                self.flush();
                self.whose = Whose::Access;
                if self.report.accesses.len() < 8 {
                    self.report.accesses.push(CheckedAccess {
                        what: cut(what, 200).to_owned(),
                        actor: cut(actor, 200).to_owned(),
                        stack: Vec::new(),
                        at,
                    });
                }
            }
            Token::CheckedField { name: "Thread", value } => {
                self.flush();
                self.whose = Whose::Created(value.to_owned());
            }
            Token::CheckedField { name: "Seen", .. } => {
                self.flush();
                self.whose = Whose::Seen;
            }
            Token::CheckedField { name, value } => {
                self.flush();
                if self.report.fields.len() < 8 {
                    self.report.fields.push((name.to_owned(), cut(value, 400).to_owned()));
                }
            }
            _ => {}
        }
    }

    /// Reads half a frame of Rust: `app::bump()`, `src/cache.rs:25:9`.
    fn rust(&mut self, text: &str, at: u64) -> bool {
        let word = text.trim();
        let word = word.rsplit(char::is_whitespace).next().unwrap_or(word);
        if let Some(path) = word.strip_suffix("()")
            && path.contains("::")
        {
            self.stack.function(path, "", false, at);
            return true;
        }
        let Some((file, place)) = word.split_once(".rs:") else {
            return false;
        };
        let Some((line, _)) = token::leading_number(place) else {
            return false;
        };
        self.stack.file(&format!("{file}.rs"), line.min(u64::from(u32::MAX)) as u32);
        true
    }

    fn flush(&mut self) {
        if self.stack.is_empty() {
            return;
        }
        let (calls, _) = self.stack.finish();
        match std::mem::take(&mut self.whose) {
            Whose::Created(thread) if self.report.created.len() < 8 => self.report.created.push((thread, calls)),
            Whose::Created(_) | Whose::Seen => {}
            Whose::Access => {
                if let Some(access) = self.report.accesses.last_mut() {
                    access.stack = calls;
                }
            }
        }
    }

    fn finish(mut self) -> Checked {
        self.flush();
        self.report
    }
}
