//! Drives the example service with requests, and says how it did.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "results and errors are what the program is for")]

use std::{
    net::SocketAddr,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;
use mapwise_service::load::{Outcome, Plan, run};

/// Time for users to connect and open their first sessions.
const GET_READY: Duration = Duration::from_secs(1);

const EXAMPLES: &str = "\
Examples:
  mapwise-load
  mapwise-load 127.0.0.1:8080 --rate 5000 --users 32 --time 60s

Exit status: 0 every answer was right, 1 one was not or a session was lost, 2 the service could not be reached.";

/// Opens, uses and closes sessions of the example service, and checks every answer.
#[derive(Debug, Parser)]
#[command(name = "mapwise-load", version, after_help = EXAMPLES)]
struct Args {
    /// Where the service listens
    #[arg(value_name = "ADDRESS", default_value = "127.0.0.1:3000")]
    address: SocketAddr,
    /// How many users, a connection each
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    users: u32,
    /// Requests a second, all users together
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// For how long
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    time: Duration,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let begin = Instant::now() + GET_READY;
    let plan = Plan { address: args.address, users: args.users, rate: args.rate.into(), begin, time: args.time };
    match run(plan).await {
        Ok(outcome) => show(&outcome),
        Err(error) => {
            eprintln!("error: {}: {error}\nhint: start mapwise-service first", args.address);
            ExitCode::from(2)
        }
    }
}

fn show(outcome: &Outcome) -> ExitCode {
    println!("{} requests, {} sessions open at the end, {} lost", outcome.requests(), outcome.open, outcome.lost);
    for (share, name) in [(0.5, "p50"), (0.99, "p99"), (1.0, "max")] {
        println!("{name} {:?}", outcome.latency(share));
    }
    for (series, count) in &outcome.counts {
        println!("{count:>9}  {series}");
    }
    outcome.wrong.iter().for_each(|wrong| println!("wrong: {wrong}"));
    ExitCode::from(u8::from(outcome.lost > 0 || !outcome.wrong.is_empty()))
}
