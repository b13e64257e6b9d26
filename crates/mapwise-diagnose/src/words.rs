//! The sentences of a finding: title, certainty, what is missing, traps of the Go version.

use std::collections::HashMap;

use crate::assemble::Draft;
use crate::assemble::access::{owner, short};
use crate::finding::{Access, Finding, Kind, Missing, Role};
use crate::symbol;

/// Fills in everything but causes and fixes.
pub(crate) fn describe(draft: &mut Draft) {
    draft.finding.go = draft.version.words();
    let sides: Vec<&Access> = draft.finding.sides().collect();
    if draft.finding.owner.is_none() {
        draft.finding.owner = owner(&sides);
    }
    draft.finding.title = title(draft);
    draft.finding.certainty = certainty(draft);
    draft.finding.missing = missing(draft);
    draft.finding.traps = traps(draft);
}

fn side(access: &Access) -> String {
    format!("{} in {}", access.operation.words(), short(&access.place))
}

fn title(draft: &Draft) -> String {
    let finding = &draft.finding;
    let sides: Vec<&Access> = finding.sides().collect();
    let known = |access: &&&Access| !access.place.function.is_empty();
    let named: Vec<String> = sides.iter().filter(known).map(|access| side(access)).collect();
    let what = match finding.kind {
        Kind::MapCrash => draft.message.as_deref().map_or_else(
            || "crash in a map operation".to_owned(),
            |message| format!("crash: {}", crate::text::cut(message, 70).trim()),
        ),
        Kind::CheckedMap => draft.message.clone().unwrap_or_default(),
        kind => kind.words().to_owned(),
    };
    match named.as_slice() {
        [] => what,
        [one] => format!("{what}: {one}"),
        [one, two, ..] if one == two => format!("{what}: {one}, against itself"),
        [one, two, ..] => format!("{what}: {one} against {two}"),
    }
}

fn certainty(draft: &Draft) -> String {
    let finding = &draft.finding;
    match finding.kind {
        Kind::MapRace | Kind::OtherRace => {
            "certain: the race detector saw both accesses; it does not report what did not happen".to_owned()
        }
        Kind::CheckedMap => "certain: checked mode saw it happen".to_owned(),
        Kind::MapCrash if draft.fault.is_some() && draft.message.is_none() => {
            "possible: a memory fault inside a map operation is what an unlocked map does when the runtime's own check misses".to_owned()
        }
        Kind::MapCrash => {
            let other = match finding.accesses.iter().find(|access| access.role != Role::Crashed) {
                Some(access) if access.role == Role::Other && access.caveat.is_none() => {
                    "the other access is in the dump"
                }
                Some(access) if access.role == Role::Other => "the other access is likely the one shown",
                Some(_) => "the other access is unknown; goroutines that were awake are listed as candidates",
                None => "the other access is not in this log",
            };
            format!("certain that two goroutines used this map at once; {other}")
        }
        Kind::MutexProfile | Kind::BlockProfile => "certain: measured by the runtime".to_owned(),
    }
}

/// The command that runs the package's code under the race detector.
fn race_command(draft: &Draft) -> String {
    let function = draft.finding.accesses.first().map_or("", |access| access.place.function.as_str());
    let test = draft.finding.tests.first().map(|test| test.split('/').next().unwrap_or(test));
    let package = symbol::parse(function).map_or("main", |parsed| parsed.package);
    let package = package.trim_end_matches("_test").replace("%2e", ".");
    match (test, package.as_str()) {
        (Some(test), "main") => format!("go test -race -run '^{test}$' ./..."),
        (Some(test), package) => format!("go test -race -run '^{test}$' {package}"),
        (None, "main" | "") => "go run -race . (or go test -race ./...)".to_owned(),
        (None, package) => {
            format!("go test -race {package} (or go build -race, and run that under the same load)")
        }
    }
}

