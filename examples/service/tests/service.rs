//! What the service answers, how it starts and how it ends.

mod common;

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    time::{Duration, Instant},
};

use common::Service;
use hyper::Method;
use mapwise_profile::advice::{Lint, advise};
use mapwise_service::load::{Plan, run};
use tokio::time::sleep;

/// Longer than any of the lives that the tests choose, with a sweep.
const LATER: Duration = Duration::from_millis(1_200);

fn plan(service: &Service, rate: f64, seconds: u64) -> Plan {
    let begin = Instant::now() + Duration::from_millis(300);
    Plan { address: service.address, users: 16, rate, begin, time: Duration::from_secs(seconds) }
}

#[test]
fn help_shows_examples_and_a_wrong_address_has_a_hint() {
    let service = || Command::new(env!("CARGO_BIN_EXE_mapwise-service"));
    let help = service().arg("--help").output().expect("it starts");
    let text = String::from_utf8_lossy(&help.stdout).into_owned();
    assert!(help.status.success() && text.contains("Examples:\n  mapwise-service\n"), "{text}");
    let running = Service::start(&[]);
    let taken = service().args(["--listen", &running.address.to_string()]).output().expect("it starts");
    let said = String::from_utf8_lossy(&taken.stderr).into_owned();
    assert_eq!(taken.status.code(), Some(2));
    assert!(said.starts_with(&format!("error: cannot listen on {}: ", running.address)), "{said}");
    assert!(said.contains("\nhint: "), "{said}");
    assert_eq!(service().args(["--map", "tree"]).output().expect("it starts").status.code(), Some(2));
}

#[tokio::test]
async fn a_session_is_used_until_it_is_closed_or_expires() {
    let service = Service::start(&["--session-time", "600ms"]);
    let (status, id) = service.ask(Method::POST, "/sessions", "alice").await;
    assert_eq!((status, id.len()), (201, 32));
    let path = format!("/sessions/{id}");
    assert_eq!(service.get(&path).await, "{\"user\":\"alice\",\"uses\":1}");
    assert_eq!(service.get(&path).await, "{\"user\":\"alice\",\"uses\":2}");
    assert_eq!(service.ask(Method::DELETE, &path, "").await.0, 204);
    assert_eq!(service.ask(Method::GET, &path, "").await.0, 404);
    assert_eq!(service.ask(Method::DELETE, &path, "").await.0, 404);

    let (_, id) = service.ask(Method::POST, "/sessions", "bob").await;
    sleep(LATER).await;
    let profile = service.profile().await;
    let sessions = profile.maps.iter().find(|map| map.name == "sessions").expect("the map has its name");
    assert_eq!(sessions.len, Some(0), "swept, though nobody asked for it");
    assert_eq!(service.ask(Method::GET, &format!("/sessions/{id}"), "").await.0, 404);
}

#[tokio::test]
async fn an_instance_is_listed_while_its_heart_beats() {
    let service = Service::start(&["--instance-time", "600ms"]);
    assert_eq!(service.ask(Method::PUT, "/instances/web-1", "10.0.0.1:80").await.0, 204);
    assert_eq!(service.get("/instances").await, "{\"web-1\":\"10.0.0.1:80\"}");
    sleep(LATER).await;
    assert_eq!(service.get("/instances").await, "{}");
}

