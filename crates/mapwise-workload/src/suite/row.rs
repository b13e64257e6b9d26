//! One row: every contender at one mix, number of keys, type of keys and thread count.

use super::check;
use super::entrant::{Entrant, Seen};
use super::gauge::Gauge;
use super::keys::{self, SuiteKey};
use super::lane::{Lane, Tally};
use super::mix::{Fill, Mix};
use super::settings::{LATENCY_PASSES_OF_GROWTH, Pace, Settings};
use super::slice::Turn;
use crate::driver::closed::Slice;
use crate::driver::order::order;
use crate::driver::team::{Pulse, Trouble};

/// The share of the keys by which each round begins further on: about the golden ratio, so that few rounds spread evenly.
const STRIDE: f64 = 0.618_034;

/// What a row is about.
pub(super) struct Row<'a> {
    pub(super) settings: &'a Settings,
    pub(super) gauge: &'a Gauge<'a>,
    pub(super) mix: Mix,
    pub(super) keys: u32,
    pub(super) threads: usize,
}

impl Row<'_> {
    /// Measures it; what was seen is left with the entrants. False when interrupted: what was seen until then counts.
    pub(super) fn measure<K: SuiteKey>(&self, entrants: &mut [Entrant<K>]) -> bool {
        entrants.iter_mut().for_each(|entrant| entrant.seen = Seen::new());
        let streams = keys::draw::<K>(self.mix, self.keys, self.threads, self.settings.seed);
        let deck = self.mix.deck();
        let mut field: Vec<&mut Entrant<K>> = entrants.iter_mut().filter(|entrant| self.admits(entrant)).collect();
        field.iter_mut().for_each(|entrant| check::before(entrant, self.mix, self.keys));
        let rounds = self.settings.rounds_of(self.mix, self.keys);
        let passes = if self.mix.fill() == Fill::Nothing { LATENCY_PASSES_OF_GROWTH } else { 1 };
        let cost = self.settings.estimate_of_row(self.mix, K::TYPE, self.keys, self.threads) / (rounds + passes);
        let mut whole = true;
        for round in 0..rounds + passes {
            let turn = Turn { streams: &streams, deck: &deck, round, from: (f64::from(round) * STRIDE).fract() };
            let timed = round >= rounds;
            self.gauge.doing(self.title(K::TYPE.id(), round, rounds));
            if !self.round(&mut field, &turn, timed) {
                whole = false;
                break;
            }
            self.gauge.done(cost);
        }
        for entrant in field {
            if let Err(how) = check::holdings(entrant, self.keys) {
                entrant.leave(Trouble::Wrong(how));
            } else if let Err(how) = check::answers(entrant, self.mix) {
                entrant.disqualify(how);
            }
        }
        whole
    }

    fn admits<K: SuiteKey>(&self, entrant: &Entrant<K>) -> bool {
        entrant.trouble.is_none() && (entrant.about.serves)(self.mix) && entrant.has_room(self.threads)
    }

    fn title(&self, kind: &str, round: u32, rounds: u32) -> String {
        let Self { mix, keys, threads, .. } = self;
        let what = if round < rounds { format!("round {} of {rounds}", round + 1) } else { "latency".to_owned() };
        format!("{mix}, {} {kind} keys, {threads} threads, {what}", short(*keys))
    }

    /// One turn of everybody; false when interrupted.
    fn round<K: SuiteKey>(&self, field: &mut [&mut Entrant<K>], turn: &Turn<'_, K>, timed: bool) -> bool {
        let pulse = || self.gauge.pulse();
        for (position, index) in order(turn.round, field.len()).into_iter().enumerate() {
            let entrant = &mut *field[index];
            if entrant.trouble.is_some() {
                continue;
            }
            let outcome = match self.mix.fill() {
                Fill::Nothing => self.grow(entrant, turn, position as u32, timed, &pulse),
                Fill::All | Fill::Half => self.work(entrant, turn, position as u32, timed, &pulse),
            };
            match outcome {
                Ok(()) => {}
                Err(Trouble::Cancelled) => return false,
                Err(trouble) => entrant.leave(trouble),
            }
        }
        true
    }

    /// A turn on a map that lives on.
    fn work<K: SuiteKey>(
        &self,
        entrant: &mut Entrant<K>,
        turn: &Turn<'_, K>,
        position: u32,
        timed: bool,
        pulse: &Pulse<'_>,
    ) -> Result<(), Trouble> {
        let Entrant { lane, tally, seen, .. } = entrant;
        let lane = lane.as_deref().expect("filled before it is used");
        let pace = Pace::of(self.threads);
        let mut said = Tally::default();
        let outcome = if timed {
            turn.latency(lane, pace.latency, &mut said, pulse).map(|times| seen.times.add(times).expect("equal bounds"))
        } else {
            let slice = turn.throughput(lane, (pace.warm, pace.measure), &mut said, pulse);
            slice.map(|slice| keep(seen, &slice, turn.round, position))
        };
        *tally += said;
        seen.tally += said;
        outcome
    }

    /// A turn that grows fresh maps.
    fn grow<K: SuiteKey>(
        &self,
        entrant: &mut Entrant<K>,
        turn: &Turn<'_, K>,
        position: u32,
        timed: bool,
        pulse: &Pulse<'_>,
    ) -> Result<(), Trouble> {
        let maps = (self.settings.grown_keys / self.keys).max(1);
        let lanes: Vec<Box<dyn Lane<K>>> = (0..maps).map(|_| entrant.empty()).collect();
        let mut said = Tally::default();
        let (slice, times) = turn.grow(&lanes, timed, &mut said, pulse)?;
        if entrant.about.keeps_all {
            let len = lanes.iter().map(|lane| lane.len()).sum();
            check::grown(len, lanes.len(), self.keys, said).map_err(Trouble::Wrong)?;
        }
        let seen = &mut entrant.seen;
        if timed {
            seen.longest_ns.push(times.max());
            seen.times.add(times).expect("equal bounds");
        } else {
            keep(seen, &slice, turn.round, position);
        }
        Ok(())
    }
}

/// Keeps a slice in which something was done: on a busy machine a short one may end before any thread ran.
fn keep(seen: &mut Seen, slice: &Slice, round: u32, position: u32) {
    seen.processor += slice.processor;
    if slice.operations > 0 {
        seen.samples.push(slice.sample(round, position));
    }
}

/// `1k`, `10M`, or the number itself.
pub(super) fn short(keys: u32) -> String {
    match keys {
        _ if keys >= 1_000_000 && keys.is_multiple_of(1_000_000) => format!("{}M", keys / 1_000_000),
        _ if keys >= 1_000 && keys.is_multiple_of(1_000) => format!("{}k", keys / 1_000),
        _ => keys.to_string(),
    }
}
