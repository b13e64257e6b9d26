//! Rules that the types of a run cannot express.
//!
//! Whatever passes is safe to show: numbers are finite and bounded, lists and texts have a largest
//! size, and no text can steer a terminal.

mod check;
mod findings;
mod run;
mod workload;

pub(crate) use check::{At, MAX_NUMBER};
pub(crate) use run::MAX_THREADS;
