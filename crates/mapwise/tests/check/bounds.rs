//! Memory and delays stay within what is promised.

use std::{
    io::{self, Write},
    thread,
    time::{Duration, Instant},
};

use mapwise::{ShardedMap, check};

use crate::kinds;

/// Keys come, are read and written and go, as sessions of a service do.
fn a_day(operations: u64) {
    let map = ShardedMap::new();
    let findings = check::collect(|| {
        thread::scope(|scope| {
            for worker in 0..2_u64 {
                let map = &map;
                scope.spawn(move || {
                    for n in 0..operations / 8 {
                        let key = n << 1 | worker;
                        map.insert(key, n);
                        map.get(&key);
                        map.update(&key, |value| *value += 1);
                        // A few stay.
                        if n % 100 != 0 {
                            map.remove(&key);
                        }
                    }
                });
            }
        });
    });
    assert_eq!(kinds(&findings), []);
    let stats = check::stats();
    assert!(stats.keys <= stats.most_keys, "{stats:?}");
    assert!(stats.forgotten > 0, "the day was too short to need room: {stats:?}");
    // The most memory that this process ever had, where the system says so.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    let _ = writeln!(io::stderr(), "{operations} operations: {} of {} keys, {peak}", stats.keys, stats.most_keys);
}

#[test]
fn two_million_operations_on_keys_that_come_and_go_keep_the_cap() {
    a_day(2_000_000);
}

/// `cargo test --release -p mapwise --features check --test check -- --ignored`
#[test]
#[ignore = "minutes: a whole day's operations, by hand"]
fn a_hundred_million_operations_keep_the_cap() {
    a_day(100_000_000);
}

#[test]
fn delays_keep_their_share_of_time() {
    let map = ShardedMap::new();
    map.insert(1, 0);
    let bump = || {
        let seen = map.get(&1).unwrap_or(0);
        map.insert(1, seen + 1);
    };
    drop(check::collect(|| {
        thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(|| (0..3_000).for_each(|_| bump())))));
    }));
    let stats = check::stats();
    assert!(stats.delays > 0, "{stats:?}");
    // What the scheduler adds to a sleep is spent before anybody knows; it is paid back before there are more.
    let within = |stats: check::Stats| stats.delayed.as_secs_f64() <= 0.050 + 0.05 * stats.wall.as_secs_f64();
    let start = Instant::now();
    while !within(check::stats()) {
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", check::stats());
        thread::sleep(Duration::from_millis(20));
    }
}
