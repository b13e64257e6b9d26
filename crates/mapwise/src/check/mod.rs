//! Checked mode: finds race conditions and deadlocks on maps while a program runs.
//!
//! The feature `check` compiles it; without the feature there is nothing of it in a program. Nothing has to be called: any
//! operation on a map is watched. Here are the calls that help it to say more.
//!
//! What it takes for granted: that a thread which reads a key and later writes it without looking again wrote on the
//! strength of what it had read. `forget_reads` says where that is not so.

mod collect;
pub(crate) mod delay;
pub(crate) mod explore;
mod finding;
pub(crate) mod here;
pub(crate) mod hold;
mod kind;
pub(crate) mod map;
mod notes;
pub(crate) mod order;
pub(crate) mod reads;
pub(crate) mod report;
mod settings;
pub(crate) mod shadow;
pub(crate) mod site;
mod sites;
mod spawn;
mod task;
pub(crate) mod texts;
mod thread;
pub(crate) mod verdict;

use std::time::Duration;

pub use self::{
    collect::collect,
    explore::{Exploration, explore, replay},
    finding::{Access, Finding, MapId, Role, Site, ThreadRef},
    kind::Kind,
    spawn::{JoinHandle, Scope, ScopedJoinHandle, scope, spawn},
    task::{Task, job, task},
};

/// Forgets whatever the current thread or task has looked at: what it writes next is not because of that.
///
/// For a thread that serves one request after the other, between two of them.
pub fn forget_reads() {
    here::forget_all();
}

/// What checked mode has spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// How often a thread was held back between a check and its act.
    pub delays: u64,
    /// How long all of that took.
    pub delayed: Duration,
    /// Time since the first use of a map.
    pub wall: Duration,
    /// Keys whose last writers are remembered.
    pub keys: usize,
    /// The most that can be.
    pub most_keys: usize,
    /// Keys that were forgotten to make room.
    pub forgotten: u64,
    /// Maps in which different keys were seen to have the same hash.
    pub colliding_maps: u64,
}

/// Returns what checked mode has spent in this process.
#[must_use]
pub fn stats() -> Stats {
    let (delays, delayed, wall) = delay::totals();
    let (keys, most_keys) = shadow::size();
    Stats { delays, delayed, wall, keys, most_keys, forgotten: shadow::forgotten(), colliding_maps: map::colliding() }
}

/// Keeps what was learned for the next run and returns what a report should say at its end.
pub(crate) fn finish() -> Vec<String> {
    sites::save(&delay::pairs());
    notes::all()
}
