//! Run and bench files: what is written is read back, and what is foreign or hostile is refused.

mod samples;

use mapwise_record::Record;
use mapwise_record::bench::Bench;
use mapwise_record::run::{Run, WarningKind};
use proptest::prelude::*;
use serde_json::{Value, json};

fn sample() -> Value {
    serde_json::to_value(samples::run()).expect("JSON")
}

/// The sample with `value` at a JSON pointer, as text.
fn with(pointer: &str, value: Value) -> String {
    let mut json = sample();
    *json.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is in the sample")) = value;
    json.to_string()
}

fn refusal(json: impl AsRef<[u8]>) -> String {
    Run::from_json(json).expect_err("a refusal").to_string()
}

#[test]
fn a_run_read_back_is_the_run_that_was_written() {
    for run in samples::runs().into_iter().chain([samples::run()]) {
        let json = run.to_json().expect("a valid run");
        assert_eq!(Run::from_json(&json).expect("our own file"), run);
        let record = Record::from_json(&json).expect("our own file");
        assert_eq!(record.runs(), [run]);
    }
    let bench = samples::bench();
    let json = bench.to_json().expect("valid runs");
    assert_eq!(Bench::from_json(&json).expect("our own file"), bench);
    assert_eq!(Record::from_json(&json).expect("our own file").runs(), bench.runs);
}

/// The files are there for the tests of other crates; `UPDATE=1` writes them anew.
#[test]
fn the_files_for_other_tests_are_the_samples() {
    let samples = [("run.json", samples::run().to_json()), ("bench.json", samples::bench().to_json())];
    for (name, json) in samples {
        let path = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
        let json = json.expect("valid");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &json).expect("a writable file");
        }
        let record = Record::read(&path).expect("a readable file");
        assert_eq!(record, Record::from_json(&json).expect("valid"), "{name}");
    }
}

#[test]
fn foreign_and_newer_files_are_told_apart() {
    for (json, text) in [
        ("", "not JSON: EOF while parsing a value at line 1 column 0"),
        ("\x7fELF", "not JSON: expected value at line 1 column 1"),
        ("{\"schema\": \"mapwise.run\",", "not JSON: EOF while parsing a value at line 1 column 25"),
        ("{}", "schema must be mapwise.run, got none"),
        ("17", "schema must be mapwise.run, got none"),
        ("[]", "schema must be mapwise.run, got none"),
        ("{\"schema\": 3}", "schema must be mapwise.run, got something else than a text"),
        ("{\"schema\": \"criterion\\u001b[2J\"}", "schema must be mapwise.run, got \"criterion\\u{1b}[2J\""),
        ("{\"schema\": \"mapwise.bench\"}", "schema must be mapwise.run, got \"mapwise.bench\""),
        (
            "{\"schema\": \"mapwise.run\", \"schema_version\": 2}",
            "schema_version must be 1 to 1, got 2: a newer mapwise can read it",
        ),
        (
            "{\"schema\": \"mapwise.run\", \"schema_version\": 1}",
            "top level: missing field `mapwise_version` at line 1 column 46",
        ),
    ] {
        assert_eq!(refusal(json), text);
    }
    let error = Record::from_json("{\"schema\": \"mapwise.profile\"}").expect_err("neither of the two").to_string();
    assert_eq!(error, "schema must be mapwise.run or mapwise.bench, got \"mapwise.profile\"");
    let error = Record::read("no/such/file").expect_err("no file");
    assert!(error.to_string().starts_with("cannot read: "));
}

#[test]
fn a_missing_or_mistyped_field_is_named_with_its_path() {
    for (json, text) in [
        (with("/cells/1/samples/2", json!({"round": 1})), "cells[1].samples[2]: missing field `position`"),
        (with("/machine/cores", json!("four")), "machine.cores: invalid type: string \"four\", expected usize"),
        (with("/verdict/kind", json!("maybe")), "verdict.kind: unknown variant `maybe`"),
        (with("/workload/keys/distribution", json!({"kind": "pareto"})), "workload.keys.distribution"),
    ] {
        let refusal = refusal(json);
        assert!(refusal.starts_with(text), "{refusal}");
    }
    let bench = json!({"schema": "mapwise.bench", "schema_version": 1, "runs": [sample(), {}]});
    let error = Bench::from_json(bench.to_string()).expect_err("an empty run");
    assert!(error.to_string().starts_with("runs[1]: missing field `schema`"), "{error}");
}

