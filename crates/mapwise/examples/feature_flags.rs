//! Feature flags: every request reads them, an operator changes one now and then, and a reload replaces them all.
//!
//! `cargo run -p mapwise --example feature_flags`
#![allow(missing_docs, clippy::print_stdout)]

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
};

use mapwise::SyncMap;

/// For how many of 100 users a feature is on.
type Percent = u8;

fn is_on(flags: &SyncMap<&'static str, Percent>, feature: &str, user: u64) -> bool {
    // An unknown flag is off; the read takes no lock and allocates nothing.
    flags.view(feature, |percent| user % 100 < u64::from(*percent)).unwrap_or(false)
}

pub struct Summary {
    pub requests: u64,
    pub dark: u64,
    pub beta: u64,
    pub changes: u64,
}

pub fn serve(workers: u64, requests_each: u64) -> Summary {
    let flags: SyncMap<&str, Percent> = [("dark-mode", 100), ("beta-search", 0)].into_iter().collect();
    let done = AtomicBool::new(false);
    let worker = || {
        let (mut dark, mut beta) = (0, 0);
        for user in 0..requests_each {
            dark += u64::from(is_on(&flags, "dark-mode", user));
            beta += u64::from(is_on(&flags, "beta-search", user));
            assert!(!is_on(&flags, "no-such-flag", user));
        }
        (dark, beta)
    };
    let operator = || {
        let mut changes = 0;
        while !done.load(Relaxed) {
            // Rolls out step by step, from wherever it stands, and back.
            flags.update("beta-search", |percent| *percent = (*percent + 10) % 60);
            changes += 1;
            thread::yield_now();
        }
        changes
    };
    thread::scope(|scope| {
        let operator = scope.spawn(operator);
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        let (mut dark, mut beta) = (0, 0);
        for worker in running {
            let (more_dark, more_beta) = worker.join().expect("no worker panics");
            dark += more_dark;
            beta += more_beta;
        }
        done.store(true, Relaxed);
        let changes = operator.join().expect("the operator does not panic");
        Summary { requests: workers * requests_each, dark, beta, changes }
    })
}

pub fn main() {
    let Summary { requests, dark, beta, changes } = serve(4, 200_000);
    println!("{requests} requests: dark mode for {dark}, beta search for {beta}; {changes} changes meanwhile");
}
