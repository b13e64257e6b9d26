//! `mapwise bench --suite peers`: rows, files and refusals.

mod common;

use common::{folder, mapwise, run, stderr, stdout};
use jsonschema::Registry;
use mapwise_record::bench::Bench;
use mapwise_record::schema;
use serde_json::Value;

/// Two rows in a moment.
const SMALL: &[&str] = &[
    "bench",
    "--suite",
    "peers",
    "--mixes",
    "read-hit,98-1-1",
    "--keys",
    "1k",
    "--key-types",
    "u64",
    "--threads",
    "1",
    "--rounds",
    "4",
    "--only",
    "dashmap,rwlock-64",
];

fn small(more: &[&'static str]) -> Vec<&'static str> {
    [SMALL, more].concat()
}

#[test]
fn rows_are_printed_written_and_shown_again() {
    let save = folder("suite").join("peers.json");
    let save = save.to_str().expect("the path is UTF-8");
    let output = mapwise(&small(&[])).args(["--save", save]).output().expect("the command starts");
    let (text, said) = (stdout(&output), stderr(&output));
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.starts_with("2 rows, about "), "{said}");
    for row in ["read-hit 1k u64 x1", "98-1-1 1k u64 x1"] {
        assert!(text.lines().any(|line| line.starts_with(row)), "{text}");
    }
    assert_eq!(stdout(&run(&["report", save])), text);
    let markdown = stdout(&run(&["report", save, "--format", "markdown"]));
    assert!(markdown.contains("| 98-1-1 1k u64 x1 | "), "{markdown}");
    let csv = stdout(&run(&["report", save, "--format", "csv"]));
    assert_eq!(csv.lines().count(), 1 + 2 * 3, "{csv}");
}

#[test]
fn json_has_rows_beside_the_cells_they_come_from() {
    let output = run(&small(&["--format", "json"]));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    let parse = |text: &str| -> Value { serde_json::from_str(text).expect("JSON") };
    let registry = Registry::new().add("urn:mapwise:schema:mapwise.run.v1", parse(schema::RUN_V1));
    let registry = registry.expect("a resource").prepare().expect("a registry");
    let validator = jsonschema::options().with_registry(&registry).build(&parse(schema::BENCH_V1));
    let errors: Vec<String> =
        validator.expect("a schema").iter_errors(&parse(&text)).map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0]);
    let bench = Bench::from_json(&text).expect("a valid file");
    for (row, run) in bench.rows.iter().zip(&bench.runs) {
        assert_eq!(row.workload, run.workload.name);
        let cell = run.cells.iter().find(|cell| cell.candidate == row.best_peer).expect("its cell");
        assert_eq!(cell.throughput_ops_per_s.median, row.best_peer_ops_per_s);
        assert!(cell.latency_ns.is_some() && cell.bytes_per_entry.is_some_and(|bytes| bytes > 16.0));
        assert!(run.harness[0].ns_per_op > 0.0);
    }
}

#[test]
fn what_no_suite_has_is_refused() {
    let refused = |args: &[&str]| {
        let output = run(args);
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()), "{args:?}");
        stderr(&output)
    };
    assert!(refused(&["bench", "--suite", "peers", "--mixes", "reads"]).contains("got reads"));
    assert!(refused(&["bench", "--suite", "peers", "--keys", "3"]).contains("keys of the suite must be between 16"));
    assert!(
        refused(&["bench", "--suite", "peers", "--only", "horde"]).contains("must include a general one of dashmap")
    );
    assert!(refused(&["bench", "--suite", "peers", "--threads", "0"]).starts_with("error: threads must be between 1"));
    assert!(refused(&["bench", "--suite", "peers", "--time", "5s"]).contains("--time"));
    assert!(refused(&["bench", "--quick"]).contains("--suite"));
}
