//! Invented runs: figures of a plausible shape that nobody measured.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use mapwise_record::bench::Bench;
use mapwise_record::run::{
    Cell, HarnessCost, Interval, Latency, LeftOut, Machine, Origin, Run, SCHEMA, SCHEMA_VERSION, Sample, Verdict,
    VerdictAt, VerdictKind, Warning, WarningKind,
};
use mapwise_record::suite::{Check, Measure, Row};
use mapwise_record::workload::{Distribution, Keys, Kind, Mix, Workload};

const CANDIDATES: [(&str, &str, Origin, f64, f64); 14] = [
    ("map", "Map", Origin::Mapwise, 21.4e6, 61.0),
    ("sharded-64", "ShardedMap (64 shards)", Origin::Mapwise, 18.9e6, 66.0),
    ("papaya", "papaya::HashMap", Origin::Crate, 17.2e6, 88.0),
    ("dashmap", "DashMap", Origin::Crate, 14.8e6, 70.0),
    ("scc", "scc::HashMap", Origin::Crate, 14.1e6, 74.0),
    ("sync-map", "SyncMap", Origin::Mapwise, 13.9e6, 142.0),
    ("counter", "CounterMap", Origin::Mapwise, 11.0e6, 80.0),
    ("std-rwlock", "RwLock<HashMap>", Origin::Standard, 8.2e6, 58.0),
    ("parking-lot-rwlock", "parking_lot::RwLock<HashMap>", Origin::Crate, 8.0e6, 58.0),
    ("rwlock", "RwLockMap", Origin::Mapwise, 7.9e6, 58.5),
    ("std-mutex", "Mutex<HashMap>", Origin::Standard, 6.1e6, 57.0),
    ("mutex", "MutexMap", Origin::Mapwise, 5.9e6, 57.0),
    ("flurry", "flurry::HashMap", Origin::Crate, 4.4e6, 210.0),
    ("actor", "ActorMap", Origin::Mapwise, 0.9e6, 57.0),
];

/// A run with a clear winner at one thread count.
pub fn win() -> Run {
    run("session-cache", &[8], VerdictKind::Win)
}

/// Three rows of the peers suite: one that is well, one that may be, one that is not.
pub fn suite() -> Bench {
    let mut run = run("read-hit", &[1, 2], VerdictKind::Win);
    (run.workload.keys.kind, run.workload.keys.space) = (Kind::U64, 1_000_000);
    let row = Row {
        workload: "read-hit".into(),
        keys: 1_000_000,
        key_type: "u64".into(),
        threads: 1,
        candidate: "map".into(),
        mapwise_ops_per_s: 42.5e6,
        best_peer: "dashmap".into(),
        best_peer_ops_per_s: 23.4e6,
        ratio: 1.816,
        ratio_low: 1.702,
        ratio_high: 1.938,
        floor: Some(1.6),
        checks: vec![
            Check::new(Measure::Specialist, "horde", 1.12, Some(1.0)),
            Check::new(Measure::Unsynchronized, "hashbrown", 0.71, None),
            Check::new(Measure::P99, "papaya", 0.94, None),
            Check::new(Measure::BytesPerEntry, "rwlock-64", 1.04, Some(1.1)),
        ],
        ok: true,
    };
    let close = Row { threads: 2, ratio: 1.58, ratio_low: 1.44, ratio_high: 1.73, ok: false, ..row.clone() };
    let checks = vec![Check::new(Measure::LongestInsert, "mutex-512", 2.5, Some(1.0))];
    let (workload, key_type) = ("grow".into(), "string".into());
    let slow = Row {
        workload,
        key_type,
        keys: 10_000_000,
        ratio: 0.8,
        ratio_low: 0.7,
        ratio_high: 0.9,
        checks,
        ..row.clone()
    };
    let slow = Row { floor: Some(1.0), ok: false, ..slow };
    Bench { rows: vec![row, close, slow], ..Bench::new(vec![run]) }
}

