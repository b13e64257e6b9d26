//! `mapwise diagnose` as a user runs it.

mod common;

use std::fs::File;
use std::io::Write;
use std::process::{Output, Stdio};

use common::{folder, mapwise, run, stderr, stdout};
use serde_json::Value;

const LOGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../mapwise-diagnose/tests/data/logs");
const CODE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../mapwise-diagnose/tests/data/zoo");

fn log(name: &str) -> String {
    format!("{LOGS}/{name}")
}

/// A log in which nothing is wrong.
fn quiet(name: &str) -> String {
    let path = folder(name).join("quiet.log");
    std::fs::write(&path, "listening on :80\nserved in 3ms\n").expect("the build folder is writable");
    path.display().to_string()
}

fn parsed(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stdout(output)))
}

#[test]
fn the_exit_status_says_whether_something_was_found() {
    let (quiet, dump) = (quiet("diagnose-status"), log("go1.23.9-encode-dump.txt"));
    assert_eq!(run(&["diagnose", &quiet]).status.code(), Some(0));
    assert_eq!(run(&["diagnose", &dump]).status.code(), Some(1));
    assert_eq!(run(&["diagnose", &dump, &quiet]).status.code(), Some(1));
    assert_eq!(run(&["diagnose", "/nonexistent.log"]).status.code(), Some(2));
    assert_eq!(run(&["diagnose", "/nonexistent.log", &dump]).status.code(), Some(2));
}

#[test]
fn the_two_lines_are_named() {
    let output = run(&["diagnose", &log("go1.23.9-encode-dump.txt")]);
    let text = stdout(&output);
    assert!(text.contains("/app/zoo/zoo.go:149") && text.contains("/app/zoo/zoo.go:26"), "{text}");
    assert_eq!(stderr(&output), "");
}

#[test]
fn the_code_is_shown_where_it_is_given() {
    let output = run(&["diagnose", "--src", CODE, &log("go1.25.4-halflocked-race.txt")]);
    assert!(stdout(&output).contains(" | "), "{}", stdout(&output));
    assert!(!stdout(&run(&["diagnose", &log("go1.25.4-halflocked-race.txt")])).contains(" | "));
}

#[test]
fn json_has_an_entry_for_each_log() {
    let (dump, race, quiet) = (log("go1.23.9-encode-dump.txt"), log("go1.25.4-loop-race.txt"), quiet("diagnose-json"));
    let whole = parsed(&run(&["diagnose", "--format", "json", &dump, &race, &quiet]));
    let logs = whole["logs"].as_array().expect("a list");
    let found: Vec<usize> = logs.iter().map(|log| log["findings"].as_array().expect("a list").len()).collect();
    assert!(found.len() == 3 && found[0] == 1 && found[1] > 0 && found[2] == 0, "{found:?}");
    assert_eq!(logs[0]["log"], dump.as_str());
    assert!(logs.iter().all(|log| log["error"].is_null()));
    let alone = parsed(&run(&["diagnose", "--format", "json", &race]));
    assert_eq!(alone["logs"][0], logs[1], "the shape does not depend on how many logs there are");
}

#[test]
fn sarif_has_one_run_with_the_results_of_all_logs() {
    let (dump, race) = (log("go1.23.9-encode-dump.txt"), log("go1.25.4-loop-race.txt"));
    let results = |logs: &[&str]| {
        let args: Vec<&str> = ["diagnose", "--format", "sarif"].iter().chain(logs).copied().collect();
        let sarif = parsed(&run(&args));
        assert_eq!(sarif["version"], "2.1.0");
        assert_eq!(sarif["runs"].as_array().map(Vec::len), Some(1));
        sarif["runs"][0]["results"].as_array().expect("a list").len()
    };
    assert_eq!(results(&[&dump]), 1);
    assert_eq!(results(&[&dump, &race]), 1 + results(&[&race]));
}

#[test]
fn annotations_and_markdown_name_the_place() {
    let race = log("go1.25.4-loop-race.txt");
    let github = stdout(&run(&["diagnose", "--format", "github", &race]));
    assert!(github.lines().all(|line| line.starts_with("::")) && github.contains("file=/app/zoo/zoo.go"), "{github}");
    let markdown = stdout(&run(&["diagnose", "--format", "markdown", &race]));
    assert!(markdown.starts_with("# Map diagnosis\n") && markdown.contains("/app/zoo/zoo.go:"), "{markdown}");
}

#[test]
fn standard_input_is_read_by_name_and_by_default() {
    let named = run(&["diagnose", &log("go1.23.9-encode-dump.txt")]);
    for args in [&["diagnose", "-"][..], &["diagnose"]] {
        let file = File::open(log("go1.23.9-encode-dump.txt")).expect("an own log");
        let output = mapwise(args).stdin(file).output().expect("the command starts");
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(stdout(&output), stdout(&named));
    }
}

#[test]
fn several_logs_are_told_apart_and_an_unreadable_one_keeps_none_from_the_user() {
    let (dump, missing, last) = (log("go1.23.9-encode-dump.txt"), "/nonexistent.log", log("go1.23.9-loop-dump.txt"));
    let output = run(&["diagnose", &dump, missing, &last]);
    let (text, messages) = (stdout(&output), stderr(&output));
    assert!(text.contains(&format!("==> {dump} <==\n")) && text.contains(&format!("==> {last} <==\n")), "{text}");
    let lines: Vec<&str> = messages.lines().collect();
    assert!(
        matches!(lines.as_slice(), [error, hint] if error.starts_with("error: /nonexistent.log: ") && hint.starts_with("hint: ")),
        "{messages}"
    );
}

#[test]
fn what_cannot_be_read_is_refused_with_a_hint() {
    let folder = folder("diagnose-refused");
    let folder = folder.to_str().expect("the path is UTF-8");
    let cases: [(&[&str], &str); 4] = [
        (&[folder], "is a folder"),
        (&["/nonexistent.log"], "/nonexistent.log"),
        (&["--src", "/nonexistent", "-"], "got /nonexistent"),
        (&["--format", "xml", "-"], "xml"),
    ];
    for (args, part) in cases {
        let args: Vec<&str> = ["diagnose"].iter().chain(args).copied().collect();
        let output = run(&args);
        let messages = stderr(&output);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""), "{args:?}: {messages}");
        assert!(messages.starts_with("error: ") && messages.contains(part), "{messages}");
        assert!(messages.lines().count() == 2 && messages.contains("\nhint: "), "{messages}");
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let dump = log("go1.23.9-encode-dump.txt");
    let mut child = mapwise(&["diagnose", "-", &dump])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    drop(child.stdout.take());
    drop(child.stdin.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(1), ""));
}

#[cfg(unix)]
#[test]
fn an_interrupted_stream_shows_what_was_read() {
    let mut child = mapwise(&["diagnose"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    let dump = std::fs::read(log("go1.23.9-encode-dump.txt")).expect("an own log");
    stdin.write_all(&dump).expect("it reads");
    // Long enough for the command to be waiting for more.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.expect("kill is there").success());
    // As a pipe ends when the same Ctrl-C ends what writes to it.
    std::thread::sleep(std::time::Duration::from_millis(300));
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(stdout(&output).contains("/app/zoo/zoo.go:149"), "{}", stdout(&output));
    assert!(stderr(&output).starts_with("interrupted: standard input was read up to line "), "{}", stderr(&output));
}
