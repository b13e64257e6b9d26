//! Programs with findings: what they print, where, and the status they end with.
//!
//! This file is a program of its own, without libtest: started with `SCENARIO`, it is the program that is watched.

#![allow(unsafe_code, clippy::print_stdout)]

use std::{
    collections::HashSet,
    env,
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    process::{self, Command, ExitCode, Output},
    sync::Barrier,
    thread,
};

use libtest_mimic::{Arguments, Failed, Trial};
use mapwise::{MutexMap, ShardedMap};
use serde_json::Value;

/// A visit is counted in two steps, by two threads at once.
fn lose_an_update(visits: &ShardedMap<&'static str, u64>) {
    let both = Barrier::new(2);
    let visit = || {
        let seen = visits.get("/").unwrap_or(0);
        both.wait();
        visits.insert("/", seen + 1);
        both.wait();
    };
    thread::scope(|scope| {
        scope.spawn(visit);
        scope.spawn(visit);
    });
}

fn once() {
    lose_an_update(&[("/", 0)].into_iter().collect());
}

/// Another finding: other functions.
fn twice_at_first() {
    let pools = MutexMap::<&str, u64>::new();
    let both = Barrier::new(2);
    let open = |pool: u64| {
        if pools.get("database").is_none() {
            both.wait();
            pools.insert("database", pool);
            both.wait();
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| open(1));
        scope.spawn(|| open(2));
    });
}

/// A thread is held back between look-up and write, until another writes.
fn be_held_back() {
    let (visits, looked) = (ShardedMap::new(), Barrier::new(2));
    visits.insert("/", 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            looked.wait();
            // Writes at once what the other, which is held back for a second, would overwrite.
            visits.insert("/", 7);
        });
        visits.get("/");
        looked.wait();
        visits.insert("/", 1);
    });
    let stats = mapwise::check::stats();
    assert!(stats.delays == 1 && stats.delayed <= stats.wall, "{stats:?}");
}

extern "C" fn registered_early() {
    println!("registered early");
}

fn program(scenario: &str) -> Result<(), Box<dyn Error>> {
    match scenario {
        "nothing" => {
            let map = ShardedMap::new();
            map.insert(1, 1);
            assert_eq!(map.get(&1), Some(1));
        }
        "returns" => once(),
        "returns an error" => {
            once();
            return Err("no luck".into());
        }
        "panics" => {
            once();
            panic!("no luck");
        }
        "exits" => {
            once();
            process::exit(3);
        }
        "aborts" => {
            once();
            process::abort();
        }
        "repeats" => (0..5).for_each(|_| once()),
        "two" => {
            once();
            twice_at_first();
        }
        "handler" => {
            // SAFETY: the handler is a plain function that does not unwind.
            assert_eq!(unsafe { libc::atexit(registered_early) }, 0);
            once();
        }
        "stderr is locked" => {
            let locked = io::stderr().lock();
            once();
            drop(locked);
        }
        "is held back" => be_held_back(),
        _ => return Err(format!("no scenario {scenario}").into()),
    }
    println!("done");
    Ok(())
}

fn main() -> ExitCode {
    match env::var("SCENARIO") {
        Ok(scenario) => match program(&scenario) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                println!("{error}");
                ExitCode::FAILURE
            }
        },
        Err(_) => libtest_mimic::run(&Arguments::from_args(), trials()).exit_code(),
    }
}

fn trials() -> Vec<Trial> {
    let trial = |name: &str, run: fn()| {
        Trial::test(name, move || {
            run();
            Ok::<(), Failed>(())
        })
    };
    vec![
        trial("a_program_without_findings_is_left_alone", nothing),
        trial("a_finding_is_reported_and_ends_every_kind_of_program_with_66", every_end),
        trial("the_status_is_the_users", the_status),
        trial("an_abort_does_not_lose_the_report", abort),
        trial("halting_stops_at_the_first_finding", halt),
        trial("a_finding_is_printed_once_and_counted", counted),
        trial("a_handler_that_was_registered_before_still_runs", handler),
        trial("a_report_does_not_wait_for_who_holds_standard_error", locked),
        trial("a_log_is_a_file_a_process_and_standard_error_names_it", log_file),
        trial("what_is_refused_is_named_before_the_work", refused),
        trial("every_format_reaches_its_log", formats),
        trial("a_suppression_covers_and_an_unused_one_is_listed", suppressions),
        trial("a_baseline_lets_only_new_findings_fail", baseline),
        trial("a_path_prefix_is_taken_off", prefix),
        trial("a_delay_that_ends_early_counts_for_what_it_took", delays),
    ]
}

