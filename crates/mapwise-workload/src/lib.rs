//! Workloads, candidates, fair measurement, statistics and the verdict of `mapwise advise`.

pub mod data;
pub mod draw;
pub mod validate;

pub mod plan;

mod clusters;
pub mod presets;

pub mod stats;

pub mod hasher;
pub mod machine;

mod candidate;
mod driver;
mod list;
mod ours;
mod peers;

mod gather;
pub mod session;

pub mod suite;

pub use driver::CountingAllocator;
