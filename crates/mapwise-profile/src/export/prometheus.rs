//! The text format of Prometheus, version 0.0.4.
//!
//! - **bounded**: at most [`MAPS`] maps have series, and at most [`SHARDS`] shards of a map; the rest is said to be left
//!   out. No label carries a key or its hash.

use std::collections::HashSet;
use std::fmt::Write as _;

use crate::histogram::Histogram;
use crate::map::MapProfile;
use crate::profile::Profile;
use crate::skew::Skew;
use crate::text::plain;

/// The most maps with series: those that waited longest.
pub const MAPS: usize = 50;
/// A map with more shards than this has no series by shard.
pub const SHARDS: usize = 64;
/// The media type of [`text`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
/// The longest value of a label, in characters.
const LABEL: usize = 120;
/// One in so many buckets of a histogram is told; buckets are cumulative, so nothing is lost but detail.
const COARSER: usize = 2;

/// A map with the value of its label.
pub type Named<'a> = (String, &'a MapProfile);

/// All metrics of a profile.
#[must_use]
pub fn text(profile: &Profile) -> String {
    let maps = named(profile);
    let mut out = Writer(String::new());
    about(&mut out, profile, maps.len());
    use_of(&mut out, &maps);
    waiting(&mut out, &maps);
    holding(&mut out, &maps);
    spread(&mut out, &maps);
    out.0
}

/// The maps that have series, each with the value of its label: those that waited longest.
#[must_use]
pub fn named(profile: &Profile) -> Vec<Named<'_>> {
    let mut maps: Vec<&MapProfile> = profile.maps.iter().collect();
    maps.sort_by_key(|map| std::cmp::Reverse((map.delay_ns, map.contentions)));
    maps.truncate(MAPS);
    // Cutting may have made two names equal, and a scrape with equal series is refused as a whole.
    let mut taken = HashSet::new();
    let unlike = |map: &'_ MapProfile| {
        let name = plain(&map.name, LABEL);
        let numbered = (2..).map(|number| format!("{name} #{number}"));
        std::iter::once(name.clone()).chain(numbered).find(|name| taken.insert(name.clone())).unwrap_or_default()
    };
    let names: Vec<String> = maps.iter().copied().map(unlike).collect();
    names.into_iter().zip(maps).collect()
}

fn about(out: &mut Writer, profile: &Profile, shown: usize) {
    out.head("mapwise_profile_info", "gauge", "What recorded; always 1.");
    out.line("mapwise_profile_info", &[("version", &plain(&profile.mapwise_version, LABEL))], 1);
    out.head("mapwise_profile_seconds", "gauge", "How long was recorded.");
    out.line("mapwise_profile_seconds", &[], Seconds(profile.span_ns));
    out.head("mapwise_maps", "gauge", "Maps that live.");
    out.line("mapwise_maps", &[], profile.maps.len() as u64);
    out.head("mapwise_maps_left_out", "gauge", "Maps without series, because there are too many.");
    out.line("mapwise_maps_left_out", &[], (profile.maps.len() - shown) as u64);
}

