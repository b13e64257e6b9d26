//! One candidate set up for one thread count: built, filled, run and checked.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use hdrhistogram::Histogram;

use super::closed::{self, Pace, Slice};
use super::conserve;
use super::driven::{Driven, Tally};
use super::open::{self, Offer};
use super::prefill::{self, Filled};
use super::spin::Think;
use super::team::{self, Pulse, Trouble};
use crate::candidate::About;
use crate::plan::Plan;

/// A candidate as the session sees it.
pub(crate) struct Rig {
    about: About,
    plan: Arc<Plan>,
    think: Think,
    build: Box<Build>,
    live: Option<Live>,
}

/// Makes an empty map.
type Build = dyn Fn() -> Box<dyn Driven> + Sync;

/// A map with what is known to have been done to it.
struct Live {
    map: Box<dyn Driven>,
    filled: Filled,
    tally: Tally,
}

impl Rig {
    /// Sets up a candidate; the map is built on demand.
    pub(crate) fn new(about: About, plan: Arc<Plan>, think: Think, build: Box<Build>) -> Self {
        Self { about, plan, think, build, live: None }
    }

    /// What it is.
    pub(crate) fn about(&self) -> &About {
        &self.about
    }

    /// Builds and fills a fresh map in place of the present one.
    pub(crate) fn build(&mut self, pulse: &Pulse<'_>) -> Result<Filled, Trouble> {
        self.clear();
        let (map, filled) = prefill::fill(&self.plan, &*self.build, pulse)?;
        self.live = Some(Live { map, filled, tally: Tally::default() });
        Ok(filled)
    }

    /// Whether there is a map.
    pub(crate) fn is_built(&self) -> bool {
        self.live.is_some()
    }

    /// Runs one slice for throughput.
    pub(crate) fn slice(&mut self, pace: Pace, pulse: &Pulse<'_>) -> Result<Slice, Trouble> {
        let think = self.think;
        self.with_live(|plan, live| closed::slice(plan, &*live.map, think, pace, &mut live.tally, pulse))
    }

    /// Runs one slice for latency.
    pub(crate) fn latencies(&mut self, offer: Offer, pulse: &Pulse<'_>) -> Result<Histogram<u64>, Trouble> {
        self.with_live(|plan, live| open::latencies(plan, &*live.map, offer, &mut live.tally, pulse))
    }

    /// Checks that the map holds what its operations said. Nothing is known of what a map holds
    /// that may evict.
    pub(crate) fn check(&mut self, pulse: &Pulse<'_>) -> Result<(), Trouble> {
        if self.about.evicts {
            return Ok(());
        }
        let check = if self.about.merges { conserve::check_merged } else { conserve::check };
        self.with_live(|plan, live| {
            let verdict = team::alone(pulse, &|_| {
                let verdict = check(plan, &*live.map, live.filled, live.tally);
                live.map.leave();
                verdict
            })?;
            verdict.map_err(Trouble::Wrong)
        })
    }

    /// Drops the map.
    pub(crate) fn clear(&mut self) {
        if let Some(live) = self.live.take() {
            // Whatever it measured stands; a destructor that panics must not end the run.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(live)));
        }
    }

    /// Runs `work` on the live map. A map that panicked is leaked: its destructor may hang or
    /// panic again, and what was done to it is not known.
    fn with_live<R>(&mut self, work: impl FnOnce(&Plan, &mut Live) -> Result<R, Trouble>) -> Result<R, Trouble> {
        let mut live = self.live.take().expect("built before it is used");
        let result = work(&self.plan, &mut live);
        if matches!(result, Err(Trouble::Panicked(_))) {
            std::mem::forget(live);
        } else {
            self.live = Some(live);
        }
        result
    }
}
