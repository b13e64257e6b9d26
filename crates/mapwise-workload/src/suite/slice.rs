//! One turn of one contender: operations for a while, timed or not, or growth from empty.
//!
//! - **own time**: where every thread has a processor, the time in which another program had it does not count: a thread
//!   could have run then, and did not. What it spends waiting for a lock does. Where the system does not say, all counts.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::keys::{Stream, SuiteKey};
use super::lane::{Lane, Tally};
use crate::driver::closed::{self, Slice};
use crate::driver::open;
use crate::driver::processor::Processor;
use crate::driver::team::{self, Control, Phase, Pulse, Trouble};
use crate::machine;
use crate::plan::Op;

/// Operations between two looks at the phase; also what a pin is held for.
const BATCH: usize = 128;

/// What the threads of a turn do.
pub(super) struct Turn<'a, K> {
    /// Their keys, a stream a thread.
    pub(super) streams: &'a [Stream<K>],
    /// The operations, over and over.
    pub(super) deck: &'a [Op],
    /// The round: all contenders of one do the same operations on the same keys.
    pub(super) round: u32,
    /// The share of the streams at which it begins.
    pub(super) from: f64,
}

struct Work {
    /// Operations that count.
    operations: u64,
    /// What all of them said, those of the warm-up included.
    tally: Tally,
    /// Since when operations count.
    began: Instant,
    ended: Instant,
    /// What became of the thread meanwhile.
    processor: Processor,
    times: Option<Histogram<u64>>,
}

impl Work {
    fn own_time(&self) -> Duration {
        (self.ended - self.began).saturating_sub(self.processor.waited())
    }
}

