//! A count of requests by path and status: few keys, and every request writes one.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::{MatchedPath, Request, State as Shared},
    middleware::Next,
    response::Response,
};
use mapwise::Action;

use crate::{
    State,
    maps::{Kind, Map},
};

/// How often each path was asked, by method and status.
pub(crate) struct Counts {
    map: Map<u64>,
}

impl Counts {
    /// No counts.
    pub(crate) fn new(kind: Kind) -> Self {
        Self { map: Map::new(kind, "request counts") }
    }

    fn add(&self, series: String) {
        self.map.compute(series, |count| match count {
            Some(count) => {
                *count += 1;
                Action::Keep(())
            }
            None => Action::Put(1, ()),
        });
    }
}

/// Counts a request when it has its answer.
pub(crate) async fn count(
    Shared(state): Shared<Arc<State>>,
    path: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let method = request.method().clone();
    let answer = next.run(request).await;
    // The pattern of the path, not the path: clients must not choose the keys.
    state.counts.add(format!("{method} {} {}", path.as_str(), answer.status().as_u16()));
    answer
}

/// Shows the counts.
pub(crate) async fn show(Shared(state): Shared<Arc<State>>) -> Json<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    state.counts.map.for_each(|series, count| {
        counts.insert(series.clone(), *count);
    });
    Json(counts)
}
