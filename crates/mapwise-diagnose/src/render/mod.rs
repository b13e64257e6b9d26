//! A diagnosis as text, JSON, SARIF, GitHub annotations or Markdown: pure functions.

mod ci;
mod markdown;
mod text;

pub use ci::{github, sarif};
pub use markdown::markdown;
pub use text::text;

use crate::finding::Diagnosis;

/// The diagnosis as indented JSON, in the shape of its types.
pub fn json(diagnosis: &Diagnosis) -> String {
    serde_json::to_string_pretty(diagnosis).unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}"))
}

/// Text with control characters made harmless: a log must not drive the reader's terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}