#[test]
fn a_refusal_cannot_steer_the_terminal() {
    let hostile = "\u{1b}[2J".repeat(1000);
    let refusal = refusal(with("/verdict/kind", json!(hostile)));
    assert!(refusal.starts_with("verdict.kind: unknown variant"));
    assert!(!refusal.contains('\u{1b}') && refusal.len() < 2000, "{refusal:?}");
}

#[test]
fn a_value_that_makes_no_sense_is_named_with_its_rule() {
    for (pointer, value, text) in [
        ("/schema_version", json!(0), "schema_version: must be 1 to 1, got 0"),
        ("/threads", json!(0), "threads: must be 1 to 65536, got 0"),
        ("/threads", json!(2), "verdict.take: must be the candidate of a cell at 2 threads, got \"sharded-64\""),
        ("/machine/cores", json!(0), "machine.cores: must be 1 to 1048576, got 0"),
        ("/elapsed_s", json!(-1.0), "elapsed_s: must be 0 to 1e18, got -1"),
        ("/workload/name", json!(""), "workload.name: must not be empty"),
        ("/workload/title", json!("\u{1b}[2J"), "workload.title: must have no control characters, got '\\u{1b}'"),
        ("/workload/mix/get", json!(0.5), "workload.mix: shares must add up to 1, got 0.6000000000000001"),
        ("/workload/mix/get", json!(1.5), "workload.mix.get: must be 0 to 1e0, got 1.5"),
        (
            "/workload/keys/prefill",
            json!(100_001),
            "workload.keys.prefill: must be at most the space 100000, got 100001",
        ),
        (
            "/workload/keys/kind/bytes",
            json!(1_u64 << 32),
            "workload.keys.kind.bytes: must be 0 to 4294967295, got 4294967296",
        ),
        (
            "/workload/keys/distribution/exponent",
            json!(0),
            "workload.keys.distribution.exponent: must be above 0, got 0",
        ),
        ("/workload/rate_ops_per_s", json!(0), "workload.rate_ops_per_s: must be above 0, got 0"),
        ("/harness/0/threads", json!(1 << 20), "harness[0].threads: must be 1 to 65536, got 1048576"),
        (
            "/cells/0/throughput_ops_per_s/high",
            json!(1e300),
            "cells[0].throughput_ops_per_s.high: must be 0 to 1e18, got 1000000",
        ),
        (
            "/cells/0/ratio/low",
            json!(3.0),
            "cells[0].ratio: must be ascending (low, median, high), got [3.0, 2.25, 2.475",
        ),
        (
            "/cells/0/latency_ns/p50",
            json!(2_000),
            "cells[0].latency_ns: must be ascending (p50, p99, p999, p9999, max)",
        ),
        (
            "/cells/0/latency_ns/curve/1/1",
            json!(9),
            "cells[0].latency_ns.curve[1]: must not fall below the point before it",
        ),
        ("/cells/0/latency_ns/curve/1/0", json!(1.1), "cells[0].latency_ns.curve[1]: must be 0 to 1e0, got 1.1"),
        ("/cells/0/samples/0/elapsed_ns", json!(0), "cells[0].samples[0].elapsed_ns: must be above 0, got 0"),
        ("/cells/0/samples/0/slowest_thread", json!(2), "cells[0].samples[0].slowest_thread: must be 0 to"),
        ("/cells/1/candidate", json!("sharded-64"), "cells[1]: must be the only cell of \"sharded-64\" at 1 threads"),
        ("/left_out/0/reason", json!("x".repeat(20_000)), "left_out[0].reason: must be at most 16384 bytes, got 20000"),
        (
            "/warnings",
            json!(vec![json!({"kind": "other", "text": ""}); 1001]),
            "warnings: must have at most 1000 elements, got 1001",
        ),
        (
            "/verdict/take",
            json!("nobody"),
            "verdict.take: must be the candidate of a cell at 4 threads, got \"nobody\"",
        ),
        ("/verdict/baseline", json!(""), "verdict.baseline: must be the candidate of a cell at 4 threads, got \"\""),
        ("/verdict/text", json!("other"), "verdicts: must include the verdict at 4 threads"),
        ("/verdicts/0/threads", json!(4), "verdicts[1].threads: must be above the 4 before it, got 4"),
        ("/verdicts", json!([]), "verdicts: must include the verdict at 4 threads"),
    ] {
        let refusal = refusal(with(pointer, value));
        assert!(refusal.starts_with(text), "{refusal}\n{text}");
    }
}

