//! Which key has which rank.

use super::Generator;
use rand::RngExt;

const ROUNDS: usize = 4;

/// A seeded permutation of the numbers below a count, so that popular keys are not neighbors.
///
/// A Feistel network over the next even number of bits, walked until the result is below the
/// count (Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002): no table,
/// whatever the count.
#[derive(Clone, Debug)]
pub struct Scramble {
    count: u32,
    half_bits: u32,
    round_keys: [u64; ROUNDS],
}

impl Scramble {
    /// Returns a permutation of the numbers below `count`.
    #[must_use]
    pub fn new(count: u32, generator: &mut Generator) -> Self {
        let bits = u32::BITS - count.saturating_sub(1).leading_zeros();
        Self { count, half_bits: bits.div_ceil(2).max(1), round_keys: std::array::from_fn(|_| generator.random()) }
    }

    /// Returns where `rank` goes.
    ///
    /// # Panics
    ///
    /// When `rank` is not below the count.
    #[must_use]
    pub fn apply(&self, rank: u32) -> u32 {
        assert!(rank < self.count, "rank {rank} of {}", self.count);
        let mut number = u64::from(rank);
        loop {
            number = self.permute(number);
            // The domain is less than four times the count, and a permutation that starts inside
            // comes back inside.
            if number < u64::from(self.count) {
                return number as u32;
            }
        }
    }

    fn permute(&self, number: u64) -> u64 {
        let mask = (1 << self.half_bits) - 1;
        let (mut left, mut right) = (number >> self.half_bits, number & mask);
        for key in self.round_keys {
            (left, right) = (right, left ^ (mix(right ^ key) & mask));
        }
        (left << self.half_bits) | right
    }
}

/// The finalizer of MurmurHash3 with Stafford's variant 13 constants, as in SplitMix64.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::super::generator;
    use super::*;

    proptest! {
        #[test]
        fn every_number_is_hit_once(count in 1_u32..3_000, seed: u64) {
            let scramble = Scramble::new(count, &mut generator(seed, 0));
            let images: HashSet<u32> = (0..count).map(|rank| scramble.apply(rank)).collect();
            prop_assert_eq!(images.len(), count as usize);
            prop_assert!(images.iter().all(|&image| image < count));
        }
    }

    #[test]
    fn the_hottest_keys_are_not_neighbors() {
        let scramble = Scramble::new(1 << 20, &mut generator(1, 0));
        let hot: Vec<u32> = (0..100).map(|rank| scramble.apply(rank)).collect();
        let close = hot.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) < 64);
        assert!(close.count() <= 2);
    }

    #[test]
    fn the_largest_space_is_permuted_too() {
        let scramble = Scramble::new(u32::MAX, &mut generator(1, 0));
        assert_ne!(scramble.apply(0), scramble.apply(u32::MAX - 1));
    }
}
