//! The formats, against golden files, and what hostile text can do to them.
//!
//! `UPDATE_GOLDEN=1 cargo test -p mapwise --features check golden` writes the files anew.

use std::{fs, path::Path};

use serde_json::Value;

use super::*;

fn shown(finding: &Finding) -> Shown {
    Shown::new(finding, &Options { strip_path_prefix: "crates/mapwise/".to_owned(), ..Options::default() })
}

fn summary() -> Summary {
    Summary {
        found: 1,
        suppressed: 1,
        unused: vec!["stale_remove:app::*".to_owned()],
        notes: vec!["the history of 12 keys was forgotten".to_owned()],
        status: 66,
        ..Summary::default()
    }
}

type Format = fn(&[Shown], &Summary) -> String;

fn text_document(findings: &[Shown], summary: &Summary) -> String {
    findings.iter().map(text::finding).collect::<String>() + &text::summary(findings, summary)
}

const FORMATS: [(&str, Format); 5] = [
    ("finding.txt", text_document),
    ("finding.json", json::document),
    ("finding.sarif", sarif::document),
    ("finding.github", github::document),
    ("finding.junit.xml", junit::document),
];

#[test]
fn golden_files_show_every_format() {
    for (file, document) in FORMATS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/check").join(file);
        let written = document(&[shown(&sample::finding())], &summary());
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, &written).expect("the checkout is writable");
        }
        let golden = fs::read_to_string(&path).expect("the golden file is in the repository");
        assert_eq!(written, golden, "{file}");
    }
}

#[test]
fn hostile_text_forges_no_line_of_any_format() {
    for (file, document) in FORMATS {
        let plain = document(&[shown(&sample::finding())], &summary());
        let hostile = document(&[shown(&sample::hostile())], &summary());
        let lines = |text: &str| text.lines().count();
        assert_eq!(lines(&hostile), lines(&plain), "{file}: {hostile}");
        let acts =
            |char: char| (char.is_control() && char != '\n') || matches!(char, '\u{202e}' | '\u{2028}' | '\u{fffe}');
        assert!(!hostile.contains(acts), "{file}: {hostile:?}");
    }
}

#[test]
fn hostile_text_stays_inside_its_field() {
    let hostile = [shown(&sample::hostile())];
    for document in [json::document, sarif::document] {
        let parsed: Value = serde_json::from_str(&document(&hostile, &summary())).expect("it is JSON");
        assert!(parsed.is_object());
    }
    let xml = junit::document(&hostile, &summary());
    assert_eq!(xml.matches("<failure ").count(), 1);
    assert_eq!(
        (xml.matches("<a b").count(), xml.matches("&lt;a b=&apos;c&apos;&gt;&amp;&quot;").count() > 0),
        (0, true)
    );
    let annotation = github::document(&hostile, &summary());
    // The command ends at the first `::` after its properties; what is hostile comes after it, its percent signs escaped.
    let message = annotation.strip_prefix("::error ").and_then(|rest| rest.split_once("::")).expect("a command").1;
    assert!(message.contains("%250A") && !annotation.contains("\n::error::x"), "{annotation}");
}

#[test]
fn a_document_without_findings_is_one() {
    let summary = Summary::default();
    for document in [json::document, sarif::document] {
        let parsed: Value = serde_json::from_str(&document(&[], &summary)).expect("it is JSON");
        assert!(parsed.is_object());
    }
    assert!(junit::document(&[], &summary).contains("tests=\"0\" failures=\"0\""));
    assert_eq!(github::document(&[], &summary), "");
    assert_eq!(text::summary(&[], &summary), "");
}

#[test]
fn sarif_has_one_thread_flow_a_thread_with_the_steps_in_their_order() {
    let parsed: Value =
        serde_json::from_str(&sarif::document(&[shown(&sample::finding())], &summary())).expect("it is JSON");
    let flows = &parsed["runs"][0]["results"][0]["codeFlows"][0]["threadFlows"];
    let ids: Vec<&str> = flows.as_array().expect("a list").iter().filter_map(|flow| flow["id"].as_str()).collect();
    assert_eq!(ids, ["thread-8", "thread-6"]);
    let orders = |flow: usize| {
        let steps = flows[flow]["locations"].as_array().expect("a list").iter();
        steps.filter_map(|step| step["executionOrder"].as_u64()).collect::<Vec<u64>>()
    };
    // The read, then the other thread's write, then the write that lost it.
    assert_eq!((orders(0), orders(1)), (vec![1, 3], vec![2]));
}

