//! A profile has what checked mode found, with both features on.

use std::{env, fs, path::PathBuf, process::Command, sync::Barrier, thread};

use mapwise::{DynMap, ShardedMap, check, profile::snapshot};
use mapwise_profile::Profile;

/// Where the child leaves its profile.
const FILE: &str = "MAPWISE_TEST_PROFILE";

#[test]
#[ignore = "run by the test below, as a process of its own"]
fn child_loses_an_update() {
    let visits = ShardedMap::new().named("visits");
    visits.insert("/", 0);
    assert_eq!(snapshot().findings, []);
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
    fs::write(env::var_os(FILE).expect("the test below says where"), snapshot().to_json()).expect("it is writable");
}

#[test]
fn a_profile_has_the_findings_with_their_calls_in_the_order_in_which_they_happened() {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("check_report_profiled.json");
    let _ = fs::remove_file(&file);
    let mut command = Command::new(env::current_exe().expect("a program knows itself"));
    command.args(["--exact", "child_loses_an_update", "--ignored"]).env(FILE, &file).env_remove("MAPWISE_CHECK");
    let output = command.output().expect("it starts");
    assert_eq!(output.status.code(), Some(66), "{}", String::from_utf8_lossy(&output.stderr));
    let profile = Profile::read(&file).expect("the child wrote it");
    let [finding] = &profile.findings[..] else { panic!("{:?}", profile.findings) };
    assert_eq!((finding.kind.as_str(), finding.map.as_str(), finding.count), ("lost update", "visits", 1));
    assert!(finding.id.starts_with("mw-lu-") && finding.text.contains("Instead: visits.update("), "{finding:?}");
    let steps: Vec<&str> =
        finding.accesses.iter().map(|access| access.operation.split(&[' ', ','][..]).next().unwrap_or("")).collect();
    assert_eq!(steps, ["Stale", "Conflicting", "Write"]);
    let [read, conflict, write] = &finding.accesses[..] else { panic!("three calls") };
    assert!(read.thread == write.thread && read.thread != conflict.thread, "{finding:?}");
    assert_eq!((conflict.site.line, write.site.line), (read.site.line + 2, read.site.line + 2));
    assert!(read.site.file.ends_with("check_report_profiled.rs"));
}

#[test]
fn a_finding_behind_a_pointer_names_the_lines_that_called() {
    let visits: Box<dyn DynMap<&str, u64>> = Box::new(ShardedMap::new());
    visits.insert("/", 0);
    let both = Barrier::new(2);
    let line = line!();
    let visit = || {
        let seen = visits.get(&"/").unwrap_or(0);
        both.wait();
        visits.insert("/", seen + 1);
        both.wait();
    };
    let findings = check::collect(|| {
        thread::scope(|scope| {
            scope.spawn(visit);
            scope.spawn(visit);
        });
    });
    let [finding] = &findings[..] else { panic!("{findings:?}") };
    let mut lines: Vec<u32> = finding.accesses().iter().map(|access| access.site().location().line()).collect();
    lines.sort_unstable();
    assert_eq!(lines, [line + 2, line + 4, line + 4]);
    assert!(finding.accesses().iter().all(|access| access.site().location().file() == file!()));
}
