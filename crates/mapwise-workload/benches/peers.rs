//! The peers suite: `cargo bench -p mapwise-workload --bench peers -- --quick`.
//!
//! The same as `mapwise bench --suite peers`, without files and pages. See docs/BENCHMARKS.md.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program")]

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use mapwise_record::bench::Bench;
use mapwise_report::suite as report;
use mapwise_report::text::Style;
use mapwise_workload::session::Observer;
use mapwise_workload::suite::{KeyType, Mix, Settings, check, measure};

/// Counts what maps allocate.
#[global_allocator]
static ALLOCATOR: mapwise_workload::CountingAllocator = mapwise_workload::CountingAllocator;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Measures our map against the concurrent maps of others.
#[derive(Parser)]
#[command(name = "peers")]
struct Arguments {
    /// A million 64-bit keys on one and two threads: less than three minutes
    #[arg(long)]
    quick: bool,
    /// Only these mixes, by name [default: all]
    #[arg(long, value_name = "MIX,...", value_delimiter = ',')]
    mixes: Vec<Mix>,
    /// Only these numbers of keys
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = count)]
    keys: Vec<u32>,
    /// Only these types of keys: u64, string
    #[arg(long, value_name = "TYPE,...", value_delimiter = ',')]
    key_types: Vec<KeyType>,
    /// Only these thread counts
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    threads: Vec<usize>,
    /// Only these maps of others, by identifier
    #[arg(long, value_name = "ID,...", value_delimiter = ',')]
    only: Option<Vec<String>>,
    /// Rounds of each row
    #[arg(long, value_name = "N")]
    rounds: Option<u32>,
    /// What to print
    #[arg(long, default_value = "text")]
    format: Format,
    /// Passed by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// The rows
    Text,
    /// The rows and every cell and sample
    Json,
    /// The rows, for a page
    Markdown,
}

fn count(text: &str) -> Result<u32, String> {
    let (digits, unit) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1_000),
        None => text.strip_suffix('M').map_or((text, 1), |digits| (digits, 1_000_000)),
    };
    let count = digits.parse::<u32>().ok().and_then(|count| count.checked_mul(unit));
    count.ok_or_else(|| format!("a number of keys must be like 1000, 10k or 1M, got {text}"))
}

fn settings(arguments: &Arguments) -> Settings {
    let base = if arguments.quick { Settings::quick() } else { Settings::full() };
    let mut settings = base.select(&arguments.mixes, &arguments.key_types, &arguments.keys, &arguments.threads);
    settings.only.clone_from(&arguments.only);
    settings.rounds = arguments.rounds.unwrap_or(settings.rounds);
    settings.command = std::env::args().collect();
    settings
}

/// Says how far the suite is, a line now and then.
struct Lines(Mutex<Instant>);

impl Observer for Lines {
    fn progress(&self, done: f64, left: Duration, doing: &str) {
        const EVERY: Duration = Duration::from_secs(5);
        let mut last = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if last.elapsed() >= EVERY {
            *last = Instant::now();
            eprintln!("{:3.0} %  {} s left  {doing}", done * 100.0, left.as_secs());
        }
    }

    fn cancelled(&self) -> bool {
        INTERRUPTED.load(Ordering::Relaxed)
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let settings = settings(&arguments);
    if let Err(error) = check(&settings) {
        eprintln!("error: {error}");
        return ExitCode::from(2);
    }
    eprintln!("{}", settings.announcement());
    // A second one ends the process, where nobody waits for results any more.
    let caught = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    if let Err(error) = caught {
        eprintln!("warning: Ctrl-C will lose what was measured: {error}");
    }
    let suite = match measure(&settings, &Lines(Mutex::new(Instant::now()))) {
        Ok(suite) => suite,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    suite.skipped.iter().for_each(|reason| eprintln!("not measured: {reason}"));
    let bench = Bench { rows: suite.rows, ..Bench::new(suite.runs) };
    match arguments.format {
        Format::Text => print!("{}", report::text(&bench, &Style::plain())),
        Format::Markdown => print!("{}", report::markdown(&bench)),
        Format::Json => match bench.to_json() {
            Ok(json) => print!("{json}"),
            Err(error) => {
                eprintln!("error: {error}");
                return ExitCode::from(2);
            }
        },
    }
    if INTERRUPTED.load(Ordering::Relaxed) { ExitCode::from(130) } else { ExitCode::SUCCESS }
}
