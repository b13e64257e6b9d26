//! Loads that are not spread: a hot key, or a bad hash. They look alike in the waits and need opposite advice.

use std::collections::BTreeSet;

use super::facts::Facts;
use super::{Advice, Lint, MOST};
use crate::map::HotKey;
use crate::number::percent;

/// A key below this share of all operations is not hot.
const HOT: f64 = 0.05;
/// In a map with one lock a key matters only where it has most of the operations.
const HOT_ALONE: f64 = 0.5;
/// Fewer samples than this name no key.
const MIN_SAMPLED: u64 = 200;
/// A shard with more than so many times the mean is overloaded, where chance does not explain it.
const OVERLOADED: f64 = 2.0;
/// A share by operations is noisier than one by entries, and popularity is never even.
const OVERLOADED_BY_OPERATIONS: f64 = 4.0;

/// Single keys that most of the waiting is for.
pub(super) fn hot_key(facts: &Facts<'_>) -> Option<Advice> {
    let map = facts.map;
    if map.hot_keys.sampled < MIN_SAMPLED {
        return None;
    }
    let Some(delay) = map.shards.delay() else {
        let hot = map.hot_keys.keys.first().filter(|key| map.hot_keys.sure_share(key) >= HOT_ALONE)?;
        let part = map.hot_keys.sure_share(hot);
        return Some(advice(facts, &[hot], (map.delay_ns as f64 * part) as u64));
    };
    // Where entries crowd, equal hashes of different keys are taken for one key.
    let crowded = map.shards.entries().map(|entries| entries.overloaded(OVERLOADED)).unwrap_or_default();
    let is_one = |key: &&HotKey| shard_of(facts, key).is_none_or(|shard| !crowded.contains(&shard));
    let ruling = map.hot_keys.keys.iter().filter(|key| rules_its_shard(facts, key));
    let hot: Vec<&HotKey> = ruling.filter(is_one).collect();
    let shards: BTreeSet<usize> = hot.iter().filter_map(|key| shard_of(facts, key)).collect();
    let explained: f64 = shards.iter().map(|shard| delay.share(*shard)).sum();
    let delay_ns = (map.delay_ns as f64 * explained.min(1.0)) as u64;
    (explained >= MOST).then(|| advice(facts, &hot, delay_ns))
}

fn rules_its_shard(facts: &Facts<'_>, key: &HotKey) -> bool {
    let sure = facts.map.hot_keys.sure_share(key);
    let of_shard = || {
        let operations = facts.map.shards.operations()?;
        Some(operations.share(shard_of(facts, key)?))
    };
    sure >= HOT && of_shard().is_none_or(|of_shard| sure >= of_shard * 0.5)
}

/// The key's shard; one that was not recorded is taken for the most waited for.
fn shard_of(facts: &Facts<'_>, key: &HotKey) -> Option<usize> {
    let each = &facts.map.shards.each;
    let recorded = key.shard.and_then(|shard| usize::try_from(shard).ok());
    recorded.or_else(|| (0..each.len()).max_by_key(|index| each[*index].delay_ns)).filter(|shard| *shard < each.len())
}

fn advice(facts: &Facts<'_>, hot: &[&HotKey], delay_ns: u64) -> Advice {
    let which = match hot {
        [_] => "one key".to_owned(),
        _ => format!("{} keys", hot.len()),
    };
    let part = percent(facts.share_of_delay(delay_ns));
    let text = format!(
        "{}: {part} of the waiting is where {which} is asked for most; more shards would not help",
        facts.name()
    );
    let mut evidence: Vec<String> = hot
        .iter()
        .take(3)
        .map(|key| {
            let sure = percent(facts.map.hot_keys.sure_share(key));
            let shard = shard_of(facts, key).map(|shard| format!(", in shard {shard}")).unwrap_or_default();
            format!("the key with hash {:#018x} has at least {sure} of the operations{shard}", key.hash)
        })
        .collect();
    if let Some(entries) = facts.map.shards.entries() {
        evidence.push(format!("entries are spread: the fullest shard has {:.1} times the mean", entries.ratio()));
    }
    let remedy = if facts.writes() <= 0.1 && facts.locks_buckets() {
        "keep a copy beside the map, or make its writes shorter"
    } else if facts.writes() <= 0.1 {
        "read it without a lock: Map or SyncMap, or keep a copy beside the map"
    } else {
        "take it out of the map: an atomic or CounterMap for a count, one copy for each thread merged when asked (PerThreadMap) for the rest"
    };
    facts.advice(Lint::HotKey, delay_ns, text, remedy.to_owned(), evidence)
}

/// Different keys in few shards.
pub(super) fn bad_hash(facts: &Facts<'_>) -> Option<Advice> {
    let map = facts.map;
    let entries = map.shards.entries();
    let by_entries = entries.as_ref().map(|entries| entries.overloaded(OVERLOADED)).unwrap_or_default();
    let operations = map.shards.operations();
    let by_operations =
        operations.as_ref().map(|operations| operations.overloaded(OVERLOADED_BY_OPERATIONS)).unwrap_or_default();
    let (spread, shards, what) = if !by_entries.is_empty() {
        (entries?, by_entries, "entries")
    } else if map.hot_keys.sampled >= MIN_SAMPLED {
        let operations = operations?;
        let crowded = |shard: &usize| !may_be_hot_keys(facts, *shard, operations.share(*shard));
        let shards = by_operations.into_iter().filter(crowded).collect();
        (operations, shards, "operations")
    } else {
        return None;
    };
    if shards.is_empty() {
        return None;
    }
    let part: f64 = shards.iter().map(|shard| spread.share(*shard)).sum();
    let delay = map.shards.delay();
    let explained: f64 = delay.map_or(0.0, |delay| shards.iter().map(|shard| delay.share(*shard)).sum());
    let text = format!(
        "{}: the hash puts {} of the {what} into {} of {} shards",
        facts.name(),
        percent(part),
        shards.len(),
        map.shards.each.len()
    );
    let evidence = vec![
        format!("the fullest shard has {:.1} times the mean of {what}", spread.ratio()),
        if what == "entries" {
            "different keys meet there: a hot key would make operations uneven, not entries".to_owned()
        } else {
            "different keys meet there: no key listed as frequent makes up half of it".to_owned()
        },
        format!("{} of the waiting is in these shards", percent(explained)),
    ];
    let remedy = "mend the key's Hash (all fields that tell keys apart) or take a hasher that mixes every bit: std's RandomState, or foldhash for trusted keys";
    let delay_ns = (map.delay_ns as f64 * explained.min(1.0)) as u64;
    Some(facts.advice(Lint::BadHash, delay_ns, text, remedy.to_owned(), evidence))
}

/// Whether a few frequent keys may be half of what a shard is asked: by the counts at most, and one key more that is
/// just not frequent enough to be listed.
fn may_be_hot_keys(facts: &Facts<'_>, shard: usize, of_shard: f64) -> bool {
    let hot = &facts.map.hot_keys;
    let keys = hot.keys.iter().filter(|key| shard_of(facts, key) == Some(shard));
    let listed = keys.fold(0, |sum: u64, key| sum.saturating_add(key.count));
    let unlisted = hot.keys.iter().map(|key| key.count).min().unwrap_or(0);
    listed.saturating_add(unlisted) as f64 / hot.sampled as f64 >= of_shard * 0.5
}
