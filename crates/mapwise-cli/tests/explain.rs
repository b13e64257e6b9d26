//! `mapwise explain` as a user runs it, and what `mapwise diagnose` makes of a report of checked mode.

mod common;

use common::{run, stderr, stdout};

const REPORT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../mapwise/tests/data/check/finding.txt");

#[test]
fn an_id_from_a_log_is_enough() {
    let log = std::fs::read_to_string(REPORT).expect("the golden file is in the repository");
    let id = log.split("id=").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a report has an id");
    let output = run(&["explain", id]);
    let text = stdout(&output);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    assert!(text.starts_with("lost_update (mw-lu-...): "), "{text}");
    for part in ["Wrong:", "visits.insert(\"/\", seen + 1);", "Repaired:", "visits.update(\"/\", |seen| *seen += 1);"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn every_kind_that_is_listed_can_be_explained() {
    let list = stdout(&run(&["explain"]));
    let kinds: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(kinds.len(), 8, "{list}");
    for kind in kinds {
        let output = run(&["explain", kind]);
        assert_eq!(output.status.code(), Some(0));
        assert!(stdout(&output).starts_with(&format!("{kind} (mw-")), "{kind}");
    }
}

#[test]
fn what_is_no_finding_is_refused_with_a_hint() {
    for (what, shown) in [("mw-zz-12", "`mw-zz-12`"), ("data_race", "`data_race`"), ("\u{1b}[2J", "u{1b}")] {
        let output = run(&["explain", what]);
        let messages = stderr(&output);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""), "{messages}");
        assert!(messages.starts_with("error: no kind of finding") && messages.contains(shown), "{messages}");
        assert!(messages.contains("\nhint: ") && !messages.contains('\u{1b}'), "{messages}");
    }
}

#[test]
fn diagnose_reads_a_report_of_checked_mode() {
    let output = run(&["diagnose", "--format", "json", REPORT]);
    let read: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let findings = &read["logs"][0]["findings"];
    assert_eq!(findings.as_array().map(Vec::len), Some(1), "{read:#}");
    let accesses = findings[0]["accesses"].as_array().expect("a list");
    let actors: Vec<&str> = accesses.iter().filter_map(|access| access["actor"].as_str()).collect();
    assert_eq!(actors.len(), 3, "{read:#}");
    assert!(actors[0].starts_with("thread 8 'worker-3' (Write") && actors[2].starts_with("thread 6"), "{actors:?}");
    assert!(read.to_string().contains("sessions.update(key, |n| *n += 1)"), "{read:#}");
    assert!(read.to_string().contains("map \\\"sessions\\\""), "{read:#}");
}
