//! The JSON schemas (draft 2020-12) of what is written, for checks and for other people's programs.
//!
//! They say exactly what this version writes. Reading is laxer: it ignores fields it does not know, so
//! that a file with a later optional field stays readable.

/// The schema of [`Run`](crate::run::Run).
pub const RUN_V1: &str = include_str!("../schema/mapwise.run.v1.schema.json");

/// The schema of [`Bench`](crate::bench::Bench); it refers to [`RUN_V1`] by its `$id`.
pub const BENCH_V1: &str = include_str!("../schema/mapwise.bench.v1.schema.json");

/// The schema of [`Findings`](crate::findings::Findings), which checked mode writes.
pub const FINDINGS_V1: &str = include_str!("../schema/mapwise.findings.v1.schema.json");
