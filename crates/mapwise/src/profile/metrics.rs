//! The profile in the facade of the crate `metrics`, for whatever exporter the program has.
//!
//! - **bounded**: as many maps have series as in the text for Prometheus, and no label carries a key or its hash.
//! - **growing**: what is added to a counter is what is new since the last time; a count that has fallen is a new map's under
//!   an old name, and all of it is new.

use std::{collections::HashMap, mem};

use mapwise_profile::{Histogram, MapProfile, Profile, prometheus};
use metrics::Label;

/// A series: its metric, and the values of its labels.
type Series = (&'static str, Vec<String>);

/// Publishes profiles of this process to the installed recorder of the crate `metrics`.
///
/// | metric | labels | |
/// |---|---|---|
/// | `cache.requests` | `map`, `type`, `result` | counter: operations by kind, hits and misses apart |
/// | `map.entries` | `map` | gauge |
/// | `map.lock.contentions` | `map` | counter: operations that waited |
/// | `map.lock.wait` | `map` | histogram in seconds: each wait by the upper bound of its bucket, at most twice the truth |
/// | `map.lock.hold` | `map` | the same for the holds that were timed, one in 1,024 |
/// | `map.resizes` | `map` | counter |
/// | `map.shard.imbalance` | `map`, `of` | gauge: the largest shard by the mean |
///
/// Times and everything about shards, keys and sites in full are in the profile itself; see [`snapshot`](super::snapshot).
///
/// # Examples
///
/// ```
/// let mut metrics = mapwise::profile::Metrics::new();
/// // From now on as often as metrics are collected:
/// metrics.publish();
/// ```
#[derive(Debug, Default)]
pub struct Metrics {
    published: HashMap<Series, u64>,
}

impl Metrics {
    /// Returns a publisher that has published nothing. One is enough: two would count everything twice.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Publishes what the maps of this process have counted since the last time.
    ///
    /// # Concurrency
    ///
    /// Takes no lock of any map.
    pub fn publish(&mut self) {
        self.publish_profile(&super::snapshot());
    }

    fn publish_profile(&mut self, profile: &Profile) {
        let mut news = News { before: mem::take(&mut self.published), now: HashMap::new() };
        for (name, map) in prometheus::named(profile) {
            news.map(&name, map);
        }
        self.published = news.now;
    }
}

/// What was published before, and what is now.
struct News {
    before: HashMap<Series, u64>,
    now: HashMap<Series, u64>,
}

impl News {
    fn map(&mut self, name: &str, map: &MapProfile) {
        let of_map = || vec![Label::new("map", name.to_owned())];
        for operation in &map.operations {
            for (result, count) in [("hit", operation.hits), ("miss", operation.misses)] {
                let mut labels = of_map();
                labels.push(Label::new("type", operation.name.clone()));
                labels.push(Label::new("result", result));
                self.counter("cache.requests", labels, count);
            }
        }
        if let Some(len) = map.len {
            metrics::gauge!("map.entries", of_map()).set(len as f64);
        }
        self.counter("map.lock.contentions", of_map(), map.contentions);
        self.histogram("map.lock.wait", name, &map.waits);
        self.histogram("map.lock.hold", name, &map.holds.times);
        self.counter("map.resizes", of_map(), map.resizes.count);
        let shards = &map.shards;
        for (of, skew) in
            [("entries", shards.entries()), ("operations", shards.operations()), ("delay", shards.delay())]
        {
            let Some(skew) = skew else { continue };
            let mut labels = of_map();
            labels.push(Label::new("of", of));
            metrics::gauge!("map.shard.imbalance", labels).set(skew.ratio());
        }
    }

    fn counter(&mut self, metric: &'static str, labels: Vec<Label>, count: u64) {
        let values = labels.iter().map(|label| label.value().to_owned()).collect();
        let new = self.new_since((metric, values), count);
        metrics::counter!(metric, labels).increment(new);
    }

    fn histogram(&mut self, metric: &'static str, name: &str, times: &Histogram) {
        let recorded = metrics::histogram!(metric, "map" => name.to_owned());
        for (index, count) in times.counts.iter().enumerate() {
            let new = self.new_since((metric, vec![name.to_owned(), index.to_string()]), *count);
            // The last bucket has no bound but the longest that was seen.
            let bound_ns = times.bounds_ns.get(index).map_or(times.max_ns, |bound| times.max_ns.min(*bound));
            if new > 0 {
                recorded.record_many(bound_ns as f64 / 1e9, usize::try_from(new).unwrap_or(usize::MAX));
            }
        }
    }

    /// How much of a count is new. See growing.
    fn new_since(&mut self, series: Series, count: u64) -> u64 {
        let before = self.before.get(&series).copied().unwrap_or(0);
        self.now.insert(series, count);
        count.checked_sub(before).unwrap_or(count)
    }
}
