//! What every output says of a profile.

use std::collections::HashMap;

use mapwise_profile::advice::{Advice, Lint, advise};
use mapwise_profile::number::{count, duration, percent, share};
use mapwise_profile::text::site;
use mapwise_profile::{Histogram, MapProfile, Profile};

use crate::clean::clean;
use crate::words;

/// Advice that asks for something, and the names of the maps that want nothing.
pub(super) struct Conclusions {
    pub(super) urgent: Vec<Advice>,
    pub(super) calm: Vec<String>,
}

impl Conclusions {
    pub(super) fn of(profile: &Profile) -> Self {
        let (calm, urgent): (Vec<_>, Vec<_>) =
            advise(profile).into_iter().partition(|advice| advice.lint == Lint::NotWorthChanging);
        Self { urgent, calm: calm.iter().map(|advice| clean(&advice.map)).collect() }
    }

    /// The first line of every output.
    pub(super) fn headline(&self, profile: &Profile) -> String {
        let delay = profile.maps.iter().fold(0, |sum: u64, map| sum.saturating_add(map.delay_ns));
        match self.urgent.first() {
            Some(advice) => advice.text.clone(),
            None if delay == 0 => "no thread waited for a map".to_owned(),
            None => format!("threads waited {} for maps, which no other map would change much", duration(delay)),
        }
    }

    pub(super) fn calm_line(&self) -> Option<String> {
        (!self.calm.is_empty()).then(|| format!("Not worth changing: {}", self.calm.join(", ")))
    }
}

/// Maps, the one that waited longest first.
pub(super) fn maps(profile: &Profile) -> Vec<&MapProfile> {
    let mut maps: Vec<&MapProfile> = profile.maps.iter().collect();
    maps.sort_by_key(|map| std::cmp::Reverse(map.delay_ns));
    maps
}

/// The share of the threads' time that they waited for a map.
pub(super) fn waited(profile: &Profile, map: &MapProfile) -> f64 {
    share(map.delay_ns, profile.span_ns.saturating_mul(profile.process.threads.max(1)))
}

/// Whose profile it is, how much was recorded and when.
pub(super) fn about(profile: &Profile) -> String {
    let process = &profile.process;
    let taken = std::time::Duration::from_millis(profile.taken_unix_ms.min(253_402_300_799_000));
    format!(
        "{} (process {}), {} on {}, recorded {} until {}",
        clean(&process.name),
        process.pid,
        words::plural(process.threads, "thread"),
        words::plural(process.cores.into(), "core"),
        duration(profile.span_ns),
        humantime::format_rfc3339_seconds(std::time::UNIX_EPOCH + taken),
    )
}

/// The figures of a map that its row does not have, each with its name.
pub(super) fn facts(map: &MapProfile) -> Vec<(&'static str, String)> {
    let mut out = vec![("waits", spread(&map.waits))];
    if map.holds.period > 0 {
        let timed = match map.holds.period {
            1 => "each timed".to_owned(),
            period => format!("1 in {} timed", count(period)),
        };
        out.push(("holds", format!("{} ({timed})", spread(&map.holds.times))));
    }
    let shards = &map.shards;
    let skews = [("waiting", shards.delay()), ("operations", shards.operations()), ("entries", shards.entries())];
    let skews: Vec<String> =
        skews.into_iter().filter_map(|(of, skew)| Some(format!("{of} {:.1} times", skew?.ratio()))).collect();
    if !skews.is_empty() {
        out.push((
            "shards",
            format!("{}; the fullest against the mean: {}", count(shards.each.len() as u64), skews.join(", ")),
        ));
    }
    if map.resizes.count > 0 {
        out.push((
            "resizes",
            format!("{}, {} paused in all", count(map.resizes.count), duration(map.resizes.pauses.sum_ns)),
        ));
    }
    for key in map.hot_keys.keys.iter().take(3) {
        let sure = percent(map.hot_keys.sure_share(key));
        let most = percent(share(key.count, map.hot_keys.sampled));
        let range = if sure == most { sure } else { format!("{sure} to {most}") };
        out.push(("hot key", format!("hash {:#018x}, {range} of the operations", key.hash)));
    }
    out.extend(blocked(map).into_iter().take(5).map(|row| ("blocked", row)));
    out
}

/// Who waited for whom, longest first.
fn blocked(map: &MapProfile) -> Vec<String> {
    let mut pairs: HashMap<(String, String), (u64, u64)> = HashMap::new();
    for row in &map.matrix {
        let holder = row.holder.as_ref().map_or_else(|| "a place not known".to_owned(), |holder| clean(&site(holder)));
        let known = pairs.entry((clean(&site(&row.waiter)), holder)).or_default();
        *known = (known.0.saturating_add(row.delay_ns), known.1.saturating_add(row.contentions));
    }
    let mut pairs: Vec<_> = pairs.into_iter().collect();
    pairs.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let line = |((waiter, holder), (delay_ns, waits)): ((String, String), (u64, u64))| {
        let waits = words::plural(waits, "wait");
        format!("{waiter} waited {} in {waits} for {holder}", duration(delay_ns))
    };
    pairs.into_iter().map(line).collect()
}

fn spread(times: &Histogram) -> String {
    match (times.quantile(0.5), times.quantile(0.99)) {
        (Some(p50), Some(p99)) => {
            format!("p50 ≤ {}, p99 ≤ {}, max {}", duration(p50), duration(p99), duration(times.max_ns))
        }
        _ => "none".to_owned(),
    }
}
