//! Maps that are wrong on purpose: each must be caught, and nobody else.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use mapwise_record::run::Origin;
use mapwise_record::workload::Mix;

use super::*;
use crate::candidate::{About, Simplicity, Subject};
use crate::list::List;

/// A locked map with a defect of its own.
struct Defective {
    map: Mutex<HashMap<u64, u64>>,
    calls: AtomicU64,
    defect: Defect,
}

#[derive(Clone, Copy, PartialEq)]
enum Defect {
    /// Every thousandth insert is dropped.
    DropsInserts,
    /// Every thousandth increment is dropped.
    DropsIncrements,
    /// The tenth thousandth operation panics.
    Panics,
    /// Every thousandth insert throws another entry out, as caches do.
    Evicts,
}

impl Defective {
    fn strikes(&self, defect: Defect, every: u64) -> bool {
        self.defect == defect && self.calls.fetch_add(1, Ordering::Relaxed) % every == every - 1
    }
}

impl Subject<u64, u64> for Defective {
    fn get(&self, key: &u64) -> Option<u64> {
        self.map.lock().unwrap().get(key).copied()
    }

    fn get_or_insert(&self, key: &u64, init: impl Fn() -> u64) -> (u64, bool) {
        let new = self.get(key).is_none();
        (*self.map.lock().unwrap().entry(*key).or_insert_with(init), new)
    }

    fn insert(&self, key: u64, value: u64) -> bool {
        assert!(!self.strikes(Defect::Panics, 10_000), "out of order");
        let mut map = self.map.lock().unwrap();
        if self.strikes(Defect::Evicts, 1000) {
            let victim = map.keys().next().copied();
            victim.and_then(|victim| map.remove(&victim));
        }
        if self.strikes(Defect::DropsInserts, 1000) {
            return !map.contains_key(&key);
        }
        map.insert(key, value).is_none()
    }

    fn update(&self, key: &u64, change: impl Fn(&mut u64)) -> bool {
        self.map.lock().unwrap().get_mut(key).map(change).is_some()
    }

    fn upsert(&self, key: &u64, init: impl Fn() -> u64, change: impl Fn(&mut u64)) -> bool {
        if self.strikes(Defect::DropsIncrements, 1000) && self.get(key).is_some() {
            return false;
        }
        if self.update(key, change) {
            return false;
        }
        self.map.lock().unwrap().insert(*key, init()).is_none()
    }

    fn remove(&self, key: &u64) -> bool {
        self.map.lock().unwrap().remove(key).is_some()
    }

    fn scan(&self, _limit: usize, _visit: impl FnMut(&u64, &u64)) {}

    fn len(&self) -> usize {
        self.map.lock().unwrap().len()
    }
}

/// A contest of one sound standard choice and one defective map, on one thread so that nothing but
/// the defect can be at fault.
fn contest_with(defect: Defect, mix: Mix) -> compete::Outcome {
    let mut workload = workload(mix);
    workload.cache_like = defect == Defect::Evicts;
    workload.keys.space = 4_000;
    workload.keys.prefill = 2_000;
    let plan = Arc::new(Plan::synthetic(&workload, 1, 7).unwrap());
    let mut list = List::<u64, u64>::new(Arc::clone(&plan));
    let map = move |defect| Defective { map: Mutex::default(), calls: AtomicU64::new(0), defect };
    let about = |id, origin| About::new(id, id, origin, Simplicity::Mutex);
    list.add(about("sound", Origin::Standard), |_| crate::peers::std_mutex::<u64, u64, std::hash::RandomState>());
    let defective = about("defective", Origin::Crate);
    let defective = match defect {
        Defect::Evicts => defective.evicts(),
        _ => defective,
    };
    list.add(defective, move |_| map(defect));
    let _alone = alone();
    let observer = Watcher::patient();
    let time = Duration::from_millis(500);
    let clock = Clock::new(time, &observer);
    let contest = Contest { plan: &plan, clock: &clock, until: time, seed: 7 };
    contest.run(list.finish()).unwrap()
}

fn absence(outcome: &compete::Outcome) -> &str {
    let absences = &outcome.left_out;
    let absence = absences.iter().find(|absence| absence.candidate == "defective");
    &absence.expect("it is left out").reason
}

#[test]
fn a_map_that_drops_inserts_makes_no_number() {
    let mix = Mix { insert: 0.5, remove: 0.5, ..Mix::default() };
    let outcome = contest_with(Defect::DropsInserts, mix);
    assert!(absence(&outcome).contains("wrong at 1 thread: it holds"));
    assert!(outcome.cells.iter().all(|cell| cell.candidate == "sound"));
    let wrong = |w: &Warning| w.kind == WarningKind::Wrong && w.text.contains("defective");
    assert!(outcome.warnings.iter().any(wrong));
}

#[test]
fn a_map_that_loses_increments_makes_no_number() {
    let outcome = contest_with(Defect::DropsIncrements, counting());
    assert!(absence(&outcome).contains("its counters add up to"));
}

#[test]
fn a_map_that_panics_is_left_out_with_its_words_and_the_others_go_on() {
    let mix = Mix { insert: 1.0, ..Mix::default() };
    let outcome = contest_with(Defect::Panics, mix);
    assert!(absence(&outcome).contains("panicked at 1 thread: out of order"));
    assert!(outcome.complete);
    assert_eq!(outcome.cells.len(), 1);
}

#[test]
fn a_map_that_may_evict_is_not_accused_of_it() {
    let mix = Mix { insert: 0.5, remove: 0.5, ..Mix::default() };
    let outcome = contest_with(Defect::Evicts, mix);
    assert_eq!(outcome.cells.len(), 2, "{:?}", outcome.left_out);
}
