//! The contention profile: what a recorder counts in the maps of a process, and everything made from it.
//!
//! A [`Profile`] holds counters and never ratios, so that profiles of several servers can be added up; what is sampled
//! says its period. It holds no key, only hashes of keys. It may come from anywhere: reading is bounded, and
//! every writer here makes the strings in it harmless for its format.
//!
//! - **no-arrows**: this crate depends on no other crate of the workspace, so that a service may link it.

pub mod histogram;

pub mod map;

pub mod profile;

mod error;

pub mod number;
pub mod text;

pub mod limits;
pub mod skew;

pub mod advice;

pub mod export;

pub mod document;

pub mod page;

pub use document::is_profile;
pub use error::ProfileError;
pub use export::{Blame, collapsed, pprof, prometheus};
pub use histogram::Histogram;
pub use map::{
    Access, Awaited, Blocked, Holds, HotKey, HotKeys, MapProfile, Operation, Point, Resizes, Shard, Shards, Site,
};
pub use profile::{Finding, FindingAccess, Process, Profile, Tier};
