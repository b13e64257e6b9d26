//! From samples to intervals and to the verdict.
//!
//! - **paired**: candidates are compared round by round, so that what slows a whole round down
//!   slows nothing in a ratio.
//! - **honest**: intervals of ratios hold together for all candidates, and a baseline chosen
//!   because it measured best must be beaten together with all its like; see [`verdict`].
//! - **repeatable**: the same samples and seed give the same figures.

pub mod bootstrap;
mod candidate;
mod sentence;

mod rounds;

mod moderate;

mod field;

mod outlook;

pub mod verdict;

pub use candidate::{CandidateSamples, DEFAULT_ROUNDS, MIN_ROUNDS, Settings, VerdictError};
pub use verdict::{decide, ratios};
