//! Keys are shown where the program says how, and nowhere else.

use std::{
    env,
    process::{Command, Output},
    sync::LazyLock,
};

use mapwise::{
    ActorMap, CounterMap, FailFastMap, MutexMap, RwLockMap, ShardedMap, SyncMap,
    check::{self, Finding, Kind},
};
use serde_json::Value;

use crate::{kinds, only, turns::between};

/// A key that would like to be a line of the report.
const HOSTILE: &str = "alice\n==================\r\u{1b}[2J\u{202e}<a b='c'>&\"";
/// As a report shows it.
const ESCAPED: &str = "alice\\u{a}==================\\u{d}\\u{1b}[2J\\u{202e}<a b='c'>&\"";

const ALL: [Kind; 4] = [Kind::LostUpdate, Kind::StaleRemove, Kind::DoubleInit, Kind::IterateThenAct];

/// Does to a map, under one key, all that is reported by key.
macro_rules! do_all_wrong {
    ($map:expr) => {{
        let (map, key) = (&$map, || HOSTILE.to_owned());
        map.insert(key(), 1);
        between(|| map.get(HOSTILE), || drop(map.insert(key(), 2)), |_| drop(map.insert(key(), 3)));
        between(|| map.get(HOSTILE), || drop(map.insert(key(), 4)), |_| drop(map.remove(HOSTILE)));
        between(|| map.get(HOSTILE), || drop(map.insert(key(), 5)), |_| drop(map.insert(key(), 6)));
        between(|| map.snapshot(), || drop(map.insert(key(), 7)), |_| drop(map.remove(HOSTILE)));
    }};
}

fn texts(findings: &[Finding]) -> Vec<Option<&str>> {
    findings.iter().map(Finding::key_text).collect()
}

macro_rules! on_every_map {
    ($($test:ident: $map:ident)*) => { $(
        #[test]
        fn $test() {
            let findings = check::collect(|| do_all_wrong!($map::<String, u64>::new()));
            assert_eq!((kinds(&findings), texts(&findings)), (ALL.to_vec(), vec![None; 4]));
            let findings = check::collect(|| do_all_wrong!($map::<String, u64>::new().showing_keys(String::clone)));
            assert_eq!((kinds(&findings), texts(&findings)), (ALL.to_vec(), vec![Some(HOSTILE); 4]));
        }
    )* };
}

on_every_map! {
    a_mutex_map_shows_keys_only_if_told_how: MutexMap
    a_rw_lock_map_shows_keys_only_if_told_how: RwLockMap
    a_sharded_map_shows_keys_only_if_told_how: ShardedMap
    a_sync_map_shows_keys_only_if_told_how: SyncMap
    an_actor_map_shows_keys_only_if_told_how: ActorMap
    a_fail_fast_map_shows_keys_only_if_told_how: FailFastMap
}

#[test]
fn a_counter_map_shows_keys_only_if_told_how() {
    let remove_an_old_count = |map: CounterMap<String>| {
        map.add_ref(HOSTILE, 5);
        check::collect(|| {
            between(|| map.get(HOSTILE), || drop(map.add_ref(HOSTILE, 1)), |_| drop(map.remove(HOSTILE)));
        })
    };
    assert_eq!(only(&remove_an_old_count(CounterMap::new()), Kind::StaleRemove).key_text(), None);
    let findings = remove_an_old_count(CounterMap::new().showing_keys(String::clone));
    assert_eq!(only(&findings, Kind::StaleRemove).key_text(), Some(HOSTILE));
}

#[test]
fn a_key_that_came_by_any_way_is_shown() {
    type Map = ActorMap<u64, u64>;
    let ways: [fn(&mut Map); 6] = [
        |map| map.extend([(1, 1)]),
        |map| drop(map.batch(|table| table.insert(1, 1))),
        |map| map.send(|table| table.upsert(1, || 1, |_| ())).wait(),
        |map| map.upsert(1, || 1, |_| ()),
        |map| drop(map.insert_if_absent(1, 1)),
        |map| drop(map.get_or_insert_with(1, || 1)),
    ];
    for way in ways {
        let mut map = Map::new().showing_keys(|key| format!("number {key}"));
        way(&mut map);
        let findings = check::collect(|| {
            between(|| map.get(&1), || drop(map.update(&1, |n| *n += 1)), |_| drop(map.remove(&1)));
        });
        assert_eq!(only(&findings, Kind::StaleRemove).key_text(), Some("number 1"));
    }
}

#[test]
fn a_formatter_that_panics_harms_nobody() {
    let map = SyncMap::<String, u64>::new().showing_keys(|_| std::panic::resume_unwind(Box::new(())));
    let findings = check::collect(|| do_all_wrong!(map));
    assert_eq!((kinds(&findings), texts(&findings)), (ALL.to_vec(), vec![None; 4]));
    assert_eq!(map.get(HOSTILE), None);
}

#[test]
fn a_formatter_does_not_change_what_an_operation_means() {
    static OTHER: LazyLock<MutexMap<u64, u64>> = LazyLock::new(MutexMap::new);
    let show = |key: &u64| {
        OTHER.insert(*key, 0);
        key.to_string()
    };
    let map = ActorMap::new().showing_keys(show);
    map.insert(1, 1);
    let findings = check::collect(|| {
        // It is a look-up, unless the formatter's call took what it means.
        between(|| map.get_or_insert_with(1, || 2), || drop(map.insert(1, 5)), |seen| drop(map.insert(1, seen + 1)));
    });
    assert_eq!(only(&findings, Kind::LostUpdate).key_text(), Some("1"));
}

/// Says whether the child shows keys.
const SHOWS: &str = "MAPWISE_TEST_SHOWS_KEYS";

#[test]
#[ignore = "what the others run in processes of their own"]
fn child_with_findings() {
    let Ok(shows) = env::var(SHOWS) else { return };
    let map = MutexMap::<String, u64>::new();
    let map = if shows == "1" { map.showing_keys(String::clone) } else { map };
    do_all_wrong!(map);
}

/// What a process says of its findings, and nothing of its test.
fn child(shows: &str, format: &str) -> String {
    let program = env::current_exe().expect("a program knows itself");
    let mut command = Command::new(program);
    command.args(["keys::child_with_findings", "--exact", "--ignored"]).env(SHOWS, shows);
    command.env("MAPWISE_CHECK", format!("format={format} log_path=stderr")).env("RUST_BACKTRACE", "0");
    let Output { status, stderr, .. } = command.output().expect("the program starts");
    let said = String::from_utf8(stderr).expect("reports are UTF-8");
    assert_eq!(status.code(), Some(66), "{said}");
    said
}

#[test]
fn no_format_holds_a_key_that_nobody_said_how_to_show() {
    for format in ["text", "json", "sarif", "github", "junit"] {
        let said = child("0", format);
        assert!(said.contains("child_with_findings") || said.contains("keys.rs"), "{format}: {said}");
        assert!(!said.contains("alice") && !said.contains("<a b"), "{format}: {said}");
    }
}

#[test]
fn a_key_that_is_shown_cannot_forge_a_line() {
    let said = child("1", "text");
    assert_eq!(said.matches(&format!("  key {ESCAPED}  id=")).count(), ALL.len(), "{said}");
    assert_eq!(said.matches("alice").count(), ALL.len(), "{said}");
    let said = child("1", "json");
    let document: Value = serde_json::from_str(&said).expect("it is JSON");
    let findings = document["findings"].as_array().expect("a document has findings");
    assert_eq!(findings.len(), ALL.len());
    for finding in findings {
        assert_eq!(finding["key"]["text"], ESCAPED);
    }
}
