//! What is said of the project's own logs: causes from the code, traps, profiles, checked mode.

mod common;

use std::path::{Path, PathBuf};

use mapwise_diagnose::{
    CauseKind, Confidence, Diagnosis, Finding, FixKind, Kind, Operation, Options, Role, SourceDir, diagnose, render,
};

fn log(name: &str) -> Vec<u8> {
    std::fs::read(common::own_logs().join(name)).expect("an own log")
}

fn zoo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/zoo")
}

fn with_code(name: &str) -> Diagnosis {
    let source = SourceDir::new(zoo());
    diagnose(log(name).as_slice(), &Options::default().with_source(&source)).expect("memory can be read")
}

fn lines(finding: &Finding) -> Vec<u32> {
    let mut lines: Vec<u32> = finding.accesses.iter().map(|access| access.place.line).collect();
    lines.sort_unstable();
    lines
}

const VERSIONS: [&str; 3] = ["1.23.9", "1.25.4", "1.27.3"];

#[test]
fn the_code_settles_the_cause() {
    let cases = [
        ("halflocked", CauseKind::LockedOnOneSide, FixKind::Mutex),
        ("readlock", CauseKind::WrongLockKind, FixKind::Mutex),
        ("escaped", CauseKind::ReturnedByReference, FixKind::CopyUnderLock),
        ("valuereceiver", CauseKind::StructCopy, FixKind::PassPointer),
        ("loop", CauseKind::GoroutinesInLoop, FixKind::Mutex),
        ("handler", CauseKind::LateGoroutine, FixKind::CopyUnderLock),
        ("encode", CauseKind::ReturnedByReference, FixKind::CopyUnderLock),
    ];
    for version in VERSIONS {
        for (case, cause, fix) in cases {
            let diagnosis = with_code(&format!("go{version}-{case}-race.txt"));
            let finding = &diagnosis.findings[0];
            let told: Vec<CauseKind> = finding
                .causes
                .iter()
                .filter(|cause| cause.confidence >= Confidence::Likely)
                .map(|cause| cause.kind)
                .collect();
            assert!(told.contains(&cause), "{version} {case}: {told:?}");
            assert_eq!(finding.fixes[0].kind, fix, "{version} {case}");
            assert!(!finding.code.is_empty(), "{version} {case}");
            assert!(finding.causes.iter().all(|c| c.kind == CauseKind::Unknown || !c.evidence.is_empty()));
        }
    }
}

#[test]
fn a_read_that_go_1_27_lost_is_found_in_the_second_report() {
    let diagnosis = common::read(&log("go1.27.3-halflocked-race.txt"));
    assert_eq!(diagnosis.findings.len(), 1);
    let finding = &diagnosis.findings[0];
    assert_eq!((finding.kind, lines(finding), finding.count), (Kind::MapRace, vec![25, 30], 2));
    assert!(finding.traps.iter().any(|trap| trap.contains("1.27")));
}

#[test]
fn a_read_that_go_1_27_lost_for_good_is_said_to_be_lost() {
    let text = String::from_utf8(log("go1.27.3-halflocked-race.txt")).expect("text");
    let first = text.split("==================\n").nth(1).expect("a report");
    let diagnosis = common::read(first.as_bytes());
    let read = diagnosis.findings[0].accesses.iter().find(|a| a.operation == Operation::Lookup).expect("the read");
    assert_eq!(read.place.line, 128);
    assert!(read.caveat.as_deref().is_some_and(|caveat| caveat.contains("caller")), "{read:?}");
}

#[test]
fn unrelated_races_are_listed_apart() {
    for version in VERSIONS {
        let diagnosis = common::read(&log(&format!("go{version}-twokinds-race.txt")));
        let kinds: Vec<Kind> = diagnosis.findings.iter().map(|finding| finding.kind).collect();
        assert_eq!(kinds, [Kind::MapRace, Kind::OtherRace], "{version}");
        assert_eq!(lines(&diagnosis.findings[0]), [75, 75], "{version}");
        assert_eq!(lines(&diagnosis.findings[1]), [160, 160], "{version}");
    }
}

