//! `SyncMap`: the two-table map, with lock-free reads and the method set of Go's `sync.Map`.
//!
//! - **pinned-longest**: an `Access` is made before the seam's scope and dropped after it, since dropping it may run the
//!   user's `Drop`, which may call this map.
//! - **counted**: whoever turns an absent entry into a present one, or back, counts it.

mod face;
mod go;
mod owned;
mod room;
mod slot;

use std::{
    hash::{BuildHasher, Hash, RandomState},
    ops::ControlFlow,
    ptr,
};

use equivalent::Equivalent;

use self::slot::{Blocked, Busy, Node, Old, Slot};
use crate::{
    seam::{Call, Change, Holds, KeyText, MapType, Op, Seam},
    surface::constructors,
    two_table::{Access, Entry, Linked, Seen, TwoTable},
};

const TYPE: MapType = MapType { name: "SyncMap", holds: Holds::Keys };

/// A map with two tables: a published one that is read without a lock, and a locked one that takes new keys.
///
/// | | |
/// |---|---|
/// | reads block? | never, for keys of the read table; a key that is not there waits for the lock while there are newer keys |
/// | writes block? | replacing or removing a value: only a closure at work on that key; a new key: the map's lock |
/// | iteration sees | each entry at some moment during the iteration; it may call back into the map |
/// | bytes per entry | key, value and 16 bytes in two allocations, 9 over the load of the tables (0.44 to 0.875) for each table; up to 64 replaced values for each writing thread wait to be freed |
/// | choose when | keys are written once and read often, or each thread has keys of its own |
/// | avoid when | new keys keep coming (each promotion makes the next one copy the table), or values are costly to clone and updated in place |
///
/// The design is that of Go's `sync.Map` before Go 1.24, and the methods of that map are here under their names
/// ([`load`](Self::load), [`store`](Self::store), ...) beside those that all maps share. A look-up first tries the *read*
/// table. If the key is not there and the *dirty* table has keys that the read table lacks, the look-up takes the lock
/// and counts as a *miss*. After as many misses as the dirty table has entries, it is *promoted*: it becomes the read
/// table. The first new key after that makes the next dirty table, by **copying a link for every entry, under the lock**:
/// linear in the size of the map, so a map of a million keys stalls there. Measure it on your machine with
/// `cargo test --release -p mapwise --test sync_map_promotion -- --ignored --nocapture`. Storing is no look-up and so no
/// miss: a map that is only stored to never promotes.
///
/// A value is never changed in place, since a reader may be looking at it: [`update`](Self::update) and its like clone
/// it, run the closure on the clone and publish that. Until then readers see the old value, and other writers of the same
/// key wait: for a moment spinning, then parked. A closure that panics leaves the old value. Look-ups inside a closure are
/// fine; a write inside a closure of the same map is refused by a panic in debug builds and may hang in release builds.
/// Replaced values are dropped later, possibly by another thread; a panic in such a `Drop` ends there. `Eq` of keys may
/// run under the lock, and must not call the map.
///
/// # Examples
///
/// ```
/// use mapwise::SyncMap;
///
/// let flags = SyncMap::new();
/// flags.store("dark-mode", false);
/// assert_eq!(flags.load("dark-mode"), Some(false));
/// assert_eq!(flags.load_or_store("dark-mode", true), (false, true));
/// flags.update("dark-mode", |on| *on = !*on);
/// assert_eq!(flags.load_and_delete("dark-mode"), Some(true));
/// ```
pub struct SyncMap<K, V, S = RandomState> {
    table: TwoTable<K, Slot<V>>,
    hasher: S,
    seam: Seam,
    key_text: KeyText<K>,
}

constructors! { SyncMap<K, V> }

impl<K, V, S> SyncMap<K, V, S> {
    /// Makes an empty map with room for `capacity` entries that hashes with `hasher`.
    ///
    /// The room is taken when the first key comes.
    #[must_use]
    #[track_caller]
    pub fn with_capacity_and_hasher(capacity: usize, hasher: S) -> Self {
        let (table, seam) = (TwoTable::with_capacity(capacity), Seam::of(TYPE));
        seam.shape::<K, V>(0, |_, _| 0);
        seam.counts_in(table.gauge());
        Self { table, hasher, seam, key_text: KeyText::NONE }
    }

    /// Returns the hasher that keys are hashed with.
    #[must_use]
    pub fn hasher(&self) -> &S {
        &self.hasher
    }

    /// Makes room for `additional` more entries.
    ///
    /// # Concurrency
    ///
    /// Holds the lock: new keys wait, and look-ups of keys that the read table lacks.
    pub fn reserve(&self, additional: usize) {
        self.table.enter().reserve(additional);
    }

