//! `Collector`: threads record into a bounded queue, one owner thread merges.
//!
//! - **accounted**: every record is refused (`dropped`), failed in the user's code (`failed`), or merged; none is lost
//!   between, at the end neither.

mod builder;

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

pub use self::builder::{CollectorBuilder, Overflow};
use crate::{
    api::MapMerge,
    owner::{Owner, quietly_drop},
    seam::{Holds, MapType, Op, Seam, Tally},
    surface::named,
    table::Table,
};

const TYPE: MapType = MapType { name: "Collector", holds: Holds::Lock };

/// A write-only map for metrics and logs: threads record into a bounded queue, and one owner thread merges.
///
/// | | |
/// |---|---|
/// | reads block? | [`collect`](Self::collect) waits for everything recorded before it |
/// | writes block? | never for the merge; when the queue is full, as [`Overflow`] says |
/// | iteration sees | the map at one instant: everything this thread recorded before, and some of what others record now |
/// | bytes per entry | key, value and 1 byte, over the load of the table (0.44 to 0.875); a thread, and for each place in the queue a key, a value and some 24 bytes, at least 40 |
/// | choose when | recording must not wait for the merging, which is slow or belongs on one thread |
/// | avoid when | merging is as cheap as adding two numbers: [`PerThreadMap`](crate::PerThreadMap) and `CounterMap` do it in place |
///
/// Keys are hashed by the thread that records, so that the owner thread has less to do. Everything else of the user's
/// runs on the owner thread: the merge function, `Eq`, and the drop of keys that were there already.
///
/// # Panics
///
/// A panic in the merge function, or in `Eq` or `Hash` on the owner thread, costs the record it was merging: the panic
/// hook reports it, [`failed`](Self::failed) counts it, the value merged into stays as the merge function left it, and
/// everything else goes on. Calling the collector from inside its merge function panics there, in every build, since
/// it would wait for itself.
///
/// # Examples
///
/// ```
/// use mapwise::Collector;
///
/// let hits = Collector::new(|total: &mut u64, more| *total += more);
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| (0..100_u64).for_each(|n| { hits.record(n % 10, 1); }));
///     }
/// });
/// assert_eq!(hits.finish()[&7], 40);
/// ```
pub struct Collector<K, V, S = RandomState> {
    owner: Owner<Table<K, V>, Record<K, V>>,
    overflow: Overflow,
    dropped: AtomicU64,
    /// Shared with the owner thread, which adds to it.
    failed: Arc<AtomicU64>,
    hasher: Arc<S>,
    seam: Seam,
    tally: Tally,
}

struct Record<K, V> {
    hash: u64,
    key: K,
    value: V,
}

impl<K: Hash + Eq + Send + 'static, V: Send + 'static> Collector<K, V> {
    /// Makes an empty collector that merges with `merge`, blocks when its queue is full, and starts its owner thread.
    ///
    /// [`CollectorBuilder`] chooses otherwise.
    ///
    /// # Panics
    ///
    /// If the system refuses a thread.
    #[must_use]
    #[track_caller]
    pub fn new(merge: impl Fn(&mut V, V) + Send + 'static) -> Self {
        CollectorBuilder::new()
            .build(merge)
            .unwrap_or_else(|error| panic!("cannot start the owner thread of a collector: {error}"))
    }
}

impl<K, V, S> Collector<K, V, S>
where
    K: Hash + Eq + Send + 'static,
    V: Send + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    #[track_caller]
    fn spawn(
        CollectorBuilder { name, queue, overflow, hasher }: CollectorBuilder<S>,
        merge: impl Fn(&mut V, V) + Send + 'static,
    ) -> io::Result<Self> {
        let hasher = Arc::new(hasher);
        let failed = Arc::new(AtomicU64::new(0));
        let seam = Seam::of(TYPE);
        seam.shape::<K, V>(1, |_, _| 0);
        let tally = seam.tally();
        tally.entries(0);
        let on_record = {
            let (hasher, failed, tally) = (Arc::clone(&hasher), Arc::clone(&failed), tally.clone());
            move |table: &mut Table<K, V>, record| {
                match catch_unwind(AssertUnwindSafe(|| fold(table, record, &*hasher, &merge))) {
                    Ok(spare_key) => quietly_drop(spare_key),
                    Err(payload) => {
                        // Relaxed: read after an answer of the owner thread, which orders it, or as a figure for people.
                        failed.fetch_add(1, Ordering::Relaxed);
                        quietly_drop(payload);
                    }
                }
                tally.grown();
                tally.entries(table.len());
            }
        };
        let owner = Owner::spawn(name, queue, Table::with_capacity(0), on_record, tally.clone())?;
        Ok(Self { owner, overflow, dropped: AtomicU64::new(0), failed, hasher, seam, tally })
    }
}