#[test]
fn two_logs_of_one_fault_make_one_finding_with_a_count() {
    let one = log("go1.25.4-readlock-dump.txt");
    let diagnosis = common::read(&[one.clone(), one].concat());
    assert_eq!((diagnosis.findings.len(), diagnosis.findings[0].count), (1, 2));
}

#[test]
fn a_race_report_names_the_side_that_a_dump_lacks() {
    let mut both = log("go1.27.3-halflocked-dump.txt");
    both.extend(b"\n");
    both.extend(log("go1.25.4-halflocked-race.txt"));
    let diagnosis = common::read(&both);
    let crash = diagnosis.findings.iter().find(|finding| finding.kind == Kind::MapCrash).expect("the crash");
    assert!(crash.certainty.contains("(*Cache).Set (zoo.go:25)"), "{}", crash.certainty);
}

#[test]
fn profiles_say_the_same_as_protobuf_and_as_text() {
    for version in ["1.23.9", "1.27.3"] {
        for kind in ["mutex", "block"] {
            let said = |extension: &str| {
                let diagnosis = common::read(&log(&format!("go{version}-{kind}-profile.{extension}")));
                let shown = |f: &Finding| {
                    let delay = f.delay.expect("a profile has delays");
                    (f.kind, f.accesses[0].place.clone(), delay.contentions, (delay.share * 1_000.0).round() as u64)
                };
                diagnosis.findings.iter().map(shown).collect::<Vec<_>>()
            };
            let (proto, text) = (said("pb.gz"), said("txt"));
            assert_eq!(proto, text, "{version} {kind}");
            let lock = proto.iter().find(|(_, place, ..)| place.function.starts_with("main.slow"));
            let lock = lock.unwrap_or_else(|| panic!("{version} {kind}: {proto:?}"));
            // The holder is blamed at its unlock, the waiter at its lock.
            let expected = if kind == "mutex" { (Kind::MutexProfile, 185) } else { (Kind::BlockProfile, 184) };
            assert_eq!(lock.0, expected.0);
            assert!((184..=189).contains(&lock.1.line), "{lock:?}");
            assert!(kind == "mutex" || lock.1.line == expected.1, "{lock:?}");
        }
    }
}

#[test]
fn all_kinds_of_input_mix_in_one_stream() {
    let mut mixed = log("go1.23.9-halflocked-dump.txt");
    for name in [
        "go1.27.3-mutex-profile.pb.gz",
        "go1.25.4-loop-race.txt",
        "go1.27.3-block-profile.txt",
        "go1.23.9-mutex-profile.pb.gz",
        "go1.27.3-test.json",
    ] {
        mixed.extend(b"\n");
        mixed.extend(log(name));
    }
    let diagnosis = common::read(&mixed);
    let has = |kind: Kind| diagnosis.findings.iter().any(|finding| finding.kind == kind);
    for kind in [Kind::MapCrash, Kind::MapRace, Kind::MutexProfile, Kind::BlockProfile] {
        assert!(has(kind), "{kind:?}: {:?}", diagnosis.notes);
    }
}

const CHECKED: &str = "==================
WARNING: MAP RACE (lost update) on map \"sessions\"  key 0x9f3c  id=mw-1f09
Write, overwriting version 7, by thread 8 'worker-3':
  app::bump()
      src/cache.rs:25:9
Stale read of version 5, by thread 8 'worker-3':
  app::bump()
      src/cache.rs:22:17
Conflicting write of version 7, by thread 6 'worker-1':
  app::bump()
      src/cache.rs:25:9
Thread 8 created at:
  app::main()
      src/main.rs:30
Thread 6 first seen at:
  app::load()
      src/main.rs:40
