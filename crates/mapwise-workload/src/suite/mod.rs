//! The peers suite: standard mixes of operations on our map and on the concurrent maps of others, side by side.
//!
//! - **interleaved**: in each round of a row every map has one turn, forwards in one round and backwards in the next, on
//!   the same operations and keys; ratios are paired by round.
//! - **alike**: one hasher for all, no capacity asked for, each called as its documentation recommends; a pin that a map
//!   offers to hold is a map of its own here.
//! - **cheap**: keys are drawn before, loops are compiled for each map, no clock is read while throughput is measured;
//!   latency has a phase of its own. The empty loop runs along as a map that does nothing, and is reported.
//! - **checked**: a map that lost or invented entries makes no number.

mod mix;
mod settings;

mod contender;
mod keys;
mod lane;

mod contenders;

mod entrant;
mod gauge;
mod slice;

mod check;
mod row;

mod floor;

mod conclude;

mod assemble;
mod measure;

pub use measure::{Suite, SuiteError, check, measure};
pub use mix::{Mix, UnknownMix};
pub use settings::{KeyType, Settings, SettingsError, UnknownKeyType};

#[cfg(test)]
mod tests;
