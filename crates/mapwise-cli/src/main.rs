//! The command `mapwise`: arguments, terminal and files. The only crate that talks to the world.
//!
//! Results go to standard output and everything else to standard error. A failure is one `error:`
//! line and one `hint:` line with exit status 2; a tripped gate or a finding is 1, an interrupted run 130.

mod values;

mod args;
mod failure;

mod files;
mod terminal;
mod watch;

mod profile;

mod output;
mod source;

mod diagnose;
mod explain;
mod listing;
mod measure;
mod suite;
mod top;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command, SuiteName};
use failure::Failure;
use output::{Opened, Output};

/// Counts what maps allocate; see [`mapwise_workload::CountingAllocator`].
#[global_allocator]
static ALLOCATOR: mapwise_workload::CountingAllocator = mapwise_workload::CountingAllocator;

fn main() -> ExitCode {
    match parse().and_then(|cli| cli.map_or(Ok(0), |cli| run(&cli))) {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            terminal::say(&failure.to_string());
            ExitCode::from(failure.status)
        }
    }
}

/// The arguments, or nothing when help or the version was asked for and shown.
fn parse() -> Result<Option<Cli>, Failure> {
    match Cli::try_parse() {
        Ok(cli) => Ok(Some(cli)),
        Err(error) if error.use_stderr() => Err(Failure::usage(&error)),
        Err(help) => {
            // Clap knows how to color it; a reader that has seen enough is no error.
            let _ = help.print();
            Ok(None)
        }
    }
}

fn run(cli: &Cli) -> Result<u8, Failure> {
    let style = terminal::style(cli.color);
    match &cli.command {
        Command::Advise(args) => match &args.profile {
            Some(path) => profile::advice(path, &args.output, style),
            None => measure::advise(args, style),
        },
        Command::Bench(args) => match args.suite.suite {
            Some(SuiteName::Peers) => suite::peers(args, style),
            None => measure::bench(args, style),
        },
        Command::Report(args) => match output::open(&args.file)? {
            Opened::Profile(shown) => profile::report(&shown, &args.output, style),
            Opened::Record(record) => Output::prepare(&args.output, None, style)?.deliver(&record),
        },
        Command::Top(args) => top::top(args, cli.color),
        Command::Diagnose(args) => diagnose::diagnose(args),
        Command::Explain { finding } => explain::explain(finding.as_deref()),
        Command::Presets => listing::presets(),
        Command::Completions { shell } => listing::completions(*shell),
        Command::Man => listing::man(),
        Command::Picture => listing::picture(),
    }
}
