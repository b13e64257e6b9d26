//! From what is recorded to a profile: a copy, which takes no lock of any map.

use std::{
    collections::HashMap,
    sync::atomic::Ordering,
    time::{SystemTime, UNIX_EPOCH},
};

use mapwise_profile::{
    Access, Blocked, Holds, HotKey, HotKeys, MapProfile, Operation, Point, Process, Profile, Resizes, Shard, Shards,
    Site,
};

use super::{
    blocked::Pair,
    options::tier,
    pause::elapsed,
    record::Record,
    registry,
    sampling::{self, HOLD_PERIOD, KEY_PERIOD},
    sites,
    sketch::Sketch,
    times::Total,
};
use crate::op::Op;

/// How many earlier moments are kept for each map.
const MOST_POINTS: usize = 300;

/// How far apart they are at least.
const BETWEEN_POINTS_NS: u64 = 1_000_000_000;

/// Returns what the maps of this process have counted so far.
///
/// # Concurrency
///
/// Takes no lock of any map, so it neither waits for operations nor makes them wait; with the feature `check` it may wait for a
/// finding that is being reported. The counts of different threads are
/// read one after the other, not at one instant.
///
/// # Examples
///
/// ```
/// let map = mapwise::ShardedMap::new().named("sessions");
/// map.insert("alice", 1);
/// let profile = mapwise::profile::snapshot();
/// let sessions = profile.maps.iter().find(|map| map.name == "sessions");
/// assert_eq!(sessions.map(|map| map.len), Some(Some(1)));
/// ```
#[must_use]
pub fn snapshot() -> Profile {
    let mut profile = Profile::new(process(), tier());
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    profile.taken_unix_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    profile.span_ns = elapsed(registry::started());
    let mut taken = HashMap::new();
    for record in registry::alive() {
        let mut map = record.profile(profile.span_ns, &mut profile.notes);
        map.name = unique(map.name, &mut taken);
        profile.maps.push(map);
    }
    #[cfg(feature = "check")]
    {
        profile.findings = crate::check::report::profiled();
    }
    if registry::refused() > 0 {
        let (most, refused) = (registry::MOST_MAPS, registry::refused());
        profile.notes.push(format!("{refused} maps were made while {most} others lived, and count as one map"));
    }
    if sites::full() {
        profile.notes.push(format!("call sites after the first {} are not told apart", sites::CAP));
    }
    profile
}

fn process() -> Process {
    let path = std::env::current_exe().unwrap_or_default();
    Process {
        name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        pid: std::process::id(),
        cores: std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(u32::MAX)),
        threads: sampling::threads(),
    }
}

/// The name, with a number if maps before had it too.
fn unique(name: String, taken: &mut HashMap<String, u32>) -> String {
    let mut candidate = name.clone();
    loop {
        let seen = taken.entry(candidate.clone()).or_insert(0);
        *seen += 1;
        if *seen == 1 {
            return candidate;
        }
        let number = *seen;
        candidate = format!("{name} #{number}");
    }
}

impl Record {
    fn profile(&self, span_ns: u64, notes: &mut Vec<String>) -> MapProfile {
        let created = Site::at(self.created);
        let name = match self.name.lock().as_deref() {
            Some(name) => name.to_owned(),
            None => format!("{} at {}:{}", self.kind, created.file, created.line),
        };
        let mut map = MapProfile {
            name,
            kind: self.kind.to_owned(),
            type_text: self.type_text(),
            created: Some(created),
            len: self.len(),
            operations: self.operations(),
            slow_paths: self.stripes().map(|stripe| stripe.slow_paths()).sum(),
            hot_keys: self.hot_keys(),
            matrix: self.matrix(),
            ..MapProfile::default()
        };
        self.add_times(&mut map);
        map.contentions = map.operations.iter().map(|operation| operation.contentions).sum();
        map.delay_ns = map.operations.iter().map(|operation| operation.delay_ns).sum();
        map.shards = self.shards();
        self.note(&map, notes);
        self.add_point(&mut map, span_ns);
        map
    }

    fn type_text(&self) -> String {
        let Some(shape) = self.shape.get() else { return self.kind.to_owned() };
        let [key, value] = shape.entries.map(without_paths);
        format!("{}<{key}, {value}>", self.kind)
    }

    fn operations(&self) -> Vec<Operation> {
        let mut operations: Vec<Operation> = Vec::new();
        for op in Op::ALL {
            let counted = self.stripes().map(|stripe| stripe.counted(op));
            let (calls, misses) = counted.fold((0, 0), |sum: (u64, u64), one| (sum.0 + one.0, sum.1 + one.1));
            let rare = || self.stripes().filter_map(|stripe| stripe.made());
            let one = Operation {
                name: op.method().to_owned(),
                access: if op.is_read() { Access::Read } else { Access::Write },
                hits: calls.saturating_sub(misses),
                misses,
                contentions: rare().map(|rare| rare.contentions[op as usize].load(Ordering::Relaxed)).sum(),
                delay_ns: rare().map(|rare| rare.delay_ns[op as usize].load(Ordering::Relaxed)).sum(),
            };
            match operations.iter_mut().find(|operation| operation.name == one.name) {
                Some(operation) => {
                    operation.hits += one.hits;
                    operation.misses += one.misses;
                    operation.contentions += one.contentions;
                    operation.delay_ns += one.delay_ns;
                }
                None => operations.push(one),
            }
        }
        operations.retain(|operation| operation.count() > 0 || operation.contentions > 0);
        operations
    }

