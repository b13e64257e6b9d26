//! What cannot be done is said in one `error:` line and one `hint:` line, with exit status 2 and
//! nothing on standard output.

mod common;

use std::time::Instant;

use common::{folder, measured, run, stderr, stdout};

/// The two lines after their labels.
fn refusal(args: &[&str]) -> (String, String) {
    let output = run(args);
    let text = stderr(&output);
    let lines: Vec<&str> = text.lines().collect();
    let [error, hint] = lines.as_slice() else { panic!("two lines expected for {args:?}, got {text}") };
    assert_eq!(output.status.code(), Some(2), "{args:?}: {text}");
    assert_eq!(stdout(&output), "", "{args:?}");
    let error = error.strip_prefix("error: ").unwrap_or_else(|| panic!("{args:?}: {text}"));
    let hint = hint.strip_prefix("hint: ").unwrap_or_else(|| panic!("{args:?}: {text}"));
    assert!(!error.is_empty() && !hint.is_empty());
    (error.to_owned(), hint.to_owned())
}

#[test]
fn unknown_preset_names_the_nearest() {
    let (error, hint) = refusal(&["advise", "--preset", "sesion-cache"]);
    assert_eq!(error, "unknown preset `sesion-cache`");
    assert!(hint.contains("session-cache") && hint.contains("mapwise presets"), "{hint}");
    assert!(refusal(&["bench", "--preset", "ycsb-a,ycbs-b"]).1.contains("ycsb-b"));
    assert!(refusal(&["advise", "--preset", "\u{1b}[31m"]).0.contains("\\u{1b}"));
}

#[test]
fn impossible_thread_counts_are_refused_with_the_range() {
    for threads in ["0", "1000000"] {
        let (error, _) = refusal(&["advise", "--threads", threads]);
        assert_eq!(error, format!("threads must be between 1 and 1024, got {threads}"));
        assert_eq!(refusal(&["bench", "--threads", threads]).0, error);
    }
    assert!(refusal(&["advise", "--threads", "many"]).0.ends_with("got many"));
    assert!(refusal(&["advise", "--threads", "-1"]).0.contains("-1"));
}

#[test]
fn files_that_are_no_runs_are_refused_by_name() {
    let folder = folder("no-runs");
    let cases: [(&str, &[u8]); 6] = [
        ("empty.json", b""),
        ("binary.json", b"\x7fELF\x00\xff\xfe"),
        ("foreign.json", br#"{"name": "left-pad", "version": "1.3.0"}"#),
        ("newer.json", br#"{"schema": "mapwise.run", "schema_version": 99}"#),
        ("cut.json", &measured().as_bytes()[..measured().len() / 2]),
        ("hollow.json", br#"{"schema": "mapwise.run", "schema_version": 1}"#),
    ];
    for (name, content) in cases {
        let path = folder.join(name);
        std::fs::write(&path, content).expect("the build folder is writable");
        let path = path.to_str().expect("the path is UTF-8");
        assert!(refusal(&["report", path]).0.contains(name));
        assert!(refusal(&["advise", "--baseline", path]).0.contains(name));
    }
    let missing = folder.join("missing.json");
    assert!(refusal(&["report", missing.to_str().expect("the path is UTF-8")]).0.contains("missing.json"));
}

#[test]
fn files_that_are_no_traces_are_refused_by_name() {
    let folder = folder("no-traces");
    let cases: [(&str, &[u8]); 4] = [
        ("empty.csv", b""),
        ("prose.csv", b"the quick brown fox\njumps over the lazy dog\n"),
        ("program.csv", b"\x7fELF\x02\x01\x01\x00"),
        ("cut.csv.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b\x4c"),
    ];
    for (name, content) in cases {
        let path = folder.join(name);
        std::fs::write(&path, content).expect("the build folder is writable");
        assert!(refusal(&["advise", "--trace", path.to_str().expect("the path is UTF-8")]).0.contains(name));
    }
    assert!(refusal(&["advise", "--trace", "/nonexistent.csv"]).0.contains("/nonexistent.csv"));
    assert!(refusal(&["advise", "--trace", "x", "--trace-format", "parquet"]).0.contains("parquet"));
    assert!(refusal(&["advise", "--trace", "x", "--keys", "10"]).0.contains("cannot be used with"));
}

#[test]
fn workloads_that_make_no_sense_are_refused_with_rule_and_value() {
    let cases: [(&[&str], &str); 8] = [
        (&["--keys", "0"], "got 0"),
        (&["--mix", "get=0.5,insert=0.2"], "must add up to 1, got 0.7"),
        (&["--mix", "put=1"], "got put"),
        (&["--keys", "10", "--prefill", "11"], "got 11"),
        (&["--distribution", "zipf:-1"], "got -1"),
        (&["--key-type", "bytes:100000"], "got 100000"),
        (&["--keys", "4G"], "at most"),
        (&["--time", "1ms"], "1ms"),
    ];
    for (args, part) in cases {
        let args: Vec<&str> = ["advise"].iter().chain(args).copied().collect();
        let (error, _) = refusal(&args);
        assert!(error.contains(part), "{args:?}: {error}");
    }
    assert!(refusal(&["advise", "--only", "nosuch", "--time", "1s"]).0.contains("nosuch"));
}

#[test]
fn unwritable_files_are_refused_before_anything_is_measured() {
    let folder = folder("unwritable");
    let same = folder.join("same").display().to_string();
    let cases: [&[&str]; 4] = [
        &["advise", "--report", "/nonexistent/report.html"],
        &["advise", "--save", "/nonexistent/run.json"],
        &["bench", "--report", folder.to_str().expect("the path is UTF-8")],
        &["advise", "--save", &same, "--report", &same],
    ];
    for args in cases {
        let start = Instant::now();
        refusal(args);
        assert!(start.elapsed().as_secs() < 5, "{args:?} measured first");
    }
    let left: Vec<_> = std::fs::read_dir(&folder).expect("the folder is there").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn usage_errors_have_a_hint_too() {
    assert!(refusal(&[]).1.contains("mapwise advise"));
    assert!(refusal(&["advize"]).1.contains("advise"));
    assert!(refusal(&["advise", "--frmat", "csv"]).1.contains("--format"));
    assert!(refusal(&["advise", "--format", "xml"]).1.contains("markdown"));
    assert!(refusal(&["report"]).0.contains("FILE.json"));
    assert!(refusal(&["advise", "--fail-over", "0"]).0.ends_with("got 0"));
    assert!(refusal(&["advise", "--time", "soon"]).0.contains("soon"));
}
