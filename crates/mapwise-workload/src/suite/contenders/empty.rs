//! No map at all: the price of the loop, with keys as a map would need them.

use std::hint::black_box;

use crate::suite::contender::{Contender, Ops};
use crate::suite::keys::SuiteKey;

/// Finds nothing and keeps nothing. Each operation takes its key as if it were to be read, and an inserted one is dropped.
pub(super) struct Empty;

impl<K: SuiteKey> Contender<K> for Empty {
    type Session<'a> = &'a Self;

    #[inline]
    fn session(&self, _thread: usize) -> &Self {
        self
    }

    fn len(&self) -> usize {
        0
    }
}

impl<K: SuiteKey> Ops<K> for &Empty {
    #[inline(always)]
    fn get(&mut self, key: &K) -> Option<u64> {
        black_box(key);
        None
    }

    #[inline(always)]
    fn insert(&mut self, key: K, value: u64) -> bool {
        black_box((&key, value));
        false
    }

    #[inline(always)]
    fn update(&mut self, key: &K, _change: impl Fn(&mut u64)) -> bool {
        black_box(key);
        false
    }

    #[inline(always)]
    fn upsert(&mut self, key: &K, _init: u64, _change: impl Fn(&mut u64)) -> bool {
        black_box(key);
        false
    }

    #[inline(always)]
    fn remove(&mut self, key: &K) -> bool {
        black_box(key);
        false
    }
}
