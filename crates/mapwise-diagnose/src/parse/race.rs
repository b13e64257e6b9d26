//! One race report: two accesses, and where their goroutines were created.

use crate::event::{Race, RaceAccess, RaceThread};
use crate::text::cut;
use crate::token::Token;

use super::stack::StackBuilder;

#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Section {
    #[default]
    None,
    Access,
    Thread,
    /// Where the memory was allocated: read over.
    Heap,
}

/// A race report being read.
#[derive(Debug, Default)]
pub(super) struct RaceBuilder {
    race: Race,
    section: Section,
    stack: StackBuilder,
}

impl RaceBuilder {
    pub(super) fn new(at: u64, test: Option<String>) -> Self {
        Self { race: Race { at, test, ..Race::default() }, ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.race.accesses.is_empty()
    }

    /// Starts a section; hands itself back when the section belongs to a further report.
    pub(super) fn section(&mut self, token: Token<'_>, at: u64) -> Option<Self> {
        match token {
            Token::RaceAccess { operation, previous, address, actor } => {
                self.flush();
                if self.race.accesses.len() >= 2 || (!previous && !self.race.accesses.is_empty()) {
                    return Some(std::mem::take(self));
                }
                self.race.accesses.push(RaceAccess {
                    operation,
                    previous,
                    address,
                    actor,
                    stack: Vec::new(),
                    no_stack: false,
                    at,
                });
                self.section = Section::Access;
            }
            Token::RaceThread { number, finished } => {
                self.flush();
                self.section = Section::Heap;
                if self.race.threads.len() < 4 {
                    self.race.threads.push(RaceThread { number, finished, stack: Vec::new() });
                    self.section = Section::Thread;
                }
            }
            _ => {}
        }
        None
    }

    pub(super) fn part(&mut self, token: Token<'_>, at: u64) {
        match token {
            Token::Function(found) => self.stack.function(found.symbol, found.arguments, false, at),
            Token::File(found) => self.stack.file(found.path, found.line),
            Token::NoStack => {
                if let (Section::Access, Some(access)) = (self.section, self.race.accesses.last_mut()) {
                    access.no_stack = true;
                }
            }
            Token::RaceHeap => {
                self.flush();
                self.section = Section::Heap;
            }
            Token::RaceGlobal { text } => {
                self.flush();
                self.section = Section::Heap;
                self.race.global = Some(cut(text, 300).to_owned());
            }
            _ => {}
        }
    }

    fn flush(&mut self) {
        if self.stack.is_empty() {
            return;
        }
        let (calls, _) = self.stack.finish();
        match self.section {
            Section::Access => {
                if let Some(access) = self.race.accesses.last_mut() {
                    access.stack = calls;
                }
            }
            Section::Thread => {
                if let Some(thread) = self.race.threads.last_mut() {
                    thread.stack = calls;
                }
            }
            Section::None | Section::Heap => {}
        }
        self.section = Section::Heap;
    }

    /// The report, unless nothing of it was there.
    pub(super) fn finish(mut self) -> Option<Race> {
        self.flush();
        let readable = self.race.accesses.iter().any(|access| !access.stack.is_empty() || access.no_stack);
        readable.then_some(self.race)
    }
}
