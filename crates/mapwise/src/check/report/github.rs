//! Findings as workflow commands of GitHub Actions.

use std::fmt::Write;

use super::{shown::Shown, summary::Summary};

/// GitHub shows at most ten annotations of a step.
const MOST_ANNOTATIONS: usize = 10;

/// The annotations, rolled up past ten.
pub(crate) fn document(findings: &[Shown], summary: &Summary) -> String {
    let mut out = String::new();
    let fits = findings.len() <= MOST_ANNOTATIONS && summary.dropped == 0;
    let shown = if fits { MOST_ANNOTATIONS } else { MOST_ANNOTATIONS - 1 };
    for finding in findings.iter().take(shown) {
        let title = format!("title={}", property(finding.kind.title()));
        let place = match finding.accesses.first().map(|access| &access.place) {
            Some(place) => format!("file={},line={},col={},", property(&place.file), place.line, place.column),
            None => String::new(),
        };
        let message = format!("{}  id={}{}", finding.title(), finding.id, finding.details());
        let _ = writeln!(out, "::error {place}{title}::{}", data(&message));
    }
    let hidden = findings.len().saturating_sub(shown) as u64 + summary.dropped;
    if hidden > 0 {
        let _ = writeln!(out, "::error title=mapwise::{hidden} further findings: run with format=text to see them");
    }
    out
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