/// Merges one record and returns its key if that is in the table already.
fn fold<K: Hash + Eq, V>(
    table: &mut Table<K, V>,
    Record { hash, key, value }: Record<K, V>,
    hasher: &impl BuildHasher,
    merge: &impl Fn(&mut V, V),
) -> Option<K> {
    match table.find_mut(hash, &key) {
        Some(present) => {
            merge(present, value);
            Some(key)
        }
        None => {
            table.insert_absent(hash, key, value, |key| hasher.hash_one(key));
            None
        }
    }
}

impl<K, V, S> Collector<K, V, S> {
    /// Records `value` under `key`; returns false if it was dropped because the queue was full.
    ///
    /// # Concurrency
    ///
    /// With [`Overflow::Block`] waits while the queue is full, and always returns true. With [`Overflow::DropAndCount`]
    /// never waits for the owner thread.
    #[track_caller]
    pub fn record(&self, key: K, value: V) -> bool
    where
        K: Hash,
        S: BuildHasher,
    {
        let record = Record { hash: self.hasher.hash_one(&key), key, value };
        let refused = {
            let _scope = self.seam.begin(Op::Update, Some(record.hash));
            match self.overflow {
                Overflow::Block => {
                    self.owner.post(Op::Update, record);
                    None
                }
                Overflow::DropAndCount => self.owner.try_post(Op::Update, record).err(),
            }
        };
        if refused.is_some() {
            // Relaxed: a figure; no other data depends on it.
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        refused.is_none()
    }

    /// Returns how many records were dropped because the queue was full.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        // Relaxed: see `record`.
        self.dropped.load(Ordering::Relaxed)
    }

    /// Returns how many records were lost to a panic while they were merged; exact after [`flush`](Self::flush).
    #[must_use]
    pub fn failed(&self) -> u64 {
        // Relaxed: see `spawn`.
        self.failed.load(Ordering::Relaxed)
    }

    /// Waits until everything that this thread recorded is merged or counted as failed.
    #[track_caller]
    pub fn flush(&self) {
        self.ask(|_table| ());
    }

    /// Does everything accepted, ends the owner thread and returns what was merged.
    ///
    /// Dropping the collector does the same and throws the result away.
    ///
    /// # Panics
    ///
    /// From inside the merge function: it would wait for itself.
    #[track_caller]
    #[must_use]
    pub fn finish(self) -> HashMap<K, V>
    where
        K: Hash + Eq,
    {
        self.owner.finish().into_entries().collect()
    }

    #[track_caller]
    fn ask<R: Send>(&self, job: impl FnOnce(&mut Table<K, V>) -> R + Send) -> R {
        let _scope = self.seam.begin(Op::Whole, None);
        let tally = &self.tally;
        self.owner.call(Op::Whole, move |table| {
            let answer = job(table);
            tally.entries(table.len());
            answer
        })
    }
}

impl<K: Send, V: Send, S> Collector<K, V, S> {
    /// Returns a copy of everything merged so far, whatever this thread recorded before included.
    ///
    /// # Concurrency
    ///
    /// Waits for what is queued; the table is cloned on the owner thread, which merges nothing meanwhile.
    #[track_caller]
    #[must_use]
    pub fn collect(&self) -> HashMap<K, V>
    where
        K: Hash + Eq + Clone,
        V: Clone,
    {
        self.ask(|table| table.clone()).into_entries().collect()
    }

    /// Removes and returns everything merged so far, in no order; each record is in exactly one drain, or in what
    /// [`finish`](Self::finish) returns.
    ///
    /// # Concurrency
    ///
    /// Waits for what is queued.
    #[track_caller]
    pub fn drain(&self) -> Vec<(K, V)> {
        self.ask(Table::take).into_entries().collect()
    }

    /// Returns the number of keys, after whatever this thread recorded before.
    ///
    /// # Concurrency
    ///
    /// Waits for what is queued.
    #[track_caller]
    #[must_use]
    pub fn len(&self) -> usize {
        self.ask(|table| table.len())
    }

    /// Returns true if there is no key, after whatever this thread recorded before.
    ///
    /// # Concurrency
    ///
    /// Waits for what is queued.
    #[track_caller]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K, V, S> MapMerge<K, V> for Collector<K, V, S>
where
    K: Hash + Eq + Clone + Send,
    V: Clone + Send,
    S: BuildHasher,
{
    /// Records; with [`Overflow::DropAndCount`] what finds the queue full is dropped and counted.
    #[track_caller]
    fn merge(&self, key: K, value: V) {
        self.record(key, value);
    }

    #[track_caller]
    fn collect(&self) -> HashMap<K, V> {
        Self::collect(self)
    }
}

named! { Collector<K, V, S>, seam }

impl<K, V, S> fmt::Debug for Collector<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector")
            .field("overflow", &self.overflow)
            .field("dropped", &self.dropped())
            .field("failed", &self.failed())
            .finish_non_exhaustive()
    }
}
