//! Tests with findings: a process of libtest fails with 66, whether it runs one test, as nextest does, or all.

use std::{
    env,
    process::{Command, Output},
    sync::Barrier,
    thread,
};

use mapwise::ShardedMap;

fn lose_an_update() {
    let visits: ShardedMap<_, _> = [("/", 0)].into_iter().collect();
    let both = Barrier::new(2);
    let visit = || {
        let seen = visits.get("/").unwrap_or(0);
        both.wait();
        visits.insert("/", seen + 1);
        both.wait();
    };
    thread::scope(|scope| {
        scope.spawn(visit);
        scope.spawn(visit);
    });
}

#[test]
#[ignore = "run by the tests below, as a process of its own"]
fn child_passes_with_a_finding() {
    lose_an_update();
}

#[test]
#[ignore = "run by the tests below, as a process of its own"]
fn child_fails_with_a_finding() {
    lose_an_update();
    panic!("no luck");
}

#[test]
#[ignore = "run by the tests below, as a process of its own"]
fn child_passes() {
    let map = ShardedMap::new();
    map.insert(1, 1);
    assert_eq!(map.get(&1), Some(1));
}

fn run(arguments: &[&str]) -> (Output, String) {
    let mut command = Command::new(env::current_exe().expect("a program knows itself"));
    let output = command.args(arguments).env_remove("MAPWISE_CHECK").output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

#[test]
fn a_process_a_test_fails_only_the_test_with_the_finding() {
    for (test, status) in
        [("child_passes", Some(0)), ("child_passes_with_a_finding", Some(66)), ("child_fails_with_a_finding", Some(66))]
    {
        let (output, said) = run(&["--exact", test, "--ignored"]);
        assert_eq!(output.status.code(), status, "{test}: {said}");
        assert_eq!(said.matches("WARNING: MAP RACE (lost update)").count(), usize::from(status != Some(0)), "{said}");
    }
}

#[test]
fn a_process_for_all_tests_fails_and_its_report_is_not_captured() {
    for (arguments, printed) in [
        (&["--ignored", "child_passes"][..], "test result: ok. 2 passed"),
        (&["--ignored", "child"], "test result: FAILED. 2 passed; 1 failed"),
        (&["--ignored", "child", "--test-threads=1"], "test result: FAILED. 2 passed; 1 failed"),
    ] {
        let (output, said) = run(arguments);
        assert_eq!(output.status.code(), Some(66), "{said}");
        assert!(said.contains("WARNING: MAP RACE (lost update)"), "{said}");
        assert!(said.ends_with("Found 1 finding (exit status 66)\n"), "{said}");
        assert!(String::from_utf8_lossy(&output.stdout).contains(printed), "{arguments:?}");
    }
}
