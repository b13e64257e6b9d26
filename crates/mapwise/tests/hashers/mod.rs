//! Hashers by which a test chooses where keys go.

#![allow(dead_code, unreachable_pub, reason = "each test takes what it needs")]

use std::hash::{BuildHasher, Hasher};

/// The hash of a key is the key, which is a `u64`.
#[derive(Clone, Default)]
pub struct Identity(u64);

impl BuildHasher for Identity {
    type Hasher = Self;
    fn build_hasher(&self) -> Self {
        Self(0)
    }
}

impl Hasher for Identity {
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are u64")
    }
    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

/// All keys have one of four hashes.
#[derive(Default)]
pub struct Four(u64);

impl Hasher for Four {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = u64::from(bytes[0] & 3);
    }
    fn finish(&self) -> u64 {
        self.0
    }
}
