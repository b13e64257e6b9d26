//! Session cache: every request finds and prolongs its user's session; a sweeper removes those that were idle too long.
//!
//! `cargo run -p mapwise --example session_cache`
#![allow(missing_docs, clippy::print_stdout)]

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    thread,
};

use mapwise::{Action, ShardedMap};

#[derive(Clone)]
pub struct Session {
    requests: u64,
    last_seen: u64,
}

/// Counts a request at time `now` and returns whether it opened a session.
fn handle(sessions: &ShardedMap<String, Session>, user: String, now: u64, max_idle: u64) -> bool {
    // One operation looks and writes, so that two requests of a user cannot both open a session.
    sessions.compute(user, |session| match session {
        Some(session) if now.saturating_sub(session.last_seen) <= max_idle => {
            session.requests += 1;
            session.last_seen = session.last_seen.max(now);
            Action::Keep(false)
        }
        _ => Action::Put(Session { requests: 1, last_seen: now }, true),
    })
}

pub struct Summary {
    pub requests: u64,
    pub logins: u64,
    pub swept: u64,
    pub open: u64,
}

pub fn serve(workers: u64, requests_each: u64, users: u64, max_idle: u64) -> Summary {
    let sessions = ShardedMap::new();
    let (clock, swept, done) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let sweep = |now: u64| {
        sessions.retain(|_, session: &mut Session| {
            let open = now.saturating_sub(session.last_seen) <= max_idle;
            swept.fetch_add(if open { 0 } else { session.requests }, Relaxed);
            open
        });
    };
    let logins = thread::scope(|scope| {
        let sweeper = scope.spawn(|| {
            while !done.load(Relaxed) {
                sweep(clock.load(Relaxed));
            }
        });
        let work = |worker: u64| {
            let request = |i: u64| {
                let user = format!("user-{}", (i * 31 + worker * 7) % users);
                u64::from(handle(&sessions, user, clock.fetch_add(1, Relaxed), max_idle))
            };
            (0..requests_each).map(request).sum::<u64>()
        };
        let running: Vec<_> = (0..workers).map(|worker| scope.spawn(move || work(worker))).collect();
        let logins = running.into_iter().map(|worker| worker.join().expect("no worker panics")).sum();
        done.store(true, Relaxed);
        sweeper.join().expect("the sweeper does not panic");
        logins
    });
    Summary { requests: workers * requests_each, logins, swept: swept.into_inner(), open: sessions.len() as u64 }
}

pub fn main() {
    let Summary { requests, logins, swept, open } = serve(4, 50_000, 1_000, 2_000);
    println!("{requests} requests, {logins} logins, {swept} requests in sessions swept since, {open} sessions open");
}
