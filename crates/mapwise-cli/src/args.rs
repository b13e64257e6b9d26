//! The command line: what can be asked, with examples.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use mapwise_record::trace::Format as TraceFormat;
use mapwise_record::workload::{Distribution, Kind, Mix};
use mapwise_workload::hasher::Hasher;
use mapwise_workload::suite::{KeyType, Mix as SuiteMix};

use crate::values;

/// Measures which concurrent map to use.
#[derive(Debug, Parser)]
#[command(name = "mapwise", bin_name = "mapwise", version, subcommand_required = true, arg_required_else_help = false)]
#[command(after_help = TOP_EXAMPLES)]
pub(crate) struct Cli {
    /// When to use colors
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true, help_heading = "Output")]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const TOP_EXAMPLES: &str = "\
Examples:
  mapwise advise                                 which map for a session cache, on this machine
  mapwise advise --preset ycsb-b --threads 8     for a workload that mostly reads
  mapwise advise --trace requests.csv            for what a service really does
  mapwise presets                                the workloads that have a name
  mapwise diagnose crash.log                     which two lines of a Go program met in a map
  mapwise top 127.0.0.1:3000                     who waits for whom in a running service

Exit status: 0 done, 1 a gate tripped (--fail-over) or diagnose found something, 2 bad usage or input, 130 interrupted.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measure one workload and say which map to take
    #[command(after_help = ADVISE_EXAMPLES)]
    Advise(Box<Advise>),
    /// Measure several workloads over several thread counts
    #[command(after_help = BENCH_EXAMPLES)]
    Bench(Box<Bench>),
    /// Show a run or a contention profile again, in any format, without measuring
    #[command(after_help = REPORT_EXAMPLES)]
    Report(Report),
    /// Watch who waits in the maps of a running service
    #[command(after_help = TOP_COMMAND_EXAMPLES)]
    Top(Top),
    /// Say which lines of a Go program met in a map, from its crash dump, race report or profile
    #[command(after_help = DIAGNOSE_EXAMPLES)]
    Diagnose(Diagnose),
    /// Tell what a finding of checked mode means, with a wrong program and its repair
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain {
        /// The id of a finding, or a kind [default: list the kinds]
        #[arg(value_name = "ID|KIND")]
        finding: Option<String>,
    },
    /// List the workloads that have a name
    #[command(after_help = PRESETS_EXAMPLES)]
    Presets,
    /// Print a completion script for a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page
    #[command(after_help = MAN_EXAMPLES)]
    Man,
    /// Draw terminal output from standard input as an SVG picture
    #[command(hide = true)]
    Picture,
}

#[derive(Debug, Args)]
pub(crate) struct Advise {
    #[command(flatten)]
    pub(crate) workload: WorkloadArgs,
    /// Measure nothing: say what follows from this contention profile of a service
    #[arg(long, value_name = "PROFILE.json", value_hint = ValueHint::FilePath, conflicts_with_all = ["preset", "trace", "changes", "threads", "time", "save", "only", "fail_over", "baseline"])]
    pub(crate) profile: Option<PathBuf>,
    /// Threads that work on the map [default: one for each core]
    #[arg(long, value_name = "N", value_parser = values::threads, help_heading = "Measuring")]
    pub(crate) threads: Option<usize>,
    /// How long to measure [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, help_heading = "Measuring")]
    pub(crate) time: Option<Duration>,
    #[command(flatten)]
    pub(crate) measuring: MeasuringArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// Write the run to this file, for `mapwise report` and --baseline
    #[arg(long, value_name = "FILE.json", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(crate) save: Option<PathBuf>,
}

const ADVISE_EXAMPLES: &str = "\
Examples:
  mapwise advise
  mapwise advise --preset ycsb-a --threads 16 --report report.html
  mapwise advise --mix get=0.9,insert=0.1 --keys 1M --key-type string:24 --distribution zipf:0.99
  mapwise advise --trace requests.csv.zst --save run.json
  mapwise advise --trace blocks.csv.gz --value-type u64
  mapwise advise --preset feature-flags --only std-rwlock,dashmap --fail-over 1.5
  mapwise advise --profile profile.json";

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Workloads, by name
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', default_value = mapwise_workload::presets::DEFAULT)]
    pub(crate) preset: Vec<String>,
    #[command(flatten)]
    pub(crate) suite: SuiteArgs,
    /// Thread counts [default: powers of two up to the number of cores]
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = values::threads, help_heading = "Measuring")]
    pub(crate) threads: Vec<usize>,
    /// How long to measure in all [default: 20s for each workload and thread count]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, help_heading = "Measuring")]
    pub(crate) time: Option<Duration>,
    #[command(flatten)]
    pub(crate) measuring: MeasuringArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// Write the runs to this file, for `mapwise report` and --baseline
    #[arg(long, value_name = "FILE.json", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(crate) save: Option<PathBuf>,
}