/// A run that finds no difference.
pub fn tie() -> Run {
    let mut run = run("feature-flags", &[2], VerdictKind::Tie);
    run.verdict.take = "std-rwlock".into();
    run.verdict.ratio = Interval { median: 1.018, low: 0.979, high: 1.056 };
    run.verdict.text = "Keep RwLock<HashMap>: the best alternative is +1.8 % [-2.1, +5.6], no difference.".into();
    run.verdicts[0].verdict = run.verdict.clone();
    run
}

/// Several thread counts.
pub fn scaling() -> Run {
    run("session-cache", &[1, 2, 4, 8], VerdictKind::Win)
}

/// An interrupted run: few samples, no latencies, no memory.
pub fn interrupted() -> Run {
    let mut run = run("session-cache", &[8], VerdictKind::Unresolved);
    run.complete = false;
    run.verdict.more_rounds = Some(12);
    run.verdict.text = "Unresolved: 12 more rounds would probably settle it.".into();
    for cell in &mut run.cells[2..] {
        (cell.latency_ns, cell.bytes_per_entry, cell.growth_pause_ns) = (None, None, None);
        cell.samples.truncate(1);
    }
    run.warnings.push(Warning { kind: WarningKind::Interrupted, text: "interrupted after 1 of 7 rounds".into() });
    run
}

/// A run whose strings and figures attack the reader.
pub fn hostile() -> Run {
    const BAD: &str =
        "</style><script>document.title='owned'</script>\"'><img src=x onerror=alert(1)> \u{1b}[2J\u{202e}evil\u{7}|`*";
    let mut run = scaling();
    for cell in &mut run.cells {
        cell.name = format!("{BAD}{}", "w".repeat(300));
    }
    run.verdict.text = BAD.into();
    run.workload.name = BAD.into();
    run.workload.title = BAD.into();
    run.workload.source = Some(BAD.into());
    run.machine.cpu = BAD.into();
    run.hasher = BAD.into();
    run.command = vec!["mapwise".into(), BAD.into(), "it's".into()];
    run.left_out[0].reason = BAD.into();
    run.left_out[0].name = BAD.into();
    run.warnings[0].text = BAD.into();
    run.started_unix_s = u64::MAX;
    run.elapsed_s = f64::MAX;
    let extremes = [f64::MAX, f64::MIN, 0.0, -0.0, f64::MIN_POSITIVE, f64::NAN, f64::INFINITY];
    for (cell, value) in run.cells.iter_mut().zip(extremes) {
        cell.throughput_ops_per_s = Interval { median: value, low: -value, high: value };
        cell.ratio = Some(cell.throughput_ops_per_s);
        cell.bytes_per_entry = Some(value);
        cell.samples[0].elapsed_ns = 0;
        cell.latency_ns.as_mut().expect("every cell has latencies").curve = vec![(value, u64::MAX), (-1.0, 0)];
    }
    run
}

/// The run without anything that may be absent.
pub fn empty() -> Run {
    let mut run = win();
    (run.cells, run.harness, run.left_out, run.warnings) = Default::default();
    (run.command, run.verdicts) = Default::default();
    run
}

