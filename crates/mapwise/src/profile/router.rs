//! The profile over HTTP: a page that follows it, and the same figures for other programs.
//!
//! - **copied-first**: an answer is made whole, from a copy, before its first byte is sent. A client that reads slowly, or
//!   not at all, holds its own answer and nothing of any map.
//! - **few-at-a-time**: at most [`AT_ONCE`] answers are made at a time, away from the threads that serve requests.

use std::sync::Arc;

use axum::{
    Router,
    extract::{RawQuery, Request},
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
            X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    middleware::{Next, from_fn},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use mapwise_profile::{Blame, Profile, collapsed, page, pprof, prometheus};
use tokio::sync::Semaphore;

/// Where the page is; the rest is beside it.
const HOME: &str = "/debug/mapwise/";

/// How many answers are made at a time.
const AT_ONCE: usize = 2;

/// Returns a router that serves the profile of this process, to be merged into an application's.
///
/// | path | answer |
/// |---|---|
/// | `/debug/mapwise/` | a page that draws the profile and follows it without a reload |
/// | `/debug/mapwise/profile.pb.gz` | for `go tool pprof` and speedscope: who waited, or with `?blame=holder` who was waited for |
/// | `/debug/mapwise/stacks.txt` | for inferno, flamegraph.pl and speedscope: the same, in collapsed stacks |
/// | `/debug/mapwise/profile.json` | for `mapwise top`, `mapwise report` and `mapwise advise --profile` |
/// | `/debug/mapwise/metrics` | for Prometheus |
///
/// Everything that comes from the program, such as names of maps, is escaped for its format, and no key is in it. But
/// nobody is asked who they are: serve it on the loopback, or behind something that asks.
///
/// # Concurrency
///
/// Takes no lock of any map; see [`snapshot`](super::snapshot). An answer is made whole before it is sent, so a slow client
/// slows nothing but itself.
///
/// # Examples
///
/// ```
/// use axum::{Router, routing::get};
///
/// # async fn serve() -> std::io::Result<()> {
/// let app: Router = Router::new().route("/", get(|| async { "hello" })).merge(mapwise::profile::router());
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
/// axum::serve(listener, app).await
/// # }
/// ```
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let made = |make: fn(&Profile) -> Answer| {
        let turns = Arc::clone(&turns);
        get(move || answer(turns, make))
    };
    let blamed = |make: fn(&Profile, Blame) -> Answer| {
        let turns = Arc::clone(&turns);
        get(move |query| blaming(turns, query, make))
    };
    Router::new()
        .route(HOME.trim_end_matches('/'), get(async || Redirect::permanent(HOME)))
        .route(HOME, get(async || Answer::new("text/html; charset=utf-8", page::live())))
        .route(&at("profile.pb.gz"), blamed(|profile, blame| Answer::file(pprof::gz(profile, blame))))
        .route(
            &at("stacks.txt"),
            blamed(|profile, blame| Answer::new(collapsed::CONTENT_TYPE, collapsed::text(profile, blame))),
        )
        .route(&at("profile.json"), made(|profile| Answer::new("application/json", profile.to_json())))
        .route(&at("metrics"), made(|profile| Answer::new(prometheus::CONTENT_TYPE, prometheus::text(profile))))
        .route_layer(from_fn(guard))
}

fn at(file: &str) -> String {
    format!("{HOME}{file}")
}

/// An answer that is finished.
struct Answer {
    kind: &'static str,
    disposition: Option<&'static str>,
    body: Vec<u8>,
}

impl Answer {
    fn new(kind: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { kind, disposition: None, body: body.into() }
    }

    /// What a browser keeps as a file.
    fn file(body: Vec<u8>) -> Self {
        Self {
            disposition: Some("attachment; filename=\"profile.pb.gz\""),
            ..Self::new("application/octet-stream", body)
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = ([(CONTENT_TYPE, self.kind)], self.body).into_response();
        if let Some(disposition) = self.disposition {
            response.headers_mut().insert(CONTENT_DISPOSITION, HeaderValue::from_static(disposition));
        }
        response
    }
}

/// Answers with what blames those who waited or those who held, as the query says.
async fn blaming(turns: Arc<Semaphore>, RawQuery(query): RawQuery, make: fn(&Profile, Blame) -> Answer) -> Response {
    let blame = match query.as_deref().unwrap_or_default() {
        "" | "blame=waiter" => Blame::Waiter,
        "blame=holder" => Blame::Holder,
        _ => return (StatusCode::BAD_REQUEST, "the only option is blame, with waiter or holder\n").into_response(),
    };
    answer(turns, move |profile| make(profile, blame)).await
}

/// Takes a profile and makes an answer of it, when it is this request's turn.
async fn answer(turns: Arc<Semaphore>, make: impl FnOnce(&Profile) -> Answer + Send + 'static) -> Response {
    let failed = || (StatusCode::INTERNAL_SERVER_ERROR, "the profile could not be taken\n").into_response();
    let Ok(turn) = turns.acquire_owned().await else { return failed() };
    let made = tokio::task::spawn_blocking(move || {
        // Lasts as long as the work, even if the client has gone meanwhile.
        let _turn = turn;
        let mut profile = super::snapshot();
        profile.limit();
        make(&profile)
    });
    made.await.map_or_else(|_| failed(), Answer::into_response)
}

/// Adds to every answer what a browser must know not to be used against its user.
async fn guard(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    // The page's own policy cannot say who may frame it.
    let policy = HeaderValue::try_from(format!("{}; frame-ancestors 'none'", page::policy()));
    let policy = policy.unwrap_or(HeaderValue::from_static("default-src 'none'"));
    let fixed = |value| HeaderValue::from_static(value);
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
        (X_FRAME_OPTIONS, fixed("DENY")),
        (REFERRER_POLICY, fixed("no-referrer")),
        (HeaderName::from_static("cross-origin-resource-policy"), fixed("same-origin")),
        (CACHE_CONTROL, fixed("no-store")),
    ] {
        response.headers_mut().insert(name, value);
    }
    response
}
