//! A map as the suite uses it: through what its users hold over several operations.

use crate::candidate::{Simplicity, Subject};
use crate::data::Key;

use super::mix::Mix;

/// The operations of the suite, on values that are 64-bit numbers. As in [`Subject`], closures are `Fn` because some maps
/// run them several times.
pub(super) trait Ops<K> {
    /// Copies out the value under `key`.
    fn get(&mut self, key: &K) -> Option<u64>;
    /// Stores `value` under `key` whatever was there; true when the key was absent.
    fn insert(&mut self, key: K, value: u64) -> bool;
    /// Changes a present value; true when it was present.
    fn update(&mut self, key: &K, change: impl Fn(&mut u64)) -> bool;
    /// Changes a present value or inserts `init`; true when the key was absent.
    fn upsert(&mut self, key: &K, init: u64, change: impl Fn(&mut u64)) -> bool;
    /// Removes `key`; true when it was present.
    fn remove(&mut self, key: &K) -> bool;
}

/// A map, or several: one for each thread.
pub(super) trait Contender<K>: Send + Sync + 'static {
    /// What a thread holds over a batch of operations: a reference, a pin, a map of its own.
    type Session<'a>: Ops<K>;

    /// Opens a session for a batch of operations of one thread.
    fn session(&self, thread: usize) -> Self::Session<'_>;

    /// For how many threads there is a map of their own; `None` where all share one.
    fn apart(&self) -> Option<usize> {
        None
    }

    /// The number of entries, of all maps together, while no other thread uses them.
    fn len(&self) -> usize;

    /// See [`Subject::rest`].
    fn rest(&self) {}

    /// See [`Subject::leave`].
    fn leave(&self) {}
}

/// A map without sessions: every thread uses it through a reference.
pub(super) struct Shared<S>(pub(super) S);

impl<K: Key, S: Subject<K, u64>> Contender<K> for Shared<S> {
    type Session<'a> = Through<'a, S>;

    #[inline]
    fn session(&self, _thread: usize) -> Through<'_, S> {
        Through(&self.0)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn rest(&self) {
        self.0.rest();
    }

    fn leave(&self) {
        self.0.leave();
    }
}

/// A map through a reference.
pub(super) struct Through<'a, S>(&'a S);

impl<K: Key, S: Subject<K, u64>> Ops<K> for Through<'_, S> {
    #[inline(always)]
    fn get(&mut self, key: &K) -> Option<u64> {
        Subject::get(self.0, key)
    }

    #[inline(always)]
    fn insert(&mut self, key: K, value: u64) -> bool {
        Subject::insert(self.0, key, value)
    }

    #[inline(always)]
    fn update(&mut self, key: &K, change: impl Fn(&mut u64)) -> bool {
        Subject::update(self.0, key, change)
    }

    #[inline(always)]
    fn upsert(&mut self, key: &K, init: u64, change: impl Fn(&mut u64)) -> bool {
        Subject::upsert(self.0, key, || init, change)
    }

    #[inline(always)]
    fn remove(&mut self, key: &K) -> bool {
        Subject::remove(self.0, key)
    }
}

/// What a contender is to ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The map that is measured against the others.
    Ours,
    /// Serves every mix, keys of any type and any number of writers: a rival.
    General,
    /// Gives something up to be fast in the mixes of its ground, where it is a rival.
    Specialist,
    /// Is no concurrent map, or not a correct one: shows what is possible.
    Yardstick,
    /// No map at all: the price of the loop.
    Nothing,
}

/// What is known of a contender before anything is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct About {
    /// Stable identifier.
    pub(super) id: &'static str,
    /// The name for people.
    pub(super) name: &'static str,
    pub(super) role: Role,
    /// Decides ties.
    pub(super) simplicity: Simplicity,
    /// The mixes it takes part in.
    pub(super) serves: fn(Mix) -> bool,
    /// The mixes it is made for, where it is a specialist.
    pub(super) ground: fn(Mix) -> bool,
    /// Whether it is expected to hold what its operations said.
    pub(super) keeps_all: bool,
}

impl About {
    pub(super) fn new(id: &'static str, name: &'static str, role: Role, simplicity: Simplicity) -> Self {
        Self { id, name, role, simplicity, serves: |_| true, ground: |_| true, keeps_all: true }
    }
}
