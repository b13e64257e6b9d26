//! Stacks in one line each, for flame graphs: `outermost;…;innermost value`.
//!
//! Read by flamegraph.pl, inferno and speedscope. The first two take a line that ends with two numbers for the difference of
//! two profiles, so that no stack may end with one.

use std::fmt::Write as _;

use super::samples::{Blame, samples};
use crate::profile::Profile;

/// The media type of [`text`].
pub const CONTENT_TYPE: &str = "text/plain; charset=utf-8";

/// The delay in nanoseconds of each stack.
#[must_use]
pub fn text(profile: &Profile, blame: Blame) -> String {
    let mut out = String::new();
    for sample in samples(profile, blame) {
        // A semicolon would begin another frame; `plain` has already taken line breaks away.
        let frames: Vec<String> = sample.frames.iter().rev().map(|frame| frame.function.replace(';', ":")).collect();
        writeln!(out, "{} {}", without_last_number(frames.join(";")), sample.delay_ns)
            .expect("a String takes everything");
    }
    out
}

/// A stack whose last word is no number to a reader: `map sessions shard 3` ends with `#3`.
fn without_last_number(mut stack: String) -> String {
    let last = stack.rfind(' ').map_or(0, |space| space + 1);
    if stack[last..].bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        stack.insert(last, '#');
    }
    stack
}
