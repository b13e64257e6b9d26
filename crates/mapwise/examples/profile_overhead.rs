//! What recording costs: two builds of this program, one with the feature `profile` and one without, take turns.
//!
//! ```text
//! cargo build --release -p mapwise --example profile_overhead --target-dir target/unmetered
//! cargo build --release -p mapwise --example profile_overhead --target-dir target/metered --features profile
//! target/metered/release/examples/profile_overhead target/unmetered/release/examples/profile_overhead
//! ```
//!
//! Words after that choose cells: `map=ShardedMap op=get hasher=std tier=1 threads=2`.
//!
//! Each cell starts several pairs of processes, since hash seeds and addresses differ from process to process. The two of
//! a pair take turns of a few milliseconds, so that whatever else the machine does falls on both. Printed is the median
//! over the pairs of the median ratio of neighboring turns, with the interval that holds the true median in 95 of 100
//! cases. With `--null` the program without the feature takes the place of both: that is what the method makes of no
//! difference.

use std::{
    error::Error,
    hash::{BuildHasher, Hasher, RandomState},
    hint::black_box,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Barrier,
    time::{Duration, Instant},
};

use mapwise::{Map, MapWrite, MutexMap, RwLockMap, ShardedMap};

/// Keys in each map: their tables stay in the second-level cache.
const KEYS: u64 = 4096;
/// Pairs of processes for a cell.
const PAIRS: usize = 9;
/// Turns of each process of a pair.
const TURNS: usize = 30;
/// What a turn should take.
const TURN: Duration = Duration::from_millis(4);

/// What a cell is made of, and the values that are measured.
const AXES: [(&str, &[&str]); 5] = [
    ("map", &["Map", "ShardedMap", "RwLockMap", "MutexMap"]),
    ("op", &["get", "insert", "churn"]),
    ("hasher", &["std", "fast"]),
    ("tier", &["0", "1"]),
    ("threads", &["1", "2"]),
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["worker", map, op, hasher, threads] => work(map, op, hasher, threads.parse()?),
        [without, "--null", ref chosen @ ..] => compare(without, without, chosen),
        [without, ref chosen @ ..] => compare(&std::env::current_exe()?.to_string_lossy(), without, chosen),
        _ => Err("usage: profile_overhead PROGRAM-WITHOUT-THE-FEATURE [--null] [AXIS=VALUE]...".into()),
    }
}

fn compare(with: &str, without: &str, chosen: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut cells: Vec<Vec<&str>> = vec![Vec::new()];
    for (axis, values) in AXES {
        let wanted = chosen.iter().find_map(|choice| choice.strip_prefix(axis)?.strip_prefix('='));
        let values = values.iter().filter(|value| wanted.is_none_or(|wanted| wanted == **value));
        cells = values.flat_map(|value| cells.iter().map(|cell| [cell.as_slice(), &[*value]].concat())).collect();
    }
    let mut out = std::io::stdout();
    writeln!(out, "map         op      hasher  tier  threads  with/without  95 % interval")?;
    for cell in cells {
        let [map, op, hasher, tier, threads] = cell[..] else { unreachable!("one value of each axis") };
        let mut ratios = Vec::new();
        for _ in 0..PAIRS {
            ratios.push(pair(with, without, tier, &[map, op, hasher, threads])?);
        }
        ratios.sort_by(f64::total_cmp);
        // Of nine independent values the second and the eighth enclose the median in 96 of 100 cases.
        let (low, middle, high) = (ratios[1], ratios[PAIRS / 2], ratios[PAIRS - 2]);
        writeln!(out, "{map:<12}{op:<8}{hasher:<8}{tier:<6}{threads:<9}{middle:<14.3}{low:.3} to {high:.3}")?;
    }
    Ok(())
}

/// The median ratio of neighboring turns of a fresh pair of processes.
fn pair(with: &str, without: &str, tier: &str, cell: &[&str]) -> Result<f64, Box<dyn Error>> {
    let (mut with, mut without) = (Worker::start(with, tier, cell)?, Worker::start(without, tier, cell)?);
    let mut ratios = Vec::with_capacity(TURNS);
    for turn in 0..TURNS {
        // Each goes first half of the time.
        let (one, other) = if turn % 2 == 0 {
            let one = with.turn()?;
            (one, without.turn()?)
        } else {
            let other = without.turn()?;
            (with.turn()?, other)
        };
        ratios.push(one / other);
    }
    ratios.sort_by(f64::total_cmp);
    Ok(ratios[TURNS / 2])
}

struct Worker {
    process: Child,
    ask: ChildStdin,
    answer: BufReader<ChildStdout>,
}

