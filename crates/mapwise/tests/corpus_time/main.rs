//! The correct twins of the corpus, timed: in a build with checked mode, and in one without.
//!
//! ```text
//! bash crates/mapwise/tests/corpus_time/slowdown     the ratio of the two
//! ```
//!
//! Runs every correct twin, the first argument says how many times, and prints the time of all. Without an argument it
//! runs each once: they must keep their promises without a checker, too.

#![allow(missing_docs, unreachable_pub, dead_code, reason = "tests are not read as documentation")]

#[path = "../corpus/atomicity.rs"]
mod atomicity;
#[path = "../corpus/check_then_act.rs"]
mod check_then_act;
#[path = "../corpus/go_reports.rs"]
mod go_reports;
#[path = "../corpus/iteration.rs"]
mod iteration;
#[path = "../corpus/lock_order.rs"]
mod lock_order;
#[path = "../corpus/nesting.rs"]
mod nesting;
#[path = "../corpus/owners.rs"]
mod owners;
#[path = "../corpus/program.rs"]
mod program;
#[path = "../corpus/rust_reports.rs"]
mod rust_reports;

use std::{
    env,
    io::{self, Write},
    time::Instant,
};

use program::{Program, Stage, Twin};

fn main() -> io::Result<()> {
    let times = env::args().nth(1).and_then(|times| times.parse().ok()).unwrap_or(1);
    // Those of `holds` do nothing but wait.
    let programs: Vec<Program> = [
        check_then_act::PROGRAMS,
        go_reports::PROGRAMS,
        rust_reports::PROGRAMS,
        atomicity::PROGRAMS,
        iteration::PROGRAMS,
        owners::PROGRAMS,
        nesting::PROGRAMS,
        lock_order::PROGRAMS,
    ]
    .concat();
    let start = Instant::now();
    for _ in 0..times {
        for program in &programs {
            for twin in [Twin::Fixed, Twin::Locked] {
                (program.run)(&Stage::new(twin));
            }
        }
    }
    writeln!(io::stdout(), "{} us for {times} times {} twins", start.elapsed().as_micros(), programs.len() * 2)
}
