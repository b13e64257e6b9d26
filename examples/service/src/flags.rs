//! Feature flags: read by every request, changed hardly ever.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::{Path, Request, State as Shared},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    State,
    maps::{Kind, Map, is_plain},
};

/// Refuses requests, except for those to the flags.
const MAINTENANCE: &str = "maintenance";

/// Makes every use of a session hold its lock for long, to be seen in the profile.
pub(crate) const SLOW_SESSIONS: &str = "slow-sessions";

/// How many flags there may be.
const MOST: usize = 1_000;

/// What is on and what is off.
pub(crate) struct Flags {
    map: Map<bool>,
}

impl Flags {
    /// The flags that the service itself obeys, turned off.
    pub(crate) fn new(kind: Kind) -> Self {
        let map = Map::new(kind, "flags");
        for name in [MAINTENANCE, SLOW_SESSIONS] {
            map.insert(name.to_owned(), false);
        }
        Self { map }
    }

    /// Whether a flag is on; one that is not known is off.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.map.get(name).unwrap_or(false)
    }
}

/// Lets a request through unless the service is being maintained.
pub(crate) async fn obey(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    if state.flags.is_on(MAINTENANCE) && !request.uri().path().starts_with("/flags") {
        return (StatusCode::SERVICE_UNAVAILABLE, "the service is being maintained\n").into_response();
    }
    next.run(request).await
}

/// Shows the flags.
pub(crate) async fn show(Shared(state): Shared<Arc<State>>) -> Json<BTreeMap<String, bool>> {
    let mut flags = BTreeMap::new();
    state.flags.map.for_each(|name, on| {
        flags.insert(name.clone(), *on);
    });
    Json(flags)
}

/// Turns a flag on or off.
pub(crate) async fn set(
    Shared(state): Shared<Arc<State>>,
    Path(name): Path<String>,
    value: String,
) -> (StatusCode, &'static str) {
    let on = match value.trim() {
        "on" => true,
        "off" => false,
        _ => return (StatusCode::BAD_REQUEST, "a flag is on or off\n"),
    };
    if !is_plain(&name) {
        return (StatusCode::BAD_REQUEST, "a name is 1 to 64 letters, digits, -, _, . and :\n");
    }
    let map = &state.flags.map;
    if map.len() >= MOST && !map.contains_key(&name) {
        return (StatusCode::SERVICE_UNAVAILABLE, "there are too many flags\n");
    }
    map.insert(name, on);
    (StatusCode::NO_CONTENT, "")
}
