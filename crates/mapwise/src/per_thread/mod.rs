//! `PerThreadMap`: a table for each thread, merged when somebody asks.
//!
//! - **own-slot**: a thread works in the slot of its index; an ended thread's slot, with what is in it, passes to the
//!   next thread with that index. So the slots are as many as threads were alive at once, and nothing of an ended thread
//!   is lost or copied.
//! - **once-drained**: a drain moves whole tables out of their slots, and keeps every entry in a place that survives a
//!   panic until it is merged.
//! - **drop-outside**: keys that were there already are dropped outside the slot.

mod drain;
mod slot;

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    panic::Location,
};

use self::{drain::Drain, slot::Slot};
use crate::{
    api::{Action, MapMerge},
    locks::Mutex,
    per_index::PerIndex,
    seam::{Holds, KeyText, MapType, Op, Seam, Tally, Watch, disregard_pauses},
    surface::named,
    table::Table,
    table_mut::TableMut,
    thread_index,
};

const TYPE: MapType = MapType { name: "PerThreadMap", holds: Holds::Lock };

/// A map that each thread adds to on its own, and whose parts are merged when somebody asks.
///
/// | | |
/// |---|---|
/// | reads block? | [`collect`](Self::collect) waits for each thread to finish its current operation, one after the other |
/// | writes block? | never by other writers; while a collector copies this thread's part, this thread waits |
/// | iteration sees | each thread's part at one instant; what was merged before the collection began is all there |
/// | bytes per entry | key, value and 1 byte, over the load of the tables (0.44 to 0.875), for every thread that has the key; 128 bytes or so for each thread |
/// | choose when | many threads count or add up under shared keys, and the sums are read seldom |
/// | avoid when | there are many keys, all on every thread (each holds a copy, and merging takes as long), or a thread must see what others wrote |
///
/// A write touches only cache lines of its own thread: no lock, and no contention however many threads there are.
/// Values of threads that have ended are included; their slots pass to later threads, so memory is bounded by the number
/// of threads alive at once.
///
/// How values meet is said once, by the merge function given at construction. In what order is not said: it must not
/// matter, as with sums, maxima, or lists whose order is of no interest.
///
/// # Panics
///
/// A panic in the merge function, `Hash`, `Eq` or a closure reaches its caller and leaves the map usable, and the value
/// it was changing as it left it. Calling the same map from inside a closure panics, in every build, naming both call
/// sites. The user's `Clone`, inside [`collect`](Self::collect), may not call the map either: that panics in debug builds
/// and may hang in release builds.
///
/// # Examples
///
/// ```
/// use mapwise::PerThreadMap;
///
/// let hits = PerThreadMap::new(|total: &mut u64, more| *total += more);
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| (0..100_u64).for_each(|n| hits.merge(n % 10, 1)));
///     }
/// });
/// assert_eq!(hits.collect()[&7], 40);
/// ```
pub struct PerThreadMap<K, V, S = RandomState> {
    slots: PerIndex<Slot<Table<K, V>>>,
    /// Entries that a drain had taken out when a panic stopped it.
    returned: Mutex<Vec<(K, V)>>,
    merge: Box<Merge<V>>,
    hasher: S,
    seam: Seam,
    tally: Tally,
}

/// How values under one key meet.
type Merge<V> = dyn Fn(&mut V, V) + Send + Sync;

impl<K, V> PerThreadMap<K, V> {
    /// Makes an empty map whose values meet by `merge`.
    #[must_use]
    #[track_caller]
    pub fn new(merge: impl Fn(&mut V, V) + Send + Sync + 'static) -> Self {
        Self::with_hasher(RandomState::new(), merge)
    }
}

