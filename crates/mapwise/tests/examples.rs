//! The example programs, run for what they promise.

#![allow(dead_code, unreachable_pub, reason = "their main functions are run by cargo")]

#[path = "../examples/feature_flags.rs"]
mod feature_flags;
#[path = "../examples/metrics_collector.rs"]
mod metrics_collector;
#[path = "../examples/request_counter.rs"]
mod request_counter;
#[path = "../examples/session_cache.rs"]
mod session_cache;

#[test]
fn the_session_cache_counts_every_log_in_and_keeps_open_sessions_only() {
    // Everybody comes back before the session ends: one log-in each.
    let patient = session_cache::serve(3, 5_000, 100, u64::MAX);
    assert_eq!((patient.requests, patient.logins, patient.open, patient.swept), (15_000, 100, 100, 0));
    // A session ends at once: most requests log in.
    let hasty = session_cache::serve(3, 5_000, 100, 0);
    assert!(hasty.logins > 10_000 && hasty.open <= 100, "{} log-ins", hasty.logins);
}

#[test]
fn the_request_counter_exports_each_request_once() {
    let summary = request_counter::serve(3, 10_000);
    assert!(summary.exports >= 1);
    let of = |route, status| summary.totals[&(route, status)];
    assert_eq!((of("/health", 200), of("/login", 401), of("/cart", 500)), (300, 900, 300));
    assert_eq!(summary.totals.values().sum::<u64>(), 30_000);
}

#[test]
fn the_feature_flags_are_read_while_they_change() {
    let summary = feature_flags::serve(3, 10_000);
    assert_eq!((summary.requests, summary.dark), (30_000, 30_000));
    assert!(summary.beta <= 15_000, "never on for more than half");
}

#[test]
fn the_metrics_collector_loses_no_record_of_ended_threads() {
    let metrics = metrics_collector::run(3, 10_000);
    assert_eq!(metrics.len(), 10);
    assert!(metrics.values().all(|latency| latency.count == 3_000));
}
