//! What a caller can be refused, and how refused values are handed back.

use std::{error::Error, fmt};

/// Returned by `insert_if_absent` when the key was present: what was refused, handed back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Occupied<K, V> {
    /// The key that was refused.
    pub key: K,
    /// The value that was refused.
    pub value: V,
}

impl<K, V> fmt::Debug for Occupied<K, V> {
    // Keys and values are the user's secrets: they never reach a log through us.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Occupied").finish_non_exhaustive()
    }
}

impl<K, V> fmt::Display for Occupied<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the key is already present")
    }
}

impl<K, V> Error for Occupied<K, V> {}

/// Returned by `compare_and_swap` when it stored nothing: the new value, handed back.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotSwapped<V> {
    /// The key was absent.
    Absent(V),
    /// The key held another value than the expected one.
    Different(V),
}

impl<V> NotSwapped<V> {
    /// Returns the value that was not stored.
    pub fn into_inner(self) -> V {
        match self {
            Self::Absent(new) | Self::Different(new) => new,
        }
    }
}

impl<V> fmt::Debug for NotSwapped<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent(_) => "Absent(..)",
            Self::Different(_) => "Different(..)",
        })
    }
}

impl<V> fmt::Display for NotSwapped<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent(_) => "the key is absent",
            Self::Different(_) => "the key holds another value than the expected one",
        })
    }
}

impl<V> Error for NotSwapped<V> {}

/// Returned by `transact` when two of its keys are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DuplicateKey {
    /// Position of the first of the two.
    pub first: usize,
    /// Position of the second.
    pub second: usize,
}

impl DuplicateKey {
    /// Refuses two equal keys, absent ones included; `hashes` are those of `keys`.
    pub(crate) fn refuse<Q: Eq + ?Sized, const N: usize>(hashes: [u64; N], keys: [&Q; N]) -> Result<(), Self> {
        for second in 1..N {
            if let Some(first) =
                (0..second).find(|&first| hashes[first] == hashes[second] && keys[first] == keys[second])
            {
                return Err(Self { first, second });
            }
        }
        Ok(())
    }
}

impl fmt::Display for DuplicateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, second } = self;
        write!(f, "the keys of a transaction must differ, got equal ones at {first} and {second}")
    }
}

impl Error for DuplicateKey {}

/// Returned when a shard count is not a power of two, or too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadShardCount(pub(crate) usize);

impl BadShardCount {
    /// More shards than this would be a mistake: each takes at least two cache lines.
    pub(crate) const MOST: usize = 1 << 16;

    /// Returns the count that was refused.
    #[must_use]
    pub fn count(self) -> usize {
        self.0
    }
}

impl fmt::Display for BadShardCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_power_of_two() {
            write!(f, "shard count must be at most {}, got {}", Self::MOST, self.0)
        } else {
            write!(f, "shard count must be a power of two, got {}", self.0)
        }
    }
}

impl Error for BadShardCount {}
