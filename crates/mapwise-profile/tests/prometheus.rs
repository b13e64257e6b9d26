//! The metrics, as a parser that is not ours reads them.

mod common;

use std::collections::BTreeMap;

use mapwise_profile::{Profile, prometheus};
use openmetrics_parser::prometheus::parse_prometheus;
use openmetrics_parser::{PrometheusType, PrometheusValue};

type Labels = BTreeMap<String, String>;

/// Every sample with its labels, by family; the parser refuses a text with two equal series.
fn parse(profile: &Profile) -> BTreeMap<String, (PrometheusType, Vec<(Labels, PrometheusValue)>)> {
    let text = prometheus::text(profile);
    let exposition = parse_prometheus(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let families = exposition.families.into_iter().map(|(name, family)| {
        let samples = family.iter_samples().map(|sample| {
            let labels = sample.get_labelset().expect("labels");
            let labels = labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            (labels, sample.value.clone())
        });
        let samples = samples.collect();
        (name, (family.family_type, samples))
    });
    families.collect()
}

fn number(value: &PrometheusValue) -> f64 {
    match value {
        PrometheusValue::Counter(counter) => counter.value.as_f64(),
        PrometheusValue::Gauge(gauge) => gauge.as_f64(),
        other => panic!("a number, not {other:?}"),
    }
}

/// The value of the series of a family with these labels.
fn value(profile: &Profile, family: &str, labels: &[(&str, &str)]) -> f64 {
    let families = parse(profile);
    let (_, samples) = &families[family];
    let wanted: Labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let found: Vec<&PrometheusValue> =
        samples.iter().filter(|(labels, _)| *labels == wanted).map(|(_, value)| value).collect();
    assert_eq!(found.len(), 1, "{family} {labels:?}");
    number(found[0])
}

#[test]
fn a_map_that_does_not_know_its_length_has_no_series_of_it() {
    let families = parse(&common::service());
    let maps: Vec<&str> = families["map_entries"].1.iter().map(|(labels, _)| labels["map"].as_str()).collect();
    assert!(maps.contains(&"routes") && !maps.contains(&"request counters"), "{maps:?}");
}

#[test]
fn counters_and_gauges_are_those_of_the_profile() {
    let profile = common::hot_key();
    for (family, labels, expected) in [
        ("cache_requests_total", &[("map", "sessions"), ("type", "get"), ("result", "hit")][..], 3_000_000.0),
        ("cache_requests_total", &[("map", "sessions"), ("type", "insert"), ("result", "miss")], 50_000.0),
        ("map_entries", &[("map", "sessions")], 1_615.0),
        ("map_lock_contentions_total", &[("map", "sessions")], 90_000.0),
        ("map_lock_delay_seconds_total", &[("map", "sessions")], 9.0),
        ("map_shard_delay_seconds_total", &[("map", "sessions"), ("shard", "3")], 8.1),
        ("map_shard_imbalance", &[("map", "sessions"), ("of", "delay")], 14.4),
        ("map_resizes_total", &[("map", "sessions")], 96.0),
        ("map_hottest_key_samples", &[("map", "sessions")], 59_000.0),
        ("mapwise_maps", &[], 1.0),
        ("mapwise_maps_left_out", &[], 0.0),
        ("mapwise_profile_seconds", &[], 10.0),
    ] {
        assert_eq!(value(&profile, family, labels), expected, "{family} {labels:?}");
    }
    assert!(matches!(parse(&profile)["cache_requests_total"].0, PrometheusType::Counter));
    assert!(matches!(parse(&profile)["map_entries"].0, PrometheusType::Gauge));
}

#[test]
fn histograms_are_cumulative_in_seconds() {
    let families = parse(&common::hot_key());
    let (_, samples) = &families["map_lock_wait_seconds"];
    let PrometheusValue::Histogram(waits) = &samples[0].1 else { panic!("a histogram") };
    assert_eq!((waits.count, waits.sum.map(|sum| sum.as_f64())), (Some(90_000), Some(10.0)));
    let below = |seconds: f64| {
        let bucket = waits.buckets.iter().find(|bucket| bucket.upper_bound >= seconds).expect("a bucket");
        bucket.count.as_f64()
    };
    assert_eq!(
        [below(0.000_01), below(0.000_06), below(0.000_2), below(f64::INFINITY)],
        [0.0, 60_000.0, 88_000.0, 90_000.0]
    );
}

#[test]
fn hostile_names_are_labels_and_nothing_else() {
    let profile = common::hostile();
    let families = parse(&profile);
    let expected: BTreeMap<String, _> = parse(&common::service());
    assert_eq!(families.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    let names: Vec<&str> = families["map_entries"].1.iter().map(|(labels, _)| labels["map"].as_str()).collect();
    assert_eq!(names.len(), 4, "names that agree once they are cut stay apart: {names:?}");
    assert!(names.iter().any(|name| name.starts_with("</script><img src=x onerror=")), "{names:?}");
    let text = prometheus::text(&profile);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'));
    assert!(!text.contains("feed"), "no hash of a key");
}

#[test]
fn the_number_of_series_is_bounded() {
    let mut profile = common::quiet();
    let large = &mut profile.maps[0].shards.each;
    *large = vec![large[0].clone(); 1_024];
    let map = profile.maps[0].clone();
    profile.maps.extend((0..200).map(|index| {
        let mut map = map.clone();
        (map.name, map.delay_ns) = (format!("map-{index}"), 1_000_000 * index);
        map
    }));
    let families = parse(&profile);
    let names: Vec<&str> = families["map_entries"].1.iter().map(|(labels, _)| labels["map"].as_str()).collect();
    assert_eq!(names.len(), prometheus::MAPS);
    assert!(names.contains(&"map-199") && !names.contains(&"map-3"), "those that waited longest stay");
    assert_eq!(value(&profile, "mapwise_maps_left_out", &[]), 151.0);
    let by_shard = families.get("map_shard_delay_seconds_total").map_or(0, |family| family.1.len());
    assert_eq!(by_shard, 0, "1,024 shards are too many for series");
    let lines = prometheus::text(&profile).lines().filter(|line| !line.starts_with('#')).count();
    assert!(lines < prometheus::MAPS * 100, "{lines}");
}
