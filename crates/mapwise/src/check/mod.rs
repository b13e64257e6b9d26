//! Checked mode: finds race conditions and deadlocks on maps while a program runs.
//!
//! The feature `check` compiles it; without the feature there is nothing of it in a program.

mod finding;
pub(crate) mod report;

pub use self::finding::{Access, Finding, Kind, MapId, Role, Site, ThreadRef};