/// The program, and what it did.
fn run(scenario: &str, options: &str) -> Output {
    let program = env::current_exe().expect("a program knows itself");
    let mut command = Command::new(program);
    command.env("SCENARIO", scenario).env("MAPWISE_CHECK", options).env("RUST_BACKTRACE", "0");
    command.output().expect("the program starts")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("reports are UTF-8")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("it printed UTF-8")
}

/// A folder for the files of one test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("check-report-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the build folder is writable");
    folder
}

/// The files in a folder, with their content.
fn files(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let read = |entry: io::Result<fs::DirEntry>| {
        let path = entry.expect("an entry").path();
        (path.file_name().unwrap_or_default().display().to_string(), fs::read_to_string(path).expect("a text"))
    };
    entries.map(read).collect()
}

/// Lines of this file that a report of `once` names: three calls, and where two threads come from.
const SITES: usize = 5;

fn nothing() {
    for options in ["", "format=json", "format=github log_path=stdout"] {
        let output = run("nothing", options);
        assert_eq!((output.status.code(), stdout(&output).as_str(), stderr(&output).as_str()), (Some(0), "done\n", ""));
    }
    let folder = folder("nothing");
    let output = run("nothing", &format!("format=sarif log_path={}/log", folder.display()));
    assert_eq!((output.status.code(), files(&folder).len()), (Some(0), 0), "no empty file is left");
}

fn every_end() {
    for (scenario, printed) in [("returns", "done\n"), ("returns an error", "no luck\n"), ("panics", ""), ("exits", "")]
    {
        let output = run(scenario, "");
        let report = stderr(&output);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(66), printed), "{scenario}: {report}");
        assert!(report.contains("==================\nWARNING: MAP RACE (lost update) on map \""), "{report}");
        assert!(report.ends_with("\nFound 1 finding (exit status 66)\n"), "{report}");
        let finding = report.split("\nLost: ").next().unwrap_or_default();
        assert_eq!(finding.matches("check_report_program.rs:").count(), SITES, "{report}");
        assert_eq!(report.contains("no luck"), scenario == "panics", "{report}");
    }
}

fn the_status() {
    let of = |scenario, options| run(scenario, options).status.code();
    assert_eq!((of("returns", "exitcode=7"), of("exits", "exitcode=7")), (Some(7), Some(7)));
    assert_eq!((of("returns", "exitcode=0"), of("exits", "exitcode=0")), (Some(0), Some(3)));
    assert!(stderr(&run("returns", "exitcode=0")).ends_with("==================\nFound 1 finding\n"));
}

fn abort() {
    let output = run("aborts", "");
    assert_eq!(output.status.code(), None);
    assert!(stderr(&output).contains("WARNING: MAP RACE (lost update)"), "{}", stderr(&output));
    let folder = folder("abort");
    run("aborts", &format!("format=json log_path={}/log", folder.display()));
    let document: Value = serde_json::from_str(&files(&folder)[0].1).expect("a whole document");
    assert_eq!(document["findings"].as_array().map(Vec::len), Some(1));
}

fn halt() {
    let output = run("two", "halt_on_error=1");
    let report = stderr(&output);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(66), ""), "{report}");
    assert_eq!(report.matches("WARNING").count(), 1, "{report}");
    assert!(report.ends_with("Found 1 finding (exit status 66)\n"), "{report}");
}

fn counted() {
    let output = run("repeats", "");
    let report = stderr(&output);
    assert_eq!(report.matches("WARNING").count(), 1, "{report}");
    assert!(report.contains("\nSeen 5 times: mw-lu-"), "{report}");
}

fn handler() {
    let output = run("handler", "");
    assert_eq!(output.status.code(), Some(66));
    if cfg!(target_env = "gnu") {
        assert_eq!(stdout(&output), "done\nregistered early\n");
    }
}

fn locked() {
    let output = run("stderr is locked", "");
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(66), "done\n"));
    assert!(stderr(&output).contains("WARNING: MAP RACE"));
}

fn log_file() {
    let folder = folder("log");
    for _ in 0..2 {
        let output = run("two", &format!("log_path='{}/my log'", folder.display()));
        let said = stderr(&output);
        assert_eq!((output.status.code(), said.lines().count()), (Some(66), 1), "{said}");
        assert!(said.starts_with("mapwise: Found 2 findings (exit status 66), see ") && said.contains("/my log."));
    }
    let files = files(&folder);
    assert_eq!(files.len(), 2, "a file a process: {files:?}");
    for (name, content) in files {
        let number = name.strip_prefix("my log.").expect("the name that was asked for");
        assert!(number.parse::<u32>().is_ok(), "{name}");
        assert_eq!(content.matches("WARNING: MAP RACE").count(), 2, "{content}");
    }
    let output = run("returns", "log_path=stdout");
    assert_eq!(stderr(&output), "");
    assert!(stdout(&output).contains("WARNING: MAP RACE"));
}

