//! Who waited for whom: waits by waiter's site, holder's site, operation and shard, in a table that never grows.
//!
//! - **claimed-once**: a row's key goes from 0 to its value once, and then stays.
//! - **nothing-lost**: a wait that finds no row is counted in `rest`.

use std::sync::atomic::{AtomicU64, Ordering};

use super::sites::{self, Site};
use crate::op::Op;

/// How many rows there are.
const ROWS: usize = 512;

/// How many rows are tried for a wait.
const PROBES: usize = 32;

const SHARD_BITS: u32 = 17;
const OP_BITS: u32 = 6;

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) waiter: Site,
    pub(super) holder: Site,
    pub(super) op: Op,
    pub(super) shard: u32,
}

impl Pair {
    /// Of a wait whose shard is not known.
    pub(super) const NO_SHARD: u32 = (1 << SHARD_BITS) - 1;

    /// One word; never 0, since a waiter has a site.
    fn pack(self) -> u64 {
        let sites = u64::from(self.waiter.number()) << sites::BITS | u64::from(self.holder.number());
        (sites << OP_BITS | u64::from(self.op as u32)) << SHARD_BITS | u64::from(self.shard)
    }

    fn unpack(word: u64) -> Option<Self> {
        let field = |shift: u32, bits: u32| (word >> shift) as u32 & ((1 << bits) - 1);
        Some(Self {
            waiter: Site::from_number(field(SHARD_BITS + OP_BITS + sites::BITS, sites::BITS)),
            holder: Site::from_number(field(SHARD_BITS + OP_BITS, sites::BITS)),
            op: Op::from_index(field(SHARD_BITS, OP_BITS))?,
            shard: field(0, SHARD_BITS),
        })
    }
}

#[derive(Default)]
struct Row {
    key: AtomicU64,
    contentions: AtomicU64,
    delay_ns: AtomicU64,
}

impl Row {
    /// Whether the row is for `key`, which an unused row becomes.
    fn claim(&self, key: u64) -> bool {
        // Relaxed, here and below: keys and counts are numbers that stand for themselves.
        let found = match self.key.load(Ordering::Relaxed) {
            0 => match self.key.compare_exchange(0, key, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => key,
                // claimed-once: by another thread, perhaps for the same pair.
                Err(found) => found,
            },
            found => found,
        };
        found == key
    }

    fn add(&self, delay_ns: u64) {
        self.contentions.fetch_add(1, Ordering::Relaxed);
        self.delay_ns.fetch_add(delay_ns, Ordering::Relaxed);
    }
}

/// The table.
pub(super) struct Blocked {
    rows: Box<[Row]>,
    rest: Row,
}

impl Blocked {
    pub(super) fn new() -> Self {
        Self { rows: (0..ROWS).map(|_| Row::default()).collect(), rest: Row::default() }
    }

    /// Counts a wait.
    pub(super) fn add(&self, pair: Pair, delay_ns: u64) {
        let key = pair.pack();
        let start = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48) as usize;
        let mut rows = (0..PROBES).map(|probe| &self.rows[(start + probe) % ROWS]);
        // nothing-lost.
        rows.find(|row| row.claim(key)).unwrap_or(&self.rest).add(delay_ns);
    }

    /// Every pair with its contentions and delay.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (Pair, u64, u64)> {
        self.rows.iter().filter_map(|row| {
            let pair = Pair::unpack(row.key.load(Ordering::Relaxed)).filter(|pair| pair.waiter != Site::NONE)?;
            Some((pair, row.contentions.load(Ordering::Relaxed), row.delay_ns.load(Ordering::Relaxed)))
        })
    }

    /// How many waits found no row.
    pub(super) fn unattributed(&self) -> u64 {
        self.rest.contentions.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;

    fn pair(shard: u32) -> Pair {
        let here = sites::intern(Location::caller());
        Pair { waiter: here, holder: Site::OTHER, op: Op::Whole, shard }
    }

    #[test]
    fn a_pair_survives_its_packing() {
        for pair in [pair(0), pair((1 << SHARD_BITS) - 1), Pair { holder: Site::NONE, op: Op::View, ..pair(7) }] {
            assert_eq!(Pair::unpack(pair.pack()), Some(pair));
        }
    }

    #[test]
    fn waits_of_one_pair_are_counted_in_one_row_and_none_is_lost_when_rows_run_out() {
        let blocked = Blocked::new();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..4 * ROWS as u32).for_each(|shard| blocked.add(pair(shard % (2 * ROWS as u32)), 3)));
            }
        });
        let rows: Vec<_> = blocked.pairs().collect();
        assert!(rows.len() > ROWS / 2 && rows.iter().all(|row| row.1 == 8 && row.2 == 24), "{rows:?}");
        let attributed: u64 = rows.iter().map(|row| row.1).sum();
        assert!(blocked.unattributed() > 0);
        assert_eq!(attributed + blocked.unattributed(), 4 * 4 * ROWS as u64);
    }
}