    fn add_times(&self, map: &mut MapProfile) {
        let (mut waits, mut holds, mut pauses) = (Total::default(), Total::default(), Total::default());
        for rare in self.stripes().filter_map(|stripe| stripe.made()) {
            rare.waits.add_to(&mut waits);
            rare.holds.add_to(&mut holds);
        }
        self.resizes.add_to(&mut pauses);
        map.waits = waits.into();
        let times = mapwise_profile::Histogram::from(holds);
        // Relaxed: said before the map was shared.
        let every = if self.times_all.load(Ordering::Relaxed) { 1 } else { HOLD_PERIOD };
        let period = if times.count() > 0 { every } else { 0 };
        map.holds = Holds { period, times, longest: self.longest().location().map(Site::at) };
        let pauses = mapwise_profile::Histogram::from(pauses);
        let delay_ns = self.resize_delay_ns.load(Ordering::Relaxed);
        map.resizes = Resizes { count: pauses.count(), pauses, delay_ns };
    }

    fn shards(&self) -> Shards {
        let Some(shape) = self.shape.get() else { return Shards::default() };
        let each: Vec<Shard> = shape
            .shards
            .iter()
            .map(|shard| Shard {
                len: shard.len.load(Ordering::Relaxed),
                operations: shard.operations.load(Ordering::Relaxed),
                contentions: shard.contentions.load(Ordering::Relaxed),
                delay_ns: shard.delay_ns.load(Ordering::Relaxed),
            })
            .collect();
        Shards { period: period(each.iter().map(|shard| shard.operations).sum()), each }
    }

    fn hot_keys(&self) -> HotKeys {
        let mut merged = Sketch::default();
        for rare in self.stripes().filter_map(|stripe| stripe.made()) {
            // Copied first: its owner waits for this lock.
            let sketch = rare.hot_keys.lock().clone();
            merged.merge(&sketch);
        }
        let sampled = merged.total();
        let keys = merged.into_counted().into_iter().map(|key| HotKey {
            hash: key.hash,
            shard: self.locate(key.hash),
            count: key.count,
            error: key.error,
        });
        HotKeys { period: period(sampled), sampled, keys: keys.collect() }
    }

    fn matrix(&self) -> Vec<Blocked> {
        let Some(blocked) = self.blocked() else { return Vec::new() };
        let rows = blocked.pairs().filter_map(|(pair, contentions, delay_ns)| {
            Some(Blocked {
                waiter: Site::at(pair.waiter.location()?),
                holder: pair.holder.location().map(Site::at),
                operation: pair.op.method().to_owned(),
                shard: (pair.shard != Pair::NO_SHARD).then_some(pair.shard),
                contentions,
                delay_ns,
                stack: Vec::new(),
            })
        });
        let mut rows: Vec<Blocked> = rows.collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.delay_ns));
        rows
    }

    fn note(&self, map: &MapProfile, notes: &mut Vec<String>) {
        let unattributed = self.blocked().map_or(0, |blocked| blocked.unattributed());
        if unattributed > 0 {
            notes.push(format!(
                "{}: {unattributed} waits beyond the kept pairs of sites are not in the matrix",
                map.name
            ));
        }
        if let Some(most) = self.crowded() {
            notes.push(format!("{}: threads beyond {most} at a time share counters, which takes longer", map.name));
        }
        if self.shape.get().is_some_and(|shape| shape.folded()) {
            let kept = map.shards.each.len();
            notes.push(format!("{}: its shards are counted in {kept} groups of neighbors", map.name));
        }
    }

    /// Adds the earlier moments, and keeps this one if the last is long enough ago.
    fn add_point(&self, map: &mut MapProfile, at_ns: u64) {
        let mut series = self.series.lock();
        let due = series.back().is_none_or(|last| at_ns.saturating_sub(last.at_ns) >= BETWEEN_POINTS_NS);
        if due {
            if series.len() == MOST_POINTS {
                series.pop_front();
            }
            let (operations, contentions) = (map.operation_count(), map.contentions);
            series.push_back(Point { at_ns, operations, contentions, delay_ns: map.delay_ns, len: map.len });
        }
        map.series = series.iter().copied().collect();
    }
}

/// The period of key samples, 0 if there were none.
fn period(sampled: u64) -> u64 {
    if sampled > 0 { KEY_PERIOD } else { 0 }
}

/// A type without the paths of what it is made of: `alloc::string::String` is `String`.
fn without_paths(name: &str) -> String {
    let mut short = String::with_capacity(name.len());
    for part in name.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
        let end = part.len()
            - part
                .chars()
                .next_back()
                .filter(|c| !(c.is_alphanumeric() || "_:".contains(*c)))
                .map_or(0, char::len_utf8);
        let (path, separator) = part.split_at(end);
        short.push_str(path.rsplit("::").next().unwrap_or(path));
        short.push_str(separator);
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_told_without_paths() {
        for (name, short) in [
            ("u64", "u64"),
            ("alloc::string::String", "String"),
            ("&'static str", "&'static str"),
            ("alloc::sync::Arc<[core::option::Option<(u8, std::path::PathBuf)>]>", "Arc<[Option<(u8, PathBuf)>]>"),
        ] {
            assert_eq!(without_paths(name), short);
        }
    }

    #[test]
    fn equal_names_are_told_apart() {
        let mut taken = HashMap::new();
        let names = ["a", "a", "a #2", "b", "a"].map(|name| unique(name.to_owned(), &mut taken));
        let mut sorted = names.clone().to_vec();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), 5, "{names:?}");
        assert_eq!(names[..2], ["a", "a #2"]);
    }
}
