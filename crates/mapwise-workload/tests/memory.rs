//! Figures for memory, which need the counting allocator in the binary.

use std::time::Duration;

use mapwise_record::run::Run;
use mapwise_record::workload::{Distribution, Keys, Kind, Mix, Workload};
use mapwise_workload::CountingAllocator;
use mapwise_workload::session::{Observer, Settings, Source, measure};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

struct Silent;

impl Observer for Silent {
    fn progress(&self, _done: f64, _left: Duration, _doing: &str) {}

    fn cancelled(&self) -> bool {
        false
    }
}

fn run(values: Kind) -> Run {
    let workload = Workload {
        name: "custom".to_owned(),
        title: "a test".to_owned(),
        source: None,
        mix: Mix { get: 1.0, ..Mix::default() },
        keys: Keys { kind: Kind::U64, space: 28_000, prefill: 28_000, distribution: Distribution::Uniform },
        values,
        private_keys: false,
        think_ns: 0,
        rate_ops_per_s: None,
        cache_like: false,
    };
    let settings = Settings {
        threads: vec![1],
        time: Duration::from_millis(400),
        only: Some(vec!["std-mutex".to_owned(), "papaya".to_owned()]),
        ..Settings::new(Source::Stated(workload))
    };
    measure(&settings, &Silent).expect("it can be measured")
}

fn bytes(run: &Run, id: &str) -> f64 {
    let cell = run.cells.iter().find(|cell| cell.candidate == id);
    let cell = cell.expect("it was measured");
    cell.bytes_per_entry.expect("the allocator is installed")
}

#[test]
fn bytes_per_entry_count_the_table_and_what_its_entries_own() {
    let inline = run(Kind::U64);
    // 28,000 entries fill 32,768 slots of 17 bytes: the number, the number and the control byte.
    let expected = 32_768.0 * 17.0 / 28_000.0;
    let std = bytes(&inline, "std-mutex");
    assert!((std - expected).abs() < 0.1, "{std} instead of {expected}");
    assert!(bytes(&inline, "papaya") > std);

    let owned = run(Kind::String { bytes: 100 });
    // Each value now takes 24 bytes instead of 8 in its slot, and 100 on the heap.
    let expected = expected + 32_768.0 * 16.0 / 28_000.0 + 100.0;
    let std = bytes(&owned, "std-mutex");
    assert!((std - expected).abs() < 0.2, "{std} instead of {expected}");
}
