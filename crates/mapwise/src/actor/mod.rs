//! `ActorMap`: one owner thread holds the table; everybody else asks it through a bounded queue.
//!
//! - **hash-outside**: keys are hashed by the caller; the owner hashes again only where its table grows.
//! - **drop-outside**: keys and values that leave are sent back and dropped by the caller; only what nobody waits for is
//!   dropped on the owner thread.

mod builder;
mod surface;
mod traits;

use std::{
    collections::HashMap,
    convert::Infallible,
    hash::{BuildHasher, Hash, RandomState},
    io,
    sync::Arc,
};

pub use self::builder::ActorBuilder;
#[cfg(any(feature = "check", feature = "profile"))]
pub(crate) use self::traits::DYNAMIC;
use crate::{
    api::{Caps, Iteration, Progress},
    frozen::FrozenMap,
    owner::{Owner, Ticket},
    seam::{Call, Errand, Holds, KeyHash, KeyText, MapType, Op, Seam, Tally, Watch},
    surface::named,
    table::Table,
    table_mut::TableMut,
};

const TYPE: MapType = MapType { name: "ActorMap", holds: Holds::Lock };

/// A map whose table belongs to one thread; everybody else asks that thread through a bounded queue.
///
/// | | |
/// |---|---|
/// | reads block? | the caller until the owner thread has answered; every request waits for those before it |
/// | writes block? | as reads do; [`send`](Self::send) waits only for room in the queue |
/// | iteration sees | the map at one instant; every other request waits |
/// | bytes per entry | key, value and 1 byte, over the load of the table (0.44 to 0.875); a thread, and some 40 bytes for each place in the queue |
/// | choose when | work on the values belongs on one thread, or requests come in [batches](Self::batch) and pipelines |
/// | avoid when | single look-ups must be fast: each one wakes two threads, which costs many times a lock |
///
/// The methods are those of the other maps, but closures and results must be [`Send`], since the owner thread runs
/// them; so this map is no [`MapWrite`](crate::MapWrite), and generic code reaches it as a [`DynMap`](crate::DynMap).
/// Keys, closures and results may borrow from the caller, who waits until they are no longer used.
///
/// Share it by reference or in an [`Arc`]. A request after the end cannot be written: [`shutdown`](Self::shutdown),
/// [`into_std`](Self::into_std) and [`freeze`](Self::freeze) consume the map. All of them, and dropping it, first do
/// everything that was accepted, and then wait for the thread to end.
///
/// # Panics
///
/// A panic in a closure reaches its caller; the owner thread lives on and the map stays usable. Calling the same map from
/// inside one of its closures would wait for itself: it panics, in every build, naming both call sites. Two maps whose
/// closures call each other can still wait in a circle.
///
/// # Examples
///
/// ```
/// use mapwise::ActorMap;
///
/// let sessions = ActorMap::new();
/// sessions.insert("alice".to_owned(), 1);
/// assert_eq!(sessions.update("alice", |visits| { *visits += 1; *visits }), Some(2));
///
/// // Many operations in one message, which nobody can come between:
/// let total: u64 = sessions.batch(|table| {
///     table.insert("bob".to_owned(), 5);
///     table.iter().map(|(_name, visits)| visits).sum()
/// });
/// assert_eq!(total, 7);
/// ```
pub struct ActorMap<K, V, S = RandomState> {
    owner: Owner<Held<K, V, S>, Infallible>,
    hasher: Arc<S>,
    seam: Seam,
    key_text: KeyText<K>,
}

/// What the owner thread holds.
struct Held<K, V, S> {
    table: Table<K, V>,
    hasher: Arc<S>,
    key_hash: KeyHash<K, S>,
    key_text: KeyText<K>,
    tally: Tally,
}

/// What the owner thread holds, in use: when that ends, on a panic too, the recorder learns the length.
struct InUse<'a, K, V, S>(&'a mut Held<K, V, S>);

impl<K, V, S> Drop for InUse<'_, K, V, S> {
    fn drop(&mut self) {
        self.0.tally.grown();
        self.0.tally.entries(self.0.table.len());
    }
}

