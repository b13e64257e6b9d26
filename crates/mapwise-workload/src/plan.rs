//! Operations of every thread, generated before anything is measured.
//!
//! - **indexes**: every key of a step is below [`Plan::key_count`], and the prefill is the lowest
//!   indexes, so that drivers need no translation.
//! - **dealt out**: with private keys, thread `t` of `n` has the indexes that leave the remainder
//!   `t` when divided by `n`, so that each thread finds its part of the prefill.
//! - **stationary**: in a mix that removes keys, each key is present for the same part of the time,
//!   [`stationary_share`], and with a prefill of that part the map's length stays where it is.
//!
//! Drivers cycle through the steps. A thread has four steps for each key that it can reach, from
//! 2^18 to 2^20 of them: too many for branch predictors to learn, and enough to touch 98 % of
//! 260,000 uniformly drawn keys (63 % of a million, by each thread); all threads together have at
//! most 2^25, which take 256 MiB. From the second pass on a key
//! is present at the start of a pass as it was at its end, so cycling keeps the length.

mod recorded;
mod synthetic;

use std::ops::Range;

use mapwise_record::workload::{Mix, Workload};

use crate::validate::WorkloadError;

/// What one step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Op {
    /// Copies the value out.
    Get,
    /// Copies the value out, inserting it first when the key is absent.
    GetOrInsert,
    /// Writes unconditionally.
    Insert,
    /// Changes the value of a present key in place.
    Update,
    /// Changes the value in place, or inserts it when the key is absent.
    Upsert,
    /// Removes the key.
    Remove,
    /// Visits up to [`Mix::SCAN_ENTRIES`](mapwise_record::workload::Mix::SCAN_ENTRIES) entries.
    Scan,
}

impl Op {
    /// Every operation.
    pub const ALL: [Self; 7] =
        [Self::Get, Self::GetOrInsert, Self::Insert, Self::Update, Self::Upsert, Self::Remove, Self::Scan];
}

/// One operation on one key, in 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    key: u32,
    op: Op,
}

impl Step {
    /// Returns the step that does `op` to the key number `key`.
    #[must_use]
    pub fn new(op: Op, key: u32) -> Self {
        Self { key, op }
    }

    /// Returns what the step does.
    #[must_use]
    pub fn op(self) -> Op {
        self.op
    }

    /// Returns the index of the key; see [`Key::make`](crate::data::Key::make).
    #[must_use]
    pub fn key(self) -> u32 {
        self.key
    }
}

/// The operations of every thread.
#[derive(Clone, Debug)]
pub struct Plan {
    workload: Workload,
    steps: Vec<Vec<Step>>,
    prefill: u32,
    key_count: u32,
    grows: bool,
}

impl Plan {
    /// Returns how many threads the plan is for.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.steps.len()
    }

    /// Returns the steps of one thread, never empty; drivers cycle through them.
    ///
    /// # Panics
    ///
    /// When `thread` is not below [`Plan::threads`].
    #[must_use]
    pub fn steps(&self, thread: usize) -> &[Step] {
        &self.steps[thread]
    }

    /// Returns the key indexes present before the first measured operation.
    #[must_use]
    pub fn prefill(&self) -> Range<u32> {
        0..self.prefill
    }

    /// Returns how many keys there are: all indexes are below it.
    #[must_use]
    pub fn key_count(&self) -> u32 {
        self.key_count
    }

    /// Returns the workload as it is really run: kinds rounded to what is compiled in.
    #[must_use]
    pub fn workload(&self) -> &Workload {
        &self.workload
    }

    /// Whether the plan grows a map from its prefill to all its keys, once.
    ///
    /// A second pass over such a plan would find every key present: a driver takes a fresh map,
    /// prefilled again, for each pass, and ends the pass when the first thread is through.
    #[must_use]
    pub fn grows(&self) -> bool {
        self.grows
    }
}

/// Returns the share of the keys that are present in the long run when keys are added and removed
/// independently at the shares of `mix`; `None` when nothing is removed.
///
/// A key is present when the last operation that decides about it added it, whatever its
/// popularity, so the share is that of the adding among the deciding operations.
#[must_use]
pub fn stationary_share(mix: &Mix) -> Option<f64> {
    let adding = adding_share(mix);
    (mix.remove > 0.0).then(|| adding / (adding + mix.remove))
}

/// The share of the operations after which their key is present, though it may have been absent.
fn adding_share(mix: &Mix) -> f64 {
    mix.get_or_insert + mix.insert + mix.upsert
}

/// Why no plan can be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The workload itself cannot be run.
    #[error(transparent)]
    Workload(#[from] WorkloadError),
    /// There must be a thread.
    #[error("threads must be at least 1, got 0")]
    NoThreads,
    /// Every thread needs a key of its own.
    #[error("private keys need a key for each thread, got {keys} keys for {threads} threads")]
    TooFewKeys {
        /// The keys.
        keys: u64,
        /// The threads.
        threads: usize,
    },
    /// Growth without room.
    #[error("sequential keys must leave each thread a key to add, got {left} keys for {threads} threads")]
    NothingToAdd {
        /// Keys beyond the prefill.
        left: u64,
        /// The threads.
        threads: usize,
    },
    /// A plan that would not fit into memory.
    #[error("a plan must have at most {limit} steps, got about {steps}")]
    TooLong {
        /// The steps it would have.
        steps: u64,
        /// The limit.
        limit: u64,
    },
    /// Recorded operations cannot be made up.
    #[error("recorded keys need the operations of a trace")]
    Recorded,
    /// A trace that leaves threads idle.
    #[error("a trace must have an operation for each thread, got {steps} for {threads} threads")]
    TooFewSteps {
        /// The operations.
        steps: usize,
        /// The threads.
        threads: usize,
    },
    /// A trace that names a key outside the workload's space.
    #[error("keys of a trace must be below the key space of {space}, got {key}")]
    KeyOutside {
        /// The refused key.
        key: u32,
        /// The key space.
        space: u64,
    },
}

#[cfg(test)]
mod tests;