    /// Gives back the memory of removed keys, and room that the others do not need.
    ///
    /// A removed key stays in the tables until the next promotion but one, which a map without new keys never sees.
    ///
    /// # Concurrency
    ///
    /// Holds the lock while it copies a link for every entry: new keys wait, and look-ups of keys that the read table
    /// lacks.
    pub fn shrink_to_fit(&self) {
        self.table.enter().rebuild();
    }

    #[track_caller]
    fn visit<B>(&self, mut visit: impl FnMut(&K, &V) -> ControlFlow<B>) -> ControlFlow<B> {
        let call = self.seam.look(Op::ForEach, None);
        let access = self.table.enter();
        access.promote_all();
        for entry in access.entries() {
            if let Some(value) = entry.content.value() {
                call.saw_entry(|| Some(entry.hash));
                visit(&entry.key, value)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Removes every entry, of which it hands a copy to `visit`.
    #[track_caller]
    fn take_all(&self, mut visit: impl FnMut((K, V)))
    where
        K: Clone,
        V: Clone,
    {
        let access = self.table.enter();
        let scope = self.seam.begin(Op::Whole, None);
        let _disturbing = scope.disturb();
        access.promote_all();
        for entry in access.entries() {
            let mut copy = None;
            let taken = settle(&access, entry, |slot| {
                slot.exchange(None, |value| {
                    // A panic in `Clone` loses nothing: the entry is still in place.
                    copy = value.map(|value| (entry.key.clone(), value.clone()));
                    value.is_some()
                })
                .map_err(|(blocked, _)| blocked)
            });
            if let Ok(Some(old)) = taken {
                access.count(-1);
                old.retire(&access, |_| ());
                copy.map(&mut visit);
            }
        }
        access.rebuild();
    }
}

/// An operation on a map of values.
type Values<'map, K, V> = Access<'map, K, Slot<V>>;

/// Tries `attempt` on an entry until no closure is at work there.
#[inline]
fn settle<'a, K, V, R>(
    access: &'a Values<'_, K, V>,
    entry: &'a Entry<K, Slot<V>>,
    mut attempt: impl FnMut(&'a Slot<V>) -> Result<R, Blocked>,
) -> Result<R, Blocked> {
    loop {
        match attempt(&entry.content) {
            Err(Blocked::Busy) => entry.content.wait(access.waiting()),
            settled => return settled,
        }
    }
}

/// A write closure's turn on an entry. Dropped without an end, it leaves the entry as it was.
struct Turn<'a, 'map, K, V> {
    access: &'a Values<'map, K, V>,
    entry: &'a Entry<K, Slot<V>>,
    /// Taken at the end.
    busy: Option<Busy<'a, V>>,
    before: Option<&'a V>,
    /// Whether the turn, as it stands, leaves a value in the entry.
    leaves_value: bool,
}

impl<'a, 'map, K, V> Turn<'a, 'map, K, V> {
    /// Waits for a turn on `entry`; `None` if it is expunged, or if `condition` does not hold for what it has.
    fn begin(
        access: &'a Values<'map, K, V>,
        entry: &'a Entry<K, Slot<V>>,
        mut condition: impl FnMut(Option<&V>) -> bool,
    ) -> Option<Self> {
        let busy = settle(access, entry, |slot| slot.begin(access.waiting(), &mut condition)).ok()?;
        let before = busy.value();
        Some(Self { access, entry, before, busy: Some(busy), leaves_value: before.is_some() })
    }

    /// Takes the turn on an entry whose slot was made busy.
    fn on_fresh(access: &'a Values<'map, K, V>, entry: &'a Entry<K, Slot<V>>) -> Self {
        let busy = Some(entry.content.adopt(access.waiting()));
        Self { access, entry, before: None, busy, leaves_value: false }
    }

    /// Puts `new` in place, for `call`.
    fn end(mut self, new: Option<Box<Node<V>>>, call: &Call<'_>) {
        let Some(busy) = self.busy.take() else { return };
        // write-inside: other writers wait for the turn, and readers see `new` only below.
        match (self.before.is_some(), new.is_some()) {
            (true, true) => call.wrote(self.entry.hash, Change::Changed),
            (false, true) => call.wrote(self.entry.hash, Change::Added),
            (true, false) => call.wrote(self.entry.hash, Change::Removed),
            (false, false) => {}
        }
        self.access.count(isize::from(new.is_some()) - isize::from(self.before.is_some()));
        self.leaves_value = new.is_some();
        if let Some(old) = busy.end(new) {
            old.retire(self.access, |_| ());
        }
    }
}

impl<K, V> Drop for Turn<'_, '_, K, V> {
    fn drop(&mut self) {
        drop(self.busy.take());
        if !self.leaves_value {
            self.access.sweep(self.entry);
        }
    }
}

/// Whether the entry has a value, which is a different one, and the node that was not put in its place.
type NotEqual<V> = (bool, Option<Box<Node<V>>>);

/// What `put` did.
enum Put<'a, K, V> {
    /// Stored the value; hands back the key if it was not needed.
    Stored(Option<Old<'a, V>>, Option<K>),
    /// The condition did not hold; hands both back.
    Refused(K, V),
}

impl<K, V, S: BuildHasher> SyncMap<K, V, S> {
    #[inline]
    fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        self.hasher.hash_one(key)
    }

    /// Shows the value under `key` to `read`.
    #[inline]
    #[track_caller]
    fn read<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hash(key);
        let access = self.table.enter();
        let found = access.find(hash, key).and_then(|entry| entry.content.value());
        self.seam.saw(Op::View, hash, found.is_some());
        found.map(read)
    }

    /// Removes the value under `key` and shows it to `read`.
    #[inline]
    #[track_caller]
    fn take<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hash(key);
        let access = self.table.enter();
        let scope = self.seam.begin(Op::Remove, Some(hash));
        let entry = access.find(hash, key)?;
        let taken = settle(&access, entry, |slot| {
            let mark = scope.mark(hash);
            let taken = slot.exchange(None, |value| value.is_some());
            match taken {
                Ok(old) => {
                    mark.wrote(Change::Removed);
                    Ok(old)
                }
                Err((blocked, _)) => {
                    mark.unused();
                    Err(blocked)
                }
            }
        });
        let old = taken.ok()??;
        access.count(-1);
        access.sweep(entry);
        Some(old.retire(&access, read))
    }

