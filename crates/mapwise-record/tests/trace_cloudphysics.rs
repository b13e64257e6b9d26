//! A real trace: the block requests of one virtual machine, where its file is at hand.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use mapwise_record::trace::{Compression, End, Format, Limits, TraceOp, load};
use mapwise_record::workload::{Distribution, Kind};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/cloudphysics-block-io.csv.gz");

#[allow(clippy::print_stderr)] // A skipped test must not look like a passed one.
fn file() -> Option<&'static Path> {
    let path = Path::new(FILE);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {FILE} is absent");
    None
}

#[test]
fn every_request_of_the_block_trace_is_loaded() {
    let Some(path) = file() else { return };
    let trace = load(path, None, Limits::default()).expect("a good trace");

    assert_eq!((trace.format, trace.compression), (Format::BlockCsv, Compression::Gzip));
    assert_eq!(trace.end, End::Trace);
    assert_eq!((trace.skipped.rows, trace.skipped.bad), (113_872, 0));
    assert_eq!(trace.duration, Duration::from_secs(7200));
    let count = |op| trace.steps.iter().filter(|step| step.op == op).count();
    assert_eq!(count(TraceOp::GetOrInsert), 46_974);
    assert_eq!(count(TraceOp::Insert), 66_898);
    assert_eq!(trace.steps.len(), 113_872);

    let workload = &trace.workload;
    assert_eq!(workload.name, "cloudphysics-block-io.csv.gz");
    assert_eq!((workload.keys.space, workload.keys.prefill), (48_974, 0));
    assert_eq!(workload.keys.kind, Kind::U64);
    assert_eq!(workload.keys.distribution, Distribution::Recorded);
    assert_eq!(workload.values, Kind::String { bytes: 36_936 });
    assert_eq!(workload.rate_ops_per_s, Some(113_872.0 / 7200.0));
    let shares: f64 = workload.mix.shares().iter().map(|(_, share)| share).sum();
    assert!((shares - 1.0).abs() < 1e-12);
    let highest = trace.steps.iter().map(|step| step.key).max();
    assert_eq!(highest, Some(48_973), "keys are numbered without gaps");
}

#[test]
fn a_limit_ends_loading_and_is_told() {
    let Some(path) = file() else { return };
    let limits = Limits { max_requests: 1000, ..Limits::default() };
    let trace = load(path, None, limits).expect("a good trace");
    assert_eq!((trace.steps.len(), trace.end), (1000, End::MaxRequests));

    let limits = Limits { max_keys: 10, ..Limits::default() };
    let trace = load(path, None, limits).expect("a good trace");
    assert_eq!((trace.workload.keys.space, trace.end), (10, End::MaxKeys));
}

#[test]
fn a_cut_file_is_refused_after_the_rows_that_are_there() {
    let Some(path) = file() else { return };
    let mut cut = tempfile::NamedTempFile::new().expect("a temporary file");
    let source = std::fs::File::open(path).expect("the trace");
    std::io::copy(&mut source.take(200_000), &mut cut).expect("a copy");
    let error = load(cut.path(), None, Limits::default()).expect_err("a cut file");
    let text = error.to_string();
    assert!(text.starts_with("after line ") && text.ends_with(": gzip data end early"), "{text}");
}
