//! Checked mode finds what it should, and nothing else: `cargo test -p mapwise --features check --test check`.
//!
//! Each kind of finding has its wrong program and at least two right ones that differ from it in one thing.

#![cfg(not(any(loom, shuttle)))]
#![allow(missing_docs, unreachable_pub, reason = "tests are not read as documentation")]
#![allow(dropping_copy_types, reason = "the results are dropped whatever their type")]

mod bounds;
mod hashes;
mod keys;
mod orders;
mod races;
mod turns;
mod who;

use mapwise::check::{Finding, Kind};

/// The kinds of findings, in order.
fn kinds(findings: &[Finding]) -> Vec<Kind> {
    findings.iter().map(Finding::kind).collect()
}

/// Asserts that there is one finding, of this kind.
#[track_caller]
fn only(findings: &[Finding], kind: Kind) -> &Finding {
    assert_eq!(kinds(findings), [kind], "{findings:#?}");
    &findings[0]
}