    /// Puts `node` in the place of the value of `entry` if that equals `expected`, and returns the old value.
    ///
    /// # Errors
    ///
    /// Hands `node` back, and says whether the entry has a value.
    fn exchange_equal<'a>(
        access: &'a Values<'_, K, V>,
        call: &Call<'_>,
        entry: &'a Entry<K, Slot<V>>,
        expected: &V,
        mut node: Option<Box<Node<V>>>,
    ) -> Result<Old<'a, V>, NotEqual<V>>
    where
        V: PartialEq,
    {
        let change = if node.is_some() { Change::Replaced } else { Change::Removed };
        loop {
            let Some(value) = entry.content.value() else { return Err((false, node)) };
            // User code, and so outside the mark. The access keeps the node, so it is the same value while it is the same node.
            if value != expected {
                return Err((true, node));
            }
            let mark = call.mark(entry.hash);
            match entry.content.exchange(node, |now| now.is_some_and(|now| ptr::eq(now, value))) {
                Ok(old) => {
                    mark.wrote(change);
                    return Ok(old.unwrap_or_else(|| unreachable!("there was a value")));
                }
                Err((blocked, unused)) => {
                    mark.unused();
                    node = unused;
                    match blocked {
                        Blocked::Busy => entry.content.wait(access.waiting()),
                        Blocked::Expunged => return Err((false, node)),
                        Blocked::Refused => {}
                    }
                }
            }
        }
    }

    /// Stores `value` under `key` if `condition` holds for what is there; it does for an absent entry.
    ///
    /// `entry` is what the caller found under `key`. `condition` runs no user code: **mark**.
    fn put<'a>(
        access: &'a Values<'_, K, V>,
        call: &Call<'_>,
        mut entry: Option<&'a Entry<K, Slot<V>>>,
        (hash, mut key, value): (u64, K, V),
        mut condition: impl FnMut(Option<&'a V>) -> bool,
    ) -> Put<'a, K, V>
    where
        K: Eq,
    {
        let mut node = Some(Node::boxed(value));
        loop {
            let found = match entry {
                Some(found) => found,
                None => {
                    let fresh = || {
                        call.wrote(hash, Change::Added);
                        Slot::holding(node.take().unwrap_or_else(|| unreachable!("called once")))
                    };
                    match access.link(hash, key, fresh) {
                        Linked::Fresh(_) => {
                            access.count(1);
                            return Put::Stored(None, None);
                        }
                        Linked::Found(found, unused) => {
                            key = unused;
                            found
                        }
                    }
                }
            };
            let mark = call.mark(hash);
            match found.content.exchange(node.take(), &mut condition) {
                Ok(old) => {
                    mark.wrote(Change::put(old.is_some()));
                    if old.is_none() {
                        access.count(1);
                    }
                    return Put::Stored(old, Some(key));
                }
                Err((blocked, unused)) => {
                    mark.unused();
                    node = unused;
                    match blocked {
                        Blocked::Busy => found.content.wait(access.waiting()),
                        Blocked::Expunged => entry = None,
                        Blocked::Refused => break,
                    }
                }
            }
        }
        let node = node.unwrap_or_else(|| unreachable!("it was not stored"));
        Put::Refused(key, node.value)
    }
}
