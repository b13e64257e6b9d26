//! One candidate in the contest, with what was seen of it so far.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mapwise_record::run::{LeftOut, Sample, Warning, WarningKind};

use super::warn;
use crate::driver::closed::{Pace, Slice};
use crate::driver::open::{self, Offer};
use crate::driver::processor::Processor;
use crate::driver::rig::Rig;
use crate::driver::team::{Pulse, Trouble};

pub(super) struct Entrant {
    pub(super) rig: Rig,
    pub(super) samples: Vec<Sample>,
    pub(super) latencies: Histogram<u64>,
    pub(super) bytes_per_entry: Option<f64>,
    /// The longest insert while filling; the least of all fillings, because an interruption by the
    /// machine does not happen at the same insert twice.
    pub(super) growth_pause_ns: Option<u64>,
    /// What building and filling takes.
    pub(super) building: Duration,
    /// What checking takes.
    pub(super) checking: Duration,
    /// What one pass through a whole growing plan takes.
    pub(super) pass: Duration,
    /// Whether its threads had processors, in all its samples.
    pub(super) processor: Processor,
}

impl Entrant {
    pub(super) fn new(rig: Rig) -> Self {
        Self {
            rig,
            samples: Vec::new(),
            latencies: open::histogram(),
            bytes_per_entry: None,
            growth_pause_ns: None,
            building: Duration::ZERO,
            checking: Duration::ZERO,
            pass: Duration::ZERO,
            processor: Processor::default(),
        }
    }

    /// Builds and fills a fresh map and keeps what that showed.
    pub(super) fn build(&mut self, pulse: &Pulse<'_>) -> Result<(), Trouble> {
        let begin = Instant::now();
        let filled = self.rig.build(pulse)?;
        self.building = begin.elapsed();
        if filled.entries > 0 {
            let bytes = filled.bytes.map(|bytes| bytes as f64 / filled.entries as f64);
            self.bytes_per_entry = self.bytes_per_entry.or(bytes);
            let least = self.growth_pause_ns.unwrap_or(u64::MAX);
            self.growth_pause_ns = Some(least.min(filled.longest_ns));
        }
        Ok(())
    }

    /// Builds it for the first time; several times while that is quick, because the longest insert
    /// of one filling says as much about the machine as about the map.
    pub(super) fn first_build(&mut self, quick: Duration, pulse: &Pulse<'_>) -> Result<(), Trouble> {
        const MOST_BUILDS: usize = 3;
        for _ in 0..MOST_BUILDS {
            self.build(pulse)?;
            if self.building > quick {
                break;
            }
        }
        Ok(())
    }

    /// What one turn spends outside its slice where maps do not live on.
    pub(super) fn setup(&self) -> Duration {
        self.building + self.checking
    }

    /// Builds a map where none is kept.
    pub(super) fn ready(&mut self, pulse: &Pulse<'_>) -> Result<(), Trouble> {
        if self.rig.is_built() {
            return Ok(());
        }
        self.build(pulse)
    }

    /// A first short slice, which counts nowhere.
    pub(super) fn trial(&mut self, pace: Pace, pulse: &Pulse<'_>) -> Result<Slice, Trouble> {
        let slice = self.rig.slice(pace, pulse)?;
        let begin = Instant::now();
        self.rig.check(pulse)?;
        self.checking = begin.elapsed();
        if let Pace::Pass { share, .. } = pace {
            self.pass = slice.elapsed.div_f64(share);
        }
        Ok(slice)
    }

    /// One turn of one round.
    pub(super) fn turn(&mut self, round: u32, position: u32, pace: Pace, pulse: &Pulse<'_>) -> Result<(), Trouble> {
        self.ready(pulse)?;
        let slice = self.counting_slice(pace, pulse)?;
        self.processor += slice.processor;
        self.samples.push(slice.sample(round, position));
        Ok(())
    }

    /// A slice in which operations were counted: on a busy machine a short one may end before any thread was given a
    /// processor.
    fn counting_slice(&mut self, mut pace: Pace, pulse: &Pulse<'_>) -> Result<Slice, Trouble> {
        const MOST_TRIES: u32 = 8;
        for _ in 1..MOST_TRIES {
            let slice = self.rig.slice(pace, pulse)?;
            if slice.operations > 0 {
                return Ok(slice);
            }
            pace = pace.longer();
        }
        self.rig.slice(pace, pulse)
    }

    /// One slice of latencies.
    pub(super) fn latency(&mut self, offer: Offer, pulse: &Pulse<'_>) -> Result<(), Trouble> {
        self.ready(pulse)?;
        let latencies = self.rig.latencies(offer, pulse)?;
        self.latencies.add(&latencies).expect("equal bounds");
        Ok(())
    }

    /// Checks the map and drops it.
    pub(super) fn retire(&mut self, pulse: &Pulse<'_>) -> Result<(), Trouble> {
        if self.rig.is_built() {
            self.rig.check(pulse)?;
        }
        self.rig.clear();
        Ok(())
    }

    /// Why it leaves the contest, for the record.
    pub(super) fn leaves(&self, trouble: &Trouble, threads: usize) -> (LeftOut, Warning) {
        let about = self.rig.about();
        let (kind, reason) = match trouble {
            Trouble::Wrong(how) => (WarningKind::Wrong, format!("wrong at {}: {how}", warn::threads(threads))),
            Trouble::Panicked(text) => (WarningKind::Other, format!("panicked at {}: {text}", warn::threads(threads))),
            Trouble::NoThreads(text) => {
                (WarningKind::Other, format!("{} could not be started: {text}", warn::threads(threads)))
            }
            Trouble::Cancelled => (WarningKind::Interrupted, "interrupted".to_owned()),
        };
        let warning = Warning { kind, text: format!("{} makes no number: {reason}", about.name) };
        (about.left_out(reason), warning)
    }

    /// Median operations per second of its samples; 0 without any.
    pub(super) fn median_ops_per_s(&self) -> f64 {
        let mut rates: Vec<f64> = self.samples.iter().map(Sample::ops_per_s).collect();
        rates.sort_by(f64::total_cmp);
        let middle = rates.len() / 2;
        match rates.len() {
            0 => 0.0,
            count if count % 2 == 1 => rates[middle],
            _ => (rates[middle - 1] + rates[middle]) / 2.0,
        }
    }
}