#[test]
fn a_number_that_json_cannot_carry_is_not_written() {
    let mut run = samples::run();
    run.elapsed_s = f64::NAN;
    let error = run.to_json().expect_err("no number").to_string();
    assert_eq!(error, "elapsed_s: must be 0 to 1e18, got NaN");
}

#[test]
fn what_a_later_version_adds_is_ignored() {
    let mut json = sample();
    json["later"] = json!({"any": "thing"});
    json["warnings"][0]["kind"] = json!("later");
    let run = Run::from_json(json.to_string()).expect("a readable run");
    assert_eq!(run.warnings[0].kind, WarningKind::Other);
}

#[test]
fn a_huge_file_is_refused() {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.as_file().set_len(1 << 40).expect("a sparse file");
    let error = Record::read(file.path()).expect_err("a terabyte");
    assert_eq!(error.to_string(), "file must be at most 268435456 bytes");
}

#[test]
fn deep_nesting_is_refused() {
    for open in ["[", "{\"schema\":"] {
        assert!(Record::from_json(open.repeat(100_000)).is_err());
    }
}

/// Every pointer to a value in a document.
fn pointers(json: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match json {
        Value::Array(list) => {
            (0..).zip(list).for_each(|(index, value)| pointers(value, &format!("{at}/{index}"), found))
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| pointers(value, &format!("{at}/{name}"), found))
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn every_bit_of_a_number_survives(number in 0.0..1e18_f64) {
        let run = Run { elapsed_s: number, ..samples::run() };
        let json = run.to_json().expect("a valid run");
        prop_assert_eq!(Run::from_json(json).expect("our own file").elapsed_s, number);
    }

    #[test]
    fn a_changed_value_is_refused_or_read_back_unchanged(
        which in any::<prop::sample::Index>(),
        value in prop::sample::select(vec![
            json!(null), json!(true), json!(0), json!(-1), json!(u64::MAX), json!(1e308),
            json!(0.5), json!(""), json!("\u{202e}\0"), json!("win"), json!([]), json!({}),
            json!([[0.1, 1]]),
        ]),
    ) {
        let mut json = sample();
        let mut all = Vec::new();
        pointers(&json, "", &mut all);
        let pointer = which.get(&all);
        *json.pointer_mut(pointer).expect("it is there") = value;
        match Record::from_json(json.to_string()) {
            Ok(record) => {
                for run in record.runs() {
                    let again = run.to_json().expect("what was read can be written");
                    prop_assert_eq!(&Run::from_json(again).expect("and read"), run);
                }
            }
            Err(error) => {
                let text = error.to_string();
                prop_assert!(text.len() < 1000 && !text.chars().any(char::is_control), "{}", text);
            }
        }
    }

    #[test]
    fn a_damaged_file_never_panics(
        at in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 0..8),
    ) {
        let mut json = samples::run().to_json().expect("a valid run").into_bytes();
        let at = at.index(json.len());
        let end = json.len().min(at + bytes.len());
        json.splice(at..end, bytes);
        let _ = Record::from_json(&json);
        let _ = Record::from_json(&json[..at]);
    }
}

#[test]
fn a_row_that_contradicts_itself_is_refused() {
    let refused = |change: fn(&mut mapwise_record::suite::Row)| {
        let mut bench = samples::bench();
        change(&mut bench.rows[0]);
        bench.validate().expect_err("a contradiction").to_string()
    };
    assert_eq!(refused(|row| row.ok = true), "rows[0].ok: must follow from the floor and the checks, got true");
    let error = refused(|row| row.checks[1].ok = true);
    assert_eq!(error, "rows[0].checks[1].ok: must follow from the ratio and the limit, got true");
    assert!(refused(|row| row.ratio_low = 1.2).starts_with("rows[0]: must be ascending"));
    assert!(refused(|row| row.best_peer.clear()).starts_with("rows[0].best_peer: must not be empty"));
}

#[test]
fn a_bench_file_without_rows_has_none() {
    let bench = Bench::new(samples::runs());
    let json = bench.to_json().expect("valid runs");
    assert!(!json.contains("\"rows\""));
    assert_eq!(Bench::from_json(&json).expect("our own file").rows, []);
}
