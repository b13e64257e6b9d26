//! Precision and recall on dumps and race reports of one program whose lines are known.

mod common;

use mapwise_diagnose::{Finding, Kind, Operation, Role};

/// The lines of `main.go` that touch the map in each case: the first operation's and the other's.
const TRUTH: &[(&str, &[(u32, Operation)])] = &[
    ("ww", &[(23, Operation::Assign)]),
    ("rw", &[(20, Operation::Lookup), (23, Operation::Assign)]),
    ("rwinl", &[(24, Operation::Lookup), (23, Operation::Assign)]),
    ("iter", &[(34, Operation::Iterate), (23, Operation::Assign)]),
    ("del", &[(41, Operation::Delete), (23, Operation::Assign)]),
    ("clear", &[(44, Operation::Clear), (23, Operation::Assign)]),
    ("clone", &[(85, Operation::Clone), (23, Operation::Assign)]),
    ("int", &[(27, Operation::Assign)]),
    ("struct", &[(30, Operation::Assign)]),
    ("generic", &[(47, Operation::Assign)]),
    ("main", &[(20, Operation::Lookup), (23, Operation::Assign)]),
    ("finished", &[(20, Operation::Lookup), (23, Operation::Assign)]),
];

fn truth(name: &str) -> &'static [(u32, Operation)] {
    let case = name.split('-').nth(1).expect("names are version-case-…");
    TRUTH.iter().find(|(known, _)| *known == case).expect("a known case").1
}

/// `Write` and `Read` leave open which operation it was, but not the direction.
fn agrees(said: Operation, truth: Operation) -> bool {
    said == truth || (said == Operation::Write && truth.writes()) || (said == Operation::Read && !truth.writes())
}

fn others(finding: &Finding) -> impl Iterator<Item = &mapwise_diagnose::Access> {
    finding.accesses.iter().skip(1).filter(|access| matches!(access.role, Role::Other | Role::Remembered))
}

#[test]
fn every_crash_location_is_found_and_nothing_else() {
    let Some(folder) = common::shared_dumps() else {
        return;
    };
    for (name, text) in common::texts(&folder) {
        let diagnosis = common::read(text.as_bytes());
        assert_eq!(diagnosis.findings.len(), 1, "{name}");
        let access = &diagnosis.findings[0].accesses[0];
        assert_eq!(access.place.file, "/app/main.go", "{name}");
        let known = truth(&name).iter().find(|(line, _)| *line == access.place.line);
        let known = known.unwrap_or_else(|| panic!("{name}: {}", access.place));
        assert!(agrees(access.operation, known.1), "{name}: {:?} is not {known:?}", access.operation);
    }
}

#[test]
fn other_accesses_are_found_where_the_log_has_them_and_are_never_wrong() {
    let Some(folder) = common::shared_dumps() else {
        return;
    };
    let (mut shown, mut found) = (0, 0);
    for (name, text) in common::texts(&folder) {
        let diagnosis = common::read(text.as_bytes());
        let finding = &diagnosis.findings[0];
        let crash = finding.accesses[0].place.line;
        let pair = truth(&name);
        let other = pair.iter().find(|(line, _)| *line != crash).unwrap_or(&pair[0]);
        let times = text.matches(&format!("main.go:{} ", other.0)).count();
        let in_log = times > usize::from(other.0 == crash);
        shown += usize::from(in_log);
        for access in others(finding) {
            assert!(in_log, "{name}: claims {} which the log does not show", access.place);
            assert_eq!(access.place.line, other.0, "{name}");
            assert!(agrees(access.operation, other.1), "{name}: {:?}", access.operation);
            found += 1;
        }
    }
    assert_eq!(found, shown, "other accesses found and shown");
    assert!(shown >= 40, "{shown}");
}

#[test]
fn where_the_other_access_is_not_in_the_log_that_is_said_with_a_command() {
    let Some(folder) = common::shared_dumps() else {
        return;
    };
    for (name, text) in common::texts(&folder) {
        let diagnosis = common::read(text.as_bytes());
        let finding = &diagnosis.findings[0];
        if others(finding).count() == 0 {
            assert!(finding.missing.iter().any(|missing| missing.command.contains("-race")), "{name}");
        }
        if name.starts_with("go1.26") && name.contains("default") {
            assert!(finding.missing.iter().any(|missing| missing.command.contains("GOTRACEBACK=all")), "{name}");
            assert!(finding.traps.iter().any(|trap| trap.contains("1.26")), "{name}");
        }
    }
}

#[test]
fn versions_are_told_and_never_wrongly() {
    let Some(folder) = common::shared_dumps() else {
        return;
    };
    for (name, text) in common::texts(&folder) {
        let diagnosis = common::read(text.as_bytes());
        let Some(go) = &diagnosis.findings[0].go else {
            continue;
        };
        let minor: u32 = name[4..6].parse().expect("go1.NN");
        let numbers: Vec<u32> = go.split("1.").filter_map(|part| part.split(' ').next()?.parse().ok()).collect();
        let fits = match (go.contains("later"), go.contains("earlier"), numbers.as_slice()) {
            (true, _, [low]) => minor >= *low,
            (_, true, [high]) => minor <= *high,
            (_, _, [low, high]) => (*low..=*high).contains(&minor),
            (_, _, [only]) => minor == *only,
            _ => false,
        };
        assert!(fits, "{name}: {go}");
    }
}

#[test]
fn races_that_show_no_map_are_not_called_map_races() {
    let Some(folder) = common::shared_dumps() else {
        return;
    };
    for (name, text) in common::texts(&folder) {
        let kind = common::read(text.as_bytes()).findings[0].kind;
        let map = text.contains("concurrent map") || text.contains("runtime.map");
        assert_eq!(kind == Kind::OtherRace, !map, "{name}");
    }
}
