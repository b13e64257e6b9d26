//! What the command does with a contention profile: in a file, and behind an address.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use common::{folder, run, stderr, stdout};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../mapwise-profile/tests/data/profile.json");

fn sample() -> String {
    std::fs::read_to_string(SAMPLE).expect("the sample is there")
}

/// Answers every request with `status` and `body`; returns the address.
fn serve(status: &'static str, body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    // The thread ends with the test's process.
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            // A client that left early is no failure of the test.
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
        }
    });
    address
}

#[test]
fn report_shows_a_profile_in_every_format() {
    for (format, first) in [
        ("text", "sessions: 90 % of the waiting is where one key is asked for most"),
        ("markdown", "**sessions: 90 % of the waiting"),
        ("csv", "map,kind,type,entries,operations"),
        ("json", "{\"schema\":\"mapwise.profile\""),
    ] {
        let output = run(&["report", SAMPLE, "--format", format]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stdout(&output).starts_with(first), "{format}");
    }
    assert_eq!(stdout(&run(&["report", SAMPLE, "--format", "json"])), sample());
}

#[test]
fn report_writes_the_page_of_a_profile() {
    let page = folder("profile-page").join("page.html");
    let output = run(&["report", SAMPLE, "--report", page.to_str().expect("a path")]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("page.html"), "the text names the page");
    let page = std::fs::read_to_string(page).expect("the page is written");
    assert!(page.starts_with("<!doctype html>") && page.contains("\"schema\":\"mapwise.profile\""));
}

#[test]
fn report_refuses_what_a_profile_has_not() {
    let output = run(&["report", SAMPLE, "--fail-over", "1.5"]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""));
    assert!(stderr(&output).contains("need a run, and this file is a profile"), "{}", stderr(&output));
}

#[test]
fn a_broken_profile_is_refused_with_its_place() {
    let file = folder("profile-broken").join("profile.json");
    for (from, to, said) in [
        ("\"delay_ns\":9000000000", "\"delay_ns\":-9", "maps[0].delay_ns: invalid value"),
        ("\"schema_version\":1", "\"schema_version\":7", "schema_version must be 1 to 1, got 7"),
        ("\"name\":\"routes\"", "\"name\":\"sessions\"", "maps[2].name: must not be another map's"),
    ] {
        std::fs::write(&file, sample().replacen(from, to, 1)).expect("the build folder is writable");
        for command in [&["report"][..], &["advise", "--profile"]] {
            let output = run(&[command, &[file.to_str().expect("a path")]].concat());
            assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""), "{command:?} {said}");
            assert!(stderr(&output).contains(said), "{}", stderr(&output));
            assert!(stderr(&output).contains("hint: "));
        }
    }
}

#[test]
fn advise_says_what_follows_from_a_profile_and_measures_nothing() {
    let output = run(&["advise", "--profile", SAMPLE]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.starts_with("hot-key: sessions: 90 %"), "{text}");
    assert!(
        text.contains("readers-blocked: feature-flags")
            && text.contains("Not worth changing: request counters, routes")
    );
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&run(&["advise", "--profile", SAMPLE, "--format", "json"]))).expect("JSON");
    assert_eq!((&json[0]["lint"], &json[0]["delay_ns"]), (&"hot-key".into(), &8_100_000_000_u64.into()));
    let both = run(&["advise", "--profile", SAMPLE, "--threads", "2"]);
    assert_eq!(both.status.code(), Some(2));
}

#[test]
fn a_run_is_no_profile_for_advise() {
    let file = folder("profile-run").join("run.json");
    std::fs::write(&file, "{\"schema\":\"mapwise.run\",\"schema_version\":1}").expect("the build folder is writable");
    let output = run(&["advise", "--profile", file.to_str().expect("a path")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("schema must be mapwise.profile, got \"mapwise.run\""), "{}", stderr(&output));
}

#[test]
fn top_prints_one_frame_of_a_server() {
    let address = serve("200 OK", sample());
    let output = run(&["top", &address, "--once"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let frame = stdout(&output);
    assert_eq!(frame.lines().count(), 24);
    assert!(frame.lines().all(|line| line.chars().count() <= 80));
    assert!(frame.starts_with("shop (4711), 4 threads on 4 cores, recorded 10.0 s\n"), "{frame}");
    assert!(frame.contains("> sessions") && frame.contains("900 ms"), "{frame}");
}

#[test]
fn top_says_what_is_wrong_with_a_server() {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").to_string();
    for (address, said) in [
        (closed, "no answer: "),
        (serve("404 Not Found", String::new()), "the server answers 404"),
        (serve("200 OK", "<html>".to_owned()), "not a profile: not JSON"),
        (
            serve("200 OK", "{\"schema\":\"other\"}".to_owned()),
            "not a profile: schema must be mapwise.profile, got \"other\"",
        ),
        ("https://127.0.0.1".to_owned(), "top speaks plain HTTP"),
    ] {
        let output = run(&["top", &address, "--once"]);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""), "{said}");
        assert!(stderr(&output).starts_with("error: ") && stderr(&output).contains(said), "{}", stderr(&output));
        assert!(stderr(&output).contains("\nhint: "));
    }
}

#[test]
fn top_without_a_terminal_names_once() {
    let output = run(&["top", "127.0.0.1:9"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("top needs a terminal\nhint: --once"), "{}", stderr(&output));
    assert_eq!(run(&["top", "127.0.0.1:9", "--every", "1ms"]).status.code(), Some(2));
}
