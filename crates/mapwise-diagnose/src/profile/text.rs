//! Reads the debug=1 text of a lock profile, line by line.

use crate::finding::Place;
use crate::text::cut;
use crate::token::leading_number;

use super::{Profile, Stack};

const MAX_STACKS: usize = 20_000;
const MAX_CALLS: usize = 128;
const MAX_BYTES: usize = 8 << 20;

/// A text profile being read.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    profile: Profile,
    cycles_per_second: f64,
    bytes: usize,
}

impl Builder {
    pub(crate) fn new(mutex: bool, log_line: u64) -> Self {
        let profile = Profile { mutex, log_line, ..Profile::default() };
        Self { profile, cycles_per_second: 1e9, bytes: 0 }
    }

    /// Reads a line; false when it belongs to something else.
    pub(crate) fn line(&mut self, line: &str) -> bool {
        let text = line.trim();
        if let Some(at) = text.find("cycles/second=") {
            let number = leading_number(&text[at + "cycles/second=".len()..]).map_or(0, |(number, _)| number);
            self.cycles_per_second = (number.max(1)) as f64;
            return true;
        }
        if text.contains("sampling period=") || text.is_empty() {
            return true;
        }
        if let Some(at) = text.find("#\t0x").or_else(|| text.find("# 0x")) {
            self.call(&text[at + 1..]);
            return true;
        }
        let Some(at) = text.find(" @ 0x").or_else(|| text.strip_suffix(" @").map(str::len)) else {
            return false;
        };
        let mut words = text[..at].split_whitespace().rev();
        let contentions = words.next().and_then(|word| word.parse::<u64>().ok());
        let cycles = words.next().and_then(|word| word.parse::<u64>().ok());
        let (Some(contentions), Some(cycles)) = (contentions, cycles) else {
            return false;
        };
        if self.profile.stacks.len() < MAX_STACKS {
            let delay_ns = (cycles as f64 * 1e9 / self.cycles_per_second) as u64;
            self.profile.stacks.push(Stack { contentions, delay_ns, calls: Vec::new() });
        }
        true
    }

    /// `\t0x46c5a3\tsync.(*Mutex).Unlock+0x43\t\t/usr/local/go/src/sync/mutex.go:223`
    fn call(&mut self, text: &str) {
        let mut words = text.split('\t').filter(|word| !word.trim().is_empty());
        let (_, Some(symbol), Some(place)) = (words.next(), words.next(), words.next()) else {
            return;
        };
        let Some(stack) = self.profile.stacks.last_mut() else {
            return;
        };
        self.bytes += symbol.len() + place.len() + 64;
        if stack.calls.len() >= MAX_CALLS || self.bytes > MAX_BYTES {
            return;
        }
        let function = symbol.rsplit_once("+0x").map_or(symbol, |(symbol, _)| symbol).trim();
        let (file, line) = place.trim().rsplit_once(':').unwrap_or((place, ""));
        stack.calls.push(Place {
            function: cut(function, 512).to_owned(),
            file: cut(file, 512).to_owned(),
            line: leading_number(line).and_then(|(line, _)| line.try_into().ok()).unwrap_or(0),
        });
    }

    pub(crate) fn finish(self) -> Profile {
        self.profile
    }
}