fn refused() {
    let folder = folder("refused");
    let file = |name: &str, content: &str| {
        let path = folder.join(name);
        fs::write(&path, content).expect("the build folder is writable");
        path.display().to_string()
    };
    let unreasoned = file("unreasoned", "lost_update:app::bump\n");
    let foreign = file("foreign", "all of them\n");
    for (options, parts) in [
        ("exit_code=66", vec!["MAPWISE_CHECK has no option `exit_code`"]),
        ("halt_on_error=maybe", vec!["halt_on_error must be 0 or 1", "`maybe`"]),
        ("log_path=/nonexistent/log", vec!["log_path: /nonexistent/log."]),
        ("suppressions=/nonexistent", vec!["suppressions: /nonexistent: "]),
        ("baseline=/nonexistent", vec!["baseline: /nonexistent: "]),
        (&format!("suppressions={unreasoned}"), vec!["line 1 must have its reason", "`lost_update:app::bump`"]),
        (&format!("baseline={foreign}"), vec!["line 1 must start with the id of a finding", "`all of them`"]),
    ] {
        let output = run("returns", options);
        let said = stderr(&output);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""), "{options}: {said}");
        assert!(said.starts_with("mapwise: error: ") && said.lines().count() == 1, "{said}");
        assert!(parts.iter().all(|part| said.contains(part)), "{said}");
    }
}

fn formats() {
    let folder = folder("formats");
    for format in ["text", "json", "sarif", "github", "junit"] {
        let path = folder.join(format);
        let output = run("two", &format!("format={format} log_path={}", path.display()));
        assert_eq!(output.status.code(), Some(66), "{format}");
        let on_stream = run("two", &format!("format={format}"));
        assert_eq!(on_stream.status.code(), Some(66), "{format}");
        let (name, content) =
            files(&folder).into_iter().find(|(name, _)| name.starts_with(format)).expect("the log was written");
        for document in [content, stderr(&on_stream)] {
            match format {
                "json" | "sarif" => {
                    let parsed: Value = serde_json::from_str(&document).expect("a whole document");
                    let list = parsed.pointer(if format == "json" { "/findings" } else { "/runs/0/results" });
                    assert_eq!(list.and_then(Value::as_array).map(Vec::len), Some(2), "{name}: {document}");
                }
                "text" => assert_eq!(document.matches("WARNING: MAP RACE").count(), 2, "{name}: {document}"),
                "github" => assert_eq!(document.matches("::error file=").count(), 2, "{name}: {document}"),
                _ => assert!(document.contains("tests=\"2\" failures=\"2\"") && document.ends_with("</testsuites>\n")),
            }
        }
    }
}

fn suppressions() {
    let folder = folder("suppressions");
    let report = stderr(&run("returns", ""));
    let line = report.lines().find_map(|line| line.strip_prefix("Suppress: ")).expect("a report proposes a line");
    let path = folder.join("list");
    let write = |list: &str| fs::write(&path, list).expect("the build folder is writable");
    let options = format!("suppressions={}", path.display());
    write(&format!("# Only a test.\n{line}\n"));
    let output = run("returns", &options);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), "Suppressed: 1 finding\n"));
    let output = run("two", &options);
    assert_eq!((output.status.code(), stderr(&output).matches("WARNING").count()), (Some(66), 1));
    write("# Another one.\nstale_remove:app::*\n");
    let output = run("returns", &options);
    assert_eq!(output.status.code(), Some(66));
    assert!(stderr(&output).contains("Unused suppression: stale_remove:app::*\n"), "{}", stderr(&output));
}

fn baseline() {
    let folder = folder("baseline");
    let path = folder.join("known");
    let options = format!("baseline={}", path.display());
    let output = run("returns", &format!("{options} update_baseline=1"));
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), "Added to the baseline: 1 finding\n"));
    let output = run("returns", &options);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), "In the baseline: 1 finding\n"));
    let output = run("two", &options);
    assert_eq!(output.status.code(), Some(66), "what is new still fails");
    assert!(stderr(&output).contains("(double init)") && !stderr(&output).contains("(lost update)"));
    run("two", &format!("{options} update_baseline=1"));
    let list = fs::read_to_string(&path).expect("it was written");
    let ids: HashSet<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!((list.lines().count(), ids.len()), (2, 2), "{list}");
}

fn prefix() {
    let at = |options: &str| {
        let report = stderr(&run("returns", options));
        report.lines().any(|line| line.trim().starts_with("check_report_program.rs:"))
    };
    let folder = Path::new(file!()).parent().expect("a folder");
    assert!(!at("") && at(&format!("strip_path_prefix={}/", folder.display())));
}

fn delays() {
    let output = run("is held back", "delay=1000000 exitcode=0");
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), "done\n"), "{}", stderr(&output));
}