impl<K: SuiteKey> Turn<'_, K> {
    /// Counts operations for `measure` after `warm`; adds what they said to `tally`.
    pub(super) fn throughput(
        &self,
        lane: &dyn Lane<K>,
        (warm, measure): (Duration, Duration),
        tally: &mut Tally,
        pulse: &Pulse<'_>,
    ) -> Result<Slice, Trouble> {
        let (works, elapsed) = self.run(lane, (warm, measure), false, pulse)?;
        works.iter().for_each(|work| *tally += work.tally);
        let elapsed = elapsed?;
        let mut slice = closed::summary(works.iter().map(|work| (work.operations, work.processor)), elapsed);
        if works.len() <= machine::cores() {
            slice.elapsed = at_own_rates(&works).unwrap_or(elapsed);
        }
        Ok(slice)
    }

    /// Times each operation for a while.
    pub(super) fn latency(
        &self,
        lane: &dyn Lane<K>,
        time: Duration,
        tally: &mut Tally,
        pulse: &Pulse<'_>,
    ) -> Result<Histogram<u64>, Trouble> {
        let (works, elapsed) = self.run(lane, (time / 8, time), true, pulse)?;
        works.iter().for_each(|work| *tally += work.tally);
        elapsed?;
        Ok(merged(&works))
    }

    #[allow(clippy::type_complexity, reason = "what was done is known even when the time was cut short")]
    fn run(
        &self,
        lane: &dyn Lane<K>,
        (warm, measure): (Duration, Duration),
        timed: bool,
        pulse: &Pulse<'_>,
    ) -> Result<(Vec<Work>, Result<Duration, Trouble>), Trouble> {
        let team = self.streams.len();
        let body = |thread: usize, control: &Control| {
            let work = self.around(thread, lane, timed, control);
            lane.leave();
            work
        };
        team::run(team, &body, |control| {
            control.wait(warm, team, pulse)?;
            let from = control.set(Phase::Measure);
            control.wait(measure, team, pulse)?;
            Ok(control.set(Phase::Stop) - from)
        })
    }

    /// Cycles through the keys until told to stop; counts from the moment measuring begins.
    fn around(&self, thread: usize, lane: &dyn Lane<K>, timed: bool, control: &Control) -> Work {
        let stream = &self.streams[thread];
        let mut at = ((stream.len() as f64 * self.from) as usize).min(stream.len() - 1);
        // Threads begin at different operations, or all writes of a rare kind would come at once.
        let mut turn = (at + self.round as usize + thread * self.deck.len() / self.streams.len()) % self.deck.len();
        let mut times = timed.then(open::histogram);
        let mut tally = Tally::default();
        let (mut done, mut start) = (0_u64, None);
        loop {
            let batch = stream.batch(at, BATCH, self.deck, turn);
            let count = batch.numbers.len();
            match &mut times {
                Some(times) if start.is_some() => lane.timed(thread, &batch, &mut tally, times),
                _ => lane.batch(thread, &batch, &mut tally),
            }
            lane.rest();
            done += count as u64;
            turn = (turn + count) % self.deck.len();
            at = if at + count == stream.len() { 0 } else { at + count };
            match control.phase() {
                Phase::Warm => {}
                Phase::Measure => {
                    start.get_or_insert_with(|| (done, Processor::of_this_thread(), Instant::now()));
                }
                Phase::Stop => break,
            }
        }
        let ended = Instant::now();
        let (uncounted, before, began) = start.unwrap_or((done, None, ended));
        Work { operations: done - uncounted, tally, began, ended, processor: Processor::since(before), times }
    }

    /// Inserts all keys into each of `lanes`, which are empty, one after the other; lasts until the last thread is done.
    pub(super) fn grow(
        &self,
        lanes: &[Box<dyn Lane<K>>],
        timed: bool,
        tally: &mut Tally,
        pulse: &Pulse<'_>,
    ) -> Result<(Slice, Histogram<u64>), Trouble> {
        let team = self.streams.len();
        let body = |thread: usize, control: &Control| {
            let work = self.once(thread, lanes, timed, control);
            lanes.iter().for_each(|lane| lane.leave());
            work
        };
        let (works, conducted) = team::run(team, &body, |control| control.wait(Duration::MAX, team, pulse))?;
        works.iter().for_each(|work| *tally += work.tally);
        conducted?;
        let began = works.iter().map(|work| work.began).min();
        let ended = works.iter().map(|work| work.ended).max();
        let mut elapsed = began.zip(ended).map_or(Duration::ZERO, |(began, ended)| ended - began);
        if team <= machine::cores() {
            elapsed = works.iter().map(Work::own_time).max().unwrap_or(elapsed);
        }
        let slice = closed::summary(works.iter().map(|work| (work.operations, work.processor)), elapsed);
        Ok((slice, merged(&works)))
    }

    fn once(&self, thread: usize, lanes: &[Box<dyn Lane<K>>], timed: bool, control: &Control) -> Work {
        let stream = &self.streams[thread];
        let mut times = timed.then(open::histogram);
        let (mut tally, mut operations) = (Tally::default(), 0);
        let (before, began) = (Processor::of_this_thread(), Instant::now());
        'all: for lane in lanes {
            for at in (0..stream.len()).step_by(BATCH) {
                let batch = stream.batch(at, BATCH, self.deck, 0);
                match &mut times {
                    Some(times) => lane.timed(thread, &batch, &mut tally, times),
                    None => lane.batch(thread, &batch, &mut tally),
                }
                lane.rest();
                operations += batch.numbers.len() as u64;
                if control.phase() == Phase::Stop {
                    break 'all;
                }
            }
        }
        let ended = Instant::now();
        Work { operations, tally, began, ended, processor: Processor::since(before), times }
    }
}

/// How long all operations would have taken with each thread at the rate of its own time; `None` when a thread had none.
fn at_own_rates(works: &[Work]) -> Option<Duration> {
    let rate = |work: &Work| {
        let seconds = work.own_time().as_secs_f64();
        (seconds > 0.0 && work.operations > 0).then(|| work.operations as f64 / seconds)
    };
    let rates = works.iter().map(rate).sum::<Option<f64>>()?;
    let operations: u64 = works.iter().map(|work| work.operations).sum();
    Some(Duration::from_secs_f64(operations as f64 / rates))
}

fn merged(works: &[Work]) -> Histogram<u64> {
    let mut all = open::histogram();
    for times in works.iter().filter_map(|work| work.times.as_ref()) {
        all.add(times).expect("equal bounds");
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(operations: u64, wall_ms: u64) -> Work {
        let began = Instant::now();
        let ended = began + Duration::from_millis(wall_ms);
        Work { operations, tally: Tally::default(), began, ended, processor: Processor::default(), times: None }
    }

    #[test]
    fn threads_that_began_apart_add_up_their_rates() {
        // 1,000 and 3,000 operations a second.
        let elapsed = at_own_rates(&[work(100, 100), work(150, 50)]).unwrap();
        assert!((elapsed.as_secs_f64() - 250.0 / 4_000.0).abs() < 1e-9, "{elapsed:?}");
        assert_eq!(at_own_rates(&[work(100, 100), work(0, 50)]), None);
    }
}
