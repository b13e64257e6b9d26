//! No input makes it panic, take more than its share of memory, or more than linear time.

mod common;

use std::io::{self, Read};
use std::time::{Duration, Instant};

use mapwise_diagnose::{Error, Options, SourceLookup, diagnose, render};
use proptest::prelude::*;

/// Hands one text out as every source file.
struct Anything(String);

impl SourceLookup for Anything {
    fn source(&self, _: &str) -> Option<String> {
        Some(self.0.clone())
    }
}

fn survive(bytes: &[u8]) {
    let source = Anything(String::from_utf8_lossy(bytes).into_owned());
    let options = Options::default().with_source(&source);
    let diagnosis = diagnose(bytes, &options).expect("memory can be read");
    for text in [render::text(&diagnosis), render::markdown(&diagnosis), render::github(&diagnosis)] {
        assert!(!text.contains('\x1b'), "control characters reach the terminal");
    }
    for text in [render::json(&diagnosis), render::sarif(&diagnosis)] {
        serde_json::from_str::<serde_json::Value>(&text).expect("valid JSON");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..4_000)) {
        survive(&bytes);
    }

    #[test]
    fn mutated_logs_are_survived(
        log in 0usize..1_000,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 0..24),
    ) {
        let mut logs: Vec<Vec<u8>> =
            common::texts(&common::own_logs()).into_iter().map(|(_, text)| text.into_bytes()).collect();
        logs.push(std::fs::read(common::own_logs().join("go1.27.3-mutex-profile.pb.gz")).expect("an own log"));
        let count = logs.len();
        let mut bytes = logs.swap_remove(log % count);
        for (index, byte, how) in edits {
            let at = index.index(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
            match how {
                _ if bytes.is_empty() => bytes.push(byte),
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => drop(bytes.drain(at..(at + usize::from(byte)).min(bytes.len()))),
                _ => {
                    let piece: Vec<u8> = bytes[at..(at + usize::from(byte)).min(bytes.len())].to_vec();
                    bytes.splice(at..at, piece);
                }
            }
        }
        survive(&bytes);
    }

    #[test]
    fn a_log_cut_anywhere_keeps_what_comes_before(cut in any::<prop::sample::Index>()) {
        let text = std::fs::read_to_string(common::own_logs().join("go1.23.9-twokinds-race.txt")).expect("an own log");
        let at = text.floor_char_boundary(cut.index(text.len()));
        let diagnosis = common::read(&text.as_bytes()[..at]);
        let whole = text[..at].matches("\n==================\n==================").count()
            .max(usize::from(text[..at].contains("created at:")));
        prop_assert!(diagnosis.findings.len() >= whole.min(1), "cut at {at}");
    }
}

