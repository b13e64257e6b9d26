//! Runs that between them have every variant of every enum and every optional field.
#![allow(dead_code)] // Each test file uses a part.

use mapwise_record::bench::Bench;
use mapwise_record::run::{
    Cell, HarnessCost, Interval, Latency, LeftOut, Machine, Origin, Run, SCHEMA, SCHEMA_VERSION, Sample, Verdict,
    VerdictAt, VerdictKind, Warning, WarningKind,
};
use mapwise_record::suite::{Check, Measure, Row};
use mapwise_record::workload::{Distribution, Keys, Kind, Mix, Workload};

/// A complete run of three candidates at 1 and 4 threads, with every optional field present
/// somewhere and absent elsewhere.
pub(crate) fn run() -> Run {
    let candidates = [
        ("sharded-64", "ShardedMap (64 shards)", Origin::Mapwise, 30, 2.25),
        ("dashmap", "dashmap 6.1.0", Origin::Crate, 40, 1.5),
        ("std-rwlock", "RwLock<HashMap>", Origin::Standard, 20, 1.0),
    ];
    let cells = [1, 4].into_iter().flat_map(|threads| {
        let cell = move |(candidate, name, origin, simplicity, ratio)| {
            cell(candidate, name, origin, simplicity, threads, ratio)
        };
        candidates.map(cell)
    });
    Run {
        schema: SCHEMA.into(),
        schema_version: SCHEMA_VERSION,
        mapwise_version: "0.1.0".into(),
        command: ["mapwise", "advise", "--preset", "session-cache", "--seed", "7"].map(Into::into).into(),
        started_unix_s: 1_790_000_000,
        elapsed_s: 12.5,
        seed: u64::MAX,
        complete: true,
        machine: Machine {
            cpu: "Example CPU @ 3.00GHz".into(),
            cores: 4,
            memory_bytes: 16 << 30,
            os: "linux x86_64".into(),
            rustc: "rustc 1.95.0".into(),
        },
        workload: workload(Distribution::Zipf { exponent: 0.99 }),
        hasher: "foldhash".into(),
        harness: [1, 4].map(|threads| HarnessCost { threads, ns_per_op: 1.7 }).into(),
        cells: cells.collect(),
        left_out: vec![LeftOut {
            candidate: "flurry".into(),
            name: "flurry 0.5.2".into(),
            reason: "the workload needs values changed in place".into(),
        }],
        warnings: vec![Warning {
            kind: WarningKind::Noisy,
            text: "samples of dashmap at 4 threads differ by 11 %".into(),
        }],
        verdict: verdict(VerdictKind::Win),
        threads: 4,
        verdicts: vec![
            VerdictAt { threads: 1, verdict: verdict(VerdictKind::Unresolved) },
            VerdictAt { threads: 4, verdict: verdict(VerdictKind::Win) },
        ],
    }
}

/// Runs for the other variants of the enums.
pub(crate) fn runs() -> Vec<Run> {
    let distributions = [
        Distribution::Uniform,
        Distribution::Zipf { exponent: 1.2 },
        Distribution::HotSet { keys: 0.2, operations: 0.8 },
        Distribution::Sequential,
        Distribution::Recorded,
    ];
    let mut runs = distributions.map(|distribution| Run { workload: workload(distribution), ..run() });
    runs[0].workload.keys.kind = Kind::U64;
    runs[0].workload.source = None;
    runs[0].workload.rate_ops_per_s = None;
    runs[0].warnings = WARNINGS.map(|kind| Warning { kind, text: "a warning".into() }).into();
    runs[1].verdict = verdict(VerdictKind::Tie);
    runs[1].verdicts[1].verdict = verdict(VerdictKind::Tie);
    runs[2] = interrupted();
    runs.into()
}

pub(crate) fn bench() -> Bench {
    Bench { rows: vec![row()], ..Bench::new(runs()) }
}

/// A row that misses a limit.
pub(crate) fn row() -> Row {
    Row {
        workload: "grow".into(),
        keys: 10_000_000,
        key_type: "u64".into(),
        threads: 1,
        candidate: "map".into(),
        mapwise_ops_per_s: 2.1e7,
        best_peer: "dashmap-256".into(),
        best_peer_ops_per_s: 2e7,
        ratio: 1.05,
        ratio_low: 0.98,
        ratio_high: 1.12,
        floor: Some(1.0),
        checks: vec![
            Check::new(Measure::P99, "papaya", 1.4, None),
            Check::new(Measure::LongestInsert, "dashmap-256", 1.25, Some(1.0)),
        ],
        ok: false,
    }
}

const WARNINGS: [WarningKind; 7] = [
    WarningKind::Oversubscribed,
    WarningKind::Noisy,
    WarningKind::HarnessBound,
    WarningKind::Interrupted,
    WarningKind::Trace,
    WarningKind::Wrong,
    WarningKind::Other,
];

/// A run that was stopped before anything was measured.
fn interrupted() -> Run {
    let nothing =
        Verdict { take: String::new(), baseline: String::new(), more_rounds: None, ..verdict(VerdictKind::Unresolved) };
    Run {
        complete: false,
        cells: Vec::new(),
        verdict: nothing.clone(),
        verdicts: vec![VerdictAt { threads: 4, verdict: nothing }],
        workload: workload(Distribution::HotSet { keys: 0.2, operations: 0.8 }),
        ..run()
    }
}

fn workload(distribution: Distribution) -> Workload {
    Workload {
        name: "session-cache".into(),
        title: "Sessions of a web service: 90 % look-ups".into(),
        source: Some("Yang, Yue, Rashmi, OSDI 2020".into()),
        mix: Mix { get: 0.9, insert: 0.06, remove: 0.04, ..Mix::default() },
        keys: Keys { kind: Kind::String { bytes: 36 }, space: 100_000, prefill: 50_000, distribution },
        values: Kind::Bytes { bytes: 128 },
        private_keys: false,
        think_ns: 0,
        rate_ops_per_s: Some(250_000.0),
        cache_like: true,
    }
}

fn cell(candidate: &str, name: &str, origin: Origin, simplicity: u32, threads: usize, ratio: f64) -> Cell {
    let standard = origin == Origin::Standard;
    Cell {
        candidate: candidate.into(),
        name: name.into(),
        origin,
        simplicity,
        threads,
        throughput_ops_per_s: around(ratio * 4e6),
        ratio: (!standard).then(|| around(ratio)),
        latency_ns: (!standard).then(|| Latency {
            p50: 210,
            p99: 1_900,
            p999: 4_100,
            p9999: 19_000,
            max: 210_000,
            offered_ops_per_s: 250_000.0,
            count: 1_000_000,
            curve: vec![(0.5, 210), (0.99, 1_900), (1.0, 210_000)],
        }),
        bytes_per_entry: (!standard).then_some(118.4),
        growth_pause_ns: (!standard).then_some(1_400_000),
        samples: (0..3)
            .map(|round| Sample {
                round,
                position: simplicity % 3,
                operations: 400_000 + u64::from(round),
                elapsed_ns: 100_000_000,
                slowest_thread: 0.97,
            })
            .collect(),
    }
}

fn around(median: f64) -> Interval {
    Interval { median, low: median * 0.9, high: median * 1.1 }
}

fn verdict(kind: VerdictKind) -> Verdict {
    Verdict {
        kind,
        take: "sharded-64".into(),
        baseline: "std-rwlock".into(),
        ratio: around(2.25),
        more_rounds: (kind == VerdictKind::Unresolved).then_some(12),
        text: "Take ShardedMap (64 shards): 2.25x [2.0, 2.5] the throughput of RwLock<HashMap>".into(),
    }
}
