//! Programs whose map is exchanged for one that tears its operations apart: checked mode must report what can be lost.
//!
//! ```text
//! cargo test -p mapwise --features check --release --test mutants
//! ```
//!
//! The example programs and the workloads of the conformance suite are compiled here unchanged: to them this crate is
//! `mapwise`, and its maps are mutants. Each run is a process of its own. Prints a line for each mutant and fails where too
//! few are reported, or one that tears nothing or can lose nothing is.
//!
//! A map joins by its name in `workloads::mutants`, `sweeps::mutants` and, if it has `transact`, `transfers::mutants`.

#![allow(missing_docs, unreachable_pub, dead_code, reason = "tests are not read as documentation")]
#![allow(dropping_copy_types, reason = "the results are dropped whatever their type")]

extern crate mapwise as real;
extern crate self as mapwise;

#[path = "../checked/mod.rs"]
mod checked;
#[path = "../corpus/child.rs"]
mod child;
mod examples;
#[path = "../conformance/linearize.rs"]
mod linearize;
#[path = "../conformance/model.rs"]
mod model;
mod stand_in;
#[path = "../conformance/subject.rs"]
mod subject;
mod sweeps;
#[path = "../conformance/threads.rs"]
mod threads;
mod transfers;
mod workloads;

use std::{
    env,
    io::{self, Write},
    panic::{self, AssertUnwindSafe, catch_unwind},
};

use child::{Folder, PROGRAM};
pub use real::{Action, MapTransact, MapWrite, NotSwapped, Occupied, check};
pub use stand_in::{CounterMap, PerThreadMap, ShardedMap, SyncMap};

/// Of the mutants that can lose something, this share must be reported.
const SHARE: f64 = 0.9;

/// Within so many runs, and where those show nothing, as a busy machine may have it, within so many more from the start.
const RUNS: usize = 20;

/// Of those that can lose nothing, runs of each, in which none may be reported.
const SILENT_RUNS: usize = 3;

/// A program with one operation of its map torn.
pub struct Seeded {
    pub program: &'static str,
    pub map: &'static str,
    /// The operation that is torn.
    pub torn: &'static str,
    /// Whether another thread can come between the halves and something is lost then.
    pub can_lose: bool,
    pub run: fn(),
}

fn mutants() -> Vec<Seeded> {
    [examples::mutants(), transfers::mutants(), sweeps::mutants(), workloads::mutants()].into_iter().flatten().collect()
}

#[test]
#[ignore = "what the other runs in processes of their own"]
fn run_one_program() {
    let Ok(key) = env::var(PROGRAM) else { return };
    let at: usize = key.parse().expect("a mutant is known by its number");
    // What a program itself says of the loss is no matter here: it may well panic.
    panic::set_hook(Box::new(|_| ()));
    drop(catch_unwind(AssertUnwindSafe(mutants()[at].run)));
}

#[test]
fn mutants_that_can_lose_something_are_reported_and_others_are_not() {
    let folder = Folder::new();
    let mut out = io::stdout().lock();
    let (mut reported, mut can_lose, mut false_reports) = (0_u32, 0_u32, 0);
    writeln!(out, "\n{:<56} {:<12} {:<20} first report in run", "program", "map", "torn").unwrap();
    for (at, mutant) in mutants().iter().enumerate() {
        let search = |runs| {
            folder.forget();
            (1..=runs).find(|_| !child::run(&folder, &at.to_string()).is_empty())
        };
        let first = match mutant.can_lose {
            true => search(RUNS).or_else(|| Some(RUNS + search(RUNS)?)),
            false => search(SILENT_RUNS),
        };
        can_lose += u32::from(mutant.can_lose);
        match (mutant.can_lose, first) {
            (true, Some(_)) => reported += 1,
            (false, Some(_)) => false_reports += 1,
            (_, None) => {}
        }
        let first = match (first, mutant.can_lose) {
            (Some(run), true) => run.to_string(),
            (Some(run), false) => format!("{run} (FALSE: can lose nothing)"),
            (None, true) => "-".to_owned(),
            (None, false) => "none, as it can lose nothing".to_owned(),
        };
        writeln!(out, "{:<56} {:<12} {:<20} {first}", mutant.program, mutant.map, mutant.torn).unwrap();
    }
    let silent = mutants().len() - can_lose as usize;
    writeln!(
        out,
        "{reported} of {can_lose} mutants that can lose something reported within {RUNS} runs, or {RUNS} more"
    )
    .unwrap();
    writeln!(out, "{false_reports} of {silent} that can lose nothing reported in {SILENT_RUNS} runs").unwrap();
    assert_eq!(false_reports, 0, "mutants that can lose nothing were reported");
    assert!(f64::from(reported) >= SHARE * f64::from(can_lose), "of {can_lose} mutants {reported} were reported");
}
