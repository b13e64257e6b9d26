//! What our map must reach in each row, so that a change that makes it slower is seen.
//!
//! Floors on throughput are ratios to the best general map of the same row. They are below what was reached once, by
//! about the noise of a shared machine.

use super::mix::Mix;
use super::settings::KeyType;

const THOUSAND: u32 = 1_000;
const MILLION: u32 = 1_000_000;

/// Where a row is: what decides its floors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) mix: Mix,
    pub(super) kind: KeyType,
    pub(super) keys: u32,
    pub(super) threads: usize,
}

impl Place {
    /// The least ratio to the best general map.
    pub(super) fn floor(self) -> Option<f64> {
        let one = match self.threads {
            1 => true,
            2 => false,
            _ => return None,
        };
        let of = |alone, together| Some(if one { alone } else { together });
        match (self.kind, self.keys) {
            (KeyType::U64, MILLION) => match self.mix {
                Mix::ReadHit | Mix::ReadZipf => of(1.6, 1.6),
                Mix::Absent => of(1.0, 1.0),
                Mix::ReadHeavy => of(1.2, 1.6),
                Mix::YcsbB => of(1.5, 2.2),
                Mix::YcsbA => of(1.3, 1.5),
                Mix::Exchange => of(1.0, 1.2),
                Mix::Counters => of(1.3, 1.3),
                Mix::Grow => of(1.1, 1.5),
            },
            (KeyType::U64, 10_000_000) => match self.mix {
                Mix::Absent => of(1.0, 1.0),
                Mix::Exchange | Mix::Grow if one => Some(1.0),
                _ => None,
            },
            (KeyType::String, 10_000 | MILLION) => Some(1.0),
            _ => None,
        }
    }

    /// The least ratio to unsynchronized tables: what fits the cache must not pay for what does not.
    pub(super) fn of_unsynchronized(self) -> Option<f64> {
        let reads = matches!(self.mix, Mix::ReadHit | Mix::ReadZipf);
        (self.kind == KeyType::U64 && self.keys == THOUSAND && self.threads == 1 && reads).then_some(0.8)
    }

    /// The least ratio to the best specialist on its ground.
    pub(super) fn of_specialists(self) -> Option<f64> {
        (self.kind == KeyType::U64 && self.keys == MILLION && self.threads <= 2).then_some(1.0)
    }

    /// The greatest ratio of p99: with far more threads than processors, where waiting for a lock shows.
    pub(super) fn of_p99(self) -> Option<f64> {
        (self.kind == KeyType::U64 && self.keys == MILLION && self.threads == 64).then_some(1.0)
    }

    /// The greatest ratio of bytes for an entry.
    pub(super) fn of_memory(self) -> Option<f64> {
        (self.kind == KeyType::U64 && self.keys >= MILLION).then_some(1.1)
    }

    /// The greatest ratio of the longest insert. On one thread: more of them are at the mercy of the scheduler.
    pub(super) fn of_longest_insert(self) -> Option<f64> {
        (self.mix == Mix::Grow && self.keys == 10 * MILLION && self.threads == 1).then_some(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mix_of_the_quick_suite_has_a_floor() {
        for mix in Mix::ALL {
            for threads in [1, 2] {
                let place = Place { mix, kind: KeyType::U64, keys: MILLION, threads };
                assert!(place.floor().is_some_and(|floor| floor >= 1.0), "{place:?}");
            }
        }
    }

    #[test]
    fn what_is_not_demanded_has_no_floor() {
        let place = Place { mix: Mix::YcsbA, kind: KeyType::U64, keys: 10 * MILLION, threads: 2 };
        let none = [place.floor(), place.of_unsynchronized(), place.of_specialists(), place.of_p99()];
        assert_eq!(none, [None; 4]);
        assert_eq!(Place { mix: Mix::Exchange, ..place }.floor(), None);
        assert_eq!(Place { mix: Mix::Exchange, threads: 1, ..place }.floor(), Some(1.0));
    }
}
