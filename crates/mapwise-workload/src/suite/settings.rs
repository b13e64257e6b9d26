//! What of the suite is run, and about how long that takes.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::mix::{Fill, Mix};
use crate::machine;
use crate::session::MOST_THREADS;

/// The most different keys: their numbers and those of as many absent ones take 32 bits.
const MOST_KEYS: u32 = 1 << 30;
/// The fewest: with less than this, threads of a growing map have nothing to do.
const FEWEST_KEYS: u32 = 16;

/// The type of the keys; values are 64-bit numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyType {
    /// A 64-bit number.
    U64,
    /// A heap-allocated string of 24 bytes.
    String,
}

impl KeyType {
    /// The name on the command line and in files.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::U64 => "u64",
            Self::String => "string",
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// A type that the suite has no keys of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key type of the suite must be u64 or string, got {got}")]
pub struct UnknownKeyType {
    got: String,
}

impl FromStr for KeyType {
    type Err = UnknownKeyType;

    fn from_str(name: &str) -> Result<Self, UnknownKeyType> {
        let known = [Self::U64, Self::String].into_iter().find(|kind| kind.id() == name);
        known.ok_or_else(|| UnknownKeyType { got: name.to_owned() })
    }
}

/// Which rows to measure and how thoroughly.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The mixes.
    pub mixes: BTreeSet<Mix>,
    /// Key types, each with its numbers of keys.
    pub keys: Vec<(KeyType, BTreeSet<u32>)>,
    /// Thread counts.
    pub threads: BTreeSet<usize>,
    /// Rounds of each row; a growing map of many keys takes fewer.
    pub rounds: u32,
    /// Maps to measure beside ours, by identifier; all when `None`.
    pub only: Option<Vec<String>>,
    /// The seed of every random choice.
    pub seed: u64,
    /// The command line that repeats this run.
    pub command: Vec<String>,
    /// Keys that a growing row inserts at least, into several maps one after the other where one takes fewer.
    pub(super) grown_keys: u32,
}

impl Settings {
    /// Everything: every mix, number of keys, key type and thread count.
    #[must_use]
    pub fn full() -> Self {
        let numbers = BTreeSet::from([1_000, 1_000_000, 10_000_000]);
        let strings = BTreeSet::from([1_000, 10_000, 1_000_000, 10_000_000]);
        Self {
            mixes: BTreeSet::from(Mix::ALL),
            keys: vec![(KeyType::U64, numbers), (KeyType::String, strings)],
            threads: BTreeSet::from([1, 2, 10, 64]),
            rounds: 10,
            only: None,
            seed: 1,
            command: Vec::new(),
            grown_keys: MILLION,
        }
    }

    /// A million 64-bit keys on one and two threads.
    #[must_use]
    pub fn quick() -> Self {
        let keys = vec![(KeyType::U64, BTreeSet::from([1_000_000]))];
        Self { keys, threads: BTreeSet::from([1, 2]), ..Self::full() }
    }

    /// Keeps what is named; of an empty list, what is there.
    #[must_use]
    pub fn select(mut self, mixes: &[Mix], kinds: &[KeyType], keys: &[u32], threads: &[usize]) -> Self {
        if !mixes.is_empty() {
            self.mixes = mixes.iter().copied().collect();
        }
        if !kinds.is_empty() {
            let counts = |kind: KeyType| {
                let known = self.keys.iter().find(|(known, _)| *known == kind).or(self.keys.first());
                (kind, known.map(|(_, counts)| counts.clone()).unwrap_or_default())
            };
            let kinds: BTreeSet<KeyType> = kinds.iter().copied().collect();
            self.keys = kinds.into_iter().map(counts).collect();
        }
        if !keys.is_empty() {
            self.keys.iter_mut().for_each(|(_, counts)| *counts = keys.iter().copied().collect());
        }
        if !threads.is_empty() {
            self.threads = threads.iter().copied().collect();
        }
        self
    }

    /// What is about to be done and about how long it takes.
    #[must_use]
    pub fn announcement(&self) -> String {
        let seconds = self.estimate().as_secs_f64();
        let time =
            if seconds < 100.0 { format!("{seconds:.0} s") } else { format!("{:.0} min", (seconds / 60.0).ceil()) };
        format!("{} rows, about {time} on an idle machine; Ctrl-C shows what was measured until then", self.rows())
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.mixes.len() * self.threads.len() * self.keys.iter().map(|(_, counts)| counts.len()).sum::<usize>()
    }

    /// About how long it takes on a machine that is otherwise idle.
    #[must_use]
    pub fn estimate(&self) -> Duration {
        let groups = self.keys.iter().flat_map(|(kind, counts)| counts.iter().map(|count| (*kind, *count)));
        groups.map(|(kind, keys)| self.estimate_of(kind, keys)).sum()
    }

