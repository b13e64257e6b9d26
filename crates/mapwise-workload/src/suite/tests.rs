//! Whole suites, small: what they measure is of no account here, what they say of it is.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mapwise_record::bench::Bench;
use mapwise_record::run::WarningKind;
use mapwise_record::suite::Measure;

use super::*;
use crate::session::Observer;

/// Interrupts after so many looks.
struct Watcher {
    patience: u32,
    looks: AtomicU32,
}

impl Watcher {
    fn patient() -> Self {
        Self { patience: u32::MAX, looks: AtomicU32::new(0) }
    }
}

impl Observer for Watcher {
    fn progress(&self, done: f64, _left: Duration, _doing: &str) {
        assert!((0.0..=1.0).contains(&done), "{done}");
    }

    fn cancelled(&self) -> bool {
        self.looks.fetch_add(1, Ordering::Relaxed) >= self.patience
    }
}

fn small(kind: KeyType, mixes: &[Mix], threads: &[usize]) -> Settings {
    Settings { rounds: 4, grown_keys: 2_000, ..Settings::quick().select(mixes, &[kind], &[500], threads) }
}

fn only(ids: &[&str]) -> Option<Vec<String>> {
    Some(ids.iter().map(|id| (*id).to_owned()).collect())
}

fn candidates(suite: &Suite, mix: Mix) -> Vec<&str> {
    let run = suite.runs.iter().find(|run| run.workload.name == mix.id()).unwrap();
    let mut ids: Vec<&str> = run.cells.iter().map(|cell| &*cell.candidate).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn every_map_keeps_what_it_holds_in_every_mix() {
    let suite = measure(&small(KeyType::U64, &[], &[2]), &Watcher::patient()).unwrap();
    assert_eq!(suite.rows.len(), Mix::ALL.len());
    assert_eq!(suite.skipped, [""; 0]);
    for run in &suite.runs {
        // Its readers can miss a key whose value is being replaced.
        let known = |text: &str| text.starts_with("scc 3 HashIndex") && text.contains("look-ups found something");
        let wrong = run.warnings.iter().filter(|warning| warning.kind == WarningKind::Wrong);
        assert_eq!(wrong.filter(|warning| !known(&warning.text)).count(), 0, "{:?}", run.warnings);
        assert!(run.harness[0].ns_per_op > 0.0 && run.complete);
    }
    for mix in Mix::ALL {
        let ids = candidates(&suite, mix);
        assert!(ids.contains(&"papaya-held") && ids.contains(&"rwlock-64"), "{mix}: {ids:?}");
        assert_eq!(ids.contains(&"leapfrog"), mix != Mix::Grow, "{mix}: it may never end");
        assert_eq!(ids.contains(&"horde"), !matches!(mix, Mix::YcsbA | Mix::YcsbB | Mix::Exchange | Mix::Counters));
    }
    let bench = Bench { rows: suite.rows, ..Bench::new(suite.runs) };
    let json = bench.to_json().expect("a valid file");
    assert_eq!(Bench::from_json(json).expect("our own file"), bench);
}

#[test]
fn strings_have_rows_and_growing_ones_their_longest_insert() {
    let settings = small(KeyType::String, &[Mix::Exchange, Mix::Grow], &[1]);
    let suite = measure(&Settings { only: only(&["dashmap", "horde"]), ..settings }, &Watcher::patient()).unwrap();
    let [exchange, grow] = &suite.rows[..] else {
        panic!("{:?}", suite.rows);
    };
    assert_eq!((&*exchange.workload, &*exchange.key_type, exchange.keys), ("exchange", "string", 500));
    assert_eq!((&*exchange.best_peer, exchange.ok), ("dashmap", true));
    let has = |row: &mapwise_record::suite::Row, what| row.checks.iter().any(|check| check.what == what);
    assert!(has(grow, Measure::LongestInsert) && has(grow, Measure::P99));
    assert!(!has(grow, Measure::Specialist) && !has(exchange, Measure::LongestInsert));
    let run = &suite.runs[0];
    assert_eq!(run.left_out.iter().map(|out| &*out.candidate).collect::<Vec<_>>(), ["horde"]);
}

#[test]
fn an_interrupted_suite_keeps_its_rows() {
    let settings = small(KeyType::U64, &[Mix::ReadHit, Mix::YcsbA], &[1]);
    let settings = Settings { only: only(&["dashmap"]), ..settings };
    let all = Watcher::patient();
    measure(&settings, &all).unwrap();
    let half = Watcher { patience: all.looks.into_inner() / 2, looks: AtomicU32::new(0) };
    let suite = measure(&settings, &half).unwrap();
    assert!(!suite.runs[0].complete && !suite.rows.is_empty());
    let none = Watcher { patience: 0, looks: AtomicU32::new(0) };
    assert!(matches!(measure(&settings, &none), Err(SuiteError::Interrupted)));
}

#[test]
fn what_cannot_be_run_is_refused() {
    let refused = |settings: Settings| measure(&settings, &Watcher::patient()).unwrap_err().to_string();
    let base = || small(KeyType::U64, &[Mix::ReadHit], &[1]);
    assert_eq!(refused(Settings { rounds: 3, ..base() }), "rounds must be between 4 and 200, got 3");
    let text = refused(Settings { only: only(&["horde"]), ..base() });
    assert!(text.starts_with("maps to compare with must include a general one of dashmap, "), "{text}");
    assert!(text.ends_with("got horde"), "{text}");
    assert!(refused(base().select(&[], &[], &[7], &[])).contains("keys of the suite must be between 16 and"));
    assert!(refused(base().select(&[], &[], &[], &[0])).contains("threads must be between 1 and"));
}
