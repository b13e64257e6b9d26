//! Causes that concern the whole map: resizing, reads behind writes, too few locks.

use super::facts::Facts;
use super::{Advice, Lint, MOST};
use crate::map::Awaited;
use crate::number::{count, duration, percent, share};

/// Resizing that keeps others out for less than this share of the time is no storm.
const STORM: f64 = 0.01;
/// How many times more resizes than growth needs make a storm.
const TOO_MANY: u64 = 2;
/// Writes above this share of the operations are no read-mostly use.
const READ_MOSTLY: f64 = 0.1;
/// Shards for each thread that can run.
const SHARDS_EACH: u64 = 4;
/// Waiting that one shard has this many times the mean of is no lack of shards.
const UNEVEN: f64 = 4.0;

/// A table that is replaced again and again.
pub(super) fn resize_storm(facts: &Facts<'_>) -> Option<Advice> {
    let map = facts.map;
    let pauses = &map.resizes.pauses;
    let largest = map.series.iter().map(|point| point.len).chain([map.len, map.capacity]).flatten().max().unwrap_or(0);
    let shards = (map.shards.each.len() as u64).max(1);
    let doublings = u64::from((largest / shards).max(1).ilog2()) + 2;
    let needed = shards.saturating_mul(doublings);
    let paused = share(pauses.sum_ns, facts.span_ns);
    let too_many = map.resizes.count > needed.saturating_mul(TOO_MANY);
    if paused < STORM || !too_many {
        return None;
    }
    let behind = facts.threads.saturating_sub(1).max(1);
    let delay_ns = match map.resizes.delay_ns {
        0 => pauses.sum_ns.saturating_mul(behind),
        met_ns => met_ns,
    };
    let delay_ns = delay_ns.min(map.delay_ns);
    let text = format!(
        "{}: its table was replaced {} times, pausing it for {} of the time",
        facts.name(),
        count(map.resizes.count),
        percent(paused)
    );
    let evidence = vec![
        format!("growing to {} entries in {} takes about {}", count(largest), shards_text(shards), count(needed)),
        format!("a pause takes at most {}", duration(pauses.max_ns)),
    ];
    let remedy = "reserve the room once (with_capacity, reserve) and do not shrink between bursts";
    Some(facts.advice(Lint::ResizeStorm, delay_ns, text, remedy.to_owned(), evidence))
}

/// Reads that wait for rare writes.
pub(super) fn readers_blocked(facts: &Facts<'_>) -> Option<Advice> {
    // It is the remedy; what its reads wait for is a long hold.
    if facts.locks_buckets() {
        return None;
    }
    let (read_ns, writes) = (facts.read_delay_ns(), facts.writes());
    let part = facts.share_of_delay(read_ns);
    // An owner thread makes reads wait for reads.
    if part < MOST || writes > READ_MOSTLY || facts.map.awaited() != Awaited::Lock {
        return None;
    }
    let text = format!(
        "{}: reads have {} of the waiting, though only {} of the operations write",
        facts.name(),
        percent(part),
        percent(writes)
    );
    let evidence = vec![format!("reads waited {}", duration(read_ns))];
    let remedy = "take a map whose reads never wait: Map or SyncMap, or FrozenMap for what is built once";
    Some(facts.advice(Lint::ReadersBlocked, read_ns.min(facts.map.delay_ns), text, remedy.to_owned(), evidence))
}

/// Waiting that is spread over fewer shards than the threads need.
pub(super) fn too_few_shards(facts: &Facts<'_>) -> Option<Advice> {
    let map = facts.map;
    let (shards, enough) = (map.shards.each.len() as u64, facts.running.saturating_mul(SHARDS_EACH).max(SHARDS_EACH));
    let is_uneven = map.shards.delay().is_some_and(|delay| shards as f64 > UNEVEN && delay.ratio() >= UNEVEN);
    // The parts of a `Map` are no shards: it has many locks in each.
    if shards == 0 || shards >= enough || is_uneven || facts.locks_buckets() {
        return None;
    }
    let is_owned = map.awaited() == Awaited::Owner;
    let text = format!(
        "{}: {} for {} that run at a time",
        facts.name(),
        if is_owned { "one owner thread".to_owned() } else { shards_text(shards) },
        match facts.running {
            1 => "one thread".to_owned(),
            n => format!("{n} threads"),
        }
    );
    let met = share(map.contentions, map.operation_count());
    let evidence = vec![format!("{} of the operations waited, spread over all of it", percent(met))];
    let wanted = enough.checked_next_power_of_two().unwrap_or(enough);
    let remedy = if is_owned {
        "send requests together (batch, send, extend), or take Map if no thread must own the values".to_owned()
    } else if shards == 1 {
        format!("take Map, or ShardedMap with {wanted} shards")
    } else {
        format!("make it with_shards({wanted}), or take Map")
    };
    Some(facts.advice(Lint::TooFewShards, map.delay_ns, text, remedy, evidence))
}

fn shards_text(shards: u64) -> String {
    match shards {
        1 => "one lock".to_owned(),
        n => format!("{} shards", count(n)),
    }
}
