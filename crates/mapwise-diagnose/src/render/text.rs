//! The diagnosis for a terminal: one finding a block, the two lines first.

use std::fmt::Write;

use crate::finding::{Access, CauseKind, Diagnosis, Evidence, Finding, Kind, Place, Role};

use super::plain;

/// The diagnosis as plain text.
pub fn text(diagnosis: &Diagnosis) -> String {
    let mut out = String::new();
    let others = diagnosis.findings.iter().filter(|finding| finding.kind == Kind::OtherRace).count();
    let maps = diagnosis.findings.len() - others;
    let mut unrelated = false;
    for (at, finding) in diagnosis.findings.iter().enumerate() {
        if finding.kind == Kind::OtherRace && !unrelated && maps > 0 {
            unrelated = true;
            out.push_str("---- unrelated to a map, as far as the log shows ----\n\n");
        }
        one(&mut out, at + 1, finding);
    }
    for note in &diagnosis.notes {
        let _ = writeln!(out, "note: {note}");
    }
    let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let _ = writeln!(
        out,
        "{}, {} without a map; {} read",
        count(maps, "finding"),
        count(others, "race"),
        count(diagnosis.lines as usize, "line")
    );
    plain(&out)
}

fn one(out: &mut String, number: usize, finding: &Finding) {
    let _ = writeln!(out, "{number}. {}", finding.title);
    let times = if finding.count > 1 { format!("seen {} times, first ", finding.count) } else { String::new() };
    let _ = writeln!(out, "   {}", finding.certainty);
    let _ = writeln!(out, "   {times}at line {} of the log", finding.log_line);
    if !finding.tests.is_empty() {
        let _ = writeln!(
            out,
            "   reported during {} (go test may credit a parallel test's race to another)",
            finding.tests.join(", ")
        );
    }
    if let Some(go) = &finding.go {
        let _ = writeln!(out, "   Go {go}, by its frames");
    }
    out.push('\n');
    for access in &finding.accesses {
        side(out, access);
    }
    for code in &finding.code {
        let _ = writeln!(out, "   {}: {}", code.file, code.locks);
        for (at, line) in code.lines.iter().enumerate() {
            let number = code.first + at as u32;
            let mark = if number == code.marked { '>' } else { ' ' };
            let _ = writeln!(out, "   {mark} {number:>5} | {}", line.replace('\t', "    "));
        }
        out.push('\n');
    }
    for missing in &finding.missing {
        let _ = writeln!(out, "   missing: {}\n      run: {}", missing.what, missing.command);
    }
    if let Some(owner) = &finding.owner {
        let methods =
            if owner.methods.is_empty() { String::new() } else { format!(", through {}", owner.methods.join(" and ")) };
        let _ = writeln!(out, "   map of: {} ({}){methods}", owner.name, owner.confidence.words());
    }
    if let Some(variable) = &finding.variable {
        let _ = writeln!(out, "   memory: {variable}");
    }
    for cause in &finding.causes {
        if cause.kind == CauseKind::Unknown {
            let _ = writeln!(out, "   cause: {}", cause.says);
            continue;
        }
        let _ = writeln!(out, "   cause ({}): {}", cause.confidence.words(), cause.says);
        for evidence in &cause.evidence {
            let _ = writeln!(out, "      {}", quoted(evidence));
        }
    }
    for trap in &finding.traps {
        let _ = writeln!(out, "   beware: {trap}");
    }
    for (at, fix) in finding.fixes.iter().enumerate() {
        let _ = writeln!(out, "   {}: {}", if at == 0 { "fix" } else { "or" }, fix.says);
        if at == 0 {
            for line in fix.snippet.lines() {
                let _ = writeln!(out, "      {}", line.replace('\t', "    "));
            }
        }
        let _ = writeln!(out, "      in Rust: {}", fix.rust);
    }
    if let Some(decide) = &finding.decide {
        let _ = writeln!(out, "   what decides: {decide}");
    }
    out.push('\n');
}

pub(super) fn quoted(evidence: &Evidence) -> String {
    match (evidence.quote.is_empty(), evidence.line) {
        (true, _) => evidence.shows.clone(),
        (false, 0) => format!("{}: \"{}\"", evidence.shows, evidence.quote),
        (false, line) => format!("{}: \"{}\" (line {line})", evidence.shows, evidence.quote),
    }
}

fn at(place: &Place) -> String {
    place.to_string()
}

fn side(out: &mut String, access: &Access) {
    let silent = matches!(access.role, Role::Candidate | Role::Holder | Role::Waiter);
    let operation = if silent { String::new() } else { format!("{}, ", access.operation.words()) };
    let _ = writeln!(out, "   {operation}{}, {}", access.role.words(), access.actor);
    let _ = writeln!(out, "      {}", at(&access.place));
    if let Some(own) = &access.own_code {
        let _ = writeln!(out, "      called from the program at {}", at(own));
    } else if access.in_library {
        let _ = writeln!(out, "      in a library; no call of the program is in the log");
    }
    let index = access.stack.iter().position(|place| *place == access.place);
    if let Some(caller) = index.and_then(|index| access.stack.get(index + 1)) {
        let _ = writeln!(out, "      called by {}", at(caller));
    }
    if let Some(created) = &access.created {
        let from = access.created_stack.iter().position(|place| place == created);
        let from = from.and_then(|index| access.created_stack.get(index + 1));
        let from = from.map_or_else(String::new, |place| format!(", called by {}", at(place)));
        let who = if access.role == Role::Checked { "thread" } else { "goroutine" };
        let _ = writeln!(out, "      {who} created at {}{from}", at(created));
    }
    if let Some(caveat) = &access.caveat {
        let _ = writeln!(out, "      but: {caveat}");
    }
    out.push('\n');
}
