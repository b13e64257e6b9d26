//! What one map counted.

use serde::{Deserialize, Serialize};

use crate::histogram::Histogram;

/// What one map counted since recording began, or since it was made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MapProfile {
    /// What the user calls it; unique within a profile.
    pub name: String,
    /// The kind of map, for example `ShardedMap`.
    pub kind: String,
    /// Its whole type, for example `ShardedMap<String, Session>`.
    pub type_text: String,
    /// Where it was made, if that was recorded.
    pub created: Option<Site>,
    /// How many entries it has; nothing for a map that would have to merge to know.
    pub len: Option<u64>,
    /// How many entries fit without growing, where the map knows.
    pub capacity: Option<u64>,
    /// What it was asked, by kind of operation.
    pub operations: Vec<Operation>,
    /// How often an operation left the fast path, whether or not it then waited.
    pub slow_paths: u64,
    /// How often an operation waited.
    pub contentions: u64,
    /// How long operations waited, all threads together.
    pub delay_ns: u64,
    /// The same waits by duration.
    pub waits: Histogram,
    /// How long its locks were held, or its owner thread worked, sampled.
    pub holds: Holds,
    /// Its shards in order; one for a map with a single lock or an owner thread, none for a map without.
    pub shards: Shards,
    /// How often its table was replaced, and how long that took.
    pub resizes: Resizes,
    /// The keys that were asked for most, sampled, as hashes.
    pub hot_keys: HotKeys,
    /// Who waited for whom. Rows with equal sites are added up by a reader; what is missing from [`MapProfile::delay_ns`]
    /// was not attributed.
    pub matrix: Vec<Blocked>,
    /// The counters at earlier moments, oldest first.
    pub series: Vec<Point>,
}

/// How often one kind of operation was asked for, and what it met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// The method, for example `get`.
    pub name: String,
    /// Whether it may change the map.
    pub access: Access,
    /// How often the key was there; every call for operations without a key.
    pub hits: u64,
    /// How often the key was not there.
    pub misses: u64,
    /// How often it waited.
    pub contentions: u64,
    /// How long it waited.
    pub delay_ns: u64,
}

/// Whether an operation reads or may write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// It changes nothing.
    #[default]
    Read,
    /// It may change the map.
    Write,
}

/// How long locks were held; of a map with an owner thread, how long that worked; of one whose threads keep parts of their own,
/// how long they were kept out of them by whoever collects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holds {
    /// One in so many holds was timed, 1 for each; 0 when none were.
    pub period: u64,
    /// Those that were timed.
    pub times: Histogram,
    /// Who held a lock the longest, where sites were recorded.
    pub longest: Option<Site>,
}

/// The independently locked parts of a map.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shards {
    /// One in so many operations was counted in [`Shard::operations`]; 0 when none were.
    pub period: u64,
    /// In order.
    pub each: Vec<Shard>,
}

/// One shard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// How many entries it has.
    pub len: u64,
    /// How many of the sampled operations fell on it.
    pub operations: u64,
    /// How often an operation waited for it.
    pub contentions: u64,
    /// How long operations waited for it.
    pub delay_ns: u64,
}

/// Replacements of a table by a larger or smaller one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resizes {
    /// How many there were.
    pub count: u64,
    /// How long each kept others out.
    pub pauses: Histogram,
    /// How long operations waited that met one while they waited, where that was recorded.
    pub delay_ns: u64,
}

/// The most frequent keys by the space-saving algorithm (Metwally, Agrawal, El Abbadi, ICDT 2005).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HotKeys {
    /// One in so many operations was sampled; 0 when none were.
    pub period: u64,
    /// How many were sampled.
    pub sampled: u64,
    /// By count, most frequent first.
    pub keys: Vec<HotKey>,
}

/// A key that was sampled often.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HotKey {
    /// The hash of the key under the map's own hasher; in the file as hexadecimal digits, for a number of JSON may lose
    /// some.
    #[serde(with = "hex")]
    pub hash: u64,
    /// The shard it is in.
    pub shard: Option<u32>,
    /// How many of the samples were this key's, at most.
    pub count: u64,
    /// How much of the count may be another key's.
    pub error: u64,
}

/// Waits of one kind: where, in what, for whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocked {
    /// Who waited: the call in the user's code.
    pub waiter: Site,
    /// Who held the lock, where that is known.
    pub holder: Option<Site>,
    /// The waiter's operation, as in [`Operation::name`].
    pub operation: String,
    /// The shard that was waited for.
    pub shard: Option<u32>,
    /// How often.
    pub contentions: u64,
    /// How long.
    pub delay_ns: u64,
    /// The waiter's calls, innermost first, where stacks were recorded; they include [`Blocked::waiter`].
    pub stack: Vec<Site>,
}

/// A place in a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Site {
    /// The function, or empty when not known.
    pub function: String,
    /// The file as the compiler names it.
    pub file: String,
    /// From 1; 0 when not known.
    pub line: u32,
}

/// The counters of a map at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// How long had been recorded.
    pub at_ns: u64,
    /// Operations until then.
    pub operations: u64,
    /// Waits until then.
    pub contentions: u64,
    /// Time waited until then.
    pub delay_ns: u64,
    /// Entries then, where the map knows.
    pub len: Option<u64>,
}

impl Operation {
    /// How often it was asked for.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.hits.saturating_add(self.misses)
    }
}

/// What threads wait for that use a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// A lock that another thread holds.
    Lock,
    /// The thread that owns the table: every request, until its answer.
    Owner,
    /// A thread that collects the parts of all threads, or one that is inside its part.
    Collection,
}

impl MapProfile {
    /// What its threads wait for.
    #[must_use]
    pub fn awaited(&self) -> Awaited {
        match self.kind.as_str() {
            "ActorMap" | "Collector" => Awaited::Owner,
            "PerThreadMap" => Awaited::Collection,
            _ => Awaited::Lock,
        }
    }

    /// How many operations there were, all kinds together.
    #[must_use]
    pub fn operation_count(&self) -> u64 {
        self.operations.iter().fold(0, |sum, operation| sum.saturating_add(operation.count()))
    }
}

impl Site {
    /// A place named by the compiler.
    #[must_use]
    pub fn at(location: &std::panic::Location<'_>) -> Self {
        Self { function: String::new(), file: location.file().to_owned(), line: location.line() }
    }
}

/// A hash as `0x` and sixteen digits.
mod hex {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(hash: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{hash:#018x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.strip_prefix("0x").filter(|digits| digits.len() <= 16);
        let hash = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        hash.ok_or_else(|| de::Error::custom("a hash must be 0x and at most 16 hexadecimal digits"))
    }
}
