//! A profile: one process, what its maps counted up to a moment.

use serde::{Deserialize, Serialize};

use crate::map::{MapProfile, Site};

/// The name every profile carries in its field `schema`.
pub const SCHEMA: &str = "mapwise.profile";

/// The version of the schema that this crate writes.
pub const SCHEMA_VERSION: u32 = 1;

/// What the maps of one process counted since recording began.
///
/// Every counter only grows while the process lives, so the difference of two profiles is what happened between them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The version of the schema, at most [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The version of mapwise that recorded.
    pub mapwise_version: String,
    /// When it was taken, in milliseconds since 1970-01-01T00:00:00Z.
    pub taken_unix_ms: u64,
    /// How long had been recorded then.
    pub span_ns: u64,
    /// Whose maps these are.
    pub process: Process,
    /// How much was recorded.
    pub tier: Tier,
    /// The maps that live, in the order they were made.
    pub maps: Vec<MapProfile>,
    /// What checked mode found, where it was on too.
    pub findings: Vec<Finding>,
    /// What a reader must know before trusting the figures: a limit that was reached, something left out.
    pub notes: Vec<String>,
}

impl Profile {
    /// A profile without maps, to be filled.
    #[must_use]
    pub fn new(process: Process, tier: Tier) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            schema_version: SCHEMA_VERSION,
            mapwise_version: env!("CARGO_PKG_VERSION").to_owned(),
            taken_unix_ms: 0,
            span_ns: 0,
            process,
            tier,
            maps: Vec::new(),
            findings: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// The process that was watched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its name.
    pub name: String,
    /// Its identifier.
    pub pid: u32,
    /// How many threads the machine can run at a time.
    pub cores: u32,
    /// How many threads have used a map since recording began.
    pub threads: u64,
}

/// How much is recorded; each tier contains those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Operations, slow-path entries, lengths, resizes.
    #[default]
    Counters,
    /// And times of waits and holds, waits by shard, hot keys.
    Contention,
    /// And who waited for whom.
    Sites,
}

/// One thing that checked mode found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The same in every run, for a suppression.
    pub id: String,
    /// For example `lost update`.
    pub kind: String,
    /// The map's name.
    pub map: String,
    /// What happened, in a sentence.
    pub text: String,
    /// How often it was seen.
    pub count: u64,
    /// What the threads did, in the order it happened.
    pub accesses: Vec<FindingAccess>,
}

/// One operation of a finding.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FindingAccess {
    /// Who: two accesses of one thread stand in one lane.
    pub thread: String,
    /// What.
    pub operation: String,
    /// Where.
    pub site: Site,
}