fn use_of(out: &mut Writer, maps: &[Named<'_>]) {
    out.head("cache_requests_total", "counter", "Operations by kind and by whether the key was there.");
    for (name, map) in maps {
        let mut kinds = HashSet::new();
        for operation in map.operations.iter().filter(|operation| kinds.insert(plain(&operation.name, LABEL))) {
            let kind = plain(&operation.name, LABEL);
            let labels = |result| [("map", name.as_str()), ("type", kind.as_str()), ("result", result)];
            out.line("cache_requests_total", &labels("hit"), operation.hits);
            out.line("cache_requests_total", &labels("miss"), operation.misses);
        }
    }
    out.for_each("map_entries", "gauge", "Entries.", maps, |map| map.len);
    out.for_each("map_capacity", "gauge", "Entries that fit without growing.", maps, |map| map.capacity);
}

fn waiting(out: &mut Writer, maps: &[Named<'_>]) {
    out.for_each("map_slow_paths_total", "counter", "Operations that left the fast path.", maps, |map| {
        Some(map.slow_paths)
    });
    out.for_each("map_lock_contentions_total", "counter", "Operations that waited.", maps, |map| Some(map.contentions));
    out.head("map_lock_delay_seconds_total", "counter", "Time waited, all threads together.");
    for (name, map) in maps {
        out.line("map_lock_delay_seconds_total", &[("map", name)], Seconds(map.delay_ns));
    }
    out.histograms("map_lock_wait_seconds", "Waits for a lock.", maps, |map| Some(&map.waits));
}

fn holding(out: &mut Writer, maps: &[Named<'_>]) {
    let timed = |map: &MapProfile| map.holds.period > 0;
    out.histograms("map_lock_hold_seconds", "Holds of a lock, sampled.", maps, |map| {
        timed(map).then_some(&map.holds.times)
    });
    out.for_each("map_lock_hold_sample_period", "gauge", "One in so many holds is timed.", maps, |map| {
        timed(map).then_some(map.holds.period)
    });
    out.for_each("map_resizes_total", "counter", "Replacements of the table.", maps, |map| Some(map.resizes.count));
    out.histograms("map_resize_pause_seconds", "Pauses while the table was replaced.", maps, |map| {
        Some(&map.resizes.pauses)
    });
}

fn spread(out: &mut Writer, maps: &[Named<'_>]) {
    out.for_each("map_shards", "gauge", "Independently locked parts.", maps, |map| Some(map.shards.each.len() as u64));
    out.head("map_shard_imbalance", "gauge", "The largest shard by the mean; 1 is even.");
    for (name, map) in maps {
        let shards = &map.shards;
        for (of, skew) in
            [("entries", shards.entries()), ("operations", shards.operations()), ("delay", shards.delay())]
        {
            let Some(ratio) = skew.as_ref().map(Skew::ratio) else { continue };
            out.line("map_shard_imbalance", &[("map", name), ("of", of)], format_args!("{ratio:.4}"));
        }
    }
    out.head("map_shard_delay_seconds_total", "counter", "Time waited for a shard.");
    for (name, map) in maps.iter().filter(|(_, map)| (2..=SHARDS).contains(&map.shards.each.len())) {
        for (index, shard) in map.shards.each.iter().enumerate() {
            let index = index.to_string();
            out.line("map_shard_delay_seconds_total", &[("map", name), ("shard", &index)], Seconds(shard.delay_ns));
        }
    }
    out.for_each("map_key_samples_total", "counter", "Operations whose key was sampled.", maps, |map| {
        (map.hot_keys.period > 0).then_some(map.hot_keys.sampled)
    });
    out.for_each(
        "map_hottest_key_samples",
        "gauge",
        "Samples that surely were the most frequent key's.",
        maps,
        |map| map.hot_keys.keys.iter().map(|key| key.count.saturating_sub(key.error)).max(),
    );
}

/// Nanoseconds, shown exactly in seconds.
struct Seconds(u64);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, rest) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        let digits = format!("{rest:09}");
        match digits.trim_end_matches('0') {
            "" => write!(f, "{whole}"),
            digits => write!(f, "{whole}.{digits}"),
        }
    }
}

struct Writer(String);

impl Writer {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}").expect("a String takes everything");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.0.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            self.0.push_str(if index == 0 { "{" } else { "," });
            let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            write!(self.0, "{label}=\"{text}\"").expect("a String takes everything");
        }
        self.0.push_str(if labels.is_empty() { " " } else { "} " });
        writeln!(self.0, "{value}").expect("a String takes everything");
    }

    fn for_each(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        maps: &[Named<'_>],
        value: impl Fn(&MapProfile) -> Option<u64>,
    ) {
        self.head(name, kind, help);
        for (map_name, map) in maps {
            if let Some(value) = value(map) {
                self.line(name, &[("map", map_name)], value);
            }
        }
    }

    fn histograms<'a>(
        &mut self,
        name: &str,
        help: &str,
        maps: &[Named<'a>],
        histogram: impl Fn(&'a MapProfile) -> Option<&'a Histogram>,
    ) {
        self.head(name, "histogram", help);
        for (map_name, map) in maps {
            let Some(histogram) = histogram(map) else { continue };
            let bucket = format!("{name}_bucket");
            let mut seen: u64 = 0;
            for (index, (bound, count)) in histogram.bounds_ns.iter().zip(&histogram.counts).enumerate() {
                seen = seen.saturating_add(*count);
                if index % COARSER == 0 {
                    self.line(&bucket, &[("map", map_name), ("le", &Seconds(*bound).to_string())], seen);
                }
            }
            self.line(&bucket, &[("map", map_name), ("le", "+Inf")], histogram.count());
            self.line(&format!("{name}_sum"), &[("map", map_name)], Seconds(histogram.sum_ns));
            self.line(&format!("{name}_count"), &[("map", map_name)], histogram.count());
        }
    }
}
