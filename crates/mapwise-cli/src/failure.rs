//! What a user is told when something cannot be done: one line what, one line what to do about it.

use std::fmt;
use std::path::Path;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use mapwise_record::RecordError;
use mapwise_record::trace::TraceError;
use mapwise_report::safe;
use mapwise_workload::plan::PlanError;
use mapwise_workload::presets::PresetError;
use mapwise_workload::session::MeasureError;
use mapwise_workload::suite::{SettingsError, SuiteError};
use mapwise_workload::validate::WorkloadError;

use crate::args::Cli;

/// Bad usage, or input that cannot be used.
pub(crate) const USAGE: u8 = 2;
/// As a shell reports a process that SIGINT ended.
pub(crate) const INTERRUPTED: u8 = 130;

/// An error with a hint, and the exit status it leads to.
#[derive(Debug)]
pub(crate) struct Failure {
    error: String,
    hint: String,
    pub(crate) status: u8,
}

impl Failure {
    pub(crate) fn new(error: impl fmt::Display, hint: impl Into<String>) -> Failure {
        Failure { error: one_line(&error.to_string()), hint: one_line(&hint.into()), status: USAGE }
    }

    pub(crate) fn interrupted(error: impl fmt::Display, hint: impl Into<String>) -> Failure {
        Failure { status: INTERRUPTED, ..Failure::new(error, hint) }
    }

    /// What went wrong, without the hint.
    pub(crate) fn error(&self) -> &str {
        &self.error
    }

    pub(crate) fn trace(path: &Path, error: &TraceError) -> Failure {
        let hint = match error {
            TraceError::Open(_) => "check the path and that you may read the file",
            TraceError::UnknownFormat(_) | TraceError::TooManyBadRows { .. } => {
                "name the format with --trace-format cache-csv, block-csv or oracle-general"
            }
            TraceError::EndsEarly { .. } | TraceError::TruncatedRecord { .. } => {
                "the file seems to be cut off: copy it again"
            }
            _ => "see `mapwise advise --help` for the formats of traces",
        };
        Failure::new(format_args!("{}: {error}", path.display()), hint)
    }

    pub(crate) fn record(path: &Path, error: &RecordError) -> Failure {
        let hint = match error {
            RecordError::Read(_) => "check the path and that you may read the file",
            RecordError::Newer { .. } => "update mapwise, or measure again with this version",
            RecordError::NotJson(_) => {
                "the file seems to be damaged or no run: write one with `mapwise advise --save FILE`"
            }
            _ => "a run is what `mapwise advise --save FILE` writes",
        };
        Failure::new(format_args!("{}: {error}", path.display()), hint)
    }

    /// What clap found wrong, in one line, with its suggestion as the hint.
    pub(crate) fn usage(error: &clap::Error) -> Failure {
        if error.kind() == ErrorKind::MissingSubcommand {
            return Failure::new("no command given", "try `mapwise advise`, or `mapwise --help` for all commands");
        }
        let rendered = error.render().to_string();
        let message = rendered.split("\n\n").next().unwrap_or_default();
        let message = message.strip_prefix("error: ").unwrap_or(message);
        let message = message.split("\n  [possible values").next().unwrap_or(message);
        Failure::new(message, suggestion(error))
    }
}

/// What clap would have proposed, or where to read on.
fn suggestion(error: &clap::Error) -> String {
    let list = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(one)) => vec![one.clone()],
        Some(ContextValue::Strings(many)) => many.clone(),
        _ => Vec::new(),
    };
    for kind in [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue] {
        if let Some(best) = list(kind).first() {
            return format!("did you mean `{best}`?");
        }
    }
    let values = list(ContextKind::ValidValue);
    if !values.is_empty() {
        return format!("possible values: {}", values.join(", "));
    }
    let command = std::env::args_os().nth(1).filter(|name| Cli::command().find_subcommand(name).is_some());
    match command {
        Some(name) => format!("see `mapwise {} --help`", name.display()),
        None => "see `mapwise --help`".to_owned(),
    }
}

impl From<PresetError> for Failure {
    fn from(error: PresetError) -> Failure {
        match &error {
            PresetError::Unknown { name, nearest } if !nearest.is_empty() => {
                let nearest = nearest.join(" or ");
                Failure::new(
                    format_args!("unknown preset `{name}`"),
                    format!("did you mean {nearest}? `mapwise presets` lists all"),
                )
            }
            _ => Failure::new(error, "`mapwise presets` lists all presets"),
        }
    }
}

impl From<MeasureError> for Failure {
    fn from(error: MeasureError) -> Failure {
        let hint = match &error {
            MeasureError::Threads(_) | MeasureError::NoThreadCounts => {
                "--threads 8, or leave it out for one thread for each core"
            }
            MeasureError::TooShort(_) => "--time 30s, or leave it out",
            MeasureError::UnknownCandidate { .. } => "for example --only std-mutex,dashmap",
            MeasureError::Plan(PlanError::Workload(error)) => workload_hint(error),
            MeasureError::Plan(_) => "change --keys, --prefill, --distribution or --threads",
            MeasureError::Kind(_) => "--key-type and --value-type take u64, string:BYTES or bytes:SIZE",
            MeasureError::Interrupted => {
                return Failure::interrupted(error, "a shorter run: --time 5s");
            }
            _ => "give it more --time, or measure fewer candidates with --only",
        };
        Failure::new(error, hint)
    }
}

impl From<SuiteError> for Failure {
    fn from(error: SuiteError) -> Failure {
        let hint = match &error {
            SuiteError::Settings(SettingsError::Keys(_)) => "for example --keys 1k,1M",
            SuiteError::Settings(SettingsError::Threads(_)) => "for example --threads 1,2",
            SuiteError::Settings(SettingsError::NoGeneral { .. }) => "for example --only dashmap-256,papaya",
            SuiteError::Settings(_) => "--rounds 10, or leave it out",
            SuiteError::Interrupted => {
                return Failure::interrupted(error, "a shorter run: --mixes read-hit --keys 1M --threads 1");
            }
            _ => "select less with --keys, --key-types or --only",
        };
        Failure::new(error, hint)
    }
}

impl From<WorkloadError> for Failure {
    fn from(error: WorkloadError) -> Failure {
        Failure::new(error, workload_hint(&error))
    }
}

fn workload_hint(error: &WorkloadError) -> &'static str {
    match error {
        WorkloadError::Share { .. } | WorkloadError::Sum(_) => "for example --mix get=0.9,insert=0.1",
        WorkloadError::Space(_) | WorkloadError::Memory { .. } => "for example --keys 100k",
        WorkloadError::Prefill { .. } => "lower --prefill or raise --keys",
        WorkloadError::ShortKeys { .. } | WorkloadError::Kind(_) => {
            "for example --key-type string:24 --value-type bytes:64"
        }
        WorkloadError::Distribution(_) => "for example --distribution zipf:0.99 or hot:0.1:0.9",
        WorkloadError::Think(_) => "for example --think 500ns",
        WorkloadError::Rate(_) => "for example --rate 100k",
        _ => "see `mapwise advise --help`",
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}\nhint: {}", self.error, self.hint)
    }
}

/// Names of files and what is in them come from outside.
fn one_line(text: &str) -> String {
    safe(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}
