//! The settings of an `ActorMap`.

use std::{hash::RandomState, io};

use super::ActorMap;
use crate::{owner::DEFAULT_QUEUE, table::Table};

/// The settings of an [`ActorMap`]: the name of its thread, the length of its queue, its first room and its hasher.
///
/// # Examples
///
/// ```
/// use mapwise::ActorBuilder;
///
/// let map = ActorBuilder::new().name("sessions").queue(64).build()?;
/// map.insert("alice", 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "`build` makes the map"]
pub struct ActorBuilder<S = RandomState> {
    pub(super) name: String,
    pub(super) queue: usize,
    capacity: usize,
    hasher: S,
}

impl ActorBuilder {
    /// Makes the settings that [`ActorMap::new`] uses: a thread named `mapwise-owner` and a queue of 1,024 requests.
    pub fn new() -> Self {
        Self { name: "mapwise-owner".to_owned(), queue: DEFAULT_QUEUE, capacity: 0, hasher: RandomState::new() }
    }
}

impl<S> ActorBuilder<S> {
    /// Names the owner thread, for debuggers and panic messages.
    pub fn name(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// Sets how many requests may wait for the owner thread before those who ask wait for room.
    ///
    /// Its memory is taken at once. With 0 each request is handed over only when the owner thread is free to take it.
    pub fn queue(self, requests: usize) -> Self {
        Self { queue: requests, ..self }
    }

    /// Makes room for this many entries.
    pub fn capacity(self, entries: usize) -> Self {
        Self { capacity: entries, ..self }
    }

    /// Sets the hasher that keys are hashed with.
    pub fn hasher<T>(self, hasher: T) -> ActorBuilder<T> {
        ActorBuilder { name: self.name, queue: self.queue, capacity: self.capacity, hasher }
    }

    /// Makes an empty map and starts its owner thread.
    ///
    /// # Errors
    ///
    /// If the system refuses a thread.
    ///
    /// # Panics
    ///
    /// If the name contains a zero byte, or memory for the queue or the entries cannot be had.
    #[track_caller]
    pub fn build<K, V>(self) -> io::Result<ActorMap<K, V, S>>
    where
        K: Send + 'static,
        V: Send + 'static,
        S: Send + Sync + 'static,
    {
        ActorMap::spawn(self.name, self.queue, Table::with_capacity(self.capacity), self.hasher)
    }
}

impl Default for ActorBuilder {
    fn default() -> Self {
        Self::new()
    }
}
