//! The figures of all presets but the production clusters.

use mapwise_record::workload::{Distribution, Keys, Kind, Mix, Workload};

/// The preset that is run when none is named.
pub const DEFAULT: &str = "session-cache";

const YCSB: &str = "Cooper, Silberstein, Tam, Ramakrishnan, Sears, \"Benchmarking cloud serving \
                    systems with YCSB\", SoCC 2010";
const CONC_MAP_BENCH: &str = "https://github.com/xacrimon/conc-map-bench";

const ZIPF_OF_YCSB: Distribution = Distribution::Zipf { exponent: 0.99 };
const KEYS: u64 = 100_000;

const NONE: Mix = Mix { get: 0.0, get_or_insert: 0.0, insert: 0.0, update: 0.0, upsert: 0.0, remove: 0.0, scan: 0.0 };

/// All of them, public benchmarks first.
pub(super) fn own() -> Vec<Workload> {
    let mut presets = vec![read_only()];
    presets.extend(ycsb());
    presets.extend(conc_map_bench());
    presets.extend(services());
    presets
}

/// A workload on numbers, all of them present.
fn numbers(name: &str, title: &str, mix: Mix, distribution: Distribution) -> Workload {
    Workload {
        name: name.to_owned(),
        title: title.to_owned(),
        source: None,
        mix,
        keys: Keys { kind: Kind::U64, space: KEYS, prefill: KEYS, distribution },
        values: Kind::U64,
        private_keys: false,
        think_ns: 0,
        rate_ops_per_s: None,
        cache_like: false,
    }
}

fn read_only() -> Workload {
    let mix = Mix { get: 1.0, ..NONE };
    let title = "look-ups only, every key equally often";
    numbers("read-only", title, mix, Distribution::Uniform)
}

/// YCSB's updates overwrite without reading: inserts here. Its records of 1 KB are numbers here.
fn ycsb() -> [Workload; 6] {
    let preset =
        |name, title, mix| Workload { source: Some(YCSB.to_owned()), ..numbers(name, title, mix, ZIPF_OF_YCSB) };
    let reads_and_inserts = |get, insert| Mix { get, insert, ..NONE };
    let mut presets = [
        preset("ycsb-a", "update heavy: 50 % get, 50 % overwrite, Zipf 0.99", reads_and_inserts(0.5, 0.5)),
        preset("ycsb-b", "read mostly: 95 % get, 5 % overwrite, Zipf 0.99", reads_and_inserts(0.95, 0.05)),
        preset("ycsb-c", "read only: 100 % get, Zipf 0.99", reads_and_inserts(1.0, 0.0)),
        preset(
            "ycsb-d",
            "read latest: 95 % get, 5 % insert; approximated: the popular keys stay the same, Zipf 0.99",
            reads_and_inserts(0.95, 0.05),
        ),
        preset(
            "ycsb-e",
            "short ranges: 95 % scan of up to 50 entries in no order, 5 % insert, Zipf 0.99",
            Mix { scan: 0.95, insert: 0.05, ..NONE },
        ),
        preset(
            "ycsb-f",
            "read-modify-write: 50 % get, 50 % update in place, Zipf 0.99",
            Mix { get: 0.5, update: 0.5, ..NONE },
        ),
    ];
    // Room for new records; popular ones are present, so most inserts overwrite.
    for grows in [3, 4] {
        presets[grows].keys.prefill = KEYS / 10 * 9;
    }
    presets
}

fn conc_map_bench() -> [Workload; 3] {
    let preset = |name, title, shares: [f64; 4], distribution| {
        let [get, insert, remove, update] = shares;
        let mix = Mix { get, insert, remove, update, ..NONE };
        let mut workload = numbers(name, title, mix, distribution);
        workload.source = Some(CONC_MAP_BENCH.to_owned());
        // Half the keys: what equal shares of inserts and removals leave present.
        workload.keys.prefill = KEYS / 2;
        workload
    };
    let mut presets = [
        preset(
            "read-heavy",
            "98 % get, 1 % insert, 1 % remove, half the keys present",
            [0.98, 0.01, 0.01, 0.0],
            Distribution::Uniform,
        ),
        preset(
            "exchange",
            "10 % get, 40 % insert, 40 % remove, 10 % update, half the keys present",
            [0.1, 0.4, 0.4, 0.1],
            Distribution::Uniform,
        ),
        preset(
            "rapid-grow",
            "5 % get, 80 % insert, 5 % remove, 10 % update, from empty to 500,000 keys",
            [0.05, 0.8, 0.05, 0.1],
            Distribution::Sequential,
        ),
    ];
    presets[2].keys.space = 500_000;
    presets[2].keys.prefill = 0;
    presets
}

/// What services use a shared map for. The shares are estimates; the reasons stand beside them.
fn services() -> [Workload; 6] {
    let preset = |name, title, mix, key_bytes, space, exponent| {
        let mut workload = numbers(name, title, mix, Distribution::Zipf { exponent });
        workload.keys.kind = Kind::String { bytes: key_bytes };
        workload.keys.space = space;
        workload.keys.prefill = space;
        workload
    };
    let counter = preset(
        "counter",
        "requests counted by route and status: 99 % upsert, 1 % get, 1,000 keys, Zipf 1.1",
        // Every request counts once; somebody looks at one counter in a hundred requests.
        Mix { upsert: 0.99, get: 0.01, ..NONE },
        24,
        1_000,
        1.1,
    );
    let mut once = preset(
        "write-once-read-many",
        "a memo table that only grows: 99 % get, 1 % get-or-insert, half the keys present, Zipf 0.99",
        // Most callers have computed their key before and only read it.
        Mix { get: 0.99, get_or_insert: 0.01, ..NONE },
        24,
        KEYS,
        0.99,
    );
    once.keys.prefill = KEYS / 2;
    let mut sessions = preset(
        DEFAULT,
        "user sessions: 85 % get, 11.7 % update, 3 % insert (log-in), 0.3 % remove (log-out), Zipf 0.8",
        // A look-up for each request, every eighth of which changes the session; users log in ten
        // times as often as they log out, most often over a session that they still have.
        Mix { get: 0.85, update: 0.117, insert: 0.03, remove: 0.003, ..NONE },
        32,
        KEYS,
        0.8,
    );
    // What ten log-ins for each log-out leave present: 10 of 11.
    sessions.keys.prefill = 90_909;
    sessions.values = Kind::Bytes { bytes: 64 };
    let flags = preset(
        "feature-flags",
        "flags read by every request: 99.99 % get, 0.01 % insert, 200 keys, Zipf 1",
        // An operator changes a flag now and then; 1 write in 10,000 reads is many already.
        Mix { get: 0.9999, insert: 0.0001, ..NONE },
        24,
        200,
        1.0,
    );
    let metrics = preset(
        "metrics-collector",
        "time series written by all threads: 99.9 % upsert, 0.1 % scan of 50 entries, 5,000 keys, Zipf 1",
        // Writers never read; the exporter goes over the series in between.
        Mix { upsert: 0.999, scan: 0.001, ..NONE },
        40,
        5_000,
        1.0,
    );
    let mut registry = preset(
        "service-registry",
        "addresses of services: 97 % get, 2 % update (heartbeat), 1 % scan of 50 entries, 500 keys, Zipf 1",
        // Clients resolve a name for each call; instances report every few seconds.
        Mix { get: 0.97, update: 0.02, scan: 0.01, ..NONE },
        24,
        500,
        1.0,
    );
    registry.values = Kind::Bytes { bytes: 64 };
    [counter, once, sessions, flags, metrics, registry]
}
