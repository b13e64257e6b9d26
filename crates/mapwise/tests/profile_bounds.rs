//! What the recorder refuses, and where it stops; each in a process of its own, since these concern all maps of a process.

#![cfg(feature = "profile")]

use std::process::{Command, Output};

use mapwise::{MutexMap, profile::snapshot};

/// Tells a child which program it is.
const PROGRAM: &str = "BOUNDS_PROGRAM";

/// How many maps are told apart.
const MOST_MAPS: usize = 1024;

fn run(program: &str, options: &str) -> Output {
    Command::new(std::env::current_exe().expect("tests are programs"))
        .args(["child", "--exact", "--ignored", "--nocapture"])
        .env(PROGRAM, program)
        .env("MAPWISE_PROFILE", options)
        .output()
        .expect("a test can be run again")
}

/// The child's part: no test of its own.
#[test]
#[ignore = "run by the tests of this file, in processes of their own"]
fn child() {
    match std::env::var(PROGRAM).as_deref() {
        Ok("one_map") => assert!(MutexMap::<u64, u64>::new().is_empty()),
        Ok("many_maps") => many_maps(),
        Ok("long_name") => long_name(),
        _ => {}
    }
}

fn many_maps() {
    let maps: Vec<MutexMap<usize, usize>> = (0..MOST_MAPS + 100).map(|_| MutexMap::new()).collect();
    for (key, map) in maps.iter().enumerate() {
        map.insert(key, key);
    }
    let profile = snapshot();
    assert_eq!(profile.maps.len(), MOST_MAPS + 1);
    // Those beyond count together, and nothing is lost.
    let inserted: u64 = profile.maps.iter().map(|map| map.operation_count()).sum();
    assert_eq!(inserted, maps.len() as u64);
    assert_eq!(profile.maps.last().map(|map| map.operation_count()), Some(100));
    assert!(profile.notes.iter().any(|note| note.starts_with("100 maps were made")), "{:?}", profile.notes);
    // Dropped maps make room for new ones.
    drop(maps);
    let map = MutexMap::<u64, u64>::new().named("late");
    assert!(snapshot().maps.iter().any(|map| map.name == "late"));
    drop(map);
    assert!(snapshot().maps.iter().all(|map| map.name != "late"));
}

fn long_name() {
    let name = "é".repeat(10_000);
    let map = MutexMap::<u64, u64>::new().named(&name);
    let profile = snapshot();
    assert!(profile.maps[0].name.len() <= 128 && name.starts_with(&profile.maps[0].name));
    drop(map);
}

fn passes(program: &str) {
    let output = run(program, "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn maps_beyond_the_cap_count_together_and_the_profile_says_so() {
    passes("many_maps");
}

#[test]
fn a_name_is_cut_at_the_cap() {
    passes("long_name");
}

#[test]
fn options_that_are_not_known_end_the_program_at_its_first_map() {
    assert!(run("one_map", "tier=2").status.success());
    for (options, message) in [
        ("teir=1", "error: MAPWISE_PROFILE: option must be tier, got \"teir\"\n"),
        ("tier=7", "error: MAPWISE_PROFILE: tier must be 0, 1 or 2, got \"7\"\n"),
    ] {
        let output = run("one_map", options);
        assert_eq!(output.status.code(), Some(2), "{options}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(message), "{options}: {output:?}");
    }
}
