//! A profile as stacks with values, as profilers know them.
//!
//! - **whole**: the values of a map's samples add up to its contentions and delay: what was not attributed is a sample
//!   of its own, and nothing counts twice.

use crate::map::{Blocked, MapProfile, Shard, Site};
use crate::profile::Profile;
use crate::text::{plain, site};

/// The longest text of a frame or label, in characters.
const LONGEST: usize = 200;

/// Whose calls a sample shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Blame {
    /// Those that waited, as Go's block profile.
    #[default]
    Waiter,
    /// Those that were waited for, as Go's mutex profile.
    Holder,
}

/// Waits of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    /// Innermost first; the first is the map itself.
    pub(super) frames: Vec<Frame>,
    pub(super) labels: Vec<(&'static str, String)>,
    pub(super) contentions: u64,
    pub(super) delay_ns: u64,
}

/// A call, or what stands for one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Frame {
    pub(super) function: String,
    pub(super) file: String,
    pub(super) line: u32,
}

/// All samples of a profile that are not zero.
pub(super) fn samples(profile: &Profile, blame: Blame) -> Vec<Sample> {
    let all = profile.maps.iter().flat_map(|map| of_map(map, blame));
    all.filter(|sample| sample.contentions > 0 || sample.delay_ns > 0).collect()
}

fn of_map(map: &MapProfile, blame: Blame) -> Vec<Sample> {
    let by_site = map.matrix.iter().map(|row| of_row(map, row, blame));
    let by_shard = map.shards.each.iter().enumerate().map(|(index, shard)| of_shard(map, index, shard));
    let mut out: Vec<Sample> = if map.matrix.is_empty() { by_shard.collect() } else { by_site.collect() };
    let sum = |value: fn(&Sample) -> u64| out.iter().map(value).fold(0, u64::saturating_add);
    let rest = Sample {
        frames: vec![leaf(map, None), pseudo("not attributed")],
        labels: labels(map, None, ""),
        contentions: map.contentions.saturating_sub(sum(|sample| sample.contentions)),
        delay_ns: map.delay_ns.saturating_sub(sum(|sample| sample.delay_ns)),
    };
    out.push(rest);
    out
}

fn of_row(map: &MapProfile, row: &Blocked, blame: Blame) -> Sample {
    let mut frames = vec![leaf(map, row.shard)];
    let mut labels = labels(map, row.shard, &row.operation);
    let other = match blame {
        Blame::Waiter => {
            let calls = if row.stack.is_empty() { std::slice::from_ref(&row.waiter) } else { &row.stack };
            frames.extend(calls.iter().map(Frame::of));
            ("holder", row.holder.as_ref())
        }
        Blame::Holder => {
            frames.push(row.holder.as_ref().map_or_else(|| pseudo("holder not known"), Frame::of));
            ("waiter", Some(&row.waiter))
        }
    };
    if let (name, Some(other)) = other {
        labels.push((name, plain(&site(other), LONGEST)));
    }
    Sample { frames, labels, contentions: row.contentions, delay_ns: row.delay_ns }
}

fn of_shard(map: &MapProfile, index: usize, shard: &Shard) -> Sample {
    let index = u32::try_from(index).ok();
    Sample {
        frames: vec![leaf(map, index)],
        labels: labels(map, index, ""),
        contentions: shard.contentions,
        delay_ns: shard.delay_ns,
    }
}

/// The frame that stands for the map, and its shard where it has several.
fn leaf(map: &MapProfile, shard: Option<u32>) -> Frame {
    let name = plain(&map.name, LONGEST);
    let function = match shard.filter(|_| map.shards.each.len() > 1) {
        Some(shard) => format!("map {name} shard {shard}"),
        None => format!("map {name}"),
    };
    Frame { function, file: plain(&map.type_text, LONGEST), line: 0 }
}

fn pseudo(text: &str) -> Frame {
    Frame { function: text.to_owned(), file: String::new(), line: 0 }
}

fn labels(map: &MapProfile, shard: Option<u32>, operation: &str) -> Vec<(&'static str, String)> {
    let mut out = vec![("map", plain(&map.name, LONGEST))];
    out.extend(shard.map(|shard| ("shard", shard.to_string())));
    out.extend((!operation.is_empty()).then(|| ("operation", plain(operation, LONGEST))));
    out
}

impl Frame {
    fn of(called: &Site) -> Self {
        let function = if called.function.is_empty() { site(called) } else { called.function.clone() };
        Self { function: plain(&function, LONGEST), file: plain(&called.file, LONGEST), line: called.line }
    }
}