fn missing(draft: &Draft) -> Vec<Missing> {
    let finding = &draft.finding;
    let mut missing = Vec::new();
    let mut add = |what: &str, command: String| missing.push(Missing { what: what.to_owned(), command });
    match finding.kind {
        Kind::MapCrash => {
            if finding.accesses.is_empty() {
                add("no stack follows the fatal line: the log is cut, or GOTRACEBACK=none", race_command(draft));
            } else if !finding.accesses.iter().any(|access| access.role == Role::Other) {
                let what = "the other access: a dump shows where goroutines were stopped, not what they had just done";
                add(what, race_command(draft));
                if draft.shown <= 1
                    && (draft.version.at_least(26) || draft.version.high >= 26 && draft.version.low >= 24)
                {
                    add(
                        "the other goroutines: since Go 1.26 only the crashing one is printed",
                        "GOTRACEBACK=all ./program".to_owned(),
                    );
                }
            }
            if finding.accesses.first().is_some_and(|access| !access.in_user_code) {
                add(
                    "the program's own call: the log is cut before it",
                    "GOTRACEBACK=all ./program 2> whole.log".to_owned(),
                );
            }
        }
        Kind::MapRace | Kind::OtherRace => {
            if finding.accesses.len() < 2 {
                add("the other access: the report is cut", race_command(draft));
            }
            for access in &finding.accesses {
                if access.stack.is_empty() {
                    let command = format!("GORACE=\"history_size=7\" {}", race_command(draft));
                    add("the stack of one access: the detector remembers only so many", command);
                } else if !access.in_user_code {
                    add("the line of one access", lost_line_command(draft));
                }
            }
        }
        _ => {}
    }
    missing
}

fn lost_line_command(draft: &Draft) -> String {
    let command = race_command(draft);
    if draft.finding.accesses.iter().any(|access| access.caveat.is_some()) {
        format!("GOTOOLCHAIN=go1.26.6 {command}")
    } else {
        command
    }
}

fn traps(draft: &Draft) -> Vec<String> {
    let finding = &draft.finding;
    let mut traps = Vec::new();
    let lost = finding
        .accesses
        .iter()
        .any(|access| access.caveat.as_deref().is_some_and(|caveat| caveat.starts_with("Go 1.27 drops")));
    match finding.kind {
        Kind::MapRace => {
            if lost {
                traps.push("Go 1.27 loses the frame of a plain x := m[k] read: look in the function that the shown line calls, or read the same race with Go 1.26".to_owned());
            } else if draft.restored {
                traps.push("Go 1.27 had lost the frame of the read; its line was taken from a second report of the same access".to_owned());
            }
            if finding.accesses.iter().any(|access| access.actor.contains("race detector")) {
                traps.push("the detector numbers goroutines by itself: its numbers are not those of a dump; join the two by file and line".to_owned());
            }
            if draft.no_address {
                traps.push("Go 1.6 and earlier print no address, so reports cannot be told apart by it".to_owned());
            }
        }
        Kind::MapCrash => {
            if draft.version.at_least(26) && draft.shown <= 1 {
                traps.push(
                    "since Go 1.26 a crash prints only the crashing goroutine unless GOTRACEBACK=all is set".to_owned(),
                );
            }
            if draft.message.as_deref().is_some_and(|message| message.starts_with("concurrent map writes")) {
                traps.push("\"concurrent map writes\" is also printed for delete and clear; the other side is a write too, of any kind".to_owned());
            } else if draft.message.is_some() {
                traps.push(
                    "the message names what the crashing side did; the other side is a write of any kind".to_owned(),
                );
            }
        }
        _ => {}
    }
    traps
}

/// Joins crashes with race reports of the same line: the report knows the side the dump lacks.
pub(crate) fn join(findings: &mut [Finding]) {
    let site = |access: &Access| (access.place.file.clone(), access.place.line);
    // Where each side of a race is, with the words for the opposite side.
    let mut opposite: HashMap<(String, u32), String> = HashMap::new();
    for race in findings.iter().filter(|finding| finding.kind == Kind::MapRace) {
        if let [one, two, ..] = race.accesses.as_slice() {
            for (this, that) in [(one, two), (two, one)] {
                let words = format!("; the race report at line {} names the other side: {}", race.log_line, side(that));
                opposite.entry(site(this)).or_insert(words);
            }
        }
    }
    for crash in findings.iter_mut().filter(|finding| finding.kind == Kind::MapCrash) {
        let known = crash.accesses.iter().any(|access| access.role == Role::Other);
        let place = crash.accesses.first().map(site).filter(|(_, line)| *line > 0 && !known);
        if let Some(words) = place.and_then(|place| opposite.get(&place)) {
            crash.certainty.push_str(words);
        }
    }
}
