//! The same log, however it was wrapped, gives the same findings.

mod common;

use std::fmt::Write;
use std::sync::LazyLock;

use proptest::prelude::*;

type Wrap = (&'static str, fn(&str) -> String);

fn each(text: &str, mut wrap: impl FnMut(usize, &str) -> String) -> String {
    text.lines().enumerate().map(|(at, line)| wrap(at, line) + "\n").collect()
}

fn json(text: &str) -> String {
    serde_json::to_string(text).expect("text is JSON")
}

fn time(at: usize) -> String {
    format!("2024-03-0{}T12:{:02}:{:02}.{:09}Z", 1 + at % 9, at / 60 % 60, at % 60, at * 7919 % 1_000_000_000)
}

/// Breaks lines longer than 60 characters as a terminal does.
fn broken(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let chars: Vec<char> = line.chars().collect();
        for piece in chars.chunks(60) {
            out.extend(piece);
            out.push('\n');
        }
        if chars.is_empty() {
            out.push('\n');
        }
    }
    out
}

const WRAPS: &[Wrap] = &[
    ("docker json-file", |text| {
        each(text, |at, line| {
            format!("{{\"log\":{},\"stream\":\"stderr\",\"time\":\"{}\"}}", json(&format!("{line}\n")), time(at))
        })
    }),
    ("fluentd json without line ends", |text| {
        each(text, |at, line| {
            format!("{{\"time\": \"{}\", \"log\": {}, \"container_name\": \"/app\"}}", time(at), json(line))
        })
    }),
    ("journald", |text| {
        each(text, |at, line| {
            format!("Oct {:>2} 04:56:{:02} node-7.example.org nomad[6207]: {line}", 1 + at % 30, at % 60)
        })
    }),
    ("journald without host", |text| each(text, |at, line| format!("Oct 27 04:56:{:02}nomad[6207]: {line}", at % 60))),
    ("journald json", |text| {
        each(text, |_, line| format!("{{\"_PID\":\"12\",\"MESSAGE\":{},\"PRIORITY\":\"6\"}}", json(line)))
    }),
    ("journald json bytes", |text| {
        each(text, |_, line| format!("{{\"MESSAGE\":{:?},\"_PID\":\"12\"}}", line.as_bytes()))
    }),
    ("rsyslog", |text| {
        each(text, |at, line| format!("Oct 27 04:56:{:02} host app[1]: {}", at % 60, line.replace('\t', "#011")))
    }),
    ("cri", |text| each(text, |at, line| format!("{} stderr F {line}", time(at)))),
    ("kubectl", |text| each(text, |_, line| format!("[pod/web-5d4f/app] {line}"))),
    ("kubectl timestamps", |text| each(text, |at, line| format!("{} {line}", time(at)))),
    ("compose", |text| each(text, |_, line| format!("haven2-relay  | {line}"))),
    ("service logs", |text| each(text, |_, line| format!("web.1.kx3v8s0@node-1    | {line}"))),
    ("jenkins", |text| each(text, |at, line| format!("[{}] {line}\n", time(at)))),
    ("github actions", |text| each(text, |at, line| format!("{} \x1b[0;31m{line}\x1b[0m", time(at)))),
    ("line numbers", |text| each(text, |at, line| format!("{} | {line}", at + 150))),
    ("quoted", |text| each(text, |_, line| format!("> {line}"))),
    ("quoted twice", |text| each(text, |_, line| format!("> > {line}"))),
    ("indented", |text| each(text, |_, line| format!("        {line}"))),
    ("code fence", |text| format!("It crashed:\n```{}\n```\nthanks", text.trim_end())),
    ("crlf", |text| text.replace('\n', "\r\n")),
    ("ansi", |text| each(text, |at, line| format!("\x1b[3{}m{line}\x1b[0m", at % 8))),
    ("tabs lost", |text| each(text, |_, line| line.trim_start().to_owned())),
    ("tabs to spaces", |text| text.replace('\t', "        ")),
    ("padded", |text| each(text, |_, line| format!("{line:<200}"))),
    ("kibana", |text| each(text, |at, line| format!("August 3rd 2017, 19:28:{:02}.000\t{line}  - ", at % 60))),
    ("viewer", |text| each(text, |at, line| format!("Sat, Aug 27 2022 3:47:{:02} pm | {line}", at % 60))),
    ("bracketed", |text| each(text, |_, line| format!("[ TRACE ] {line}"))),
    ("logfmt", |text| each(text, |at, line| format!("time={} level=error msg={}", time(at), json(line)))),
    ("zap, one line", |text| format!("{{\"level\":\"error\",\"ts\":1.5,\"stacktrace\":{}}}\n", json(text))),
    ("logfmt, one line", |text| format!("level=error msg={}\n", json(text))),
    ("json in json", |text| {
        each(text, |_, line| {
            let inner = format!("{{\"msg\":{}}}\n", json(line));
            format!("{{\"log\":{},\"stream\":\"stderr\"}}", json(&inner))
        })
    }),
    ("blank lines", |text| each(text, |_, line| format!("{line}\n"))),
    ("broken by a terminal", broken),
    ("noise", |text| {
        each(text, |at, line| match at % 3 {
            0 => format!("I1014 12:00:00.000000   12345 controller.go:88] finished sync(foo) took 3.5s\n{line}"),
            _ => line.to_owned(),
        })
    }),
    ("noise before and after", |text| {
        let noise = "2024-01-01 request served in 3ms\n".repeat(400);
        format!("{noise}{text}{noise}")
    }),
];

