//! What is run: operation mix, keys, values and how they are drawn.
//!
//! A [`Workload`] is a statement, not a generator: `mapwise-workload` turns it into operations.

use serde::{Deserialize, Serialize};

/// A complete statement of what every candidate is asked to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Workload {
    /// Preset name, `custom`, or the file name of a trace.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// Where the figures come from, when they are somebody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Shares of the operations.
    pub mix: Mix,
    /// Which keys there are and how they are drawn.
    pub keys: Keys,
    /// What is stored under a key.
    pub values: Kind,
    /// Whether every thread works on its own keys (most public benchmarks) or all share them.
    pub private_keys: bool,
    /// Work outside the map between two operations, in nanoseconds of spinning.
    pub think_ns: u64,
    /// Operations per second of the whole service, when the workload states a rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_ops_per_s: Option<f64>,
    /// Whether entries may be evicted, so that caches take part.
    pub cache_like: bool,
}

/// Shares of the operations; they add up to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mix {
    /// Look-ups that copy the value out.
    pub get: f64,
    /// Look-ups that insert the value when the key is absent.
    pub get_or_insert: f64,
    /// Unconditional writes.
    pub insert: f64,
    /// Changes in place of a present key: read-modify-write in one operation.
    pub update: f64,
    /// Counter increments: change in place, insert when absent.
    pub upsert: f64,
    /// Removals.
    pub remove: f64,
    /// Visits of up to [`Mix::SCAN_ENTRIES`] entries.
    pub scan: f64,
}

impl Mix {
    /// How many entries one scan visits at most.
    pub const SCAN_ENTRIES: usize = 50;

    /// The shares with their names, in the order of the fields.
    #[must_use]
    pub fn shares(&self) -> [(&'static str, f64); 7] {
        [
            ("get", self.get),
            ("get_or_insert", self.get_or_insert),
            ("insert", self.insert),
            ("update", self.update),
            ("upsert", self.upsert),
            ("remove", self.remove),
            ("scan", self.scan),
        ]
    }

    /// The part of the operations that never write.
    #[must_use]
    pub fn read_share(&self) -> f64 {
        self.get + self.scan
    }
}

/// The keys of a workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Keys {
    /// Type and size.
    pub kind: Kind,
    /// How many different keys there are.
    pub space: u64,
    /// How many of them are present before the first measured operation.
    pub prefill: u64,
    /// How an operation draws its key.
    pub distribution: Distribution,
}

/// How keys are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Distribution {
    /// Every key equally often.
    Uniform,
    /// Key of rank `r` with a probability proportional to `r^-exponent`.
    Zipf {
        /// The Zipf exponent, greater than 0.
        exponent: f64,
    },
    /// A small set of keys takes a large share of the operations.
    HotSet {
        /// Share of the keys that are hot.
        keys: f64,
        /// Share of the operations that go to them.
        operations: f64,
    },
    /// Each key once, in order: growth from empty.
    Sequential,
    /// In the order and with the frequencies of a trace.
    Recorded,
}

/// Type and size of a key or a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Kind {
    /// A 64-bit number.
    U64,
    /// A heap-allocated string.
    String {
        /// Length in bytes.
        bytes: usize,
    },
    /// A fixed array, stored inline.
    Bytes {
        /// Length in bytes.
        bytes: usize,
    },
}
