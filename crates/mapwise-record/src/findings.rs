//! Findings: what checked mode found in one process.
//!
//! `mapwise` writes them itself, without this crate; here they are described and read.

use serde::{Deserialize, Serialize};

/// The name every such file carries in its field `schema`.
pub const SCHEMA: &str = "mapwise.findings";

/// The version of the schema that this crate reads.
pub const SCHEMA_VERSION: u32 = 1;

/// What checked mode found in one process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The version of the schema, at most [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The version of mapwise that watched.
    pub mapwise_version: String,
    /// The status that the process ends with on account of findings; 0 leaves its own.
    pub exit_status: u8,
    /// Each finding once, in the order in which they were seen.
    pub findings: Vec<Finding>,
    /// How many reports of further findings were not kept.
    pub dropped: u64,
    /// How many different findings a suppression covered.
    pub suppressed: u64,
    /// How many different findings the baseline had.
    pub known: u64,
    /// How many different findings were added to the baseline.
    pub added: u64,
    /// The suppressions that covered nothing.
    pub unused_suppressions: Vec<String>,
    /// What else a reader must know, for example that history was forgotten.
    pub notes: Vec<String>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The same in every run: of the kind, the map's name or type, and the functions.
    pub id: String,
    /// What went wrong, as `lost_update`; a later mapwise may know more kinds.
    pub kind: String,
    /// One line for people.
    pub title: String,
    /// The map.
    pub map: Map,
    /// The key, as far as it is told.
    pub key: Key,
    /// The calls that took part, the one that was found out first.
    pub accesses: Vec<Access>,
    /// The threads that took part.
    pub threads: Vec<Thread>,
    /// What was lost, as `2 writes`.
    pub lost: Option<String>,
    /// What to write instead.
    pub fix: String,
    /// The line that suppresses it.
    pub suppress: String,
    /// How often it was seen.
    pub count: u64,
}

/// A map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Map {
    /// The name that the program gave it.
    pub name: Option<String>,
    /// Its kind, as `ShardedMap`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Its number in this process.
    pub serial: u64,
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Tells keys of one process apart, and says no more of them.
    pub mark: Option<String>,
    /// The key, if its map was told how to show it.
    pub text: Option<String>,
}

/// A call that took part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// What it has to do with the finding, as `stale_read`.
    pub role: String,
    /// The same for people, as `Stale read of version 5`.
    pub heading: String,
    /// The operation, as `an insertion`.
    pub operation: String,
    /// The map that was called.
    pub map: Map,
    /// The call site.
    pub place: Place,
    /// The number of the thread that called.
    pub thread: u64,
    /// The asynchronous task that the thread was running.
    pub task: Option<u64>,
    /// The version that was read, written or overwritten.
    pub version: Option<u64>,
}

/// A thread that took part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// Its number in this process.
    pub number: u64,
    /// Its name.
    pub name: Option<String>,
    /// Where it was created, if that is known.
    pub created: Option<Place>,
    /// Its first call of a map.
    pub first_seen: Option<Place>,
}

/// A place in the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file, as the compiler saw it, less `strip_path_prefix`.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
    /// The function, where the program has its symbols.
    pub function: Option<String>,
}
