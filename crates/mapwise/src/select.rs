//! Which of a power of two of shards a hash belongs to.

use std::{num::NonZero, thread};

use crate::api::BadShardCount;

/// Chooses a shard by hash; works with weak hashers too, since it mixes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Select {
    /// 63 minus the number of bits that choose.
    shift: u32,
}

impl Default for Select {
    /// Four shards for each processor, from 64 to 1,024: two threads then rarely meet in one, and an empty shard is cheap.
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        Self::of((processors * 4).next_power_of_two().clamp(64, 1024))
    }
}

impl Select {
    /// A single shard.
    pub(crate) const ONE: Self = Self::of(1);

    /// Chooses among `count` shards, a power of two.
    pub(crate) const fn of(count: usize) -> Self {
        Self { shift: 63 - count.trailing_zeros() }
    }

    pub(crate) fn new(count: usize) -> Result<Self, BadShardCount> {
        if !count.is_power_of_two() || count > BadShardCount::MOST {
            return Err(BadShardCount(count));
        }
        Ok(Self::of(count))
    }

    /// Returns the number of shards.
    pub(crate) fn count(self) -> usize {
        1 << (63 - self.shift)
    }

    /// Returns the shard of `hash`.
    #[inline]
    pub(crate) fn shard(self, hash: u64) -> usize {
        // Fibonacci hashing (Knuth, TAOCP vol. 3, 1973): the product's top bits depend on every bit of the hash, so a
        // hasher that leaves some of them constant still spreads keys over all shards.
        ((hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 1) >> self.shift) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shard_is_chosen_even_by_hashes_that_differ_in_few_bits() {
        for stride in [1_u64, 1 << 20, 1 << 48, 1 << 58] {
            let select = Select::new(16).unwrap();
            let mut hits = [0; 16];
            for i in 0..64_u64 {
                hits[select.shard(i.wrapping_mul(stride))] += 1;
            }
            assert!(hits.iter().all(|&hits| hits > 0), "stride {stride}: {hits:?}");
        }
    }

    #[test]
    fn one_shard_takes_every_hash() {
        let select = Select::new(1).unwrap();
        assert!([0, 1, u64::MAX, 1 << 63].iter().all(|&hash| select.shard(hash) == 0));
    }
}