    pub(super) fn estimate_of(&self, kind: KeyType, keys: u32) -> Duration {
        let fills = [Fill::All, Fill::Half].into_iter().filter(|fill| self.with(*fill).next().is_some());
        let builds = cost_of_inserts(kind, keys) * (fills.count() * CONTENDERS) as u32;
        let rows = self.threads.iter().flat_map(|threads| self.mixes.iter().map(|mix| (*mix, *threads)));
        builds + rows.map(|(mix, threads)| self.estimate_of_row(mix, kind, keys, threads)).sum::<Duration>()
    }

    pub(super) fn estimate_of_row(&self, mix: Mix, kind: KeyType, keys: u32, threads: usize) -> Duration {
        let pace = Pace::of(threads);
        let each = if mix.fill() == Fill::Nothing {
            let pass = cost_of_inserts(kind, keys.max(self.grown_keys)) / threads.min(machine::cores()) as u32;
            pass * (self.rounds_of(mix, keys) + LATENCY_PASSES_OF_GROWTH)
        } else {
            let start = Duration::from_micros(200 + 60 * threads as u64);
            (pace.warm + pace.measure + start) * self.rounds + pace.latency + start
        };
        each * CONTENDERS as u32
    }

    /// The selected mixes that run on maps filled like this.
    pub(super) fn with(&self, fill: Fill) -> impl Iterator<Item = Mix> {
        self.mixes.iter().copied().filter(move |mix| mix.fill() == fill)
    }

    /// How many rounds a row has.
    pub(super) fn rounds_of(&self, mix: Mix, keys: u32) -> u32 {
        match mix.fill() {
            Fill::Nothing if keys > MILLION => self.rounds.min(4),
            Fill::Nothing => self.rounds.min(8),
            Fill::All | Fill::Half => self.rounds,
        }
    }

    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let counts = || self.keys.iter().flat_map(|(_, counts)| counts.iter().copied());
        if self.rows() == 0 {
            return Err(SettingsError::Nothing);
        }
        if let Some(keys) = counts().find(|keys| !(FEWEST_KEYS..=MOST_KEYS).contains(keys)) {
            return Err(SettingsError::Keys(keys));
        }
        if let Some(threads) = self.threads.iter().find(|threads| !(1..=MOST_THREADS).contains(*threads)) {
            return Err(SettingsError::Threads(*threads));
        }
        if !(FEWEST_ROUNDS..=MOST_ROUNDS).contains(&self.rounds) {
            return Err(SettingsError::Rounds(self.rounds));
        }
        Ok(())
    }
}

/// Fewer rounds give no interval worth the name.
const FEWEST_ROUNDS: u32 = 4;
const MOST_ROUNDS: u32 = 200;

/// What cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// Every row was selected away.
    #[error("at least one row must be selected, got none")]
    Nothing,
    /// A number of keys out of range.
    #[error("keys of the suite must be between {FEWEST_KEYS} and {MOST_KEYS}, got {0}")]
    Keys(u32),
    /// A thread count out of range.
    #[error("threads must be between 1 and {MOST_THREADS}, got {0}")]
    Threads(usize),
    /// A number of rounds out of range.
    #[error("rounds must be between {FEWEST_ROUNDS} and {MOST_ROUNDS}, got {0}")]
    Rounds(u32),
    /// Nothing is left to compare with.
    #[error("maps to compare with must include a general one of {known}, got {got}")]
    NoGeneral {
        /// The general maps.
        known: String,
        /// What was asked for.
        got: String,
    },
}

/// Maps in a row, about.
const CONTENDERS: usize = 14;

/// Growing to more keys than this takes long, and so has fewer rounds.
const MILLION: u32 = 1_000_000;

/// Passes of a growing row for latency; the least of their longest inserts counts.
pub(super) const LATENCY_PASSES_OF_GROWTH: u32 = 3;

/// What the insertion of so many keys takes a map of middling speed, for estimates.
pub(super) fn cost_of_inserts(kind: KeyType, keys: u32) -> Duration {
    let each_ns = match kind {
        KeyType::U64 => 100,
        KeyType::String => 250,
    };
    Duration::from_nanos(u64::from(keys) * each_ns)
}

/// How long one turn takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// What does not count.
    pub(super) warm: Duration,
    /// What counts.
    pub(super) measure: Duration,
    /// The phase for latency.
    pub(super) latency: Duration,
}

impl Pace {
    /// Longer where threads share processors, so that each has had its turn.
    pub(super) fn of(threads: usize) -> Self {
        let ms = Duration::from_millis;
        if threads <= machine::cores() {
            Self { warm: ms(6), measure: ms(30), latency: ms(60) }
        } else {
            Self { warm: ms(15), measure: ms(90), latency: ms(400) }
        }
    }
}
