//! The mixes of the suite: what threads do, on which keys, on how full a map.

use std::fmt;
use std::str::FromStr;

use mapwise_record::workload::{Distribution, Mix as Shares};

use crate::plan::Op;

/// The Zipf exponent of skewed mixes: YCSB's.
const ZIPF: Distribution = Distribution::Zipf { exponent: 0.99 };

/// A standard mix of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mix {
    /// Look-ups of present keys, all equally often.
    ReadHit,
    /// Look-ups of present keys, some far more often.
    ReadZipf,
    /// Look-ups of keys that are not there.
    Absent,
    /// 98 % look-ups, 1 % inserts, 1 % removals; half the keys present.
    ReadHeavy,
    /// 95 % look-ups, 5 % overwrites.
    YcsbB,
    /// 50 % look-ups, 50 % overwrites.
    YcsbA,
    /// 10 % look-ups, 40 % inserts, 40 % removals, 10 % updates in place; half the keys present.
    Exchange,
    /// Increments, some keys far more often.
    Counters,
    /// Inserts of new keys into an empty map.
    Grow,
}

/// How full the map is while a mix runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    /// Every key is present and stays so.
    All,
    /// Every other key is present; which ones changes, how many hardly does.
    Half,
    /// Nothing is.
    Nothing,
}

impl Mix {
    /// Every mix, in the order in which results are shown.
    pub const ALL: [Self; 9] = [
        Self::ReadHit,
        Self::ReadZipf,
        Self::Absent,
        Self::ReadHeavy,
        Self::YcsbB,
        Self::YcsbA,
        Self::Exchange,
        Self::Counters,
        Self::Grow,
    ];

    /// The name on the command line and in files.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::ReadHit => "read-hit",
            Self::ReadZipf => "read-zipf",
            Self::Absent => "absent",
            Self::ReadHeavy => "98-1-1",
            Self::YcsbB => "ycsb-b",
            Self::YcsbA => "ycsb-a",
            Self::Exchange => "exchange",
            Self::Counters => "counters",
            Self::Grow => "grow",
        }
    }

    /// One line for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::ReadHit => "look-ups of present keys, uniform",
            Self::ReadZipf => "look-ups of present keys, Zipf 0.99",
            Self::Absent => "look-ups of absent keys, uniform",
            Self::ReadHeavy => "98 % get, 1 % insert, 1 % remove, uniform, half the keys present",
            Self::YcsbB => "95 % get, 5 % overwrite, uniform",
            Self::YcsbA => "50 % get, 50 % overwrite, uniform",
            Self::Exchange => "10 % get, 40 % insert, 40 % remove, 10 % update, uniform, half the keys present",
            Self::Counters => "increments, Zipf 0.99",
            Self::Grow => "inserts of new keys into an empty map, no capacity asked for",
        }
    }

    /// The operations in the order in which each thread repeats them.
    ///
    /// The order is fixed so that branch predictors learn it, as they cannot learn a drawn one: a mispredicted branch
    /// costs as much as a look-up in a small map, and would be the harness's. Where keys come and go, a key is removed
    /// half a deck after its insertion, which keeps half of them present.
    pub(super) fn deck(self) -> Vec<Op> {
        use Op::{Get, Insert, Remove, Update, Upsert};
        let rare = |count: usize, rare: &[(usize, Op)]| {
            let mut deck = vec![Get; count];
            rare.iter().for_each(|(at, op)| deck[*at] = *op);
            deck
        };
        match self {
            Self::ReadHit | Self::ReadZipf | Self::Absent => vec![Get],
            Self::ReadHeavy => rare(100, &[(25, Insert), (75, Remove)]),
            Self::YcsbB => rare(20, &[(10, Insert)]),
            Self::YcsbA => vec![Get, Insert],
            Self::Exchange => vec![Get, Insert, Remove, Insert, Remove, Update, Insert, Remove, Insert, Remove],
            Self::Counters => vec![Upsert],
            Self::Grow => vec![Insert],
        }
    }

    /// The shares of the operations.
    pub(super) fn shares(self) -> Shares {
        let deck = self.deck();
        let share = |op| deck.iter().filter(|one| **one == op).count() as f64 / deck.len() as f64;
        Shares {
            get: share(Op::Get),
            insert: share(Op::Insert),
            update: share(Op::Update),
            upsert: share(Op::Upsert),
            remove: share(Op::Remove),
            ..Shares::default()
        }
    }

    pub(super) fn distribution(self) -> Distribution {
        match self {
            Self::ReadZipf | Self::Counters => ZIPF,
            Self::Grow => Distribution::Sequential,
            _ => Distribution::Uniform,
        }
    }

    pub(super) fn fill(self) -> Fill {
        match self {
            Self::ReadHeavy | Self::Exchange => Fill::Half,
            Self::Grow => Fill::Nothing,
            _ => Fill::All,
        }
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// A name that no mix has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a mix must be among {known}, got {got}", known = Mix::ALL.map(Mix::id).join(", "))]
pub struct UnknownMix {
    got: String,
}

impl FromStr for Mix {
    type Err = UnknownMix;

    fn from_str(name: &str) -> Result<Self, UnknownMix> {
        let known = Self::ALL.into_iter().find(|mix| mix.id() == name);
        known.ok_or_else(|| UnknownMix { got: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mix_is_found_by_its_name() {
        for mix in Mix::ALL {
            assert_eq!(mix.id().parse(), Ok(mix));
        }
        let error = "reads".parse::<Mix>().unwrap_err().to_string();
        assert!(error.starts_with("a mix must be among read-hit, ") && error.ends_with("got reads"), "{error}");
    }

    #[test]
    fn the_decks_have_the_shares_of_their_titles() {
        assert_eq!(Mix::ReadHeavy.shares(), Shares { get: 0.98, insert: 0.01, remove: 0.01, ..Shares::default() });
        assert_eq!(Mix::YcsbB.shares(), Shares { get: 0.95, insert: 0.05, ..Shares::default() });
        let exchange = Shares { get: 0.1, insert: 0.4, remove: 0.4, update: 0.1, ..Shares::default() };
        assert_eq!(Mix::Exchange.shares(), exchange);
    }
}
