//! leapfrog: values in the cells of one table, without locks. Takes only keys and values that can be copied bit by bit,
//! and loses updates while it grows: a yardstick of what is possible, not a choice.

use leapfrog::LeapMap;

use super::Hash;
use crate::suite::contender::{Contender, Ops};

pub(super) struct Leap(LeapMap<u64, u64, Hash>);

/// What the crate itself starts with.
const CAPACITY: usize = 8;

impl Leap {
    pub(super) fn new() -> Self {
        Self(LeapMap::with_capacity_and_hasher(CAPACITY, Hash::default()))
    }
}

impl Contender<u64> for Leap {
    type Session<'a> = &'a Self;

    #[inline]
    fn session(&self, _thread: usize) -> &Self {
        self
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

impl Ops<u64> for &Leap {
    #[inline(always)]
    fn get(&mut self, key: &u64) -> Option<u64> {
        self.0.get(key)?.value()
    }

    #[inline(always)]
    fn insert(&mut self, key: u64, value: u64) -> bool {
        self.0.insert(key, value).is_none()
    }

    #[inline(always)]
    fn update(&mut self, key: &u64, change: impl Fn(&mut u64)) -> bool {
        let Some(mut found) = self.0.get_mut(key) else {
            return false;
        };
        found.update(|value| change(value)).is_some()
    }

    #[inline(always)]
    fn upsert(&mut self, key: &u64, init: u64, change: impl Fn(&mut u64)) -> bool {
        loop {
            if self.update(key, &change) {
                return false;
            }
            // Somebody may insert in between: then there is something to change after all.
            if self.0.try_insert(*key, init).is_none() {
                return true;
            }
        }
    }

    #[inline(always)]
    fn remove(&mut self, key: &u64) -> bool {
        self.0.remove(key).is_some()
    }
}
