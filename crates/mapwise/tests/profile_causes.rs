//! Programs with one planted cause of waiting: the profile's first advice names it, and the share of the delay that it is
//! given is what clocks around the calls say, with nothing of the library in between.
//!
//! Each program is a process of its own, since a profile is one of a process.

#![cfg(feature = "profile")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the child tells its parent, and the parent the reader")]

use std::{
    hash::{BuildHasher, Hasher},
    hint::spin_loop,
    process::Command,
    sync::{
        Barrier, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use mapwise::{Map, MapWrite, MutexMap, RwLockMap, ShardedMap, profile::snapshot};
use mapwise_profile::{
    Profile,
    advice::{Lint, advise},
};

/// Tells a child which program it is.
const PROGRAM: &str = "PLANTED_PROGRAM";

/// How long a program runs.
const RUN: Duration = Duration::from_millis(1500);

/// So many operations, of which one in 256 is sampled, name a key.
const SAMPLED: u64 = 150_000;

/// A call that waits for nothing takes less, with the clock's own time.
const NOTHING: Duration = Duration::from_nanos(300);

/// What clocks around the calls add up to, in nanoseconds: for what was planted, and in all.
#[derive(Default)]
struct Outside {
    planted: AtomicU64,
    all: AtomicU64,
}

impl Outside {
    /// Calls `call`, which says when it had what it waited for, and counts how long that took.
    fn time(&self, planted: bool, call: impl FnOnce() -> Option<Instant>) {
        let start = Instant::now();
        let waited = call().unwrap_or_else(Instant::now).duration_since(start);
        if waited > NOTHING {
            self.add(if planted { waited } else { Duration::ZERO }, waited);
        }
    }

    fn add(&self, planted: Duration, waited: Duration) {
        self.all.fetch_add(waited.as_nanos() as u64, Ordering::Relaxed);
        self.planted.fetch_add(planted.as_nanos() as u64, Ordering::Relaxed);
    }

    fn share(&self) -> f64 {
        self.planted.load(Ordering::Relaxed) as f64 / self.all.load(Ordering::Relaxed).max(1) as f64
    }
}

fn work_for(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        spin_loop();
    }
}

/// Runs `step` on so many threads until the time is over and, unless the machine is too slow, `least` steps are done.
fn on_threads(threads: u64, least: u64, step: impl Fn(u64, u64) + Sync) {
    const PATIENCE: Duration = Duration::from_secs(15);
    let steps = AtomicU64::new(0);
    let (stop, barrier) = (AtomicBool::new(false), Barrier::new(threads as usize + 1));
    thread::scope(|scope| {
        for thread in 0..threads {
            let (stop, barrier, step, steps) = (&stop, &barrier, &step, &steps);
            scope.spawn(move || {
                barrier.wait();
                let mut round = 0;
                while !stop.load(Ordering::Relaxed) {
                    step(thread, round);
                    round += 1;
                    steps.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        barrier.wait();
        thread::sleep(RUN);
        let start = Instant::now();
        while steps.load(Ordering::Relaxed) < least && start.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(20));
        }
        stop.store(true, Ordering::Relaxed);
    });
}

fn slow_holder(map: &(impl MapWrite<u64, u64> + Sync), outside: &Outside) -> Profile {
    (0..64).for_each(|key| assert_eq!(map.insert(key, 0), None));
    on_threads(3, 0, |thread, round| {
        if thread == 0 {
            map.update(&1, |_| thread::sleep(Duration::from_millis(2)));
            thread::sleep(Duration::from_millis(2));
        } else {
            outside.time(true, || map.view(&(round % 64), |_| Instant::now()));
            work_for(Duration::from_micros(20));
        }
    });
    snapshot()
}

fn hot_key(map: &(impl MapWrite<u64, u64> + Sync), outside: &Outside) -> Profile {
    (0..4096).for_each(|key| assert_eq!(map.insert(key, 0), None));
    on_threads(4, SAMPLED, |thread, round| {
        let is_hot = round % 5 != 0;
        let key = if is_hot { 7 } else { (round * 2_654_435_761 + thread) % 4096 };
        outside.time(is_hot, || {
            map.update(&key, |_| {
                let entered = Instant::now();
                // Long beside what a call takes in a debug build.
                work_for(Duration::from_micros(10));
                entered
            })
        });
    });
    snapshot()
}

/// Sends four keys in five to three places.
#[derive(Clone, Default)]
struct Bad;

struct BadHash(u64);

impl BuildHasher for Bad {
    type Hasher = BadHash;

    fn build_hasher(&self) -> BadHash {
        BadHash(0)
    }
}

impl Hasher for BadHash {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0 << 8 | u64::from(*byte));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = word;
    }

    fn finish(&self) -> u64 {
        let spread = self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        if is_crowded(self.0) { self.0 % 3 } else { spread ^ (spread >> 32) }
    }
}

fn is_crowded(key: u64) -> bool {
    !key.is_multiple_of(5)
}

fn bad_hash(outside: &Outside) -> Profile {
    let map = ShardedMap::<u64, u64, Bad>::with_shards_capacity_and_hasher(64, 0, Bad).expect("a power of two");
    let map = map.named("planted");
    (0..600).for_each(|key| assert_eq!(map.insert(key, 0), None));
    on_threads(4, SAMPLED, |thread, round| {
        let key = (round * 7 + thread * 151) % 600;
        outside.time(is_crowded(key), || {
            map.update(&key, |_| {
                let entered = Instant::now();
                work_for(Duration::from_micros(3));
                entered
            })
        });
    });
    snapshot()
}

/// A table that grows from nothing again and again. Planted are the waits that met an insertion which had to grow it.
fn resize_storm(outside: &Outside) -> Profile {
    const BURST: u64 = 4_000;
    let map = MutexMap::<u64, [u64; 16]>::new().named("planted");
    let (waits, pauses) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    on_threads(3, 0, |thread, round| {
        let start = Instant::now();
        if thread > 0 {
            map.contains_key(&round);
            let end = Instant::now();
            if end - start > NOTHING {
                waits.lock().expect("nobody panics").push((start, end));
            }
            work_for(Duration::from_micros(2));
            return;
        }
        let key = round % BURST;
        map.insert(key, [key; 16]);
        if is_full(key) {
            pauses.lock().expect("nobody panics").push((start, Instant::now()));
        }
        if key == BURST - 1 {
            drop(map.drain());
        }
    });
    let pauses: Vec<(Instant, Instant)> = pauses.into_inner().expect("nobody panicked");
    for (start, end) in waits.into_inner().expect("nobody panicked") {
        let next = pauses.partition_point(|pause| pause.1 <= start);
        let met = pauses.get(next).is_some_and(|pause| pause.0 < end);
        outside.add(if met { end - start } else { Duration::ZERO }, end - start);
    }
    snapshot()
}

/// Whether a table that grows from nothing is full with so many entries: with 3, 7, and then seven eighths of a power of two.
fn is_full(entries: u64) -> bool {
    matches!(entries, 0 | 3 | 7) || (entries.is_multiple_of(7) && (entries / 7).is_power_of_two() && entries >= 14)
}

/// The child's part: no test of its own, but a process that does one program.
#[test]
#[ignore = "run by the tests of this file, in processes of their own"]
fn planted_program() {
    let Ok(program) = std::env::var(PROGRAM) else { return };
    let outside = Outside::default();
    let profile = match program.as_str() {
        "slow_holder" => slow_holder(&RwLockMap::new().named("planted"), &outside),
        "slow_holder_of_map" => slow_holder(&Map::new().named("planted"), &outside),
        "hot_key" => hot_key(&ShardedMap::with_shards(64).expect("a power of two").named("planted"), &outside),
        "hot_key_of_map" => hot_key(&Map::new().named("planted"), &outside),
        "bad_hash" => bad_hash(&outside),
        "resize_storm" => resize_storm(&outside),
        _ => panic!("no such program: {program}"),
    };
    let (share, all) = (outside.share(), outside.all.load(Ordering::Relaxed));
    println!("\nOUTSIDE {share} {all}\nPROFILE {}", serde_json::to_string(&profile).expect("a profile is JSON"));
}

struct Seen {
    /// The planted share of the delay, and the whole delay, by clocks around the calls.
    share: f64,
    all_ns: f64,
    profile: Profile,
}

fn run(program: &str, tier: u8) -> Seen {
    let child = Command::new(std::env::current_exe().expect("tests are programs"))
        .args(["planted_program", "--exact", "--ignored", "--nocapture"])
        .env(PROGRAM, program)
        .env("MAPWISE_PROFILE", format!("tier={tier}"))
        .output()
        .expect("a test can be run again");
    let text = String::from_utf8_lossy(&child.stdout);
    let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{text}"));
    let mut outside = line("OUTSIDE ").split(' ').map(|number| number.parse::<f64>().expect("a number"));
    let (share, all_ns) = (outside.next().expect("a share"), outside.next().expect("a sum"));
    Seen { share, all_ns, profile: Profile::from_json(line("PROFILE ")).expect("what is written can be read") }
}

/// How far a share may be from what clocks outside say, and the whole delay, relatively.
const ALLOWED: f64 = 0.15;

/// The first advice is `lint`, and gives it the share of the delay that clocks outside give it.
///
/// The machine may be busy with other things, which the clocks outside see and the profile does not, so that one of three
/// runs is enough. In checked mode threads wait for the checker too, which only the clocks outside see: figures are not
/// compared then.
fn is_named_first(program: &str, tier: u8, lint: Lint) {
    let mut refused = Vec::new();
    for _ in 0..3 {
        let seen = run(program, tier);
        let map = &seen.profile.maps[0];
        let advice = advise(&seen.profile);
        let Some(first) = advice.first() else {
            refused.push("no cause".to_owned());
            continue;
        };
        let share = first.delay_ns as f64 / map.delay_ns.max(1) as f64;
        let whole = map.delay_ns as f64 / seen.all_ns;
        let row = format!(
            "{program:<12} tier {tier}: first {:<12} share {share:.2}, outside {:.2}, error {:+.2}; all delay {whole:.2} of outside's",
            first.lint.name(),
            seen.share,
            share - seen.share,
        );
        // Who calls `contains_key` cannot say when it had the lock.
        let is_whole = (whole - 1.0).abs() <= ALLOWED || program == "resize_storm";
        let near = (share - seen.share).abs() <= ALLOWED && is_whole;
        if first.lint == lint && (near || cfg!(feature = "check")) {
            eprintln!("{row}");
            return;
        }
        refused.push(format!("{row}: {advice:#?}"));
    }
    panic!("{}", refused.join("\n"));
}

#[test]
fn a_slow_holder_is_named_first_and_so_is_its_line() {
    slow_holder_is_named_first("slow_holder");
}

#[test]
fn a_slow_holder_of_a_bucket_is_named_first_and_so_is_its_line() {
    slow_holder_is_named_first("slow_holder_of_map");
}

fn slow_holder_is_named_first(program: &str) {
    is_named_first(program, 2, Lint::LongHold);
    let seen = run(program, 2);
    // Rows are in the order of their delay.
    let worst = seen.profile.maps[0].matrix.first().expect("somebody waited");
    let holder = worst.holder.as_ref().expect("tier 2 knows holders");
    assert!(holder.file.ends_with("profile_causes.rs") && worst.waiter.line != holder.line, "{worst:?}");
    assert_eq!(worst.operation, "get");
}

#[test]
fn a_slow_holder_is_named_first_without_sites_too() {
    is_named_first("slow_holder", 1, Lint::LongHold);
    is_named_first("slow_holder_of_map", 1, Lint::LongHold);
}

#[test]
fn a_hot_key_is_named_first() {
    is_named_first("hot_key", 1, Lint::HotKey);
}

#[test]
fn a_hot_key_of_map_is_named_first() {
    is_named_first("hot_key_of_map", 1, Lint::HotKey);
}

#[test]
fn a_bad_hash_is_named_first() {
    is_named_first("bad_hash", 1, Lint::BadHash);
}

#[test]
fn a_resize_storm_is_named_first() {
    is_named_first("resize_storm", 1, Lint::ResizeStorm);
}