impl<K: Send + 'static, V: Send + 'static> ActorMap<K, V> {
    /// Makes an empty map and starts its owner thread; [`ActorBuilder`] sets the length of the queue.
    ///
    /// # Panics
    ///
    /// If the system refuses a thread.
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        Self::with_hasher(RandomState::new())
    }

    /// Makes an empty map with room for `capacity` entries and starts its owner thread.
    ///
    /// # Panics
    ///
    /// If the system refuses a thread, or memory for `capacity` entries cannot be had.
    #[must_use]
    #[track_caller]
    pub fn with_capacity(capacity: usize) -> Self {
        Self::with_capacity_and_hasher(capacity, RandomState::new())
    }
}

impl<K: Send + 'static, V: Send + 'static, S: Send + Sync + 'static> ActorMap<K, V, S> {
    /// Makes an empty map that hashes with `hasher` and starts its owner thread.
    ///
    /// # Panics
    ///
    /// If the system refuses a thread.
    #[must_use]
    #[track_caller]
    pub fn with_hasher(hasher: S) -> Self {
        Self::with_capacity_and_hasher(0, hasher)
    }

    /// Makes an empty map with room for `capacity` entries that hashes with `hasher` and starts its owner thread.
    ///
    /// # Panics
    ///
    /// If the system refuses a thread, or memory for `capacity` entries cannot be had.
    #[must_use]
    #[track_caller]
    pub fn with_capacity_and_hasher(capacity: usize, hasher: S) -> Self {
        Self::over(Table::with_capacity(capacity), hasher)
    }

    /// Starts an owner thread with the default settings over `table`, which was filled with `hasher`.
    #[track_caller]
    fn over(table: Table<K, V>, hasher: S) -> Self {
        let settings = ActorBuilder::new();
        Self::spawn(settings.name, settings.queue, table, hasher)
            .unwrap_or_else(|error| panic!("cannot start the owner thread of a map: {error}"))
    }

    #[track_caller]
    fn spawn(name: String, queue: usize, table: Table<K, V>, hasher: S) -> io::Result<Self> {
        let hasher = Arc::new(hasher);
        let seam = Seam::of(TYPE);
        seam.shape::<K, V>(1, |_, _| 0);
        let tally = seam.tally();
        tally.entries(table.len());
        let held = Held {
            table,
            hasher: Arc::clone(&hasher),
            key_hash: KeyHash::new(),
            key_text: KeyText::NONE,
            tally: tally.clone(),
        };
        let owner = Owner::spawn(name, queue, held, |_held, event: Infallible| match event {}, tally)?;
        Ok(Self { owner, hasher, seam, key_text: KeyText::NONE })
    }
}

impl<K, V, S> ActorMap<K, V, S> {
    /// What this map promises; the same as its [`caps_dyn`](crate::DynMap::caps_dyn).
    pub const CAPS: Caps = Caps {
        reads: Progress::Blocking,
        writes: Progress::Blocking,
        iteration: Iteration::Snapshot,
        exact_len: true,
        linearizable_per_key: true,
        reentrant_reads: false,
        multi_key: true,
    };

