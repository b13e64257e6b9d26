//! The profile in the facade of the crate `metrics`, as one of its own recorders sees it.

use std::collections::{BTreeMap, HashMap};

use mapwise::{RwLockMap, profile::Metrics};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};

type Labels = BTreeMap<String, String>;

/// What the recorder got since the last look: by metric and labels.
fn published(recorder: &DebuggingRecorder, metrics: &mut Metrics) -> HashMap<(String, Labels), DebugValue> {
    metrics::with_local_recorder(recorder, || metrics.publish());
    let seen = recorder.snapshotter().snapshot().into_vec().into_iter().map(|(key, _, _, value)| {
        let labels = key.key().labels().map(|label| (label.key().to_owned(), label.value().to_owned()));
        ((key.key().name().to_owned(), labels.collect()), value)
    });
    seen.collect()
}

fn value<'a>(
    seen: &'a HashMap<(String, Labels), DebugValue>,
    metric: &str,
    labels: &[(&str, &str)],
) -> Option<&'a DebugValue> {
    let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    seen.get(&(metric.to_owned(), labels))
}

#[test]
fn counters_get_what_is_new_and_gauges_what_is() {
    let recorder = DebuggingRecorder::new();
    let mut metrics = Metrics::new();
    let hostile = "a\"} 1\n# \u{1b}[31m";
    let map = RwLockMap::new().named(hostile);
    let label = "a\"} 1 # \\u{1b}[31m";
    for key in 0..10_u64 {
        map.insert(key, key);
    }
    map.get(&3);
    let get = |result| [("map", label), ("type", "get"), ("result", result)];
    let seen = published(&recorder, &mut metrics);
    assert_eq!(value(&seen, "cache.requests", &get("hit")), Some(&DebugValue::Counter(1)), "{seen:?}");
    assert_eq!(value(&seen, "cache.requests", &get("miss")), Some(&DebugValue::Counter(0)));
    assert_eq!(value(&seen, "map.entries", &[("map", label)]), Some(&DebugValue::Gauge(10.0.into())));
    map.get(&3);
    map.get(&77);
    map.get(&77);
    let seen = published(&recorder, &mut metrics);
    // The recorder empties its counters at each look.
    assert_eq!(value(&seen, "cache.requests", &get("hit")), Some(&DebugValue::Counter(1)));
    assert_eq!(value(&seen, "cache.requests", &get("miss")), Some(&DebugValue::Counter(2)));
    drop(map);
    let map = RwLockMap::<u64, u64>::new().named(hostile);
    map.get(&3);
    let seen = published(&recorder, &mut metrics);
    assert_eq!(value(&seen, "cache.requests", &get("miss")), Some(&DebugValue::Counter(1)), "a new map of that name");
    assert_eq!(value(&seen, "map.entries", &[("map", label)]), Some(&DebugValue::Gauge(0.0.into())));
}

#[test]
fn each_wait_is_recorded_once_and_near_its_length() {
    let recorder = DebuggingRecorder::new();
    let mut metrics = Metrics::new();
    let map = RwLockMap::<u64, u64>::new().named("waits");
    map.insert(1, 1);
    let barrier = std::sync::Barrier::new(2);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            map.update(&1, |_| {
                barrier.wait();
                std::thread::sleep(std::time::Duration::from_millis(50));
            })
        });
        barrier.wait();
        map.get(&1);
    });
    let seen = published(&recorder, &mut metrics);
    let Some(DebugValue::Histogram(waits)) = value(&seen, "map.lock.wait", &[("map", "waits")]) else {
        panic!("no wait in {seen:?}");
    };
    assert!(matches!(waits[..], [wait] if (0.04..5.0).contains(&wait.into_inner())), "{waits:?}");
    assert_eq!(value(&seen, "map.lock.contentions", &[("map", "waits")]), Some(&DebugValue::Counter(1)));
    let seen = published(&recorder, &mut metrics);
    let again = value(&seen, "map.lock.wait", &[("map", "waits")]);
    let times = again.map(|again| matches!(again, DebugValue::Histogram(waits) if waits.is_empty()));
    assert_ne!(times, Some(false), "{again:?}");
}
