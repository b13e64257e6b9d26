//! What the command prints and writes.

mod common;

use std::io::Read;
use std::process::Stdio;

use common::{folder, mapwise, measured, measured_file, run, stderr, stdout};
use mapwise_record::run::Run;
use mapwise_record::schema;
use serde_json::Value;

fn measured_run() -> Run {
    Run::from_json(measured()).expect("what is printed can be read back")
}

#[test]
fn json_obeys_the_schema() {
    let schema: Value = serde_json::from_str(schema::RUN_V1).expect("the schema is JSON");
    let run: Value = serde_json::from_str(measured()).expect("the run is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let errors: Vec<String> = validator.iter_errors(&run).map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0]);
}

#[test]
fn a_real_run_has_every_figure() {
    let run = measured_run();
    assert!(run.complete && !run.verdict.text.is_empty());
    for cell in &run.cells {
        assert!(cell.throughput_ops_per_s.median > 0.0, "{}", cell.candidate);
        assert!(cell.latency_ns.as_ref().is_some_and(|latency| latency.count > 0), "{}", cell.candidate);
        assert!(
            cell.bytes_per_entry.is_some_and(|bytes| bytes > 0.0),
            "{}: is the allocator installed?",
            cell.candidate
        );
    }
    let ids: Vec<&str> = run.cells.iter().map(|cell| cell.candidate.as_str()).collect();
    assert!(ids.contains(&"std-mutex") && ids.contains(&"dashmap"), "{ids:?}");
}

#[test]
fn report_repeats_every_output_without_measuring() {
    let file = measured_file("report");
    let page = file.with_extension("html");
    let (file, page) = (file.to_str().expect("the path is UTF-8"), page.to_str().expect("the path is UTF-8"));
    let shown = |format: &str| {
        let output = run(&["report", file, "--format", format, "--report", page]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output)
    };
    let run = measured_run();
    assert_eq!(shown("json"), measured());
    assert_eq!(shown("text").lines().next(), Some(run.verdict.text.as_str()));
    assert!(shown("text").contains(page));
    assert_eq!(shown("csv").lines().count(), 1 + run.cells.len());
    assert!(shown("markdown").starts_with("**"));
    let html = std::fs::read_to_string(page).expect("the page was written");
    for cell in &run.cells {
        let exact = format!("<data value=\"{}\">", cell.throughput_ops_per_s.median);
        assert!(html.contains(&exact), "{} is not on the page", cell.candidate);
    }
}

#[test]
fn files_are_replaced_whole_and_nothing_else_is_left() {
    let file = measured_file("whole");
    let folder = file.parent().expect("the file is in a folder");
    let page = folder.join("report.html");
    std::fs::write(&page, "old").expect("the build folder is writable");
    let output = run(&["report", file.to_str().expect("UTF-8"), "--report", page.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(0));
    let html = std::fs::read_to_string(&page).expect("the page was written");
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>"));
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("readable").file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["report.html", "run.json"]);
}

#[cfg(unix)]
#[test]
fn devices_are_written_to_and_links_stay_links() {
    use std::os::unix::fs::FileTypeExt;
    let file = measured_file("special");
    let file = file.to_str().expect("UTF-8");
    assert_eq!(run(&["report", file, "--report", "/dev/null"]).status.code(), Some(0));
    assert!(std::fs::metadata("/dev/null").expect("it is still there").file_type().is_char_device());
    let link = folder("special-link").join("link.html");
    let target = link.with_file_name("target.html");
    std::fs::write(&target, "old").expect("the build folder is writable");
    std::os::unix::fs::symlink(&target, &link).expect("the build folder is writable");
    assert_eq!(run(&["report", file, "--report", link.to_str().expect("UTF-8")]).status.code(), Some(0));
    assert!(link.is_symlink());
    assert!(std::fs::read_to_string(&target).expect("it is there").starts_with("<!DOCTYPE"));
}

#[test]
fn the_gate_trips_only_beyond_its_ratio() {
    let file = measured_file("gate");
    let file = file.to_str().expect("UTF-8");
    let tripped = run(&["report", file, "--fail-over", "0.000001"]);
    assert_eq!(tripped.status.code(), Some(1));
    assert!(stderr(&tripped).starts_with("gate: session-cache"), "{}", stderr(&tripped));
    assert!(!tripped.stdout.is_empty(), "results are printed all the same");
    assert_eq!(run(&["report", file, "--fail-over", "1000000"]).status.code(), Some(0));
}

#[test]
fn a_baseline_is_compared_with_and_leaves_json_clean() {
    let file = measured_file("baseline");
    let file = file.to_str().expect("UTF-8");
    let text = run(&["report", file, "--baseline", file]);
    assert!(stdout(&text).contains("against the run of"), "{}", stdout(&text));
    assert!(stdout(&text).contains("1.00x"));
    let json = run(&["report", file, "--baseline", file, "--format", "json"]);
    assert_eq!(stdout(&json), measured());
    assert!(stderr(&json).contains("against the run of"));
}

#[test]
fn bench_covers_workloads_and_thread_counts() {
    let folder = folder("bench");
    let (page, save) = (folder.join("b.html"), folder.join("b.json"));
    let output = run(&[
        "bench",
        "--preset",
        "counter,feature-flags",
        "--threads",
        "1,2",
        "--time",
        "2s",
        "--only",
        "std-mutex",
        "--report",
        page.to_str().expect("UTF-8"),
        "--save",
        save.to_str().expect("UTF-8"),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    let heads: Vec<&str> = text.lines().take(2).map(|line| line.split(':').next().unwrap_or("")).collect();
    assert_eq!(heads, ["counter", "feature-flags"]);
    assert!(text.contains("throughput against threads") && text.contains("p99 against threads"));
    let schema: Value = serde_json::from_str(schema::RUN_V1).expect("the schema is JSON");
    let bench: Value =
        serde_json::from_str(&std::fs::read_to_string(&save).expect("it was written")).expect("it is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let runs = bench["runs"].as_array().expect("a bench file has runs");
    assert!(runs.len() == 2 && runs.iter().all(|run| validator.is_valid(run)));
    let again = run(&["report", save.to_str().expect("UTF-8")]);
    assert_eq!(stdout(&again).lines().next(), text.lines().next());
    let html = std::fs::read_to_string(&page).expect("the page was written");
    assert_eq!(html.matches("<article").count(), 2);
}

#[test]
fn parameters_replace_what_the_preset_says() {
    let output = run(&[
        "advise",
        "--mix",
        "get=90%,insert=10%",
        "--keys",
        "1k",
        "--distribution",
        "hot:0.1:0.9",
        "--key-type",
        "string:16",
        "--private-keys",
        "--think",
        "100ns",
        "--threads",
        "1",
        "--time",
        "500ms",
        "--only",
        "std-mutex",
        "--format",
        "json",
        "--hasher",
        "foldhash",
        "--seed",
        "9",
    ]);
    let run = Run::from_json(output.stdout).expect("what is printed can be read back");
    let workload = &run.workload;
    assert_eq!((workload.name.as_str(), workload.keys.space, workload.think_ns), ("custom", 1000, 100));
    assert_eq!((workload.mix.get, workload.mix.insert, workload.mix.read_share()), (0.9, 0.1, 0.9));
    assert!(workload.private_keys && run.hasher.contains("foldhash") && run.seed == 9);
}

#[test]
fn a_trace_is_replayed() {
    let path = folder("trace").join("requests.csv");
    let row = |n: u32| format!("{n},key{},8,100,1,{},0\n", n % 50, ["get", "set", "get", "delete"][n as usize % 4]);
    std::fs::write(&path, (0..4000).map(row).collect::<String>()).expect("the build folder is writable");
    let path = path.to_str().expect("UTF-8");
    let output = run(&[
        "advise",
        "--trace",
        path,
        "--threads",
        "1",
        "--time",
        "500ms",
        "--only",
        "std-mutex",
        "--format",
        "json",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let run = Run::from_json(output.stdout).expect("what is printed can be read back");
    assert_eq!((run.workload.name.as_str(), run.workload.keys.space), ("requests.csv", 50));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let file = measured_file("pipe");
    for args in [
        vec!["report", file.to_str().expect("UTF-8"), "--format", "json"],
        vec!["presets"],
        vec!["--help"],
        vec!["man"],
    ] {
        let mut child =
            mapwise(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
        drop(child.stdout.take());
        let mut messages = String::new();
        child.stderr.take().expect("it is piped").read_to_string(&mut messages).expect("messages are UTF-8");
        assert_eq!(child.wait().expect("it ends").code(), Some(0), "{args:?}");
        assert_eq!(messages, "", "{args:?}");
    }
}

#[test]
fn colors_appear_only_when_asked_for_away_from_a_terminal() {
    let file = measured_file("color");
    let file = file.to_str().expect("UTF-8");
    assert!(!stdout(&run(&["report", file])).contains('\u{1b}'));
    assert!(stdout(&run(&["--color", "always", "report", file])).contains('\u{1b}'));
    let narrow = mapwise(&["report", file]).env("COLUMNS", "70").output().expect("the command starts");
    let repeat = |line: &&str| !line.starts_with("repeat:");
    assert!(stdout(&narrow).lines().filter(repeat).all(|line| line.chars().count() <= 70), "{}", stdout(&narrow));
}

#[test]
fn completions_and_the_manual_page_know_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = stdout(&run(&["completions", shell]));
        assert!(script.contains("advise") && script.contains("baseline"), "{shell}");
    }
    let page = stdout(&run(&["man"]));
    for word in [".TH mapwise", "MAPWISE ADVISE", "MAPWISE BENCH", "\\-\\-fail\\-over", "Examples"] {
        assert!(page.contains(word), "{word}");
    }
    assert!(!page.contains("MAPWISE PICTURE"));
}

#[test]
fn presets_are_listed_once_each_with_the_default_marked() {
    let list = stdout(&run(&["presets"]));
    assert_eq!(list.matches("(default)").count(), 1);
    assert_eq!(list.lines().filter(|line| line.ends_with(':')).count(), 3);
    let names: Vec<&str> = list.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    assert!(names.contains(&"ycsb-a") && names.contains(&"twitter-1") && names.len() > 60, "{names:?}");
}

#[test]
fn help_has_an_example_for_every_command() {
    for command in ["advise", "bench", "report", "presets", "diagnose", "completions", "man"] {
        let help = stdout(&run(&[command, "--help"]));
        assert!(help.contains("Example") && help.contains(&format!("mapwise {command}")), "{command}");
    }
}

#[test]
fn terminal_output_becomes_a_picture() {
    let mut child =
        mapwise(&["picture"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the command starts");
    std::io::Write::write_all(&mut child.stdin.take().expect("it is piped"), b"\x1b[1mTake\x1b[0m it\n")
        .expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(stdout(&output).starts_with("<svg") && stdout(&output).contains("Take"));
}
