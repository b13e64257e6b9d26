//! Stacks in one line each, for flame graphs: `outermost;…;innermost value`.
//!
//! Read by flamegraph.pl, inferno and speedscope.

use std::fmt::Write as _;

use super::samples::{Blame, samples};
use crate::profile::Profile;

/// The delay in nanoseconds of each stack.
#[must_use]
pub fn text(profile: &Profile, blame: Blame) -> String {
    let mut out = String::new();
    for sample in samples(profile, blame) {
        // A semicolon would begin another frame; `plain` has already taken line breaks away.
        let frames: Vec<String> = sample.frames.iter().rev().map(|frame| frame.function.replace(';', ":")).collect();
        writeln!(out, "{} {}", frames.join(";"), sample.delay_ns).expect("a String takes everything");
    }
    out
}
