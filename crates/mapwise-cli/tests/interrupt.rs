//! Ctrl-C: what was measured is kept and shown, and a second one ends the process.
#![cfg(unix)]

mod common;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{folder, mapwise};
use mapwise_record::run::Run;

fn interrupt(child: &Child) {
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.expect("kill is there").success());
}

#[test]
fn an_interrupted_run_shows_what_was_measured_and_keeps_files() {
    let folder = folder("interrupt");
    let (page, save) = (folder.join("r.html"), folder.join("r.json"));
    let child = mapwise(&[
        "advise",
        "--time",
        "60s",
        "--threads",
        "1",
        "--only",
        "std-mutex",
        "--keys",
        "1k",
        "--report",
        page.to_str().expect("UTF-8"),
        "--save",
        save.to_str().expect("UTF-8"),
    ])
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .expect("the command starts");
    // Long enough for rounds to have ended, short enough for most of the minute to be left.
    std::thread::sleep(Duration::from_secs(12));
    let start = Instant::now();
    interrupt(&child);
    let output = child.wait_with_output().expect("it ends");
    assert!(start.elapsed() < Duration::from_secs(20), "it went on measuring");
    assert_eq!(output.status.code(), Some(130), "{}", common::stderr(&output));
    let run = Run::from_json(std::fs::read(&save).expect("the run was kept")).expect("it can be read back");
    assert!(!run.complete && !run.cells.is_empty());
    assert_eq!(common::stdout(&output).lines().next(), Some(run.verdict.text.as_str()));
    assert!(common::stdout(&output).contains("interrupted"), "{}", common::stdout(&output));
    assert!(std::fs::read_to_string(&page).expect("the page was kept").contains("interrupted"));
}

#[test]
fn a_second_interrupt_ends_the_process_at_once() {
    let child = mapwise(&["advise", "--time", "60s", "--threads", "1", "--keys", "2M"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    std::thread::sleep(Duration::from_millis(700));
    interrupt(&child);
    std::thread::sleep(Duration::from_millis(300));
    interrupt(&child);
    let start = Instant::now();
    let output = child.wait_with_output().expect("it ends");
    assert!(start.elapsed() < Duration::from_secs(5), "the second one did not end it");
    assert_eq!(output.status.code(), Some(130));
}