fn run(name: &str, threads: &[usize], kind: VerdictKind) -> Run {
    let most = *threads.last().expect("at least one thread count");
    let verdict = |threads: usize| Verdict {
        kind,
        take: "map".into(),
        baseline: "std-rwlock".into(),
        ratio: Interval { median: 2.61, low: 2.49, high: 2.73 },
        more_rounds: None,
        text: format!(
            "Take Map: 2.6x [2.5, 2.7] the throughput of RwLock<HashMap> on this workload at {threads} threads, p99 2.3 µs against 14.8 µs."
        ),
    };
    Run {
        schema: SCHEMA.into(),
        schema_version: SCHEMA_VERSION,
        mapwise_version: "0.1.0".into(),
        command: ["mapwise", "advise", "--preset", name, "--seed", "7"].map(String::from).to_vec(),
        started_unix_s: 1_790_000_000,
        elapsed_s: 31.4,
        seed: 7,
        complete: true,
        machine: Machine {
            cpu: "Example CPU 9000".into(),
            cores: 4,
            memory_bytes: 16 << 30,
            os: "linux x86_64".into(),
            rustc: "rustc 1.95.0".into(),
        },
        workload: workload(name),
        hasher: "foldhash".into(),
        harness: threads.iter().map(|n| HarnessCost { threads: *n, ns_per_op: 3.25 }).collect(),
        cells: threads.iter().flat_map(|n| CANDIDATES.iter().map(|c| cell(*c, *n, most))).collect(),
        left_out: ["moka", "quick_cache"]
            .map(|id| LeftOut {
                candidate: id.into(),
                name: id.into(),
                reason: "evicts entries, and this workload must keep them".into(),
            })
            .to_vec(),
        warnings: vec![Warning {
            kind: WarningKind::Oversubscribed,
            text: "8 threads on 4 cores: threads wait for a core, and latencies contain that wait".into(),
        }],
        verdict: verdict(most),
        threads: most,
        verdicts: threads.iter().map(|n| VerdictAt { threads: *n, verdict: verdict(*n) }).collect(),
    }
}

fn workload(name: &str) -> Workload {
    Workload {
        name: name.into(),
        title: "look up a session, create it when absent, refresh it often".into(),
        source: None,
        mix: Mix { get: 0.8, get_or_insert: 0.05, update: 0.1, remove: 0.05, ..Mix::default() },
        keys: Keys {
            kind: Kind::String { bytes: 24 },
            space: 100_000,
            prefill: 80_000,
            distribution: Distribution::Zipf { exponent: 0.99 },
        },
        values: Kind::Bytes { bytes: 64 },
        private_keys: false,
        think_ns: 0,
        rate_ops_per_s: None,
        cache_like: false,
    }
}

fn cell((id, name, origin, rate, bytes): (&str, &str, Origin, f64, f64), threads: usize, most: usize) -> Cell {
    let speed = (threads as f64 / most as f64).powf(if rate > 1e7 { 0.75 } else { -0.2 });
    let rate = rate * speed;
    let spread = 0.015 + 0.01 * (id.len() % 4) as f64;
    let around = |middle: f64| Interval { median: middle, low: middle * (1.0 - spread), high: middle * (1.0 + spread) };
    let ratio = rate / (8.2e6 * (threads as f64 / most as f64).powf(-0.2));
    let slow = (21.4e6 / rate).powi(2);
    Cell {
        candidate: id.into(),
        name: name.into(),
        origin,
        simplicity: 1,
        threads,
        throughput_ops_per_s: around(rate),
        ratio: (id != "std-rwlock").then(|| around(ratio)),
        latency_ns: Some(latency(slow, bytes)),
        bytes_per_entry: Some(bytes),
        growth_pause_ns: Some((bytes * 12_000.0) as u64),
        samples: (0..7).map(|round| sample(round, rate, spread, id.len() as u32)).collect(),
    }
}

fn latency(slow: f64, bytes: f64) -> Latency {
    let at = |nines: f64| (110.0 + bytes / 8.0 + 60.0 * slow * 6f64.powf(nines)) as u64;
    Latency {
        p50: at(0.3),
        p99: at(2.0),
        p999: at(3.0),
        p9999: at(4.0),
        max: at(5.3),
        offered_ops_per_s: 1.0e6,
        count: 2_000_000,
        curve: (3..50)
            .map(|tenth| f64::from(tenth) / 10.0)
            .map(|nines| (1.0 - 10f64.powf(-nines), at(nines)))
            .collect(),
    }
}

fn sample(round: u32, rate: f64, spread: f64, salt: u32) -> Sample {
    let wave = f64::from((round * 37 + salt * 11) % 13) / 6.0 - 1.0;
    let elapsed_ns = 250_000_000;
    Sample {
        round,
        position: (round + salt) % 14,
        operations: (rate * (1.0 + spread * wave) * 0.25) as u64,
        elapsed_ns,
        slowest_thread: 0.97 - spread * wave.abs(),
    }
}