/// What an input is, and how to make one of about so many bytes.
type Expensive = (&'static str, fn(usize) -> Vec<u8>);

/// Inputs made to be expensive.
fn expensive() -> Vec<Expensive> {
    vec![
        ("functions without files", |n| "main.f(0x1, 0x2)\n".repeat(n / 17).into_bytes()),
        ("files without functions", |n| "\t/app/main.go:3 +0x1\n".repeat(n / 21).into_bytes()),
        ("headers", |n| "goroutine 1 [running]:\n".repeat(n / 23).into_bytes()),
        ("fatal lines", |n| "fatal error: concurrent map writes\n".repeat(n / 35).into_bytes()),
        ("race headers", |n| "WARNING: DATA RACE\nRead at 0x1 by goroutine 7:\n".repeat(n / 47).into_bytes()),
        ("halves of lines", |n| "main.f(0x1, 0x2\n".repeat(n / 16).into_bytes()),
        ("path stubs", |n| "/a/b/c\nd.go:1 +0x\n".repeat(n / 18).into_bytes()),
        ("brackets", |n| [b"main.f".to_vec(), vec![b'['; n], b"](0x1) +0x1\n".to_vec()].concat()),
        ("parentheses", |n| [b"goroutine 1 [x]: ".to_vec(), vec![b'('; n], b")\n".to_vec()].concat()),
        ("blanks and arrows", |n| format!("{} +0x1\n", " <- )".repeat(n / 5)).into_bytes()),
        ("blanks", |n| [b"x".to_vec(), vec![b' '; n], b"+0x1\n".to_vec()].concat()),
        ("words", |n| format!("{} +0x1\n", "a ".repeat(n / 2)).into_bytes()),
        ("nested json", |n| format!("{} +0x1\n", "{\"log\":\"".repeat(n / 8)).into_bytes()),
        ("escapes", |n| format!("+0x1 +0x1 {}\n", "\\n\\n\\\\".repeat(n / 6)).into_bytes()),
        ("slashes", |n| format!("{}:1 +0x1\n", " /a.go".repeat(n / 6)).into_bytes()),
        ("distinct races", |n| {
            let report = |at: usize| {
                format!(
                    "==================\nWARNING: DATA RACE\nRead at 0x1 by goroutine 7:\n  main.f()\n      /a/b.go:{at} +0x1\n\nPrevious write at 0x1 by goroutine 8:\n  main.g()\n      /a/b.go:{at} +0x1\n==================\n"
                )
            };
            (0..n / 190).map(report).collect::<String>().into_bytes()
        }),
        ("lost frames", |n| {
            let report = |at: usize| {
                format!(
                    "WARNING: DATA RACE\nRead at 0x1 by goroutine 7:\n  runtime.mapaccess2_faststr()\n      /r/m.go:1 +0x0\n  runtime.mapaccess1_faststr()\n      /r/m.go:1 +0x0\n  main.f()\n      /a/b.go:{at} +0x1\n\nPrevious write at 0x1 by goroutine 8:\n  main.g()\n      /a/b.go:1 +0x1\n==================\n"
                )
            };
            (0..n / 290).map(report).collect::<String>().into_bytes()
        }),
        ("streams", |n| {
            (0..n / 40).map(|at| format!("web-{at}  | goroutine 1 [running]: +0x1\n")).collect::<String>().into_bytes()
        }),
    ]
}

fn fastest(bytes: &[u8]) -> Duration {
    let run = || {
        let start = Instant::now();
        let diagnosis = common::read(bytes);
        let _ = render::text(&diagnosis);
        start.elapsed()
    };
    (0..2).map(|_| run()).min().expect("three runs")
}

#[test]
fn four_times_the_input_takes_nowhere_near_sixteen_times_as_long() {
    for (name, make) in expensive() {
        let small = fastest(&make(30_000));
        let large = fastest(&make(120_000));
        let allowed = small * 8 + Duration::from_millis(60);
        assert!(large <= allowed, "{name}: {small:?} grew to {large:?}");
    }
}

#[test]
fn an_error_while_reading_hands_over_what_was_understood() {
    struct Fails(usize, Vec<u8>);
    impl Read for Fails {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let left = &self.1[self.0..];
            if left.is_empty() {
                return Err(io::Error::other("the disk is gone"));
            }
            let read = left.len().min(out.len());
            out[..read].copy_from_slice(&left[..read]);
            self.0 += read;
            Ok(read)
        }
    }
    let log = std::fs::read(common::own_logs().join("go1.25.4-halflocked-dump.txt")).expect("an own log");
    let lines = log.iter().filter(|&&byte| byte == b'\n').count() as u64;
    match diagnose(Fails(0, log), &Options::default()) {
        Err(Error::Read { line, understood, .. }) => {
            assert_eq!((line, understood.findings.len()), (lines, 1));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn control_characters_of_a_log_do_not_reach_the_terminal() {
    let log = "fatal error: concurrent map writes\x1b]0;title\x07\ngoroutine 7 [run\u{9b}31mning]:\nmain.f(0x1)\n\t/a\u{1}/b.go:1 +0x1\n";
    let text = render::text(&common::read(log.as_bytes()));
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
}
