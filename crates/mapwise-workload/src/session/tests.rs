//! Whole runs with the real peers; maps that are wrong on purpose are in `defective`.

mod defective;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use mapwise_record::run::{Cell, Origin};
use mapwise_record::workload::{Distribution, Keys, Kind, Mix};

use super::*;

/// Measuring is for one at a time, even of tests.
fn measure(settings: &Settings, observer: &dyn Observer) -> Result<Run, MeasureError> {
    let _alone = alone();
    super::measure(settings, observer)
}

fn alone() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    ONE_AT_A_TIME.lock().unwrap_or_else(|e| e.into_inner())
}

/// Notes what it is told and interrupts after some time.
struct Watcher {
    begin: Instant,
    patience: Duration,
    last: AtomicU64,
    fell_back: AtomicBool,
}

impl Watcher {
    fn patient() -> Self {
        Self::with_patience(Duration::MAX)
    }

    fn with_patience(patience: Duration) -> Self {
        Self { begin: Instant::now(), patience, last: AtomicU64::new(0), fell_back: AtomicBool::new(false) }
    }
}

impl Observer for Watcher {
    fn progress(&self, done: f64, _left: Duration, doing: &str) {
        let before = f64::from_bits(self.last.swap(done.to_bits(), Ordering::Relaxed));
        if done < before || !(0.0..=1.0).contains(&done) || doing.is_empty() {
            self.fell_back.store(true, Ordering::Relaxed);
        }
    }

    fn cancelled(&self) -> bool {
        self.begin.elapsed() > self.patience
    }
}

fn workload(mix: Mix) -> Workload {
    Workload {
        name: "custom".to_owned(),
        title: "a test".to_owned(),
        source: None,
        mix,
        keys: Keys { kind: Kind::U64, space: 2_000, prefill: 1_000, distribution: Distribution::Uniform },
        values: Kind::U64,
        private_keys: false,
        think_ns: 0,
        rate_ops_per_s: None,
        cache_like: false,
    }
}

/// Every operation but scans, so that every adaptor is driven through all of itself.
fn everything() -> Mix {
    Mix { get: 0.3, get_or_insert: 0.1, insert: 0.2, update: 0.1, upsert: 0.1, remove: 0.18, scan: 0.02 }
}

fn counting() -> Mix {
    Mix { get: 0.5, update: 0.2, upsert: 0.3, ..Mix::default() }
}

fn settings(workload: Workload, time_ms: u64) -> Settings {
    Settings { threads: vec![2], time: Duration::from_millis(time_ms), ..Settings::new(Source::Stated(workload)) }
}

fn only(ids: &[&str]) -> Option<Vec<String>> {
    Some(ids.iter().map(|id| (*id).to_owned()).collect())
}

fn ids(run: &Run) -> Vec<&str> {
    let cells = run.cells.iter().map(|cell| &*cell.candidate);
    let others = run.left_out.iter().map(|absence| &*absence.candidate);
    let mut ids: Vec<&str> = cells.chain(others).collect();
    ids.sort_unstable();
    ids
}

const ALL: &[&str] = &[
    "actor-map",
    "collector",
    "counter-map",
    "dashmap",
    "dashmap-256",
    "fail-fast-map",
    "flurry",
    "frozen-map",
    "horde",
    "map",
    "moka",
    "mutex-map",
    "papaya",
    "per-thread-map",
    "pl-mutex",
    "pl-rwlock",
    "quick-cache",
    "rwlock-map",
    "scc-hashindex",
    "scc-hashmap",
    "sharded-map",
    "sharded-map-512",
    "std-mutex",
    "std-rwlock",
    "sync-map",
];

/// Nobody disappears: those without a cell are left out with a reason, and that reason is not that
/// the adaptor is wrong.
fn assert_nobody_is_missing(run: &Run) {
    assert_eq!(ids(run), ALL);
    for absence in &run.left_out {
        assert!(!absence.reason.is_empty());
        let wrong = absence.reason.contains("wrong") || absence.reason.contains("panicked");
        assert!(!wrong, "{absence:?}");
    }
}

#[test]
fn every_candidate_is_measured_or_left_out_with_a_reason_and_conserves_entries() {
    let run = measure(&settings(workload(everything()), 1500), &Watcher::patient()).unwrap();
    assert_nobody_is_missing(&run);
    assert_eq!(run.cells.len(), 17);
    assert!(run.complete);
}

#[test]
fn every_candidate_counts_each_increment_once() {
    let run = measure(&settings(workload(counting()), 1200), &Watcher::patient()).unwrap();
    assert_nobody_is_missing(&run);
    assert_eq!(run.cells.len(), 17);
}

