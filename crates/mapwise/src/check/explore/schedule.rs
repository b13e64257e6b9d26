//! A schedule: who goes next, decided by a policy and a seed, and a name that brings it back.

use std::{collections::HashMap, fmt, str::FromStr};

/// How many schedules of a policy are a round: one random, then changes of priority of growing depth.
const ROUND: u64 = 4;

/// A schedule, by its name: `random-1f09c3ab` or `pct-2-37-1f09c3ab`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    policy: Policy,
    seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    /// Whoever can go is as likely to go as any other.
    Random,
    /// Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte; ASPLOS 2010): the thread of the
    /// highest priority goes, and priorities change at `depth - 1` of `steps` steps.
    Pct { depth: u32, steps: u32 },
}

impl Schedule {
    /// Schedule `number` of those that `seed` stands for; `steps` is how many steps the one before took.
    pub(crate) fn nth(seed: u64, number: u64, steps: u32) -> Self {
        let policy = match number % ROUND {
            0 => Policy::Random,
            depth => Policy::Pct { depth: 1 + depth as u32, steps: steps.max(1) },
        };
        Self { policy, seed: Rng(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).next() }
    }

    /// Who decides under this schedule.
    pub(crate) fn decider(self) -> Decider {
        let mut rng = Rng(self.seed);
        let changes = match self.policy {
            Policy::Random => None,
            Policy::Pct { depth, steps } => {
                // The steps at which somebody falls behind everybody else; two may be one.
                Some((1..depth).map(|_| 1 + rng.below(steps.into()) as u32).collect())
            }
        };
        Decider { rng, changes, priorities: HashMap::new(), lowest: 0, steps: 0 }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.policy {
            Policy::Random => write!(f, "random-{:x}", self.seed),
            Policy::Pct { depth, steps } => write!(f, "pct-{depth}-{steps}-{:x}", self.seed),
        }
    }
}

impl FromStr for Schedule {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let parts: Vec<&str> = name.split('-').take(5).collect();
        let hexadecimal = |digits: &str| {
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            if plain { u64::from_str_radix(digits, 16).map_err(drop) } else { Err(()) }
        };
        match parts.as_slice() {
            ["random", seed] => Ok(Self { policy: Policy::Random, seed: hexadecimal(seed)? }),
            ["pct", depth, steps, seed] => {
                let (depth, steps) = (depth.parse().map_err(drop)?, steps.parse().map_err(drop)?);
                if !(1..=100).contains(&depth) || steps == 0 {
                    return Err(());
                }
                Ok(Self { policy: Policy::Pct { depth, steps }, seed: hexadecimal(seed)? })
            }
            _ => Err(()),
        }
    }
}

/// Says who goes next, the same in every run that asks the same.
#[derive(Debug)]
pub(crate) struct Decider {
    rng: Rng,
    /// `None` where nothing but chance decides.
    changes: Option<Vec<u32>>,
    priorities: HashMap<usize, i64>,
    /// Below every priority that was given.
    lowest: i64,
    steps: u32,
}

impl Decider {
    /// One of `able`, which is not empty; `current` is who went last, and `yields` if it asked for others to go.
    pub(crate) fn choose(&mut self, able: &[usize], current: Option<usize>, yields: bool) -> usize {
        self.steps = self.steps.saturating_add(1);
        let Some(changes) = &self.changes else {
            return able[self.rng.below(able.len() as u64) as usize];
        };
        if let Some(current) = current.filter(|_| yields || changes.contains(&self.steps)) {
            self.lowest -= 1;
            self.priorities.insert(current, self.lowest);
        }
        let (priorities, rng) = (&mut self.priorities, &mut self.rng);
        for thread in able {
            priorities.entry(*thread).or_insert_with(|| (rng.next() >> 1) as i64);
        }
        *able.iter().max_by_key(|thread| priorities[thread]).unwrap_or(&able[0])
    }

    /// How many decisions were made.
    pub(crate) fn steps(&self) -> u32 {
        self.steps
    }

    /// A random number, for what else is random under a schedule.
    #[cfg_attr(not(shuttle), allow(dead_code, reason = "only shuttle asks"))]
    pub(crate) fn number(&mut self) -> u64 {
        self.rng.next()
    }
}

/// SplitMix64 (Steele, Lea, Flood; OOPSLA 2014).
#[derive(Debug)]
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which is far below 2^64, so that the bias of the remainder does not show.
    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_brings_a_schedule_back() {
        for number in 0..40 {
            let schedule = Schedule::nth(7, number, 30);
            assert_eq!(schedule.to_string().parse(), Ok(schedule));
            let decisions = || {
                let mut decider = schedule.decider();
                (0..50).map(|_| decider.choose(&[0, 1, 2], Some(0), false)).collect::<Vec<usize>>()
            };
            assert_eq!(decisions(), decisions());
        }
    }

    #[test]
    fn schedules_of_one_seed_differ_and_so_do_those_of_two() {
        let decisions = |seed, number| {
            let mut decider = Schedule::nth(seed, number, 30).decider();
            (0..50).map(|_| decider.choose(&[0, 1, 2], Some(0), false)).collect::<Vec<usize>>()
        };
        assert_ne!(decisions(7, 0), decisions(7, ROUND));
        assert_ne!(decisions(7, 0), decisions(8, 0));
    }

    #[test]
    fn a_thread_that_yields_lets_every_other_go_first() {
        for number in 1..ROUND {
            let mut decider = Schedule::nth(3, number, 30).decider();
            let first = decider.choose(&[0, 1, 2], None, false);
            for _ in 0..5 {
                assert_ne!(decider.choose(&[0, 1, 2], Some(first), true), first);
            }
            assert_eq!(decider.choose(&[first], Some(first), true), first);
        }
    }

    proptest! {
        #[test]
        fn no_name_makes_the_parser_panic(name in "(random-|pct-)?[-0-9a-f\\PC]{0,20}") {
            let _ = name.parse::<Schedule>();
        }
    }
}