impl<K, V, S> PerThreadMap<K, V, S> {
    /// Makes an empty map that hashes with `hasher` and whose values meet by `merge`.
    #[must_use]
    #[track_caller]
    pub fn with_hasher(hasher: S, merge: impl Fn(&mut V, V) + Send + Sync + 'static) -> Self {
        let seam = Seam::of(TYPE);
        // No length is told: a key may be in every thread's part.
        seam.shape::<K, V>(0, |_, _| 0);
        // Collections are few, and each keeps a thread out.
        seam.times_all_holds();
        let tally = seam.tally();
        let (slots, returned) = (PerIndex::new(), Mutex::new(Vec::new()));
        Self { slots, returned, merge: Box::new(merge), hasher, seam, tally }
    }

    /// Returns the hasher that keys are hashed with.
    #[must_use]
    pub fn hasher(&self) -> &S {
        &self.hasher
    }

    /// Returns how many threads the map has room for now: it grows with the threads alive at once, not with those
    /// that ever were.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.slots.iter().count()
    }

    /// Lends this thread's table to `work` and returns what `work` returned.
    ///
    /// The table holds what this thread has under its keys since the last drain, and may hold what an ended thread left.
    ///
    /// # Concurrency
    ///
    /// Waits only while a collector copies this thread's table; collectors wait for `work`.
    ///
    /// # Panics
    ///
    /// From inside a closure of the same map, naming both call sites.
    ///
    /// # Examples
    ///
    /// ```
    /// let seen = mapwise::PerThreadMap::new(|total: &mut u32, more| *total += more);
    /// let many = seen.with_local(|table| {
    ///     table.upsert("a", || 1, |n| *n += 1);
    ///     table.get("a").copied()
    /// });
    /// assert_eq!(many, Some(1));
    /// ```
    #[track_caller]
    pub fn with_local<R>(&self, work: impl FnOnce(&mut TableMut<'_, K, V, S>) -> R) -> R {
        let _scope = self.seam.begin(Op::Transact, None);
        self.enter(Op::Transact, Location::caller(), |table| {
            work(&mut TableMut::new(table, &self.hasher, Watch::NONE, KeyText::NONE))
        })
    }

    #[inline]
    fn enter<R>(&self, op: Op, site: &'static Location<'static>, work: impl FnOnce(&mut Table<K, V>) -> R) -> R {
        let begin_wait = || self.tally.waiting_at(op, site);
        let result = thread_index::with(|index| self.slots.get(index).enter(site, begin_wait, work));
        self.tally.grown();
        result
    }

    /// Calls `visit` with the table of each slot in turn, while its thread is kept out.
    #[track_caller]
    fn each_slot(&self, mut visit: impl FnMut(&mut Table<K, V>)) {
        let _scope = self.seam.begin(Op::Whole, None);
        let site = Location::caller();
        thread_index::with(|index| self.slots.get(index).refuse_inside(site));
        for (_index, slot) in self.slots.iter() {
            let begin_wait = || self.tally.waiting_at(Op::Whole, site);
            // It leaves the slot, to be recorded when the slot's thread may go on.
            let _pause = slot.collect(begin_wait, |table| {
                let pause = self.tally.collecting(site);
                visit(table);
                pause
            });
        }
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> PerThreadMap<K, V, S> {
    /// Adds `value` to what this thread has under `key`, by the merge function of the map.
    ///
    /// # Concurrency
    ///
    /// Touches only this thread's part; waits only while a collector copies it.
    #[inline]
    #[track_caller]
    pub fn merge(&self, key: K, value: V) {
        let hash = self.hasher.hash_one(&key);
        let site = Location::caller();
        let _spare_key = {
            let _scope = self.seam.begin(Op::Update, Some(hash));
            self.enter(Op::Update, site, |table| match table.find_mut(hash, &key) {
                Some(present) => {
                    (self.merge)(present, value);
                    Some(key)
                }
                None => {
                    table.insert_absent(hash, key, value, |key| self.hasher.hash_one(key));
                    None
                }
            })
        };
    }

    /// Changes what this thread has under `key` in place, or stores what `init` returns if it has nothing there.
    ///
    /// # Concurrency
    ///
    /// Touches only this thread's part; waits only while a collector copies it. Collectors wait for the closures.
    #[inline]
    #[track_caller]
    pub fn upsert(&self, key: K, init: impl FnOnce() -> V, change: impl FnOnce(&mut V)) {
        let hash = self.hasher.hash_one(&key);
        let site = Location::caller();
        let decide = |present: Option<&mut V>| match present {
            Some(value) => {
                change(value);
                Action::Keep(())
            }
            None => Action::Put(init(), ()),
        };
        let (_done, _leftover) = {
            let _scope = self.seam.begin(Op::Compute, Some(hash));
            self.enter(Op::Compute, site, |table| table.compute(hash, key, |key| self.hasher.hash_one(key), decide))
        };
    }

    /// Returns everything merged so far, all threads together, those that ended included; the threads go on.
    ///
    /// # Concurrency
    ///
    /// Copies one thread's part at a time, and keeps that thread waiting meanwhile; the copies are merged while all go
    /// on. Everything merged before the call is seen, but what a [`drain`](Self::drain) beside it takes; what is merged
    /// beside it may be.
    #[track_caller]
    #[must_use]
    pub fn collect(&self) -> HashMap<K, V>
    where
        K: Clone,
        V: Clone,
    {
        let mut copies = Vec::new();
        self.each_slot(|table| {
            if table.len() > 0 {
                copies.push(table.clone());
            }
        });
        let returned = self.returned.lock().clone();
        let entries = copies.into_iter().flat_map(Table::into_entries).chain(returned);
        meet(HashMap::new(), entries, &self.merge)
    }

    /// Removes and returns everything merged so far, in no order, each key once.
    ///
    /// Each value that was merged is in exactly one drain, or still in the map: after a panic in user code too, except
    /// for the value that the merge function panicked on.
    ///
    /// # Concurrency
    ///
    /// Takes one thread's part at a time, which takes no longer for a large one; they are merged while all go on.
    #[track_caller]
    pub fn drain(&self) -> Vec<(K, V)> {
        let mut drain = Drain::new(self);
        self.each_slot(|table| drain.take(table));
        drain.take_returned();
        let entries = drain.merge();
        disregard_pauses();
        entries
    }

    /// Turns the map into a std one, all threads' parts merged; every key is hashed again.
    #[must_use]
    pub fn into_std(self) -> HashMap<K, V, S> {
        let Self { slots, returned, merge, hasher, seam: _, tally: _ } = self;
        let entries = slots.into_elements().map(Slot::into_inner).flat_map(Table::into_entries);
        meet(HashMap::with_hasher(hasher), entries.chain(returned.into_inner()), &merge)
    }
}

/// Adds `entries` to `all`, where equal keys meet by `merge`.
fn meet<K: Hash + Eq, V, H: BuildHasher>(
    mut all: HashMap<K, V, H>,
    entries: impl Iterator<Item = (K, V)>,
    merge: &impl Fn(&mut V, V),
) -> HashMap<K, V, H> {
    for (key, value) in entries {
        match all.entry(key) {
            Entry::Occupied(mut present) => merge(present.get_mut(), value),
            Entry::Vacant(place) => {
                place.insert(value);
            }
        }
    }
    all
}

impl<K, V, S> MapMerge<K, V> for PerThreadMap<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
{
    #[track_caller]
    fn merge(&self, key: K, value: V) {
        Self::merge(self, key, value);
    }

    #[track_caller]
    fn collect(&self) -> HashMap<K, V> {
        Self::collect(self)
    }
}

named! { PerThreadMap<K, V, S>, seam }

impl<K, V, S> fmt::Debug for PerThreadMap<K, V, S> {
    // No length: it would have to merge. Keys and values are the user's secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerThreadMap").field("slots", &self.slots()).finish_non_exhaustive()
    }
}