#[tokio::test]
async fn every_request_obeys_the_flags_and_is_counted_by_its_pattern() {
    let service = Service::start(&[]);
    assert_eq!(service.get("/flags").await, "{\"maintenance\":false,\"slow-sessions\":false}");
    assert_eq!(service.ask(Method::PUT, "/flags/maintenance", "on").await.0, 204);
    assert_eq!(service.ask(Method::POST, "/sessions", "alice").await.0, 503);
    assert_eq!(service.ask(Method::PUT, "/flags/maintenance", "off").await.0, 204);
    assert_eq!(service.ask(Method::POST, "/sessions", "alice").await.0, 201);
    assert_eq!(service.ask(Method::GET, "/sessions/7", "").await.0, 404);
    assert_eq!(service.ask(Method::GET, "/sessions/8", "").await.0, 404);
    let counts: serde_json::Value = serde_json::from_str(&service.get("/counts").await).expect("JSON");
    let expected = serde_json::json!({
        "GET /flags 200": 1,
        "GET /sessions/{id} 404": 2,
        "POST /sessions 201": 1,
        "POST /sessions 503": 1,
        "PUT /flags/{name} 204": 2,
    });
    assert_eq!(counts, expected);
}

#[tokio::test]
async fn what_a_client_sends_is_bounded_and_checked() {
    let service = Service::start(&[]);
    let long = "a".repeat(65);
    let longer = "a".repeat(2_000);
    for (method, path, body, status) in [
        (Method::POST, "/sessions", "", 400),
        (Method::POST, "/sessions", "<script>", 400),
        (Method::POST, "/sessions", &long, 400),
        (Method::POST, "/sessions", &longer, 413),
        (Method::PUT, "/flags/a", "perhaps", 400),
        (Method::PUT, "/flags/%1b%5b", "on", 400),
        (Method::PUT, "/instances/a", "http://evil/", 400),
        (Method::GET, "/nothing", "", 404),
        (Method::DELETE, "/counts", "", 405),
    ] {
        assert_eq!(service.ask(method.clone(), path, body).await.0, status, "{method} {path}");
    }
}

#[tokio::test]
async fn each_kind_of_map_serves() {
    for kind in ["map", "sharded", "rw-lock", "mutex", "sync"] {
        let service = Service::start(&["--map", kind]);
        let outcome = run(plan(&service, 800.0, 1)).await.expect("the service answers");
        assert_eq!((outcome.lost, &outcome.wrong[..]), (0, &[][..]), "{kind}");
        assert!(outcome.requests() >= 800 && outcome.open > 0, "{kind}: {}", outcome.requests());
        let profile = service.profile().await;
        let mut names: Vec<&str> = profile.maps.iter().map(|map| map.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["flags", "instances", "request counts", "sessions"], "{kind}");
    }
}

#[tokio::test]
async fn a_lock_that_is_held_for_long_is_seen_with_its_place() {
    let service = Service::start(&["--map", "mutex"]);
    service.ask(Method::PUT, "/flags/slow-sessions", "on").await;
    run(plan(&service, 2_000.0, 2)).await.expect("the service answers");
    let profile = service.profile().await;
    let advice = advise(&profile);
    let first = advice.first().expect("there is something to say");
    assert_eq!((first.lint, first.map.as_str()), (Lint::LongHold, "sessions"), "{advice:#?}");
    let sessions = profile.maps.iter().find(|map| map.name == "sessions").expect("the map lives");
    let longest = sessions.holds.longest.as_ref().expect("some holds were timed");
    assert!(longest.file.ends_with("sessions.rs"), "{longest:?}");
    assert!(sessions.matrix.iter().all(|row| row.waiter.file.ends_with("sessions.rs")), "{:?}", sessions.matrix);
}

#[tokio::test]
async fn ctrl_c_ends_it_whatever_clients_do() {
    let service = Service::start(&[]);
    let _idle = service.client().await;
    // One that asked for much, read a byte, and stalls.
    let mut stalled = TcpStream::connect(service.address).expect("it listens");
    write!(stalled, "GET /debug/mapwise/profile.json HTTP/1.1\r\nHost: a\r\n\r\n").expect("a request");
    stalled.read_exact(&mut [0]).expect("the answer begins");
    let mut half = TcpStream::connect(service.address).expect("it listens");
    write!(half, "POST /sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\nali").expect("half a request");
    let (status, said) = service.interrupt(Duration::from_secs(10));
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.ends_with("ended\n"), "{said}");
}
