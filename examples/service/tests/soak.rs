//! The service under load for a while, with its profile scraped every second.
//!
//! Ten seconds; `MAPWISE_SOAK=10m` makes it longer. What it shows, it prints: `cargo test -p mapwise-service --features
//! profile --test soak -- --nocapture`.
#![allow(clippy::print_stderr, reason = "the figures are for the reader")]

mod common;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use common::Service;
use hyper::Method;
use mapwise_profile::{MapProfile, Profile};
use mapwise_service::load::{Outcome, Plan, run};
use openmetrics_parser::prometheus::parse_prometheus;
use tokio::time::MissedTickBehavior;

/// How long without the variable.
const TIME: Duration = Duration::from_secs(10);

/// Requests a second, on 16 connections.
const RATE: f64 = 1_000.0;

/// What 99 % of the requests keep that are due in the half second of a scrape, from when they are due: a tenth of the time
/// between two scrapes.
const P99: Duration = Duration::from_millis(100);

/// On a machine too busy for that even without scrapes, how many times the p99 of the other half seconds it may be: those have no
/// scrape, and as much of everything else.
const TIMES_UNSCRAPED: u32 = 2;

/// How much the memory may grow in the second half: it is the allocator's, for sessions come and go and stay as many.
const GROWTH_KIB: u64 = 4 << 10;

/// What the scrapes and looks at the memory found.
struct Watched {
    scrapes: u64,
    slowest: Duration,
    memory: Vec<(Duration, u64)>,
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_miscounted_delayed_or_leaked_while_the_profile_is_scraped() {
    let time = std::env::var("MAPWISE_SOAK").map_or(TIME, |text| humantime::parse_duration(&text).expect("a duration"));
    let service = Arc::new(Service::start(&[]));
    let done = Arc::new(AtomicBool::new(false));
    let begin = Instant::now() + Duration::from_secs(2);
    let watching = tokio::spawn(watch(Arc::clone(&service), begin, Arc::clone(&done)));
    let plan = Plan { address: service.address, users: 16, rate: RATE, begin, time };
    let outcome = run(plan).await.expect("the service answers");
    done.store(true, Ordering::Relaxed);
    let watched = watching.await.expect("no scrape failed");
    say(&outcome, &watched);

    assert_eq!((outcome.lost, &outcome.wrong[..]), (0, &[][..]), "sessions are kept and uses are counted");
    assert!(outcome.requests() as f64 >= RATE * time.as_secs_f64() * 0.99);
    let counts: BTreeMap<String, u64> = serde_json::from_str(&service.get("/counts").await).expect("JSON");
    assert_eq!(counts, outcome.counts, "the service counted what the users did");
    in_the_profile(&service.profile().await, &outcome);
    let [scraped, other] = p99s(&outcome);
    assert!(scraped <= P99.max(other * TIMES_UNSCRAPED), "p99 is {scraped:?} beside a scrape and else {other:?}");
    assert!(watched.scrapes >= time.as_secs() / 2, "{} scrapes", watched.scrapes);
    is_flat(&watched.memory, time);
}

/// Scrapes every second, as a monitor, a browser and a developer would.
async fn watch(service: Arc<Service>, begin: Instant, done: Arc<AtomicBool>) -> Watched {
    let mut watched = Watched { scrapes: 0, slowest: Duration::ZERO, memory: Vec::new() };
    let mut turns = tokio::time::interval_at(begin.into(), Duration::from_secs(1));
    // One that comes late must not move the others into the half seconds without a scrape.
    turns.set_missed_tick_behavior(MissedTickBehavior::Skip);
    // Relaxed: only when to stop depends on it.
    while !done.load(Ordering::Relaxed) {
        turns.tick().await;
        let before = Instant::now();
        let profile = service.profile().await;
        assert_eq!(profile.maps.len(), 4);
        parse_prometheus(&service.get("/debug/mapwise/metrics").await).expect("a parser reads it");
        assert_eq!(service.ask(Method::GET, "/debug/mapwise/profile.pb.gz", "").await.0, 200);
        watched.slowest = watched.slowest.max(before.elapsed());
        watched.scrapes += 1;
        watched.memory.extend(service.resident_kib().map(|kib| (begin.elapsed(), kib)));
    }
    watched
}

/// The profile counted the same as the users.
fn in_the_profile(profile: &Profile, outcome: &Outcome) {
    let map = |name: &str| -> &MapProfile { profile.maps.iter().find(|map| map.name == name).expect("a map") };
    let operation = |name: &str, method: &str| {
        let known = map(name).operations.iter().find(|operation| operation.name == method);
        known.map_or((0, 0), |operation| (operation.hits, operation.misses))
    };
    let count = |series: &str| outcome.counts.get(series).copied().unwrap_or(0);
    assert_eq!(map("sessions").len, Some(outcome.open));
    assert_eq!(operation("sessions", "insert"), (0, count("POST /sessions 201")));
    assert_eq!(operation("sessions", "remove"), (count("DELETE /sessions/{id} 204"), 0));
    let used = (count("GET /sessions/{id} 200"), count("GET /sessions/{id} 404"));
    assert_eq!(operation("sessions", "compute"), used);
    // Every request asks for one flag, and a use of a session for another. One more was for the counts.
    let (hits, misses) = operation("flags", "get");
    assert_eq!(hits + misses, outcome.requests() + used.0 + used.1 + 1);
    assert_eq!(map("request counts").len, Some(outcome.counts.len() as u64 + 1));
}

/// The memory at the end is that of the middle.
fn is_flat(memory: &[(Duration, u64)], time: Duration) {
    if memory.is_empty() {
        eprintln!("skipped: this system does not tell how much memory a process has");
        return;
    }
    let most = |from: f64, to: f64| {
        let part = memory.iter().filter(|(at, _)| (time.mul_f64(from)..time.mul_f64(to)).contains(at));
        part.map(|(_, kib)| *kib).max().unwrap_or(0)
    };
    let (middle, end) = (most(0.4, 0.7), most(0.7, 2.0));
    assert!(end <= middle + GROWTH_KIB, "from {middle} to {end} KiB: {memory:?}");
}

/// Of the half seconds with a scrape, and of those without.
fn p99s(outcome: &Outcome) -> [Duration; 2] {
    outcome.latency_us.each_ref().map(|latency_us| Duration::from_micros(latency_us.value_at_quantile(0.99)))
}

fn say(outcome: &Outcome, watched: &Watched) {
    let latency = |share| outcome.latency(share);
    eprintln!(
        "{} requests, {} sessions open, {} lost; p50 {:?}, max {:?}; p99 {:?} with a scrape, {:?} without",
        outcome.requests(),
        outcome.open,
        outcome.lost,
        latency(0.5),
        latency(1.0),
        p99s(outcome)[0],
        p99s(outcome)[1]
    );
    let kib = |at: Option<&(Duration, u64)>| at.map_or(0, |(_, kib)| *kib);
    let middle = watched.memory.get(watched.memory.len() / 2);
    eprintln!(
        "{} scrapes, the slowest took {:?}; {} KiB at first, {} in the middle, {} at the end",
        watched.scrapes,
        watched.slowest,
        kib(watched.memory.first()),
        kib(middle),
        kib(watched.memory.last())
    );
}