impl Worker {
    fn start(program: &str, tier: &str, cell: &[&str]) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(program);
        command.arg("worker").args(cell).env("MAPWISE_PROFILE", format!("tier={tier}"));
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let ask = process.stdin.take().ok_or("no stdin")?;
        let answer = BufReader::new(process.stdout.take().ok_or("no stdout")?);
        let mut worker = Self { process, ask, answer };
        // Warm.
        worker.turn()?;
        worker.turn()?;
        Ok(worker)
    }

    /// Nanoseconds for an operation.
    fn turn(&mut self) -> Result<f64, Box<dyn Error>> {
        writeln!(self.ask, "go")?;
        let mut line = String::new();
        self.answer.read_line(&mut line)?;
        Ok(line.trim().parse()?)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn work(map: &str, op: &str, hasher: &str, threads: usize) -> Result<(), Box<dyn Error>> {
    match hasher {
        "std" => work_on(map, op, RandomState::new(), threads),
        "fast" => work_on(map, op, Fast(RandomState::new().hash_one(0)), threads),
        _ => Err("hasher must be std or fast".into()),
    }
}

fn work_on<S: BuildHasher + Clone + Send + Sync>(
    map: &str,
    op: &str,
    hasher: S,
    threads: usize,
) -> Result<(), Box<dyn Error>> {
    match map {
        "Map" => serve(&Map::with_hasher(hasher), op, threads),
        "ShardedMap" => serve(&ShardedMap::with_hasher(hasher), op, threads),
        "RwLockMap" => serve(&RwLockMap::with_hasher(hasher), op, threads),
        "MutexMap" => serve(&MutexMap::with_hasher(hasher), op, threads),
        _ => Err("unknown map".into()),
    }
}

fn serve<M: MapWrite<u64, u64> + Sync>(map: &M, op: &str, threads: usize) -> Result<(), Box<dyn Error>> {
    for key in 0..KEYS {
        map.insert(key, key);
    }
    let rounds = rounds(map, op);
    let barrier = Barrier::new(threads + 1);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let barrier = &barrier;
            scope.spawn(move || {
                loop {
                    barrier.wait();
                    run(map, op, rounds, thread as u64);
                    barrier.wait();
                }
            });
        }
        for line in std::io::stdin().lines() {
            line?;
            let start = Instant::now();
            barrier.wait();
            barrier.wait();
            let mut out = std::io::stdout();
            writeln!(out, "{}", start.elapsed().as_nanos() as f64 / (rounds * KEYS) as f64)?;
            out.flush()?;
        }
        // The workers never end; the driver does.
        std::process::exit(0)
    })
}

/// How many rounds over all keys a turn is.
fn rounds<M: MapWrite<u64, u64>>(map: &M, op: &str) -> u64 {
    run(map, op, 4, 0);
    let start = Instant::now();
    run(map, op, 8, 0);
    let each = start.elapsed() / 8;
    (TURN.as_nanos() / each.as_nanos().max(1)).max(1) as u64
}

fn run<M: MapWrite<u64, u64>>(map: &M, op: &str, rounds: u64, thread: u64) {
    // An odd multiplier visits every key once in a round, in an order of its own for each thread.
    let step = 0x9E37_79B9 + 2 * thread;
    let keys = (0..KEYS).map(|at| at.wrapping_mul(step) % KEYS);
    for _ in 0..rounds {
        match op {
            "get" => keys.clone().for_each(|key| _ = black_box(get(map, key))),
            "insert" => keys.clone().for_each(|key| _ = black_box(insert(map, key))),
            // A key that is absent, so that the map grows and shrinks again.
            _ => keys.clone().map(|key| key + KEYS * (thread + 1)).for_each(|key| {
                let _ = black_box(insert(map, key));
                let _ = black_box(remove(map, key));
            }),
        }
    }
}

// Calls that the compiler inlines in one program and not in the other would be the difference that is measured.

#[inline(never)]
fn get<M: MapWrite<u64, u64>>(map: &M, key: u64) -> Option<u64> {
    map.get(&key)
}

#[inline(never)]
fn insert<M: MapWrite<u64, u64>>(map: &M, key: u64) -> Option<u64> {
    map.insert(key, key)
}

#[inline(never)]
fn remove<M: MapWrite<u64, u64>>(map: &M, key: u64) -> Option<u64> {
    map.remove(&key)
}

/// A hasher of one multiplication, so that the map and not the hash is what is measured.
#[derive(Clone)]
struct Fast(u64);

impl BuildHasher for Fast {
    type Hasher = Folded;

    #[inline(always)]
    fn build_hasher(&self) -> Folded {
        Folded(self.0)
    }

    #[inline(always)]
    #[allow(clippy::manual_hash_one, reason = "the compiler inlines std's in one program and not in the other")]
    fn hash_one<T: std::hash::Hash>(&self, key: T) -> u64 {
        let mut hasher = self.build_hasher();
        key.hash(&mut hasher);
        hasher.finish()
    }
}

struct Folded(u64);

impl Hasher for Folded {
    #[inline(always)]
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    #[inline(always)]
    fn write_u64(&mut self, word: u64) {
        let wide = u128::from(self.0 ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
        self.0 = (wide as u64) ^ ((wide >> 64) as u64);
    }
}
