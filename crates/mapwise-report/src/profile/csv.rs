//! A profile as one row for each map, with whole figures.

use mapwise_profile::Profile;

use super::figures::maps;
use crate::clean::clean;

const HEAD: [&str; 14] = [
    "map",
    "kind",
    "type",
    "entries",
    "operations",
    "slow_paths",
    "contentions",
    "delay_ns",
    "wait_p50_ns",
    "wait_p99_ns",
    "wait_max_ns",
    "shards",
    "resizes",
    "span_ns",
];

/// The maps, the one that waited longest first.
///
/// # Panics
///
/// Never: writing to memory does not fail.
#[must_use]
pub fn table(profile: &Profile) -> String {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(HEAD).expect("memory takes everything");
    let time = |ns: Option<u64>| ns.map_or_else(String::new, |ns| ns.to_string());
    for map in maps(profile) {
        let row = [
            clean(&map.name),
            clean(&map.kind),
            clean(&map.type_text),
            map.len.map_or_else(String::new, |len| len.to_string()),
            map.operation_count().to_string(),
            map.slow_paths.to_string(),
            map.contentions.to_string(),
            map.delay_ns.to_string(),
            time(map.waits.quantile(0.5)),
            time(map.waits.quantile(0.99)),
            map.waits.max_ns.to_string(),
            map.shards.each.len().to_string(),
            map.resizes.count.to_string(),
            profile.span_ns.to_string(),
        ];
        out.write_record(row).expect("memory takes everything");
    }
    String::from_utf8(out.into_inner().expect("memory takes everything")).expect("only texts were written")
}