#[test]
fn caches_and_maps_without_replacement_take_part_where_they_may() {
    let mut workload = workload(Mix { get: 0.6, get_or_insert: 0.3, remove: 0.1, ..Mix::default() });
    workload.cache_like = true;
    workload.keys.kind = Kind::String { bytes: 24 };
    workload.values = Kind::String { bytes: 32 };
    let run = measure(&settings(workload, 1500), &Watcher::patient()).unwrap();
    assert_nobody_is_missing(&run);
    assert_eq!(run.cells.len(), 20);
}

#[test]
fn maps_that_only_count_or_only_read_take_part_where_they_may() {
    let count = |mix: Mix, expected: &[&str]| {
        let run = measure(&settings(workload(mix), 1500), &Watcher::patient()).unwrap();
        assert_nobody_is_missing(&run);
        for id in ["collector", "counter-map", "frozen-map", "per-thread-map"] {
            let measured = run.cells.iter().any(|cell| cell.candidate == id);
            assert_eq!(measured, expected.contains(&id), "{id}");
        }
    };
    count(Mix { upsert: 0.99, scan: 0.01, ..Mix::default() }, &["collector", "counter-map", "per-thread-map"]);
    count(Mix { upsert: 0.9, get: 0.1, ..Mix::default() }, &["counter-map"]);
    count(Mix { get: 1.0, ..Mix::default() }, &["counter-map", "frozen-map"]);
}

#[test]
fn a_cell_has_samples_of_every_round_and_latencies_that_never_fall() {
    let mut settings = settings(workload(Mix { get: 1.0, ..Mix::default() }), 1000);
    settings.only = only(&["std-rwlock", "dashmap", "papaya"]);
    let run = measure(&settings, &Watcher::patient()).unwrap();
    assert_eq!(run.cells.len(), 3);
    let rounds = run.cells[0].samples.len();
    assert!(rounds >= 4, "{rounds}");
    for cell in &run.cells {
        let samples = cell.samples.iter().enumerate();
        assert!(samples.clone().all(|(i, s)| s.round as usize == i), "{cell:?}");
        assert!(samples.clone().all(|(_, s)| s.position < 3));
        assert_eq!(cell.samples.len(), rounds);
        assert!(cell.growth_pause_ns.unwrap() > 0);
        let latency = cell.latency_ns.as_ref().unwrap();
        let ladder = [latency.p50, latency.p99, latency.p999, latency.p9999, latency.max];
        assert!(ladder.is_sorted() && ladder[0] > 0, "{latency:?}");
        assert!(latency.count > 0);
    }
    let offered = |cell: &Cell| cell.latency_ns.as_ref().unwrap().offered_ops_per_s;
    assert!(run.cells.iter().all(|cell| offered(cell) == offered(&run.cells[0])));
    let rates = run.cells.iter().map(|cell| cell.throughput_ops_per_s.median);
    assert!(rates.is_sorted_by(|a, b| a >= b), "best first");
    let baseline = run.cells.iter().find(|cell| cell.candidate == run.verdict.baseline);
    assert_eq!(baseline.unwrap().ratio, None);
}

#[test]
fn a_run_takes_the_time_it_is_given() {
    let mut settings = settings(workload(counting()), 2000);
    settings.only = only(&["std-mutex", "std-rwlock", "dashmap", "scc-hashmap"]);
    let watcher = Watcher::patient();
    let run = measure(&settings, &watcher).unwrap();
    // 20 % is the promise; a shared machine under test gets twice that.
    assert!((1.6..2.8).contains(&run.elapsed_s), "{}", run.elapsed_s);
    assert!(!watcher.fell_back.load(Ordering::Relaxed));
}

#[test]
fn growth_is_measured_on_a_fresh_map_each_time() {
    let mut workload = workload(Mix { insert: 1.0, ..Mix::default() });
    workload.keys.prefill = 0;
    workload.keys.space = 20_000;
    workload.keys.distribution = Distribution::Sequential;
    let mut settings = settings(workload, 800);
    settings.only = only(&["std-mutex", "dashmap"]);
    let run = measure(&settings, &Watcher::patient()).unwrap();
    assert_eq!(run.cells.len(), 2, "{:?}", run.left_out);
    for cell in &run.cells {
        assert!(cell.samples.iter().all(|sample| sample.operations <= 20_000));
        assert!(cell.samples.iter().all(|sample| sample.elapsed_ns > 0));
    }
}

#[test]
fn think_time_slows_the_closed_loop_and_stays_out_of_latency() {
    let mut workload = workload(counting());
    workload.think_ns = 200_000;
    workload.rate_ops_per_s = Some(20_000.0);
    let mut settings = settings(workload, 600);
    settings.threads = vec![1];
    settings.only = only(&["std-mutex"]);
    let run = measure(&settings, &Watcher::patient()).unwrap();
    // One operation in 200 us; calibration on a busy machine may be off by half.
    assert!(run.cells[0].throughput_ops_per_s.median < 10_000.0);
    let latency = run.cells[0].latency_ns.as_ref().unwrap();
    let fastest_ns = latency.curve[0].1;
    assert!(fastest_ns < 50_000, "{latency:?}");
    assert_eq!(latency.offered_ops_per_s, 20_000.0);
}

