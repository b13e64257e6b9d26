//! A registry of instances: each says every so often that it lives, and is forgotten when it does not.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json,
    extract::{Path, State as Shared},
    http::StatusCode,
};

use crate::{
    State,
    maps::{Kind, Map, is_plain},
};

/// How many instances there may be.
const MOST: usize = 10_000;

#[derive(Clone)]
struct Instance {
    address: String,
    beat: Instant,
}

/// The instances that live.
pub(crate) struct Registry {
    map: Map<Instance>,
    time: Duration,
}

impl Registry {
    /// No instances; those to come are listed for `time` after each heartbeat.
    pub(crate) fn new(kind: Kind, time: Duration) -> Self {
        Self { map: Map::new(kind, "instances"), time }
    }

    /// Removes those that were not heard of for too long.
    pub(crate) fn sweep(&self) {
        self.map.retain(|_, instance| instance.beat.elapsed() < self.time);
    }
}

/// Shows which instances live, and where.
pub(crate) async fn show(Shared(state): Shared<Arc<State>>) -> Json<BTreeMap<String, String>> {
    let mut instances = BTreeMap::new();
    state.registry.map.for_each(|name, instance| {
        if instance.beat.elapsed() < state.registry.time {
            instances.insert(name.clone(), instance.address.clone());
        }
    });
    Json(instances)
}

/// Takes a heartbeat.
pub(crate) async fn beat(
    Shared(state): Shared<Arc<State>>,
    Path(name): Path<String>,
    address: String,
) -> (StatusCode, &'static str) {
    if !is_plain(&name) || !is_plain(&address) {
        return (StatusCode::BAD_REQUEST, "names and addresses are 1 to 64 letters, digits, -, _, . and :\n");
    }
    let map = &state.registry.map;
    if map.len() >= MOST && !map.contains_key(&name) {
        return (StatusCode::SERVICE_UNAVAILABLE, "there are too many instances\n");
    }
    map.insert(name, Instance { address, beat: Instant::now() });
    (StatusCode::NO_CONTENT, "")
}
