//! The rounds for throughput and the passes for latency.

use std::time::{Duration, Instant};

use mapwise_record::run::Origin;

use super::budget;
use super::clock::Clock;
use super::entrant::Entrant;
use super::warn;
use crate::driver::closed::Pace;
use crate::driver::open::Offer;
use crate::driver::order::order;
use crate::driver::team::{Pulse, Trouble};
use crate::machine;

/// Latency is measured in this many parts, so that one disturbance spoils only one of them.
const LATENCY_PASSES: u32 = 2;

/// Entrants still in the contest, and how they are housed.
pub(super) struct Field<'a> {
    pub(super) entrants: Vec<Entrant>,
    /// Those that left, with why.
    pub(super) gone: Vec<(Entrant, Trouble)>,
    pub(super) clock: &'a Clock<'a>,
    pub(super) threads: usize,
    /// Whether the plan grows a map and so needs a fresh one for each slice.
    pub(super) grows: bool,
    /// Whether maps live on between slices: not when they grow or when all of them together would
    /// take too much memory.
    pub(super) keeps: bool,
}

impl Field<'_> {
    /// Lets every entrant do something, in the order of `round`. Those in trouble leave; false when
    /// the run was interrupted.
    pub(super) fn each(
        &mut self,
        round: u32,
        mut work: impl FnMut(&mut Entrant, u32, &Pulse<'_>) -> Result<(), Trouble>,
    ) -> bool {
        let clock = self.clock;
        let pulse = || clock.pulse();
        let mut troubled = Vec::new();
        for (position, index) in order(round, self.entrants.len()).into_iter().enumerate() {
            if clock.cancelled() {
                return false;
            }
            match work(&mut self.entrants[index], position as u32, &pulse) {
                Ok(()) => {}
                Err(Trouble::Cancelled) => return false,
                Err(trouble) => troubled.push((index, trouble)),
            }
        }
        troubled.sort_by_key(|(index, _)| std::cmp::Reverse(*index));
        for (index, trouble) in troubled {
            let entrant = self.entrants.remove(index);
            self.gone.push((entrant, trouble));
        }
        true
    }

    /// Builds every map and tries it briefly; false when interrupted.
    pub(super) fn first_pass(&mut self, trial: Duration) -> bool {
        let keeps = self.keeps;
        let pace = if self.grows {
            Pace::Pass { share: 0.1, limit: Duration::from_secs(10) }
        } else {
            Pace::Time { warm: budget::warm_up(trial), measure: trial, from: 0.0 }
        };
        self.each(0, |entrant, _, pulse| {
            entrant.first_build(trial, pulse)?;
            entrant.trial(pace, pulse)?;
            if !keeps {
                entrant.retire(pulse)?;
            }
            Ok(())
        })
    }

    /// Takes rounds until `until`; false when interrupted.
    pub(super) fn throughput(&mut self, until: Duration) -> bool {
        let time = self.clock.left(until);
        let patience = budget::patience(self.threads, machine::cores());
        let share = self.share(time);
        let rounds = self.rounds(time, share, patience);
        let mut spent = Duration::ZERO;
        for round in 0..rounds {
            let overdue = self.clock.left(until + time / 20).is_zero();
            if overdue && round >= budget::FEWEST_ROUNDS {
                break;
            }
            let left = self.clock.left(until);
            let doing = format!("{}, round {} of {rounds}", warn::threads(self.threads), round + 1);
            self.clock.doing(doing);
            let overhead = if round == 0 { self.setup() } else { spent };
            let slice = budget::slice(left, rounds - round, self.entrants.len(), overhead);
            let pace = if self.grows {
                let limit = slice.mul_f64(self.entrants.len() as f64);
                Pace::Pass { share, limit }
            } else {
                let warm = budget::warm_up(slice);
                Pace::Time { warm, measure: slice - warm, from: f64::from(round) / f64::from(rounds) }
            };
            let begin = Instant::now();
            if !self.one_round(round, pace) {
                return false;
            }
            let slices = slice.mul_f64(self.entrants.len() as f64);
            spent = begin.elapsed().saturating_sub(slices);
        }
        true
    }

    fn one_round(&mut self, round: u32, pace: Pace) -> bool {
        let keeps = self.keeps;
        self.each(round, |entrant, position, pulse| {
            entrant.turn(round, position, pace, pulse)?;
            if !keeps {
                entrant.retire(pulse)?;
            }
            Ok(())
        })
    }

    /// Offers `ops_per_s` to every entrant until `until`; false when interrupted.
    pub(super) fn latency(&mut self, until: Duration, ops_per_s: f64) -> bool {
        let keeps = self.keeps;
        for pass in 0..LATENCY_PASSES {
            let doing = format!("{}, latency {} of {LATENCY_PASSES}", warn::threads(self.threads), pass + 1);
            self.clock.doing(doing);
            let left = self.clock.left(until);
            let passes_left = LATENCY_PASSES - pass;
            let slice = budget::slice(left, passes_left, self.entrants.len(), self.setup());
            let from = f64::from(pass) / f64::from(LATENCY_PASSES);
            let offer = self.offer(ops_per_s, slice, from);
            let going = self.each(pass, |entrant, _, pulse| {
                entrant.latency(offer, pulse)?;
                if !keeps {
                    entrant.retire(pulse)?;
                }
                Ok(())
            });
            if !going {
                return false;
            }
        }
        true
    }

    /// The standard choice that did most, by its position.
    pub(super) fn best_standard(&self) -> Option<usize> {
        let entrants = self.entrants.iter().enumerate();
        let rates = entrants
            .filter(|(_, entrant)| entrant.rig.about().origin == Origin::Standard)
            .map(|(index, entrant)| (index, entrant.median_ops_per_s()));
        let best = rates.max_by(|a, b| a.1.total_cmp(&b.1));
        best.filter(|(_, rate)| *rate > 0.0).map(|(index, _)| index)
    }

    /// Whether an entrant serves a rate for a while without falling behind; `None` when
    /// interrupted. An entrant in trouble keeps up with everything: it leaves at its next turn.
    pub(super) fn keeps_up(&mut self, index: usize, ops_per_s: f64, time: Duration) -> Option<bool> {
        let offer = self.offer(ops_per_s, time, 0.0);
        let clock = self.clock;
        let pulse = || clock.pulse();
        let entrant = &mut self.entrants[index];
        let tried = entrant.ready(&pulse).and_then(|()| entrant.rig.latencies(offer, &pulse));
        if !self.keeps {
            entrant.rig.clear();
        }
        match tried {
            // A queue that grows steadily makes half the operations wait for as long as the run
            // times half the excess of the rate: this is an excess of two percent.
            Ok(latencies) => {
                let median = Duration::from_nanos(latencies.value_at_quantile(0.5));
                Some(median < offer.measure / 100)
            }
            Err(Trouble::Cancelled) => None,
            Err(_) => Some(true),
        }
    }

    fn offer(&self, ops_per_s: f64, slice: Duration, from: f64) -> Offer {
        let warm = budget::warm_up(slice);
        Offer { ops_per_s, warm, measure: slice - warm, yields: self.threads > machine::cores(), from }
    }

    /// Checks every map that is still alive; those that are wrong leave.
    pub(super) fn retire_all(&mut self) -> bool {
        self.each(0, |entrant, _, pulse| entrant.retire(pulse))
    }

    /// What one round spends on building and checking maps.
    fn setup(&self) -> Duration {
        if self.keeps {
            return Duration::ZERO;
        }
        self.entrants.iter().map(Entrant::setup).sum()
    }

    /// What the checks at the end will take.
    pub(super) fn last_checks(&self) -> Duration {
        if !self.keeps {
            return Duration::ZERO;
        }
        self.entrants.iter().map(|entrant| entrant.checking).sum()
    }

    fn share(&self, time: Duration) -> f64 {
        let pass = self.entrants.iter().map(|entrant| entrant.pass).sum();
        budget::share_of_growth(time, pass, self.setup())
    }

    fn rounds(&self, time: Duration, share: f64, patience: f64) -> u32 {
        let count = self.entrants.len();
        if !self.grows {
            return budget::rounds(time, count, self.setup(), patience);
        }
        let pass: Duration = self.entrants.iter().map(|entrant| entrant.pass).sum();
        budget::rounds_of(time, pass.mul_f64(share) + self.setup())
    }
}
