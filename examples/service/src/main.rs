//! A service that keeps all of its state in mapwise's maps, and shows how they fare at `/debug/mapwise/`.
//!
//! Four uses, a file each: sessions that expire, a count of requests, flags that every request reads, and a registry kept
//! up by heartbeats. Which kind of map they live in is chosen at the start.

mod counts;
mod flags;
mod maps;
mod registry;
mod sessions;

use std::{io, net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    routing::{get, post, put},
};
use clap::Parser;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    time::{interval, timeout},
};

use crate::{counts::Counts, flags::Flags, maps::Kind, registry::Registry, sessions::Sessions};

/// The longest body that is read.
const MOST_BYTES: usize = 1024;

/// How often what is too old is removed.
const SWEEP: Duration = Duration::from_millis(250);

/// How long requests may go on after the service was told to end.
const LAST_REQUESTS: Duration = Duration::from_secs(3);

/// Where the profile is served if the service itself is open to other machines.
const DEBUG: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 6060);

const EXAMPLES: &str = "\
Examples:
  mapwise-service
  mapwise-service --map mutex --listen 127.0.0.1:8080
  mapwise-load 127.0.0.1:3000 --time 60s      in another terminal, while a browser shows /debug/mapwise/
  mapwise top 127.0.0.1:3000
  go tool pprof -top http://127.0.0.1:3000/debug/mapwise/profile.pb.gz
  curl -X PUT -d on 127.0.0.1:3000/flags/slow-sessions      and the profile says who waits for whom

Paths:
  POST   /sessions            open a session for the user in the body; answers its id
  GET    /sessions/{id}       use a session; answers how often it was used
  DELETE /sessions/{id}       close it
  GET    /counts              how often each path was asked, by status
  GET    /flags               the flags; `maintenance` refuses requests, `slow-sessions` holds a lock for a millisecond
  PUT    /flags/{name}        turn a flag on or off
  GET    /instances           which instances live, and where
  PUT    /instances/{name}    a heartbeat, with the instance's address in the body

Ctrl-C ends it.";

/// A service whose state lives in concurrent maps.
#[derive(Debug, Parser)]
#[command(name = "mapwise-service", version, after_help = EXAMPLES)]
struct Args {
    /// The kind of map that holds the state
    #[arg(long, value_name = "KIND", default_value = "map")]
    map: Kind,
    /// Where to listen. Away from the loopback, the profile stays there, on port 6060
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// How long a session lasts without being used
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = humantime::parse_duration)]
    session_time: Duration,
    /// How long an instance is listed after a heartbeat
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = humantime::parse_duration)]
    instance_time: Duration,
}

/// Everything that the service remembers.
pub(crate) struct State {
    sessions: Sessions,
    counts: Counts,
    flags: Flags,
    registry: Registry,
}

impl State {
    fn new(args: &Args) -> Self {
        Self {
            sessions: Sessions::new(args.map, args.session_time),
            counts: Counts::new(args.map),
            flags: Flags::new(args.map),
            registry: Registry::new(args.map, args.instance_time),
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}\nhint: --listen names an address of this machine and a free port"));
            ExitCode::from(2)
        }
    }
}

async fn run(args: &Args) -> io::Result<()> {
    let state = Arc::new(State::new(args));
    let listener = TcpListener::bind(args.listen).await.map_err(|error| at(args.listen, &error))?;
    let address = listener.local_addr()?;
    let mut app = service(&state);
    let mut debug = address;
    if address.ip().is_loopback() {
        app = app.merge(mapwise::profile::router());
    } else {
        let private = TcpListener::bind(DEBUG).await.map_err(|error| at(DEBUG, &error))?;
        debug = private.local_addr()?;
        let router: Router = mapwise::profile::router();
        tokio::spawn(async { axum::serve(private, router).await });
    }
    announce(&format!("listening on http://{address}\nprofile at http://{debug}/debug/mapwise/"));
    tokio::spawn(sweep(Arc::clone(&state)));

    let (end, mut ended) = tokio::sync::watch::channel(());
    let serving = axum::serve(listener, app).with_graceful_shutdown(async move {
        // An error means that the sender is gone, which ends the service too.
        let _ = ended.changed().await;
    });
    let serving = tokio::spawn(async { serving.await });
    told_to_end().await?;
    end.send_replace(());
    // A client that never reads its answer does not keep the service from ending.
    match timeout(LAST_REQUESTS, serving).await {
        Ok(finished) => finished??,
        Err(_) => say("some requests were not finished"),
    }
    say("ended");
    Ok(())
}

fn at(address: SocketAddr, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
}

fn service(state: &Arc<State>) -> Router {
    Router::new()
        .route("/sessions", post(sessions::open))
        .route("/sessions/{id}", get(sessions::touch).delete(sessions::close))
        .route("/counts", get(counts::show))
        .route("/flags", get(flags::show))
        .route("/flags/{name}", put(flags::set))
        .route("/instances", get(registry::show))
        .route("/instances/{name}", put(registry::beat))
        .route_layer(from_fn_with_state(Arc::clone(state), flags::obey))
        .route_layer(from_fn_with_state(Arc::clone(state), counts::count))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .with_state(Arc::clone(state))
}

/// Removes what is too old, until the runtime ends.
async fn sweep(state: Arc<State>) {
    let mut turns = interval(SWEEP);
    loop {
        turns.tick().await;
        state.sessions.sweep();
        state.registry.sweep();
    }
}

async fn told_to_end() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
    }
}

#[allow(clippy::print_stdout, reason = "the address is what the program has to tell")]
fn announce(text: &str) {
    println!("{text}");
}

#[allow(clippy::print_stderr, reason = "a service has no other reader")]
fn say(text: &str) {
    eprintln!("{text}");
}
