//! Made profiles, and the programs they are shown to.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

use std::path::PathBuf;

use mapwise_profile::{
    Access, Blocked, Finding, FindingAccess, Histogram, Holds, HotKey, HotKeys, MapProfile, Operation, Point, Process,
    Profile, Resizes, Shard, Shards, Site, Tier,
};

/// A name that tries everything: markup, quotes, line ends, a terminal's escape, reordering.
pub const HOSTILE: &str =
    "</script><img src=x onerror=\"document.title='owned'\">'\"\\`\n\r\t${1+1} {{a}} ;|\u{1b}[31m\u{202e}&amp;\0";

pub fn site(function: &str, line: u32) -> Site {
    Site { function: function.to_owned(), file: "/home/ada/shop/src/sessions.rs".to_owned(), line }
}

/// Durations, each so often.
pub fn histogram(times: &[(u64, u64)]) -> Histogram {
    let mut counts = [0; Histogram::BUCKETS];
    for (ns, often) in times {
        counts[Histogram::bucket(*ns)] += often;
    }
    let sum = times.iter().map(|(ns, often)| ns * often).sum();
    Histogram::from_buckets(counts, sum, times.iter().map(|(ns, _)| *ns).max().unwrap_or(0))
}

fn operation(name: &str, access: Access, hits: u64, misses: u64, contentions: u64, delay_ns: u64) -> Operation {
    Operation { name: name.to_owned(), access, hits, misses, contentions, delay_ns }
}

/// A service of four threads over ten seconds, its maps quiet and even.
pub fn quiet() -> Profile {
    let process = Process { name: "shop".to_owned(), pid: 4_711, cores: 4, threads: 4 };
    let mut profile = Profile::new(process, Tier::Sites);
    profile.taken_unix_ms = 1_767_225_600_000;
    profile.span_ns = 10_000_000_000;
    profile.maps.push(map("sessions"));
    profile
}

/// A map of 16 even shards that waited 10 ms.
pub fn map(name: &str) -> MapProfile {
    let shard =
        |index: u64| Shard { len: 100 + index % 3, operations: 1_000 + index, contentions: 6, delay_ns: 625_000 };
    MapProfile {
        name: name.to_owned(),
        kind: "ShardedMap".to_owned(),
        type_text: "ShardedMap<String, Session>".to_owned(),
        created: Some(site("shop::main", 12)),
        len: Some((0..16).map(|index| shard(index).len).sum()),
        capacity: Some(3_584),
        operations: vec![
            operation("get", Access::Read, 3_000_000, 200_000, 60, 6_000_000),
            operation("insert", Access::Write, 100_000, 50_000, 30, 3_000_000),
            operation("update", Access::Write, 700_000, 1_000, 6, 1_000_000),
        ],
        slow_paths: 120,
        contentions: 96,
        delay_ns: 10_000_000,
        waits: histogram(&[(50_000, 80), (200_000, 10), (666_666, 6)]),
        holds: Holds { period: 1_024, times: histogram(&[(90, 3_000), (400, 900), (2_000, 20)]), longest: None },
        shards: Shards { period: 256, each: (0..16).map(shard).collect() },
        resizes: Resizes { count: 96, pauses: histogram(&[(4_000, 90), (120_000, 6)]), delay_ns: 2_000_000 },
        hot_keys: HotKeys {
            period: 256,
            sampled: 15_800,
            keys: (0..8)
                .map(|rank| HotKey {
                    hash: 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(rank + 1),
                    shard: Some((rank * 5 % 16) as u32),
                    count: 130 - 10 * rank,
                    error: 20,
                })
                .collect(),
        },
        matrix: Vec::new(),
        series: (0..=10)
            .map(|second| Point {
                at_ns: second * 1_000_000_000,
                operations: 405_100 * second,
                contentions: 96 * second / 10,
                delay_ns: 1_000_000 * second,
                len: Some(160 * second),
            })
            .collect(),
    }
}

pub fn blocked(waiter: Site, holder: Option<Site>, shard: Option<u32>, contentions: u64, delay_ns: u64) -> Blocked {
    Blocked { waiter, holder, operation: "get".to_owned(), shard, contentions, delay_ns, stack: Vec::new() }
}

