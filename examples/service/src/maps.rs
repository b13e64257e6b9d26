//! The map behind each use: of a kind that is chosen when the service starts.
//!
//! An enum and not `dyn DynMap`, whose closures return nothing.

use mapwise::{Action, MutexMap, RwLockMap, ShardedMap, SyncMap};

/// Which map.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Kind {
    /// The default: a lock for every few entries
    Map,
    /// Split into parts with a lock each
    Sharded,
    /// One lock that readers share
    RwLock,
    /// One lock
    Mutex,
    /// Reads without a lock of what was there for a while
    Sync,
}

/// A map by name, whose kind is not known before the service starts.
pub(crate) enum Map<V> {
    Map(mapwise::Map<String, V>),
    Sharded(ShardedMap<String, V>),
    RwLock(RwLockMap<String, V>),
    Mutex(MutexMap<String, V>),
    Sync(Box<SyncMap<String, V>>),
}

macro_rules! each {
    ($map:expr, $name:ident => $call:expr) => {
        match $map {
            Map::Map($name) => $call,
            Map::Sharded($name) => $call,
            Map::RwLock($name) => $call,
            Map::Mutex($name) => $call,
            Map::Sync($name) => $call,
        }
    };
}

impl<V: Clone> Map<V> {
    /// Makes an empty map, which the profile calls `name`.
    #[track_caller]
    pub(crate) fn new(kind: Kind, name: &str) -> Self {
        match kind {
            Kind::Map => Self::Map(mapwise::Map::new().named(name)),
            Kind::Sharded => Self::Sharded(ShardedMap::new().named(name)),
            Kind::RwLock => Self::RwLock(RwLockMap::new().named(name)),
            Kind::Mutex => Self::Mutex(MutexMap::new().named(name)),
            Kind::Sync => Self::Sync(Box::new(SyncMap::new().named(name))),
        }
    }

    #[track_caller]
    pub(crate) fn get(&self, key: &str) -> Option<V> {
        each!(self, map => map.get(key))
    }

    #[track_caller]
    pub(crate) fn contains_key(&self, key: &str) -> bool {
        each!(self, map => map.contains_key(key))
    }

    #[track_caller]
    pub(crate) fn insert(&self, key: String, value: V) -> Option<V> {
        each!(self, map => map.insert(key, value))
    }

    #[track_caller]
    pub(crate) fn compute<R>(&self, key: String, decide: impl FnOnce(Option<&mut V>) -> Action<V, R>) -> R {
        each!(self, map => map.compute(key, decide))
    }

    #[track_caller]
    pub(crate) fn remove(&self, key: &str) -> Option<V> {
        each!(self, map => map.remove(key))
    }

    #[track_caller]
    pub(crate) fn retain(&self, keep: impl FnMut(&String, &mut V) -> bool) {
        each!(self, map => map.retain(keep));
    }

    #[track_caller]
    pub(crate) fn for_each(&self, visit: impl FnMut(&String, &V)) {
        each!(self, map => map.for_each(visit));
    }

    #[track_caller]
    pub(crate) fn len(&self) -> usize {
        each!(self, map => map.len())
    }
}

/// Whether a text of a client may be kept and shown: short, and of letters, digits, `-`, `_`, `.` and `:`.
pub(crate) fn is_plain(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}