Lost: 2 writes.  Fix: sessions.update(key, |n| *n += 1)
Suppress: lost_update:app::bump
==================
Found 1 finding (exit status 66)
";

#[test]
fn reports_of_our_own_checked_mode_are_read() {
    let diagnosis = common::read(CHECKED.as_bytes());
    let finding = &diagnosis.findings[0];
    assert_eq!((diagnosis.findings.len(), finding.kind), (1, Kind::CheckedMap));
    let sites: Vec<String> = finding.accesses.iter().map(|access| access.place.to_string()).collect();
    assert_eq!(sites, ["app::bump  src/cache.rs:25", "app::bump  src/cache.rs:22", "app::bump  src/cache.rs:25"]);
    assert_eq!(finding.accesses[0].created.as_ref().map(|place| place.line), Some(30));
    assert_eq!(finding.owner.as_ref().map(|owner| owner.name.as_str()), Some("map \"sessions\""));
    assert_eq!(finding.causes[0].kind, CauseKind::NotOneStep);
    assert_eq!(finding.fixes[0].snippet, "sessions.update(key, |n| *n += 1)");
    assert_eq!(finding.accesses[1].actor, "thread 8 'worker-3' (Stale read of version 5)");
    assert_eq!(finding.accesses[0].actor, "thread 8 'worker-3' (Write, overwriting version 7)");
    // Where a thread was first seen is no caller of what it did.
    assert_eq!((finding.accesses[2].stack.len(), &finding.accesses[2].created), (1, &None));
    let text = render::text(&diagnosis);
    assert!(
        text.contains("      thread created at app::main  src/main.rs:30") && !text.contains("goroutine"),
        "{text}"
    );
}

#[test]
fn every_kind_of_our_own_checked_mode_has_its_cause_and_fix() {
    // As `Kind::title` of mapwise has them.
    for (kind, cause, fix) in [
        ("lost update", CauseKind::NotOneStep, FixKind::OneStep),
        ("double init", CauseKind::NotOneStep, FixKind::OneStep),
        ("stale remove", CauseKind::NotOneStep, FixKind::OneStep),
        ("iterate then act", CauseKind::NotOneStep, FixKind::OneStep),
        ("re-entrancy", CauseKind::LockContention, FixKind::ShorterHold),
        ("lock cycle", CauseKind::LockContention, FixKind::ShorterHold),
        ("long hold", CauseKind::LockContention, FixKind::ShorterHold),
        ("overlap", CauseKind::Unlocked, FixKind::Mutex),
    ] {
        let diagnosis = common::read(CHECKED.replace("lost update", kind).as_bytes());
        assert_eq!(diagnosis.findings[0].fixes[0].kind, fix, "{kind}");
        let known = &diagnosis.findings[0].causes[0];
        assert_eq!(known.kind, cause, "{kind}");
        assert_ne!(known.says, "checked mode saw a conflict", "{kind}");
    }
}

#[test]
fn a_copied_sync_map_is_told_from_a_plain_one() {
    let text = "fatal error: concurrent map iteration and map write\n\ngoroutine 35 [running]:\n\
        sync.(*Map).Range(0xc0000b4000, 0xc0000c1f90)\n\t/usr/local/go/src/sync/map.go:471 +0x1c5\n\
        main.(*pool).each(...)\n\t/app/pool.go:12\nmain.main.func2()\n\t/app/main.go:31 +0x2a\n\
        created by main.main in goroutine 1\n\t/app/main.go:30 +0x1f\n";
    let diagnosis = common::read(text.as_bytes());
    let finding = &diagnosis.findings[0];
    assert_eq!((finding.causes[0].kind, finding.fixes[0].kind), (CauseKind::StructCopy, FixKind::PassPointer));
    assert_eq!(finding.accesses[0].place.line, 12);
}

