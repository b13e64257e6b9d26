//! The session cache with a planted bug: a request is counted in two steps, so that some are lost. Checked mode finds it:
//!
//! ```text
//! cargo run -p mapwise --features check --example lost_requests             status 66, and a report
//! cargo run -p mapwise --features check --example lost_requests -- fixed    status 0
//! ```
#![allow(missing_docs, clippy::print_stdout)]

use std::env;

use mapwise::{ShardedMap, check};

#[derive(Clone, Default)]
struct Session {
    requests: u64,
}

type Sessions = ShardedMap<String, Session>;

/// Counts a request, and loses those that others count between the two steps.
fn handle(sessions: &Sessions, user: &str) {
    let mut session = sessions.get(user).unwrap_or_default();
    session.requests += 1;
    sessions.insert(user.to_owned(), session);
}

/// Counts a request.
fn handle_in_one_step(sessions: &Sessions, user: &str) {
    sessions.update(user, |session| session.requests += 1);
}

fn serve(workers: usize, requests_each: usize, users: usize, handle: fn(&Sessions, &str)) -> u64 {
    let sessions = Sessions::new().named("sessions");
    let user = |number: usize| format!("user-{}", number % users);
    (0..users).for_each(|number| {
        sessions.insert(user(number), Session::default());
    });
    // As std's threads, but a report can name the line that started each.
    check::scope(|scope| {
        for worker in 0..workers {
            let (sessions, user) = (&sessions, &user);
            scope.spawn(move || (0..requests_each).for_each(|request| handle(sessions, &user(request * 31 + worker))));
        }
    });
    let mut counted = 0;
    sessions.for_each(|_, session| counted += session.requests);
    counted
}

pub fn main() {
    let handle = if env::args().nth(1).as_deref() == Some("fixed") { handle_in_one_step } else { handle };
    let counted = serve(4, 2_000, 10, handle);
    println!("{counted} of 8000 requests counted");
}