    /// Lends the table to `job`, on the owner thread, and returns what `job` returned.
    ///
    /// However many operations `job` does, they are one message and one wake-up, and nobody else sees the map between
    /// them. What it gains: `cargo run --release -p mapwise --example actor_pipeline`.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Waits for the requests before it; those after it wait for `job`.
    ///
    /// # Panics
    ///
    /// With the payload of `job`, if it panics. What it had done stays done.
    #[track_caller]
    pub fn batch<R: Send>(&self, job: impl FnOnce(&mut TableMut<'_, K, V, S>) -> R + Send) -> R {
        self.ask(Op::Transact, None, |held, call| job(&mut held.lend(call.call())))
    }

    /// Has `job` run with the table on the owner thread later; the answer is waited for with the ticket, if at all.
    ///
    /// Jobs of one thread run in the order in which it sent them, its other requests included.
    ///
    /// # Concurrency
    ///
    /// Waits only while the queue is full.
    ///
    /// # Panics
    ///
    /// From inside a closure of this map, naming both call sites. A panic of `job` goes to [`Ticket::wait`].
    ///
    /// # Examples
    ///
    /// ```
    /// let hits = mapwise::ActorMap::new();
    /// let tickets: Vec<_> =
    ///     (0..100_u64).map(|n| hits.send(move |table| table.insert(n % 10, n))).collect();
    /// let replaced = tickets.into_iter().filter_map(mapwise::Ticket::wait).count();
    /// assert_eq!(replaced, 90);
    /// ```
    #[track_caller]
    pub fn send<R>(&self, job: impl FnOnce(&mut TableMut<'_, K, V, S>) -> R + Send + 'static) -> Ticket<R>
    where
        R: Send + 'static,
    {
        let call = self.seam.later(Op::Transact);
        self.owner.send(Op::Transact, move |held| {
            let _inside = call.enter();
            let held = InUse(held);
            job(&mut held.0.lend(&call))
        })
    }

    /// Does everything accepted and ends the owner thread; the entries are dropped by the caller.
    ///
    /// Dropping the map does the same, without a word.
    ///
    /// # Panics
    ///
    /// From inside a closure of this map, naming both call sites: it would wait for itself.
    #[track_caller]
    pub fn shutdown(self) {
        drop(self.owner.finish());
    }

    /// Returns the hasher that keys are hashed with.
    #[must_use]
    pub fn hasher(&self) -> &S {
        &self.hasher
    }

    /// Does everything accepted and turns the map into one that can only be read; nothing is rehashed.
    ///
    /// # Panics
    ///
    /// From inside a closure of this map, naming both call sites: it would wait for itself.
    #[track_caller]
    #[must_use]
    pub fn freeze(self) -> FrozenMap<K, V, S> {
        let (table, hasher) = self.into_table();
        FrozenMap::from_table(table, hasher)
    }

    /// Does everything accepted and turns the map into a std one; every key is hashed again.
    ///
    /// # Panics
    ///
    /// From inside a closure of this map, naming both call sites: it would wait for itself.
    #[track_caller]
    #[must_use]
    pub fn into_std(self) -> HashMap<K, V, S>
    where
        K: Hash + Eq,
        S: BuildHasher,
    {
        let (table, hasher) = self.into_table();
        crate::convert::into_std(crate::IntoEntries::new(vec![table]), hasher)
    }

    #[track_caller]
    fn into_table(self) -> (Table<K, V>, S) {
        let Self { owner, hasher, seam: _, key_text: _ } = self;
        let Held { table, hasher: owners, .. } = owner.finish();
        drop(owners);
        let Some(hasher) = Arc::into_inner(hasher) else { unreachable!("the owner had the only other handle") };
        (table, hasher)
    }

    /// Lets the owner's tables show keys as the map does.
    #[track_caller]
    fn share_key_text(&self) {
        let key_text = self.key_text;
        self.ask(Op::Transact, None, move |held, _call| held.key_text = key_text);
    }

    /// Runs `job` on the owner thread while the caller waits.
    #[track_caller]
    fn ask<'scope, R: Send + 'scope>(
        &self,
        op: Op,
        hash: Option<u64>,
        job: impl FnOnce(&mut Held<K, V, S>, Errand<'_>) -> R + Send + 'scope,
    ) -> R {
        let scope = self.seam.begin(op, hash);
        let errand = scope.errand();
        self.owner.call(op, move |held| {
            let _inside = errand.enter();
            let held = InUse(held);
            job(&mut *held.0, errand)
        })
    }
}

named! { ActorMap<K, V, S>, seam, key_text, share_key_text }

impl<K, V, S> Held<K, V, S> {
    fn lend<'a>(&'a mut self, call: &'a Call<'_>) -> TableMut<'a, K, V, S> {
        TableMut::new(&mut self.table, &self.hasher, Watch::by(call), self.key_text)
    }
}

/// What the compiler refuses: a closure that is not `Send`, a result that borrows from the table, and a job sent without
/// waiting that borrows from its caller.
///
/// ```compile_fail,E0277
/// let map = mapwise::ActorMap::<u64, u64>::new();
/// let local = std::rc::Rc::new(1);
/// map.batch(|_| *local);
/// ```
///
/// ```compile_fail
/// let map = mapwise::ActorMap::<u64, u64>::new();
/// map.batch(|table| table.get(&1));
/// ```
///
/// ```compile_fail,E0597
/// let map = mapwise::ActorMap::<u64, u64>::new();
/// let local = String::new();
/// let borrowed = local.as_str();
/// let ticket = map.send(move |_| borrowed.len());
/// ```
#[cfg(doctest)]
struct Refused;