#[test]
fn a_log_that_starts_inside_a_frame_still_tells_the_line() {
    let text = String::from_utf8(log("go1.25.4-readlock-dump.txt")).expect("text");
    let cut = text.find("maps.fatal").expect("the throwing frame") - "internal/runtime/".len();
    let diagnosis = common::read(&text.as_bytes()[cut..]);
    assert_eq!(diagnosis.findings[0].accesses[0].place.line, 43);
}

#[test]
fn crashes_that_are_not_about_maps_are_no_findings() {
    let text = "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()\n\t/app/main.go:3 +0x1f\n\
        panic: assignment to entry in nil map\n\ngoroutine 1 [running]:\nruntime.mapassign_faststr(0x1, 0x0)\n\t/usr/local/go/src/runtime/map_faststr.go:205 +0x1\nmain.main()\n\t/app/main.go:9 +0x1\n";
    let diagnosis = common::read(text.as_bytes());
    assert!(diagnosis.findings.is_empty(), "{:?}", diagnosis.findings);
    assert!(diagnosis.notes.iter().any(|note| note.contains("deadlock")), "{:?}", diagnosis.notes);
}

#[test]
fn a_fatal_line_without_a_stack_says_what_is_missing() {
    let diagnosis = common::read(b"2024 app: fatal error: concurrent map writes\n");
    let finding = &diagnosis.findings[0];
    assert!(finding.accesses.is_empty() && finding.missing[0].command.contains("-race"));
    assert!(finding.causes.iter().any(|cause| cause.kind == CauseKind::Unknown));
}

#[test]
fn github_annotations_are_rolled_up_and_escaped() {
    let report = |at: usize| {
        format!(
            "WARNING: DATA RACE\nRead at 0x1 by goroutine 7:\n  main.f()\n      /a/b,c:d%.go:{at} +0x1\n\nPrevious write at 0x1 by goroutine 8:\n  main.g()\n      /a/b.go:{at} +0x1\n==================\n"
        )
    };
    let text: String = (1..=20).map(report).collect();
    let out = render::github(&common::read(text.as_bytes()));
    assert_eq!(out.lines().count(), 10);
    assert!(out.lines().all(|line| line.starts_with("::")));
    assert!(out.contains("file=/a/b%2Cc%3Ad%25.go,line=1,"), "{out}");
    assert!(out.contains("11 further findings"), "{out}");
}

#[test]
fn sarif_has_a_result_a_finding_and_a_flow_a_goroutine() {
    let diagnosis = common::read(&log("go1.23.9-twokinds-race.txt"));
    let sarif: serde_json::Value = serde_json::from_str(&render::sarif(&diagnosis)).expect("JSON");
    assert_eq!(sarif["version"], "2.1.0");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    assert_eq!(results.len(), 2);
    assert_eq!(results[0]["ruleId"], "go-map-race");
    assert_eq!(results[0]["codeFlows"][0]["threadFlows"].as_array().map(Vec::len), Some(2));
    let region = &results[0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!(region["startLine"], 75);
}

#[test]
fn every_format_names_both_lines() {
    let diagnosis = common::read(&log("go1.25.4-halflocked-race.txt"));
    for out in
        [render::text(&diagnosis), render::markdown(&diagnosis), render::github(&diagnosis), render::json(&diagnosis)]
    {
        assert!(out.contains("zoo.go:30") || out.contains("\"line\": 30"), "{out}");
        assert!(out.contains("zoo.go:25") || out.contains("\"line\": 25"), "{out}");
    }
    assert!(diagnosis.findings[0].accesses.iter().all(|access| access.role != Role::Candidate));
}

#[test]
fn a_source_folder_is_never_left() {
    use mapwise_diagnose::SourceLookup;
    let source = SourceDir::new(zoo());
    assert!(source.source("/build/x/zoo.go").is_some());
    assert!(source.source("../zoo/zoo.go").is_none());
    assert!(source.source("/etc/passwd").is_none());
}