#[test]
fn every_wrapper_leaves_the_findings_as_they_were() {
    let mut failures = String::new();
    let own = common::texts(&common::own_logs()).len();
    for (log, (name, text)) in common::all_texts().into_iter().enumerate() {
        if name.ends_with("-profile.txt") {
            continue;
        }
        let plain = common::essence(&common::read(text.as_bytes()));
        for (turn, (wrapper, wrap)) in WRAPS.iter().enumerate() {
            // All of ours; of the others each meets every fourth wrapper, and each wrapper every fourth log.
            if log >= own && (log + turn) % 4 != 0 {
                continue;
            }
            // `go test -json` lines are wrapped already; a terminal breaks nothing of them that is Go's.
            if name.ends_with(".json") && matches!(*wrapper, "broken by a terminal" | "noise" | "tabs lost") {
                continue;
            }
            let wrapped = common::essence(&common::read(wrap(&text).as_bytes()));
            if wrapped != plain {
                let _ = writeln!(failures, "{wrapper}: {name}\n{plain:#?}\n{wrapped:#?}");
            }
        }
    }
    assert!(failures.is_empty(), "{} bytes: {}", failures.len(), &failures[..failures.len().min(3_000)]);
}

#[test]
fn utf_16_logs_are_read() {
    for (name, text) in common::texts(&common::own_logs()) {
        let plain = common::essence(&common::read(text.as_bytes()));
        for big in [false, true] {
            let units = std::iter::once(0xfeff).chain(text.encode_utf16());
            let bytes: Vec<u8> =
                units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect();
            assert_eq!(common::essence(&common::read(&bytes)), plain, "{name}");
        }
    }
}

#[test]
fn newest_first_logs_are_turned_round() {
    for (name, text) in common::all_texts() {
        if name.contains("-test") || name.contains("profile") {
            continue;
        }
        let reversed: Vec<&str> = text.lines().rev().collect();
        let places = |text: &str| -> Vec<String> {
            let diagnosis = common::read(text.as_bytes());
            let mut places: Vec<String> = diagnosis
                .findings
                .iter()
                .flat_map(|f| f.accesses.iter().map(|a| format!("{:?} {:?} {}", f.kind, a.operation, a.place)))
                .collect();
            places.sort();
            places
        };
        assert_eq!(places(&reversed.join("\n")), places(&text), "{name}");
    }
}

