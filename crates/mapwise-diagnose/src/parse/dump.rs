//! One crash dump: the goroutine that crashed, and of the others those that may matter.
//!
//! - **bounded**: a dump of a million goroutines keeps [`MAX_OTHERS`] of them.

use crate::event::{Dump, Event, Goroutine, map_operation};
use crate::symbol;
use crate::text::cut;
use crate::token::Token;

use super::stack::StackBuilder;

const MAX_OTHERS: usize = 24;
const MAX_MESSAGES: usize = 4;

/// A dump being read.
#[derive(Debug, Default)]
pub(super) struct DumpBuilder {
    dump: Dump,
    current: Option<Goroutine>,
    stack: StackBuilder,
}

impl DumpBuilder {
    pub(super) fn new(at: u64, test: Option<String>) -> Self {
        Self { dump: Dump { at, test, ..Dump::default() }, ..Self::default() }
    }

    /// Whether a fatal line met now belongs to this dump: two threads may both print theirs.
    pub(super) fn takes_message(&self) -> bool {
        self.dump.crashed.is_none() && self.stack.is_empty()
    }

    pub(super) fn message(&mut self, message: &str) {
        if self.dump.messages.len() < MAX_MESSAGES {
            self.dump.messages.push(message.to_owned());
        }
    }

    pub(super) fn fault(&mut self, message: &str) {
        self.dump.fault.get_or_insert_with(|| message.to_owned());
    }

    pub(super) fn goroutine(&mut self, number: u64, state: &str, at: u64) {
        self.flush();
        self.current =
            Some(Goroutine { number: Some(number), state: cut(state, 80).to_owned(), at, ..Goroutine::default() });
    }

    pub(super) fn part(&mut self, token: Token<'_>, at: u64) {
        match token {
            Token::Function(found) => self.stack.function(found.symbol, found.arguments, false, at),
            Token::Created { symbol, .. } => self.stack.function(symbol, "", true, at),
            Token::File(found) => self.stack.file(found.path, found.line),
            Token::StackUnavailable => {
                if let Some(current) = &mut self.current {
                    current.unavailable = true;
                }
            }
            _ => {}
        }
        if self.current.is_none() && !self.stack.is_empty() {
            self.current = Some(Goroutine { at, ..Goroutine::default() });
        }
    }

    fn flush(&mut self) {
        let Some(mut goroutine) = self.current.take() else {
            return;
        };
        (goroutine.stack, goroutine.created) = self.stack.finish();
        if goroutine.number.is_none() && goroutine.stack.is_empty() {
            return;
        }
        self.dump.shown += 1;
        if self.dump.crashed.is_none() {
            self.dump.crashed = Some(goroutine);
        } else if self.dump.others.len() < MAX_OTHERS && self.matters(&goroutine) {
            self.dump.others.push(goroutine);
        }
    }

    /// Awake in user code, in a map, or waiting for a lock of the crashed goroutine's type.
    fn matters(&self, goroutine: &Goroutine) -> bool {
        if goroutine.unavailable || map_operation(&goroutine.stack).is_some() {
            return true;
        }
        let Some(call) = goroutine.user_call() else {
            return false;
        };
        if goroutine.is_awake() {
            return true;
        }
        let owner = |call: &crate::event::Call| {
            symbol::parse(&call.symbol).map(|parsed| (parsed.package.to_owned(), parsed.receiver.map(str::to_owned)))
        };
        let crashed = self.dump.crashed.as_ref().and_then(Goroutine::user_call).and_then(owner);
        let waits = goroutine.stack.iter().any(|call| call.symbol.contains("Mutex)."));
        waits && crashed.is_some() && crashed == owner(call)
    }

    /// The dump, if it is one of a map or could be; else that something was there.
    pub(super) fn finish(mut self) -> Option<Event> {
        self.flush();
        let dump = self.dump;
        let Some(crashed) = dump.crashed.clone() else {
            return (!dump.messages.is_empty()).then(|| Event::Dump(Box::new(dump)));
        };
        let message = !dump.messages.is_empty();
        let in_map = map_operation(&crashed.stack).is_some();
        let thrown = crashed.stack.iter().take(8).any(|call| symbol::is_throw(&call.symbol));
        let by_map = crashed.stack.iter().take(8).any(|call| symbol::is_map_throw(&call.symbol));
        if message || by_map || (in_map && (thrown || dump.fault.is_some())) || (thrown && in_sync_map(&dump)) {
            return Some(Event::Dump(Box::new(dump)));
        }
        (crashed.number.is_some() || dump.shown > 1).then_some(Event::Fragment(dump.at))
    }
}

fn in_sync_map(dump: &Dump) -> bool {
    let stack = dump.crashed.as_ref().map_or(&[][..], |crashed| &crashed.stack);
    stack.iter().take_while(|call| !call.is_user()).any(|call| call.symbol.starts_with("sync.(*Map)."))
}
