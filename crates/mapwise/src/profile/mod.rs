//! Contention profiles: which maps wait, where, for whom, and on which keys.
//!
//! A waiting thread is parked, so a CPU profile does not show it. With the feature `profile` every map counts what it was
//! asked and where it waited; [`snapshot`] returns the counts of all maps of the process, and with the feature `axum`
//! `router` serves them as a page, as a profile that `go tool pprof` reads, as JSON and as Prometheus text; with the feature
//! `metrics`, `Metrics` publishes them in the facade of that crate. Without the feature nothing is compiled in.
//!
//! | tier | recorded |
//! |---|---|
//! | 0 | operations by kind, hits and misses, how often a lock was not free, lengths, resizes |
//! | 1, the default | and how long operations waited, by shard and call site; how long locks were held (1 hold in 1,024); the keys asked for most (1 operation in 256) |
//! | 2 | and who waited for whom: the call site that waited and the one that held the lock |
//!
//! `MAPWISE_PROFILE=tier=2` in the environment sets the tier, [`set_tier`] changes it while the program runs. An option
//! that is not known is an error that ends the program, with status 2, at its first map.
//!
//! Give maps names with their method `named`; a map without one is called by its kind and where it was made. Keys never
//! appear, only their hashes.

mod blocked;
mod count;
mod holders;
mod meter;
#[cfg(feature = "metrics")]
mod metrics;
mod notes;
mod options;
mod pause;
mod pending;
mod places;
mod record;
mod registry;
#[cfg(feature = "axum")]
mod router;
mod sampling;
mod sites;
mod sketch;
mod slow;
mod snapshot;
mod stripe;
mod tally;
mod times;

pub use mapwise_profile::{Profile, Tier};

#[cfg(feature = "metrics")]
pub use self::metrics::Metrics;
#[cfg(feature = "axum")]
pub use self::router::router;

pub(crate) use self::{
    meter::{Asked, Meter, Span},
    notes::{Waiting, growing},
    pause::{disregard_pauses, pause},
    record::{Gauge, Locate},
    slow::Slow,
    tally::Tally,
};
pub use self::{
    options::{set_tier, tier},
    snapshot::snapshot,
};
