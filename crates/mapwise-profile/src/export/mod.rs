//! Other programs' formats.

mod samples;

pub mod collapsed;
pub mod pprof;

pub mod prometheus;

pub use samples::Blame;
