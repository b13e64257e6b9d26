//! Findings for people, in the shape of a report of Go's race detector.

use std::fmt::Write;

use super::{
    shown::{Place, Shown},
    summary::Summary,
};

const RULER: &str = "==================\n";

/// One finding.
pub(crate) fn finding(shown: &Shown) -> String {
    let mut out = format!("{RULER}WARNING: MAP RACE ({}) on {}", shown.kind.title(), shown.map.title());
    if let Some(key) = shown.key.text.as_ref().or(shown.key.mark.as_ref()) {
        let _ = write!(out, "  key {key}");
    }
    let _ = writeln!(out, "  id={}", shown.id);
    for access in &shown.accesses {
        let _ = writeln!(out, "{}, by {}:", access.heading, access.actor());
        site(&mut out, &access.place);
    }
    for thread in &shown.threads {
        if let Some((what, place)) = thread.origin() {
            let _ = writeln!(out, "Thread {} {what} at:", thread.number);
            site(&mut out, place);
        }
    }
    let lost = shown.lost.as_ref().map_or_else(String::new, |lost| format!("Lost: {lost}.  "));
    let _ = writeln!(out, "{lost}Fix: {}", shown.fix);
    let _ = writeln!(out, "Suppress: {}", shown.suppress);
    out + RULER
}

fn site(out: &mut String, place: &Place) {
    if let Some(function) = &place.function {
        let _ = writeln!(out, "  {function}()");
    }
    let _ = writeln!(out, "      {place}");
}

/// What is said at the end; nothing where there is nothing to say.
pub(crate) fn summary(findings: &[Shown], summary: &Summary) -> String {
    let mut out = String::new();
    for shown in findings.iter().filter(|shown| shown.count > 1) {
        let _ = writeln!(out, "Seen {} times: {}", shown.count, shown.id);
    }
    for line in summary.lines() {
        let _ = writeln!(out, "{line}");
    }
    out
}