/// A suite in place of presets, and which of its rows.
#[derive(Debug, Args)]
#[command(next_help_heading = "Suite")]
pub(crate) struct SuiteArgs {
    /// A suite in place of presets: standard mixes, with what our map must reach
    #[arg(long, value_name = "NAME", conflicts_with_all = ["preset", "time", "hasher", "fail_over"])]
    pub(crate) suite: Option<SuiteName>,
    /// A million 64-bit keys on one and two threads, in less than three minutes
    #[arg(long, requires = "suite")]
    pub(crate) quick: bool,
    /// Only these mixes: read-hit, read-zipf, absent, 98-1-1, ycsb-b, ycsb-a, exchange, counters, grow
    #[arg(long, value_name = "MIX,...", value_delimiter = ',', requires = "suite")]
    pub(crate) mixes: Vec<SuiteMix>,
    /// Only these numbers of keys, for example 1k,1M
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = values::suite_keys, requires = "suite")]
    pub(crate) keys: Vec<u32>,
    /// Only these types of keys: u64, string
    #[arg(long, value_name = "TYPE,...", value_delimiter = ',', requires = "suite")]
    pub(crate) key_types: Vec<KeyType>,
    /// Rounds of each row [default: 10]
    #[arg(long, value_name = "N", requires = "suite")]
    pub(crate) rounds: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SuiteName {
    /// Our map against the concurrent maps of others
    Peers,
}

const BENCH_EXAMPLES: &str = "\
Examples:
  mapwise bench --preset ycsb-a,ycsb-b,ycsb-c --threads 1,2,4,8 --report bench.html
  mapwise bench --preset counter --only std-mutex,dashmap,papaya --time 2m --save bench.json
  mapwise bench --suite peers --quick
  mapwise bench --suite peers --mixes ycsb-a --keys 10M --key-types u64 --threads 2 --format json";

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// A file written with --save or --format json, or a service's profile.json
    #[arg(value_name = "FILE.json", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

const REPORT_EXAMPLES: &str = "\
Examples:
  mapwise report run.json
  mapwise report run.json --report report.html
  mapwise report run.json --format csv > run.csv
  mapwise report new.json --baseline old.json
  mapwise report profile.json --report profile.html";

/// What to watch.
#[derive(Debug, Args)]
pub(crate) struct Top {
    /// Where the service serves its profile: a host and port, or the address of the page
    #[arg(value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) url: String,
    /// How often to ask
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = values::every)]
    pub(crate) every: Duration,
    /// Print one frame and end
    #[arg(long)]
    pub(crate) once: bool,
}

const TOP_COMMAND_EXAMPLES: &str = "\
Examples:
  mapwise top 127.0.0.1:3000
  mapwise top http://127.0.0.1:3000/debug/mapwise/ --every 5s
  mapwise top 127.0.0.1:3000 --once | head -3

Keys: q quits, the arrows choose a map, tab goes to the next panel.";

/// What to read, and how to say what was found.
#[derive(Debug, Args)]
pub(crate) struct Diagnose {
    /// Logs, however they were wrapped: crash dumps, race reports, output of `go test`, mutex and block
    /// profiles, reports of our own checked mode; - is standard input [default: - if something is piped in]
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) logs: Vec<PathBuf>,
    /// What to print
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub(crate) format: DiagnosisFormat,
    /// The program's code: shows the lines around both accesses and checks the cause against them
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) src: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiagnosisFormat {
    /// The two lines, the cause and the fix
    Text,
    /// Everything, by log
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations, in a step of GitHub Actions
    Github,
    /// For an issue or a pull request
    Markdown,
}

const DIAGNOSE_EXAMPLES: &str = "\
Examples:
  mapwise diagnose crash.log
  mapwise diagnose --src ~/code/app crash.log race.log
  go test -race ./... 2>&1 | mapwise diagnose
  kubectl logs --previous web-5d4f | mapwise diagnose --format markdown
  go test -race -json ./... | mapwise diagnose --format sarif > races.sarif

Exit status: 0 nothing found, 1 findings, 2 a log could not be read, 130 interrupted.";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  mapwise explain mw-lu-1f09c3ab
  mapwise explain lost_update";

