//! From events to findings: duplicates merged, map accesses told from others, users' lines picked.

pub(crate) mod access;
mod checked;
mod crashes;
mod races;

use std::collections::HashMap;

use crate::event::{Event, Goroutine};
use crate::finding::{Finding, Kind};
use crate::version::Version;

use races::Races;

const MAX_FINDINGS: usize = 500;
const MAX_NOTES: usize = 20;
/// Text kept of all crashes together, so that a hostile log cannot fill the memory.
const MAX_BYTES: usize = 12 << 20;

/// A finding together with what only its causes need.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) finding: Finding,
    pub(crate) version: Version,
    /// Goroutines the dump printed.
    pub(crate) shown: u64,
    pub(crate) message: Option<String>,
    pub(crate) fault: Option<String>,
    pub(crate) inside_sync_map: bool,
    pub(crate) no_address: bool,
    /// A line that Go 1.27 lost was found in another report.
    pub(crate) restored: bool,
    /// Goroutines that wait for a lock of the crashed goroutine's type.
    pub(crate) waiters: Vec<Goroutine>,
    /// The lock that the code shows on one side only.
    pub(crate) half_lock: Option<String>,
    /// What checked mode itself said of the fix.
    pub(crate) said_fix: Option<String>,
}

fn draft(kind: Kind, log_line: u64) -> Draft {
    Draft {
        finding: Finding {
            kind,
            title: String::new(),
            certainty: String::new(),
            accesses: Vec::new(),
            missing: Vec::new(),
            owner: None,
            causes: Vec::new(),
            fixes: Vec::new(),
            decide: None,
            traps: Vec::new(),
            go: None,
            code: Vec::new(),
            tests: Vec::new(),
            variable: None,
            delay: None,
            count: 1,
            log_line,
        },
        version: crate::version::of(std::iter::empty()),
        shown: 0,
        message: None,
        fault: None,
        inside_sync_map: false,
        no_address: false,
        restored: false,
        waiters: Vec::new(),
        half_lock: None,
        said_fix: None,
    }
}

/// Collects events into drafts.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    races: Races,
    crashes: Vec<Draft>,
    crash_index: HashMap<String, usize>,
    checked: Vec<Draft>,
    checked_index: HashMap<String, usize>,
    notes: Vec<String>,
    /// Race groups of each stream that no test was credited with yet.
    uncredited: HashMap<usize, Vec<usize>>,
    dropped: u64,
    /// Text of all crashes kept.
    bytes: usize,
}

impl Assembler {
    /// Adds what a recognizer of `stream` read.
    pub(crate) fn add(&mut self, stream: usize, event: Event) {
        match event {
            Event::Race(race) => {
                let known = race.test.is_some();
                if let Some(group) = self.races.add(race)
                    && !known
                {
                    let waiting = self.uncredited.entry(stream).or_default();
                    if waiting.len() < MAX_FINDINGS {
                        waiting.push(group);
                    }
                }
            }
            Event::Dump(dump) => match crashes::finding(&dump) {
                Ok(draft) => self.crash(draft),
                Err(note) => self.note(note),
            },
            Event::Checked(report) => {
                let draft = checked::finding(&report);
                let key = checked::key(&report);
                merge(
                    &mut self.checked,
                    &mut self.checked_index,
                    key,
                    draft,
                    &mut self.dropped,
                );
            }
            Event::Fragment(line) => self.note(format!(
                "line {line}: goroutines without the crash that printed them; its first lines, from \"fatal error\" or \"panic\" on, are not in this log"
            )),
            Event::TestFailed(test) => {
                for group in self.uncredited.remove(&stream).unwrap_or_default() {
                    self.races.credit(group, Some(&test));
                }
            }
        }
    }

    fn crash(&mut self, draft: Draft) {
        let place = |at: usize| draft.finding.accesses.get(at).map(|access| (&access.place, access.role));
        let key = format!("{:?} {:?} {:?}", draft.message, place(0), place(1));
        if !self.crash_index.contains_key(&key) {
            self.bytes += size(&draft);
            if self.bytes > MAX_BYTES {
                self.dropped += 1;
                return;
            }
        }
        merge(&mut self.crashes, &mut self.crash_index, key, draft, &mut self.dropped);
    }

    /// Adds a remark about the log.
    pub(crate) fn note(&mut self, note: String) {
        if self.notes.len() < MAX_NOTES && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// All drafts, crashes first, then races, then checked mode's; and notes; and how many were dropped.
    pub(crate) fn finish(mut self) -> (Vec<Draft>, Vec<String>, u64) {
        // A title that repeats a dump's fatal line is no second crash.
        let with_stack: Vec<Option<String>> = self
            .crashes
            .iter()
            .filter(|draft| !draft.finding.accesses.is_empty())
            .map(|draft| draft.message.clone())
            .collect();
        self.crashes.retain(|draft| !draft.finding.accesses.is_empty() || !with_stack.contains(&draft.message));
        let dropped = self.dropped + self.races.dropped;
        let mut drafts = self.crashes;
        drafts.extend(self.races.finish());
        drafts.extend(self.checked);
        (drafts, self.notes, dropped)
    }
}

fn size(draft: &Draft) -> usize {
    let accesses = draft.finding.accesses.iter().flat_map(|access| &access.stack);
    let shown: usize = accesses.map(|place| 80 + place.function.len() + place.file.len()).sum();
    let waiting = draft.waiters.iter().flat_map(|waiter| &waiter.stack);
    let waiters: usize = waiting.map(|call| 120 + call.symbol.len() + call.file.len() + call.arguments.len()).sum();
    500 + shown + waiters
}

fn merge(drafts: &mut Vec<Draft>, index: &mut HashMap<String, usize>, key: String, draft: Draft, dropped: &mut u64) {
    if let Some(&at) = index.get(&key) {
        drafts[at].finding.count += 1;
        for test in draft.finding.tests {
            if drafts[at].finding.tests.len() < 16 && !drafts[at].finding.tests.contains(&test) {
                drafts[at].finding.tests.push(test);
            }
        }
    } else if drafts.len() < MAX_FINDINGS {
        index.insert(key, drafts.len());
        drafts.push(draft);
    } else {
        *dropped += 1;
    }
}
