//! Sessions with expiry: every use of a session writes it, and finds one that has expired gone.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Json,
    extract::{Path, State as Shared},
    http::StatusCode,
};
use mapwise::Action;
use serde::Serialize;

use crate::{
    State,
    flags::SLOW_SESSIONS,
    maps::{Kind, Map, is_plain},
};

/// How many sessions there may be, and then those of a quarter of a second.
const MOST: usize = 1_000_000;

/// How long the flag `slow-sessions` makes a use of a session.
const SLOW: Duration = Duration::from_millis(1);

#[derive(Clone)]
struct Session {
    user: String,
    uses: u64,
    used: Instant,
}

/// The open sessions.
pub(crate) struct Sessions {
    map: Map<Session>,
    time: Duration,
    /// Whether there are too many. To ask the map each time would lock all of it: the profile showed that.
    full: AtomicBool,
}

impl Sessions {
    /// No sessions; those to come last for `time` without being used.
    pub(crate) fn new(kind: Kind, time: Duration) -> Self {
        Self { map: Map::new(kind, "sessions"), time, full: AtomicBool::new(false) }
    }

    /// Removes those that have expired.
    pub(crate) fn sweep(&self) {
        self.map.retain(|_, session| session.used.elapsed() < self.time);
        // Relaxed: no other data depends on it.
        self.full.store(self.map.len() >= MOST, Ordering::Relaxed);
    }

    fn touch(&self, id: String, slow: bool) -> Option<Used> {
        // One operation looks and writes: two uses at a time are both counted, and none revives an expired session.
        self.map.compute(id, |present| match present {
            Some(session) if session.used.elapsed() < self.time => {
                if slow {
                    std::thread::sleep(SLOW);
                }
                session.uses += 1;
                session.used = Instant::now();
                Action::Keep(Some(Used { user: session.user.clone(), uses: session.uses }))
            }
            Some(_) => Action::Remove(None),
            None => Action::Keep(None),
        })
    }
}

/// A session after its use.
#[derive(Serialize)]
pub(crate) struct Used {
    user: String,
    uses: u64,
}

/// Opens a session and answers its id.
pub(crate) async fn open(Shared(state): Shared<Arc<State>>, user: String) -> (StatusCode, String) {
    if !is_plain(&user) {
        return (StatusCode::BAD_REQUEST, "a user is 1 to 64 letters, digits, -, _, . and :\n".to_owned());
    }
    if state.sessions.full.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "there are too many sessions\n".to_owned());
    }
    // 128 random bits: nobody guesses the id of another's session.
    let id = format!("{:032x}", rand::random::<u128>());
    state.sessions.map.insert(id.clone(), Session { user, uses: 0, used: Instant::now() });
    (StatusCode::CREATED, id)
}

/// Uses a session.
pub(crate) async fn touch(Shared(state): Shared<Arc<State>>, Path(id): Path<String>) -> Result<Json<Used>, StatusCode> {
    let slow = state.flags.is_on(SLOW_SESSIONS);
    state.sessions.touch(id, slow).map(Json).ok_or(StatusCode::NOT_FOUND)
}

/// Closes a session.
pub(crate) async fn close(Shared(state): Shared<Arc<State>>, Path(id): Path<String>) -> StatusCode {
    match state.sessions.map.remove(&id) {
        Some(_) => StatusCode::NO_CONTENT,
        None => StatusCode::NOT_FOUND,
    }
}