const PRESETS_EXAMPLES: &str = "\
Example:
  mapwise presets | grep ycsb";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  mapwise completions bash > ~/.local/share/bash-completion/completions/mapwise
  mapwise completions fish > ~/.config/fish/completions/mapwise.fish";

const MAN_EXAMPLES: &str = "\
Example:
  mapwise man > ~/.local/share/man/man1/mapwise.1";

/// What to run: a preset, a preset with changes, or a trace.
#[derive(Debug, Args)]
#[command(next_help_heading = "Workload")]
pub(crate) struct WorkloadArgs {
    /// A workload with a name; see `mapwise presets` [default: session-cache]
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    /// Recorded requests to replay instead; may be compressed with gzip or zstd
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["preset", "mix", "keys", "prefill", "distribution", "key_type", "private_keys"])]
    pub(crate) trace: Option<PathBuf>,
    /// Format of the trace: cache-csv, block-csv or oracle-general [default: told by the content]
    #[arg(long, value_name = "FORMAT", requires = "trace")]
    pub(crate) trace_format: Option<TraceFormat>,
    #[command(flatten)]
    pub(crate) changes: Changes,
}

/// Parameters; each replaces what the preset says. With a trace only those that a trace does not settle are taken.
#[derive(Clone, Debug, Default, Args)]
#[group(id = "changes", multiple = true)]
#[command(next_help_heading = "Workload, in place of what the preset (or the trace) says")]
pub(crate) struct Changes {
    /// Shares of operations: get, get-or-insert, insert, update, upsert, remove, scan
    #[arg(long, value_name = "OP=SHARE,...", value_parser = values::mix)]
    pub(crate) mix: Option<Mix>,
    /// How many different keys, for example 100k or 2M
    #[arg(long, value_name = "N", value_parser = values::count)]
    pub(crate) keys: Option<u64>,
    /// How many of the keys are present at the start
    #[arg(long, value_name = "N", value_parser = values::count)]
    pub(crate) prefill: Option<u64>,
    /// How keys are drawn: uniform, zipf:EXPONENT, hot:KEYS:OPERATIONS or sequential
    #[arg(long, value_name = "KIND", value_parser = values::distribution)]
    pub(crate) distribution: Option<Distribution>,
    /// u64, string:BYTES or bytes:SIZE
    #[arg(long, value_name = "TYPE", value_parser = values::kind)]
    pub(crate) key_type: Option<Kind>,
    /// u64, string:BYTES or bytes:SIZE
    #[arg(long, value_name = "TYPE", value_parser = values::kind)]
    pub(crate) value_type: Option<Kind>,
    /// Give each thread its own keys
    #[arg(long)]
    pub(crate) private_keys: bool,
    /// Work outside the map between two operations, for example 500ns
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) think: Option<Duration>,
    /// Operations a second at which latency is measured, all threads together
    #[arg(long, value_name = "N", value_parser = values::count)]
    pub(crate) rate: Option<u64>,
}

/// How to measure.
#[derive(Debug, Args)]
#[command(next_help_heading = "Measuring")]
pub(crate) struct MeasuringArgs {
    /// Measure only these candidates and, to compare with, a standard choice
    #[arg(long, value_name = "ID,...", value_delimiter = ',')]
    pub(crate) only: Option<Vec<String>>,
    /// The hasher of every candidate that accepts one
    #[arg(long, value_name = "NAME", default_value = "std")]
    pub(crate) hasher: HasherName,
    /// Seed of every random choice
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

/// What to print and write.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// What to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: OutputFormat,
    /// Write a page with pictures and all figures to this file
    #[arg(long, value_name = "FILE.html", value_hint = ValueHint::FilePath)]
    pub(crate) report: Option<PathBuf>,
    /// Exit with 1 when something beats the best standard choice by more than this factor,
    /// at the low end of the interval
    #[arg(long, value_name = "RATIO", value_parser = values::ratio)]
    pub(crate) fail_over: Option<f64>,
    /// Compare with an earlier run
    #[arg(long, value_name = "RUN.json", value_hint = ValueHint::FilePath)]
    pub(crate) baseline: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// The verdict and a table
    Text,
    /// The run file
    Json,
    /// One row for each candidate and thread count
    Csv,
    /// For an issue or a pull request
    Markdown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum HasherName {
    /// std's RandomState (SipHash)
    Std,
    /// foldhash's fast RandomState
    Foldhash,
}

impl From<HasherName> for Hasher {
    fn from(name: HasherName) -> Hasher {
        match name {
            HasherName::Std => Hasher::Std,
            HasherName::Foldhash => Hasher::Foldhash,
        }
    }
}