#[test]
fn each_thread_count_has_a_verdict_and_the_run_has_that_of_the_largest_that_fits() {
    let mut settings = settings(workload(counting()), 900);
    settings.threads = vec![4 * machine::cores() + 1, 1, 1];
    settings.only = only(&["std-mutex", "dashmap"]);
    let run = measure(&settings, &Watcher::patient()).unwrap();
    let counts: Vec<usize> = run.verdicts.iter().map(|at| at.threads).collect();
    assert_eq!(counts, [1, 4 * machine::cores() + 1]);
    assert_eq!(run.harness.len(), 2);
    assert_eq!((run.threads, &run.verdict), (1, &run.verdicts[0].verdict));
    let oversubscribed = |w: &&Warning| w.kind == WarningKind::Oversubscribed;
    assert_eq!(run.warnings.iter().filter(oversubscribed).count(), 1);
}

#[test]
fn the_headline_is_the_largest_count_with_processors_or_the_smallest_without() {
    assert_eq!(headline([1, 2, 4, 8].into_iter(), 4), Some(4));
    assert_eq!(headline([8, 16].into_iter(), 4), Some(8));
    assert_eq!(headline([].into_iter(), 4), None);
}

#[test]
fn an_interrupted_run_keeps_what_was_measured() {
    let mut settings = settings(workload(counting()), 60_000);
    settings.only = only(&["std-mutex", "dashmap"]);
    let _alone = alone();
    let watcher = Watcher::with_patience(Duration::from_millis(3500));
    let run = super::measure(&settings, &watcher).unwrap();
    assert!(!run.complete);
    assert!(run.elapsed_s < 15.0);
    assert!(!run.cells.is_empty());
    assert_nobody_is_missing(&run);
    let interrupted = |w: &Warning| w.kind == WarningKind::Interrupted;
    assert!(run.warnings.iter().any(interrupted));
}

#[test]
fn a_run_interrupted_at_once_is_an_error() {
    let watcher = Watcher::with_patience(Duration::ZERO);
    let result = measure(&settings(workload(counting()), 5000), &watcher);
    assert!(matches!(result, Err(MeasureError::Interrupted)), "{result:?}");
}

#[test]
fn settings_that_cannot_be_run_are_refused_with_rule_and_value() {
    let refusal = |change: fn(&mut Settings)| {
        let mut settings = settings(workload(counting()), 1000);
        change(&mut settings);
        measure(&settings, &Watcher::patient()).unwrap_err().to_string()
    };
    assert_eq!(refusal(|s| s.threads = vec![2, 0]), "threads must be between 1 and 1024, got 0");
    assert_eq!(refusal(|s| s.threads = vec![1025]), "threads must be between 1 and 1024, got 1025");
    assert_eq!(refusal(|s| s.threads.clear()), "at least one thread count is needed, got none");
    assert_eq!(refusal(|s| s.time = Duration::from_millis(3)), "time must be at least 100ms, got 3ms");
    let unknown = refusal(|s| s.only = only(&["dashmap", "dishmap"]));
    assert!(unknown.starts_with("candidates must be among "), "{unknown}");
    assert!(unknown.ends_with(", got dishmap"), "{unknown}");
}

#[test]
fn standard_choices_take_part_where_none_is_asked_for() {
    let mut settings = settings(workload(counting()), 600);
    settings.only = only(&["papaya"]);
    let run = measure(&settings, &Watcher::patient()).unwrap();
    let standard = run.cells.iter().filter(|c| c.origin == Origin::Standard);
    assert_eq!((standard.count(), run.cells.len()), (4, 5));
    assert_nobody_is_missing(&run);
    assert!(run.warnings.iter().any(|w| w.text.contains("not asked for")));
}

/// An unresolved verdict proposes a time by it.
#[test]
fn what_a_thread_count_took_is_more_than_its_samples() {
    let _alone = alone();
    let settings = Settings { only: only(&["std-mutex"]), ..settings(workload(everything()), 1_000) };
    let (begin, observer) = (Instant::now(), Watcher::patient());
    let outcome = at(&settings, 2, settings.time, &Clock::new(settings.time, &observer)).unwrap();
    let (took, most) = (outcome.elapsed.as_secs_f64(), begin.elapsed().as_secs_f64());
    let samples = outcome.cells.iter().flat_map(|cell| &cell.samples);
    let sampled: u64 = samples.map(|sample| sample.elapsed_ns).sum();
    assert!(took <= most, "{took} s of {most} s");
    assert!((sampled as f64) < 1e9 * took, "{sampled} ns of {took} s");
}
