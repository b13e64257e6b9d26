//! Findings in the XML that CI servers read as test results of JUnit: a test case a finding, failed.

use std::fmt::Write;

use super::{shown::Shown, summary::Summary, text};

/// The document.
pub(crate) fn document(findings: &[Shown], summary: &Summary) -> String {
    let number = findings.len();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(out, "<testsuites name=\"mapwise\" tests=\"{number}\" failures=\"{number}\">");
    let _ = writeln!(out, "  <testsuite name=\"checked mode\" tests=\"{number}\" failures=\"{number}\">");
    for shown in findings {
        let title = escape(&shown.title());
        let _ =
            writeln!(out, "    <testcase classname=\"mapwise.{}\" name=\"{title} [{}]\">", shown.kind.name(), shown.id);
        let _ = writeln!(out, "      <failure type=\"{}\" message=\"{title}\">", shown.kind.name());
        out += &escape(&text::finding(shown));
        out += "      </failure>\n    </testcase>\n";
    }
    let lines = summary.lines();
    if !lines.is_empty() {
        let _ = writeln!(out, "    <system-out>{}</system-out>", escape(&lines.join("\n")));
    }
    out + "  </testsuite>\n</testsuites>\n"
}

/// Text as XML. Cleaned text has none of the characters that XML cannot have.
fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&apos;")
}
