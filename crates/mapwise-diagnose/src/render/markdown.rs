//! The diagnosis for an issue or a pull request.

use std::fmt::Write;

use crate::finding::{CauseKind, Diagnosis, Finding, Place};

use super::plain;
use super::text::quoted;

/// The diagnosis as GitHub-flavored Markdown.
pub fn markdown(diagnosis: &Diagnosis) -> String {
    let mut out = String::from("# Map diagnosis\n\n");
    if diagnosis.findings.is_empty() {
        out.push_str("Nothing found.\n\n");
    }
    for (at, finding) in diagnosis.findings.iter().enumerate() {
        one(&mut out, at + 1, finding);
    }
    for note in &diagnosis.notes {
        let _ = writeln!(out, "* {}", escape(note));
    }
    plain(&out)
}

/// Text that Markdown shows as it is.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '@' | '~' | '!') {
            out.push('\\');
        }
        out.push(if c == '\n' { ' ' } else { c });
    }
    out
}

/// Text as code, whatever backticks it holds.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace('|', "\u{a6}").replace('\n', " "))
}

fn place(place: &Place) -> String {
    if place.file.is_empty() {
        return code(&place.function);
    }
    format!("{} {}", code(&place.function), code(&format!("{}:{}", place.file, place.line)))
}

fn one(out: &mut String, number: usize, finding: &Finding) {
    let _ = writeln!(out, "## {number}. {}\n\n{}.", escape(&finding.title), escape(&finding.certainty));
    if finding.count > 1 {
        let _ = writeln!(out, "Seen {} times.", finding.count);
    }
    if let Some(go) = &finding.go {
        let _ = writeln!(out, "Go {}, by its frames.", escape(go));
    }
    out.push_str("\n| access | who | where | created at |\n| --- | --- | --- | --- |\n");
    for access in &finding.accesses {
        let created = access.created.as_ref().map(place).unwrap_or_default();
        let _ = writeln!(
            out,
            "| {}, {} | {} | {} | {created} |",
            access.operation.words(),
            access.role.words(),
            escape(&access.actor),
            place(&access.place)
        );
    }
    out.push('\n');
    for excerpt in &finding.code {
        let _ = writeln!(out, "{}: {}\n\n```go", code(&excerpt.file), escape(&excerpt.locks));
        for (at, line) in excerpt.lines.iter().enumerate() {
            let number = excerpt.first + at as u32;
            let _ = writeln!(
                out,
                "{}{}",
                line.replace("```", "'''"),
                if number == excerpt.marked { " // <-- here" } else { "" }
            );
        }
        out.push_str("```\n\n");
    }
    for missing in &finding.missing {
        let _ = writeln!(out, "* **Missing:** {}. Run {}", escape(&missing.what), code(&missing.command));
    }
    if let Some(owner) = &finding.owner {
        let _ = writeln!(out, "* **Map of:** {} ({})", code(&owner.name), owner.confidence.words());
    }
    for cause in &finding.causes {
        if cause.kind == CauseKind::Unknown {
            let _ = writeln!(out, "* **Cause:** {}", escape(&cause.says));
            continue;
        }
        let _ = writeln!(out, "* **Cause ({}):** {}", cause.confidence.words(), escape(&cause.says));
        for evidence in &cause.evidence {
            let _ = writeln!(out, "  * {}", escape(&quoted(evidence)));
        }
    }
    for trap in &finding.traps {
        let _ = writeln!(out, "* **Beware:** {}", escape(trap));
    }
    for (at, fix) in finding.fixes.iter().enumerate() {
        let _ = writeln!(
            out,
            "* **{}:** {} (in Rust: {})",
            if at == 0 { "Fix" } else { "Or" },
            escape(&fix.says),
            escape(&fix.rust)
        );
    }
    if let Some(decide) = &finding.decide {
        let _ = writeln!(out, "* **What decides:** {}", escape(decide));
    }
    if let Some(fix) = finding.fixes.first() {
        let _ = writeln!(out, "\n```go\n{}\n```", fix.snippet.replace("```", "'''"));
    }
    out.push('\n');
}
