//! The settings of a `Collector`.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    io,
};

use super::Collector;
use crate::owner::DEFAULT_QUEUE;

/// What [`Collector::record`] does when the queue is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// Wait until the owner thread has made room: nothing is lost, and whoever records faster than it merges is slowed.
    #[default]
    Block,
    /// Drop the record and count it in [`Collector::dropped`]: whoever records never waits.
    DropAndCount,
}

/// The settings of a [`Collector`]: the name of its thread, its queue, what to do when that is full, and its hasher.
///
/// # Examples
///
/// ```
/// use mapwise::{CollectorBuilder, Overflow};
///
/// let lines = CollectorBuilder::new()
///     .name("log-lines")
///     .queue(256)
///     .overflow(Overflow::DropAndCount)
///     .build(|all: &mut Vec<String>, mut more: Vec<String>| all.append(&mut more))?;
/// lines.record("parser", vec!["unexpected end of line".to_owned()]);
/// assert_eq!(lines.collect()["parser"].len() as u64 + lines.dropped(), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "`build` makes the collector"]
pub struct CollectorBuilder<S = RandomState> {
    pub(super) name: String,
    pub(super) queue: usize,
    pub(super) overflow: Overflow,
    pub(super) hasher: S,
}

impl CollectorBuilder {
    /// Makes the settings that [`Collector::new`] uses: a thread named `mapwise-collector`, a queue of 1,024 records,
    /// and [`Overflow::Block`].
    pub fn new() -> Self {
        Self {
            name: "mapwise-collector".to_owned(),
            queue: DEFAULT_QUEUE,
            overflow: Overflow::default(),
            hasher: RandomState::new(),
        }
    }
}

impl<S> CollectorBuilder<S> {
    /// Names the owner thread, for debuggers and panic messages.
    pub fn name(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// Sets how many records may wait for the owner thread.
    ///
    /// Its memory is taken at once. With 0 each record is handed over only when the owner thread is free to take it.
    pub fn queue(self, records: usize) -> Self {
        Self { queue: records, ..self }
    }

    /// Sets what happens when the queue is full.
    pub fn overflow(self, overflow: Overflow) -> Self {
        Self { overflow, ..self }
    }

    /// Sets the hasher that keys are hashed with.
    pub fn hasher<T>(self, hasher: T) -> CollectorBuilder<T> {
        CollectorBuilder { name: self.name, queue: self.queue, overflow: self.overflow, hasher }
    }

    /// Makes an empty collector that merges with `merge`, and starts its owner thread.
    ///
    /// # Errors
    ///
    /// If the system refuses a thread.
    ///
    /// # Panics
    ///
    /// If the name contains a zero byte, or memory for the queue cannot be had.
    #[track_caller]
    pub fn build<K, V>(self, merge: impl Fn(&mut V, V) + Send + 'static) -> io::Result<Collector<K, V, S>>
    where
        K: Hash + Eq + Send + 'static,
        V: Send + 'static,
        S: BuildHasher + Send + Sync + 'static,
    {
        Collector::spawn(self, merge)
    }
}

impl Default for CollectorBuilder {
    fn default() -> Self {
        Self::new()
    }
}