/// A map that one key makes wait: 9 s of 40 s of thread time, 90 % in shard 3.
pub fn hot_key() -> Profile {
    let mut profile = quiet();
    let map = &mut profile.maps[0];
    map.contentions = 90_000;
    map.delay_ns = 9_000_000_000;
    map.waits = histogram(&[(40_000, 60_000), (200_000, 28_000), (1_000_000, 2_000)]);
    for shard in &mut map.shards.each {
        (shard.contentions, shard.delay_ns) = (600, 60_000_000);
    }
    map.shards.each[3] = Shard { len: 101, operations: 60_000, contentions: 81_000, delay_ns: 8_100_000_000 };
    map.hot_keys.sampled = 75_000;
    map.hot_keys.keys.insert(0, HotKey { hash: 0xfeed, shard: Some(3), count: 59_100, error: 100 });
    map.operations[2] = operation("update", Access::Write, 18_000_000, 1_000, 81_000, 8_100_000_000);
    let (bump, expire) = (site("shop::bump", 40), site("shop::expire", 77));
    map.matrix = vec![
        Blocked {
            operation: "update".to_owned(),
            stack: vec![bump.clone(), site("shop::handle", 20), site("shop::main", 12)],
            ..blocked(bump.clone(), Some(bump.clone()), Some(3), 70_000, 7_000_000_000)
        },
        blocked(site("shop::show", 55), Some(bump), Some(3), 11_000, 1_100_000_000),
        blocked(site("shop::show", 55), Some(expire), Some(7), 6_000, 600_000_000),
    ];
    profile
}

/// A profile in which every text is hostile, with two maps whose names agree after cutting.
pub fn hostile() -> Profile {
    let mut profile = hot_key();
    let bad = || HOSTILE.to_owned();
    let site = || Site { function: bad(), file: bad(), line: u32::MAX };
    profile.process.name = bad();
    profile.mapwise_version = bad();
    profile.notes = vec![bad()];
    profile.findings = vec![Finding {
        id: bad(),
        kind: bad(),
        map: bad(),
        text: bad(),
        count: u64::MAX,
        accesses: vec![FindingAccess { thread: bad(), operation: bad(), site: site() }; 3],
    }];
    let map = &mut profile.maps[0];
    (map.name, map.kind, map.type_text, map.created) = (bad(), bad(), bad(), Some(site()));
    map.holds.longest = Some(site());
    for row in &mut map.matrix {
        (row.waiter, row.holder, row.operation, row.stack) = (site(), Some(site()), bad(), vec![site(); 3]);
    }
    for operation in &mut map.operations {
        operation.name = bad();
    }
    let mut twins = [map.clone(), map.clone(), map.clone()];
    for (index, twin) in twins.iter_mut().enumerate() {
        twin.name = format!("{}{HOSTILE}{index}", "x".repeat(600));
    }
    profile.maps.extend(twins);
    profile
}

/// A service with four maps, for looking at.
pub fn service() -> Profile {
    let mut profile = hot_key();
    profile.findings = vec![Finding {
        id: "mw-lu-1f09c2".to_owned(),
        kind: "lost update".to_owned(),
        map: "sessions".to_owned(),
        text: "an insert overwrote 2 updates that its value did not know of".to_owned(),
        count: 3,
        accesses: vec![
            FindingAccess { thread: "worker-1".to_owned(), operation: "get".to_owned(), site: site("shop::bump", 40) },
            FindingAccess {
                thread: "worker-2".to_owned(),
                operation: "insert".to_owned(),
                site: site("shop::bump", 43),
            },
            FindingAccess {
                thread: "worker-1".to_owned(),
                operation: "insert".to_owned(),
                site: site("shop::bump", 43),
            },
        ],
    }];
    profile.notes = vec!["3 maps were dropped while recording; their figures are gone with them".to_owned()];
    let mut flags = map("feature-flags");
    (flags.kind, flags.type_text) = ("RwLockMap".to_owned(), "RwLockMap<&str, bool>".to_owned());
    flags.shards.each.truncate(1);
    (flags.contentions, flags.delay_ns) = (4_000, 900_000_000);
    flags.shards.each[0] = Shard { len: 40, operations: 16_000, contentions: 4_000, delay_ns: 900_000_000 };
    flags.operations = vec![
        operation("get", Access::Read, 9_000_000, 0, 3_950, 880_000_000),
        operation("insert", Access::Write, 300, 0, 50, 20_000_000),
    ];
    flags.len = Some(40);
    let mut routes = map("routes");
    (routes.contentions, routes.delay_ns) = (0, 0);
    routes.waits = Histogram::default();
    routes.shards = Shards::default();
    (routes.kind, routes.type_text) = ("FrozenMap".to_owned(), "FrozenMap<String, Route>".to_owned());
    let mut counters = map("request counters");
    (counters.kind, counters.type_text) = ("PerThreadMap".to_owned(), "PerThreadMap<String, u64>".to_owned());
    (counters.len, counters.capacity, counters.shards) = (None, None, Shards::default());
    counters.holds = Holds { period: 1, times: histogram(&[(300_000, 40)]), longest: Some(site("shop::flush", 90)) };
    profile.maps.extend([flags, routes, counters]);
    profile
}

/// A program on the path, or a word on standard error that the test is skipped.
pub fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut found = std::env::split_paths(&path).flat_map(|folder| names.iter().map(move |name| folder.join(name)));
    let found = found.find(|file| file.is_file());
    if found.is_none() {
        eprintln!("skipped: no {} on the path", names.join(" or "));
    }
    found
}

/// A folder for the files of one test.
pub fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the build folder is writable");
    folder
}