#[test]
fn ten_annotations_show_and_more_are_rolled_up() {
    let one = shown(&sample::finding());
    let count = |findings: usize| {
        let out = github::document(&vec![one.clone(); findings], &summary());
        (out.lines().count(), out.contains("further findings"))
    };
    assert_eq!((count(1), count(10), count(11), count(500)), ((1, false), (10, false), (10, true), (10, true)));
    let out = github::document(&vec![one; 12], &summary());
    assert!(out.ends_with("::3 further findings: run with format=text to see them\n"), "{out}");
}

#[test]
fn a_key_is_told_only_where_its_map_shows_keys() {
    let mut finding = sample::finding();
    finding.key_hash = Some(0x1234_5678_9abc_def0);
    let hidden = text_document(&[shown(&finding)], &summary());
    for shape in ["1234", "def0", "1311768467463790320"] {
        assert!(!hidden.contains(shape), "{hidden}");
    }
    finding.key_text = Some("alice".to_owned());
    assert!(text_document(&[shown(&finding)], &summary()).contains("  key alice  id="));
}

fn reporter(options: Options, folder: &Path) -> Reporter {
    let log = Output::open(&options::Log::File(folder.join("log"))).expect("the folder is writable");
    Reporter {
        options,
        suppressions: Suppressions::default(),
        baseline: Baseline::default(),
        log,
        process: std::process::id(),
        state: Mutex::default(),
    }
}

fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("mapwise-report-{}-{name}", std::process::id()));
    fs::create_dir_all(&folder).expect("the folder for temporary files is writable");
    folder
}

#[test]
fn a_finding_is_written_once_and_counted() {
    let folder = folder("once");
    let reporter = reporter(Options::default(), &folder);
    assert!(reporter.take(&sample::finding()));
    for _ in 0..4 {
        assert!(!reporter.take(&sample::finding()));
    }
    assert!(reporter.take(&sample::of(Kind::DoubleInit, "sessions", &["app::bump"])));
    reporter.conclude(&mut reporter.state());
    let log = fs::read_to_string(reporter.log.path().expect("a file")).expect("it was written");
    assert_eq!(log.matches("WARNING: MAP RACE").count(), 2);
    let id = sample::finding().id();
    assert!(log.ends_with(&format!("Seen 5 times: {id}\nFound 2 findings (exit status 66)\n")), "{log}");
    fs::remove_dir_all(folder).expect("it is ours");
}

#[test]
fn memory_stays_bounded_however_many_findings_there_are() {
    let folder = folder("bounded");
    let reporter = reporter(Options { format: options::Format::Github, ..Options::default() }, &folder);
    let many = MOST_FINDINGS as u64 + 500;
    for number in 0..many {
        let name = format!("app::number_{number}");
        reporter.take(&sample::of(Kind::LostUpdate, "sessions", &[&name]));
    }
    let mut state = reporter.state();
    assert_eq!((state.findings.len(), state.seen.len(), state.summary.dropped), (MOST_FINDINGS, MOST_FINDINGS, 500));
    reporter.conclude(&mut state);
    assert!(state.summary.lines().contains(&"Not shown: 500 reports past the first 1000 findings".to_owned()));
    drop(state);
    fs::remove_dir_all(folder).expect("it is ours");
}

#[test]
fn a_captured_finding_is_given_to_who_captures_and_to_nobody_else() {
    let options = Options::default();
    let (outer, inner) = (Capture::default(), Capture::default());
    let attached = outer.attach();
    for _ in 0..3 {
        assert!(capture::divert(sample::finding(), &options).is_none());
    }
    let nested = inner.attach();
    assert!(capture::divert(sample::hostile(), &options).is_none());
    drop(nested);
    assert!(capture::divert(sample::of(Kind::Overlap, "hits", &["app::load"]), &options).is_none());
    drop(attached);
    assert_eq!((outer.reports().len(), inner.reports().len()), (2, 1));
    assert!(outer.reports()[0].contains("WARNING: MAP RACE (lost update)"), "{:?}", outer.reports());
    assert!(capture::divert(sample::finding(), &options).is_some());
}
