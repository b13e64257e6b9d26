//! What follows from a profile: for each map the cause of its waiting, with the evidence and what to do.
//!
//! Every rule has a threshold and a source, told with the advice. Rules about waiting speak only of maps whose threads
//! wait for at least [`WORTH`] of their time: below that no other map can help.

mod facts;

mod holding;
mod spread;
mod waiting;

use serde::Serialize;

use crate::number::{percent, share};
use crate::profile::{Profile, Tier};
use crate::text::plain;
use facts::Facts;

/// Waiting below this share of the threads' time is not worth a change.
pub const WORTH: f64 = 0.02;
/// Fewer waits than this are an anecdote.
const MIN_CONTENTIONS: u64 = 10;
/// Fewer operations than this say nothing about a map's use.
const MIN_OPERATIONS: u64 = 1_000;
/// A cause that explains this share of the waiting is the cause.
const MOST: f64 = 0.5;
/// The longest name of a map in a sentence.
const NAME: usize = 80;

/// One conclusion about one map.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Advice {
    /// Which rule speaks.
    pub lint: Lint,
    /// The map's name, as in the profile.
    pub map: String,
    /// How much of the map's delay this explains.
    pub delay_ns: u64,
    /// What is the matter.
    pub text: String,
    /// What to do.
    pub remedy: String,
    /// The figures that the rule saw.
    pub evidence: Vec<String>,
    /// When the rule speaks.
    pub rule: &'static str,
    /// Where the threshold comes from.
    pub source: &'static str,
}

/// The rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Lint {
    /// A lock is held for long, as a rule by a slow closure.
    LongHold,
    /// The table is replaced again and again.
    ResizeStorm,
    /// Most of the waiting is for one key, or very few.
    HotKey,
    /// Different keys meet in few shards.
    BadHash,
    /// Reads wait for rare writes.
    ReadersBlocked,
    /// Everything waits for everything.
    TooFewShards,
    /// No other map would be noticed.
    NotWorthChanging,
}

impl Lint {
    /// Its name on the command line and in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LongHold => "long-hold",
            Self::ResizeStorm => "resize-storm",
            Self::HotKey => "hot-key",
            Self::BadHash => "bad-hash",
            Self::ReadersBlocked => "readers-blocked",
            Self::TooFewShards => "too-few-shards",
            Self::NotWorthChanging => "not-worth-changing",
        }
    }

    /// When it speaks.
    fn rule(self) -> &'static str {
        match self {
            Self::LongHold => {
                "a hundredth of the holds, or the holder that others wait for, takes 20 µs or more; or holds of less do not add up to the waiting"
            }
            Self::ResizeStorm => "resizing keeps others out for 1 % of the time, twice as often as growing needs",
            Self::HotKey => "half of the waiting is in shards where single keys have half of the operations",
            Self::BadHash => "a shard has twice its share, chance does not explain it, and no hot key does",
            Self::ReadersBlocked => "reads have half of the waiting, and writes are at most 10 % of the operations",
            Self::TooFewShards => "fewer shards than four for each thread that can run, and no other cause",
            Self::NotWorthChanging => "threads wait for less than 2 % of their time",
        }
    }

    /// Where its threshold comes from.
    fn source(self) -> &'static str {
        match self {
            Self::LongHold => {
                "a waiter that parks pays a context switch, 4 µs and more with its cache misses (Li, Ding and Shen, ExpCS 2007)"
            }
            Self::ResizeStorm => "doubling: a table that only grows is replaced once for each doubling of its length",
            Self::HotKey => {
                "space-saving's sure counts (Metwally, Agrawal and El Abbadi, ICDT 2005): more shards cannot split a key"
            }
            Self::BadHash => "Chernoff bound at one in a million (Mitzenmacher and Upfal, 2005, theorem 4.4)",
            Self::ReadersBlocked => {
                "Linux, Documentation/RCU/checklist.rst, item 0: read-mostly is at most 10 % updates"
            }
            Self::TooFewShards => "dashmap's default, four shards for each processor",
            Self::NotWorthChanging => {
                "Amdahl 1967: without any waiting the work would gain no more than the share waited"
            }
        }
    }
}

/// What follows from the profile, the map that waited longest first, and for each map the first cause first.
///
/// A profile of tier [`Tier::Counters`] has no times and yields no advice.
#[must_use]
pub fn advise(profile: &Profile) -> Vec<Advice> {
    if profile.tier == Tier::Counters {
        return Vec::new();
    }
    let mut maps: Vec<Facts<'_>> = profile.maps.iter().map(|map| Facts::of(profile, map)).collect();
    maps.sort_by_key(|facts| std::cmp::Reverse(facts.map.delay_ns));
    maps.iter().flat_map(of_map).collect()
}

fn of_map(facts: &Facts<'_>) -> Vec<Advice> {
    let mut causes: Vec<Advice> = Vec::new();
    causes.extend(waiting::resize_storm(facts));
    if facts.is_contended() {
        causes.extend(holding::long_hold(facts));
        causes.extend(spread::hot_key(facts));
    }
    // A bad hash also costs where nobody waits: every look-up in that shard compares more keys.
    causes.extend(spread::bad_hash(facts));
    causes.sort_by_key(|advice| (std::cmp::Reverse(advice.delay_ns), advice.lint));
    if facts.is_contended() {
        let explained = |causes: &[Advice]| causes.iter().any(|advice| facts.share_of_delay(advice.delay_ns) >= MOST);
        if !explained(&causes) {
            causes.extend(holding::unexplained(facts));
        }
        causes.extend(waiting::readers_blocked(facts));
        if !explained(&causes) {
            causes.extend(waiting::too_few_shards(facts));
        }
    }
    if causes.is_empty() {
        causes.extend(not_worth_changing(facts));
    }
    causes
}

fn not_worth_changing(facts: &Facts<'_>) -> Option<Advice> {
    let waited = facts.waited();
    if facts.thread_time_ns == 0.0 || facts.map.operation_count() < MIN_OPERATIONS || waited >= WORTH {
        return None;
    }
    let text = format!(
        "{}: threads wait for {} of their time, so no other map would be noticed",
        facts.name(),
        percent(waited)
    );
    let remedy = "keep it, and look for time elsewhere".to_owned();
    Some(facts.advice(Lint::NotWorthChanging, facts.map.delay_ns, text, remedy, Vec::new()))
}

impl Facts<'_> {
    fn name(&self) -> String {
        plain(&self.map.name, NAME)
    }

    fn is_contended(&self) -> bool {
        self.waited() >= WORTH && self.map.contentions >= MIN_CONTENTIONS
    }

    fn share_of_delay(&self, delay_ns: u64) -> f64 {
        share(delay_ns, self.map.delay_ns)
    }

    fn advice(&self, lint: Lint, delay_ns: u64, text: String, remedy: String, evidence: Vec<String>) -> Advice {
        let mut all = vec![format!(
            "waited {} in {} waits, {} of the time of {}",
            crate::number::duration(self.map.delay_ns),
            crate::number::count(self.map.contentions),
            percent(self.waited()),
            match self.threads {
                1 => "one thread".to_owned(),
                n => format!("{n} threads"),
            },
        )];
        all.extend(evidence);
        let map = self.map.name.clone();
        Advice { lint, map, delay_ns, text, remedy, evidence: all, rule: lint.rule(), source: lint.source() }
    }
}
