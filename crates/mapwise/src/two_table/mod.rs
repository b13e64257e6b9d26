//! The two-table core of `SyncMap` and `CounterMap`: a read table that anyone may look at, a dirty one behind a lock.
//!
//! The design of Go's `sync.Map` before Go 1.24 (Bryan Mills, 2016). The *read* table is published by one atomic pointer
//! and never changes; the *dirty* table, if there is one, has every entry of the read table that is not expunged, and
//! new ones. Both point to the same entries, so a change of content needs no lock. A look-up that had to ask the dirty
//! table is a *miss*; when there were as many misses as the dirty table has entries, it is *promoted*: it becomes the
//! read table, and there is no dirty one. The next new key makes one, by copying every link that is not deleted.
//!
//! - **frozen**: a published table never changes; the pointer's tag says whether a dirty table has more.
//! - **two-tables**: under the lock, AMENDED is set iff there is a dirty table.
//! - **expunged**: an entry of the read table is not in the dirty table, though there is one, iff it is expunged. Entries
//!   become so only while the dirty table is made, from *deleted*, or when they leave both tables for good. They come
//!   back only under the lock, which puts them into the dirty table again. So who writes an entry that is not expunged
//!   writes it where the next read table has it.
//! - **one-entry**: no key has two entries in the two tables together.
//! - **no-wait**: while the lock is held nothing is waited for, and no user code runs but `Eq`.
//! - **retire-once**: an entry is retired by whoever took its last link out of reach under the lock.

#![allow(unsafe_code)]

mod access;
mod table;

use std::{marker::PhantomData, mem};

use crossbeam_utils::CachePadded;

use self::table::{Link, Table};
pub(crate) use self::{
    access::{Access, Linked, Seen},
    table::Entry,
};
use crate::{
    reclaim::Reclaim,
    sync::{AtomicIsize, AtomicPtr, Mutex, Ordering},
};

/// Tag of the read pointer: a dirty table has entries that the read table lacks.
const AMENDED: usize = 1;

/// A number that the recorder reads too, where there is one.
#[cfg(not(feature = "profile"))]
pub(crate) type Gauge = CachePadded<AtomicIsize>;
#[cfg(feature = "profile")]
pub(crate) type Gauge = std::sync::Arc<CachePadded<AtomicIsize>>;

/// What an entry holds: a value, nothing (deleted), or nothing and not in the dirty table (expunged).
pub(crate) trait Content {
    /// What `kill` took out; dropped when no reader can see it any more.
    type Taken;

    /// Where writers of one map wait for each other.
    type Waiting: Default;

    fn is_expunged(&self) -> bool;

    /// Turns *deleted* into *expunged*; returns false, and does nothing, in any other state.
    fn expunge(&self) -> bool;

    /// Turns *expunged* into *deleted*; returns false, and does nothing, in any other state. The lock is held.
    fn unexpunge(&self) -> bool;

    /// Turns any state into *expunged*; waits for a writer that is at work on this entry.
    fn kill(&self, waiting: &Self::Waiting) -> Option<Self::Taken>;
}

/// The map without its hasher.
pub(crate) struct TwoTable<K, C: Content> {
    read: CachePadded<AtomicPtr<Table<K, C>>>,
    dirty: CachePadded<Mutex<Dirty<K, C>>>,
    /// Entries that hold a value. Changed just after the entry, so it may be off while writers are at work.
    live: Gauge,
    waiting: C::Waiting,
    reclaim: Reclaim,
    /// Owns keys and contents; the bounds of `Send` and `Sync` are ours.
    _entries: PhantomData<*mut Entry<K, C>>,
}

// SAFETY: it owns its keys and contents, and whatever was retired, which is dropped with it or by a thread that uses it.
unsafe impl<K: Send, C: Content<Taken: Send, Waiting: Send> + Send> Send for TwoTable<K, C> {}
// SAFETY: readers get `&K` and `&C` on many threads (Sync); whoever unpins last drops what another thread retired (Send).
unsafe impl<K: Send + Sync, C: Content<Taken: Send, Waiting: Send + Sync> + Send + Sync> Sync for TwoTable<K, C> {}

/// What the lock guards.
struct Dirty<K, C> {
    table: Option<Box<Table<K, C>>>,
    /// Entries of the read table that were expunged when `table` was made. Those that still are leave when it is promoted.
    expunged: Vec<Link<K, C>>,
    misses: usize,
    /// Entries that the next dirty table must have room for.
    room: usize,
}

impl<K, C: Content> TwoTable<K, C> {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        let read = Box::into_raw(Box::new(Table::with_capacity(0)));
        Self {
            read: CachePadded::new(AtomicPtr::new(read)),
            dirty: CachePadded::new(Mutex::new(Dirty { table: None, expunged: Vec::new(), misses: 0, room: capacity })),
            live: Gauge::default(),
            waiting: C::Waiting::default(),
            reclaim: Reclaim::new(),
            _entries: PhantomData,
        }
    }

    /// Begins an operation. The result is dropped last: that may run user code, so no lock may be held by then.
    #[inline]
    pub(crate) fn enter(&self) -> Access<'_, K, C> {
        Access::new(self, self.reclaim.pin())
    }

    /// Where the number of entries is kept.
    pub(crate) fn gauge(&self) -> &Gauge {
        &self.live
    }

    pub(crate) fn len(&self) -> usize {
        // Relaxed: no other data depends on it. A removal may be counted before the insertion it undoes.
        usize::try_from(self.live.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// Takes every entry out of an owned map.
    pub(crate) fn take_entries(&mut self) -> Vec<Box<Entry<K, C>>> {
        let dirty = self.dirty.get_mut();
        let (table, expunged) = (dirty.table.take(), mem::take(&mut dirty.expunged));
        dirty.misses = 0;
        // Relaxed, here and below: the map is owned.
        let read = untag(self.read.load(Ordering::Relaxed));
        self.read.store(Box::into_raw(Box::new(Table::with_capacity(0))), Ordering::Relaxed);
        self.live.store(0, Ordering::Relaxed);
        // SAFETY: frozen; the map is owned, so nobody else reaches the table any more.
        let read = unsafe { Box::from_raw(read) };
        let links = all_links(&read, table, expunged);
        // SAFETY: the map is owned, so nobody else reaches them, and they are in no table any more.
        links.into_iter().map(|link| unsafe { link.into_entry() }).collect()
    }
}

impl<K, C: Content> Drop for TwoTable<K, C> {
    fn drop(&mut self) {
        let entries = self.take_entries();
        let read = untag(self.read.load(Ordering::Relaxed));
        // SAFETY: the map is going, so nobody else reaches its table.
        drop(unsafe { Box::from_raw(read) });
        // User code last: it may panic. `reclaim` then drops what was retired.
        drop(entries);
    }
}

fn untag<K, C>(read: *mut Table<K, C>) -> *mut Table<K, C> {
    read.map_addr(|address| address & !AMENDED)
}

/// Returns the links of all entries that a map has.
fn all_links<K, C: Content>(
    read: &Table<K, C>,
    dirty: Option<Box<Table<K, C>>>,
    expunged: Vec<Link<K, C>>,
) -> Vec<Link<K, C>> {
    match dirty {
        // expunged: without a dirty table no entry is.
        None => read.links().collect(),
        Some(dirty) => dirty.links().chain(expunged.into_iter().filter(|link| is_expunged(*link))).collect(),
    }
}

fn is_expunged<K, C: Content>(link: Link<K, C>) -> bool {
    // SAFETY: links-live: those of the list `expunged` are in the read table; the lock is held or the map owned.
    unsafe { link.entry() }.content.is_expunged()
}
