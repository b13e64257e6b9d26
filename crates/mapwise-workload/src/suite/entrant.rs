//! One contender in the suite: its map, what is known to have been done to it, and what was seen of it in a row.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use hdrhistogram::Histogram;
use mapwise_record::run::Sample;

use super::contender::About;
use super::contenders::Entry;
use super::keys::SuiteKey;
use super::lane::{Lane, Tally};
use crate::driver::processor::Processor;
use crate::driver::team::{self, Control, Phase, Pulse, Trouble};
use crate::driver::{alloc, open};

/// Inserts between two looks at whether to stop.
const BATCH: u32 = 4096;

/// Sizes at which memory is read while a map is filled: over the last doubling, evenly in their logarithm. At one size
/// alone a map that has just grown would look wasteful, and another thrifty that is about to.
const SIZES: u32 = 8;

/// One in so many of its keys is inserted again once a map is full.
const SETTLED: u32 = 8;

pub(super) struct Entrant<K> {
    pub(super) about: About,
    build: Box<dyn Fn() -> Box<dyn Lane<K>>>,
    /// The map of mixes that keep one.
    pub(super) lane: Option<Box<dyn Lane<K>>>,
    /// Entries put in before the first operation, of all its tables.
    pub(super) filled: u64,
    /// What operations said since.
    pub(super) tally: Tally,
    pub(super) bytes_per_entry: Option<f64>,
    /// Why it takes part no longer.
    pub(super) trouble: Option<Trouble>,
    pub(super) seen: Seen,
}

/// What was seen of an entrant in one row.
pub(super) struct Seen {
    pub(super) samples: Vec<Sample>,
    pub(super) times: Histogram<u64>,
    /// The longest operation of each pass of growth.
    pub(super) longest_ns: Vec<u64>,
    pub(super) processor: Processor,
    pub(super) tally: Tally,
    /// The sum of all values before the row, where it is checked.
    pub(super) sum: Option<u64>,
    /// What was wrong with its answers, though not with what it holds: it makes no number in this row.
    pub(super) wrong: Option<String>,
}

impl Seen {
    pub(super) fn new() -> Self {
        Self {
            samples: Vec::new(),
            times: open::histogram(),
            longest_ns: Vec::new(),
            processor: Processor::default(),
            tally: Tally::default(),
            sum: None,
            wrong: None,
        }
    }
}

impl<K: SuiteKey> Entrant<K> {
    pub(super) fn new(entry: Entry<K>) -> Self {
        Self {
            about: entry.about,
            build: entry.build,
            lane: None,
            filled: 0,
            tally: Tally::default(),
            bytes_per_entry: None,
            trouble: None,
            seen: Seen::new(),
        }
    }

    /// An empty map.
    pub(super) fn empty(&self) -> Box<dyn Lane<K>> {
        (self.build)()
    }

    /// Whether it can run with so many threads.
    pub(super) fn has_room(&self, threads: usize) -> bool {
        self.empty().apart().is_none_or(|most| threads <= most)
    }

    /// Builds its map and puts the keys of the lowest numbers into it.
    pub(super) fn fill(&mut self, entries: u32, pulse: &Pulse<'_>) -> Result<(), Trouble> {
        self.clear();
        let built = Mutex::new(Some(self.empty()));
        let work = |control: &Control| {
            let lane = built.lock().expect("one thread at a time").take().expect("built");
            let mut bytes = Vec::new();
            for table in 0..lane.apart().unwrap_or(1) {
                fill_one(&*lane, table, entries, control, &mut bytes);
            }
            lane.leave();
            let filled = lane.len() as u64;
            *built.lock().expect("one thread at a time") = Some(lane);
            (filled, bytes)
        };
        let (filled, counted) = alloc::measured(|| team::alone(pulse, &work));
        let (filled, bytes) = filled?;
        self.filled = filled;
        self.bytes_per_entry = counted.map(|_| bytes.iter().sum::<f64>() / bytes.len().max(1) as f64);
        self.tally = Tally::default();
        self.lane = built.into_inner().ok().flatten();
        Ok(())
    }

    /// Drops its map.
    pub(super) fn clear(&mut self) {
        if let Some(lane) = self.lane.take() {
            // Whatever it measured stands; a destructor that panics must not end the run.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(lane)));
        }
    }

    /// Takes its samples of this row away.
    pub(super) fn disqualify(&mut self, wrong: String) {
        self.seen = Seen { wrong: Some(wrong), ..Seen::new() };
    }

    /// Takes it out of the suite. The map of one that panicked is leaked: its destructor may hang.
    pub(super) fn leave(&mut self, trouble: Trouble) {
        if matches!(trouble, Trouble::Panicked(_)) {
            std::mem::forget(self.lane.take());
        }
        self.clear();
        self.seen = Seen::new();
        self.trouble = Some(trouble);
    }
}

/// Fills one table; for the first one, notes the bytes of an entry at each of the last [`SIZES`].
fn fill_one<K: SuiteKey>(lane: &dyn Lane<K>, table: usize, entries: u32, control: &Control, bytes: &mut Vec<f64>) {
    let before = alloc::held();
    let size = |step: u32| (f64::from(entries) * 2_f64.powf(-f64::from(step) / f64::from(SIZES))).round() as u32;
    let mut stops: Vec<u32> = (0..SIZES).map(size).collect();
    let mut from = 0;
    while from < entries && control.phase() != Phase::Stop {
        let stop = stops.last().copied().unwrap_or(entries);
        let to = (from + BATCH).min(stop).min(entries);
        lane.fill(table, from..to);
        lane.rest();
        from = to;
        if from == stop {
            stops.pop();
            if table == 0 {
                bytes.push((alloc::held() - before) as f64 / f64::from(from.max(1)));
            }
        }
    }
    // A map may have been left in the middle of growing, which only further inserts end: nobody measures it there.
    lane.fill(table, 0..entries / SETTLED);
    lane.rest();
}