#[test]
fn two_processes_interleaved_come_apart() {
    let logs: Vec<(String, String)> = common::texts(&common::own_logs())
        .into_iter()
        .filter(|(name, _)| name.ends_with("-dump.txt") || name.ends_with("-race.txt"))
        .collect();
    for pair in logs.windows(2) {
        let mut both = String::new();
        let (mut one, mut two) = (pair[0].1.lines(), pair[1].1.lines());
        loop {
            let (a, b) = (one.next(), two.next());
            a.iter().for_each(|line| both.push_str(&format!("web-1  | {line}\n")));
            b.iter().for_each(|line| both.push_str(&format!("job-1  | {line}\n")));
            if a.is_none() && b.is_none() {
                break;
            }
        }
        let apart = format!("{}\n{}", pair[0].1, pair[1].1);
        let expected = common::essence(&common::read(apart.as_bytes()));
        assert_eq!(common::essence(&common::read(both.as_bytes())), expected, "{} {}", pair[0].0, pair[1].0);
    }
}

#[test]
fn go_test_json_gives_what_plain_output_gives() {
    let read = |name: &str| {
        let bytes = std::fs::read(common::own_logs().join(name)).expect("an own log");
        common::read(&bytes)
    };
    let pairs = |name: &str| -> Vec<Vec<u32>> {
        let lines = |f: &mapwise_diagnose::Finding| {
            let mut lines: Vec<u32> = f.accesses.iter().map(|a| a.place.line).collect();
            lines.sort_unstable();
            lines
        };
        let mut pairs: Vec<Vec<u32>> = read(name).findings.iter().map(lines).collect();
        pairs.sort();
        pairs
    };
    assert_eq!(pairs("go1.27.3-test.json"), pairs("go1.27.3-test-v.txt"));
    assert!(read("go1.27.3-test.json").findings.iter().all(|f| !f.tests.is_empty()));
}

/// Swaps a frame's file with the function after it where `choose` says so; no line moves twice.
fn swapped(text: &str, mut choose: impl FnMut() -> bool) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    while at + 1 < lines.len() {
        let file = lines[at].starts_with('\t') && !lines[at + 1].starts_with('\t');
        let inside = !lines[at + 1].is_empty() && !lines[at + 1].starts_with("exit");
        if file && inside && choose() {
            lines.swap(at, at + 1);
            at += 1;
        }
        at += 1;
    }
    lines.join("\n")
}

/// Name, text and findings of our dumps.
static DUMPS: LazyLock<Vec<(String, String, Vec<String>)>> = LazyLock::new(|| {
    let dumps = common::texts(&common::own_logs()).into_iter().filter(|(name, _)| name.ends_with("-dump.txt"));
    let read = |(name, text): (String, String)| {
        let plain = common::essence(&common::read(text.as_bytes()));
        (name, text, plain)
    };
    dumps.map(read).collect()
});

#[test]
fn a_dump_with_every_pair_of_neighbors_swapped_is_put_back() {
    for (name, text, plain) in DUMPS.iter() {
        let swapped = swapped(text, || true);
        assert_eq!(common::essence(&common::read(swapped.as_bytes())), *plain, "{name}: {swapped}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Equal timestamps let a viewer swap neighbors: here a frame's file with the next function,
    /// anywhere and as often as there are frames.
    #[test]
    fn swapped_neighbors_inside_a_stack_are_put_back(
        choices in proptest::collection::vec(any::<bool>(), 48),
        often in 1usize..6,
    ) {
        for (name, text, plain) in DUMPS.iter() {
            let mut choices = choices.iter().cycle().enumerate();
            let swapped = swapped(text, || choices.next().is_some_and(|(at, chosen)| *chosen && at % often == 0));
            prop_assert_eq!(&common::essence(&common::read(swapped.as_bytes())), plain, "{}: {}", name, swapped);
        }
    }
}
