//! What an operation does with the two tables. The invariants are those of the module above.

#![allow(unsafe_code)]

use std::{
    mem,
    ptr::{self, NonNull},
};

use equivalent::Equivalent;

use super::{AMENDED, Content, Dirty, Entry, Link, Table, TwoTable, all_links, is_expunged, untag};
use crate::{
    reclaim::{PROTECT, Pin},
    sync::{MutexGuard, Ordering},
};

/// Replaced tables of more entries are freed as soon as nobody looks at them, without waiting for others to join them.
const LARGE: usize = 256;

/// An operation on a map. What it finds stays allocated until it is dropped.
pub(crate) struct Access<'map, K, C: Content> {
    map: &'map TwoTable<K, C>,
    pin: Pin<'map>,
}

/// The read table at some moment.
struct Read<'a, K, C> {
    table: &'a Table<K, C>,
    amended: bool,
}

/// What the read table knows about a key.
pub(crate) enum Seen<'a, K, C> {
    Entry(&'a Entry<K, C>),
    Absent,
    /// The dirty table may have it.
    Unknown,
}

/// What `link` did.
pub(crate) enum Linked<'a, K, C> {
    /// Made an entry with the given content.
    Fresh(&'a Entry<K, C>),
    /// Found one, which is not expunged any more; hands the key back.
    Found(&'a Entry<K, C>, K),
}

/// What left the tables together.
struct Garbage<K, C: Content> {
    links: Vec<Link<K, C>>,
    _taken: Vec<C::Taken>,
}

impl<K, C: Content> Drop for Garbage<K, C> {
    fn drop(&mut self) {
        let links = mem::take(&mut self.links);
        // SAFETY: retire-once, and nobody looks at them any more: the garbage was retired after they left the tables.
        drop(links.into_iter().map(|link| unsafe { link.into_entry() }).collect::<Vec<_>>());
    }
}

impl<'map, K, C: Content> Access<'map, K, C> {
    /// `pin` is one of `map`.
    #[inline]
    pub(super) fn new(map: &'map TwoTable<K, C>, pin: Pin<'map>) -> Self {
        Self { map, pin }
    }

    #[inline]
    fn read(&self) -> Read<'_, K, C> {
        // PROTECT, and as Acquire: pairs with the Release of `promote`, `amend` and `clear`, so that the table's bytes,
        // and through it those of its entries, are visible.
        let read = self.map.read.load(PROTECT);
        // SAFETY: pinned, frozen: it was published when it was loaded, so it lives as long as this access.
        Read { table: unsafe { &*untag(read) }, amended: read.addr() & AMENDED != 0 }
    }

    /// Looks `key` up without a lock.
    #[inline]
    pub(crate) fn look<Q>(&self, hash: u64, key: &Q) -> Seen<'_, K, C>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let read = self.read();
        match read.table.find(hash, key) {
            Some(entry) => Seen::Entry(entry),
            None if read.amended => Seen::Unknown,
            None => Seen::Absent,
        }
    }

    /// Returns the entry under `key`, whatever it holds. Asking the dirty table counts as a miss.
    #[inline]
    pub(crate) fn find<Q>(&self, hash: u64, key: &Q) -> Option<&Entry<K, C>>
    where
        Q: Equivalent<K> + ?Sized,
    {
        match self.look(hash, key) {
            Seen::Entry(entry) => Some(entry),
            Seen::Absent => None,
            Seen::Unknown => self.find_locked(hash, key),
        }
    }

    #[cold]
    #[inline(never)]
    fn find_locked<Q>(&self, hash: u64, key: &Q) -> Option<&Entry<K, C>>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let mut dirty = self.map.dirty.lock();
        // Again: the dirty table may have been promoted meanwhile.
        if let Some(entry) = self.read().table.find(hash, key) {
            return Some(entry);
        }
        let table = dirty.table.as_deref()?;
        let (found, len) = (table.find(hash, key).map(NonNull::from), table.len());
        dirty.misses += 1;
        if dirty.misses >= len {
            self.promote(dirty);
        }
        // SAFETY: pinned: this thread was when it saw the entry in a table, under the lock.
        found.map(|entry| unsafe { entry.as_ref() })
    }

    /// Makes the dirty table the read one, and unlocks.
    fn promote(&self, mut dirty: MutexGuard<'_, Dirty<K, C>>) {
        let Some(table) = dirty.table.take() else { return };
        dirty.misses = 0;
        let mut links = mem::take(&mut dirty.expunged);
        // expunged: these are not in the new read table. The others were put back into the dirty one.
        links.retain(|link| is_expunged(*link));
        // Release: pairs with `read`. two-tables: no tag.
        let old = self.map.read.swap(Box::into_raw(table), Ordering::Release);
        drop(dirty);
        self.retire(old, links, Vec::new());
    }

    /// Makes a dirty table out of the read one's entries, leaving out the deleted ones.
    fn amend(&self, dirty: &mut Dirty<K, C>) {
        let read = self.read().table;
        let mut table = Box::new(Table::with_capacity(dirty.room.max(read.len() + 1)));
        dirty.room = 0;
        for link in read.links() {
            // SAFETY: links-live: the lock keeps the read table what it is.
            if unsafe { link.entry() }.content.expunge() {
                dirty.expunged.push(link);
            } else {
                table.insert(link);
            }
        }
        dirty.table = Some(table);
        // Release and not Relaxed: whoever loads this pointer must see the table's bytes, and this store takes the place
        // of the one that published them.
        self.map.read.store(ptr::from_ref(read).cast_mut().map_addr(|address| address | AMENDED), Ordering::Release);
    }

    /// Returns the entry under `key` for a write: one that is not expunged, or a fresh one with what `fresh` makes.
    #[cold]
    #[inline(never)]
    pub(crate) fn link(&self, hash: u64, key: K, fresh: impl FnOnce() -> C) -> Linked<'_, K, C>
    where
        K: Eq,
    {
        let mut dirty = self.map.dirty.lock();
        let dirty = &mut *dirty;
        let read = self.read().table;
        if let Some(entry) = read.find(hash, &key) {
            if entry.content.unexpunge() {
                // expunged: there is a dirty table, and the entry is not in it.
                let table =
                    dirty.table.as_deref_mut().unwrap_or_else(|| unreachable!("expunged without a dirty table"));
                table.insert(read.link(entry).unwrap_or_else(|| unreachable!("it was found there")));
            }
            return Linked::Found(entry, key);
        }
        if let Some(entry) = dirty.table.as_deref().and_then(|table| table.find(hash, &key)) {
            // SAFETY: pinned: this thread was when it saw the entry in a table, under the lock.
            return Linked::Found(unsafe { NonNull::from(entry).as_ref() }, key);
        }
        if dirty.table.is_none() {
            self.amend(dirty);
        }
        let table = dirty.table.as_deref_mut().unwrap_or_else(|| unreachable!("just made"));
        let link = Link::new(Entry { content: fresh(), hash, key });
        table.insert(link);
        // SAFETY: pinned: this thread is, and the entry is in a table.
        Linked::Fresh(unsafe { link.entry() })
    }

    /// Takes `entry` out of the map if it is deleted and only the dirty table has it; takes no lock if the read table has it.
    ///
    /// Otherwise it would stay there until the dirty table after the next is promoted.
    pub(crate) fn sweep(&self, entry: &Entry<K, C>) {
        let read = self.read();
        if !read.amended || read.table.link(entry).is_some() {
            return;
        }
        let mut dirty = self.map.dirty.lock();
        if self.read().table.link(entry).is_some() {
            return;
        }
        let Some(table) = dirty.table.as_deref_mut() else { return };
        // one-entry: another entry may have the key by now; this one is meant.
        let Some(link) = table.link(entry) else { return };
        if !entry.content.expunge() {
            return;
        }
        table.remove(link);
        drop(dirty);
        // SAFETY: retire-once: it was in the dirty table only, so nobody who pins from now on can reach it.
        unsafe { self.pin.retire(link.as_ptr()) };
    }

    /// Puts every entry into the read table, so that all of them can be seen without a lock.
    pub(crate) fn promote_all(&self) {
        if self.read().amended {
            self.promote(self.map.dirty.lock());
        }
    }

    /// Lets go of deleted entries and of room that the others do not need.
    pub(crate) fn rebuild(&self) {
        let mut dirty = self.map.dirty.lock();
        if dirty.table.is_none() {
            self.amend(&mut dirty);
        }
        if let Some(table) = dirty.table.as_deref_mut() {
            table.shrink_to_fit();
        }
        self.promote(dirty);
    }

    /// Makes room for `additional` more entries.
    pub(crate) fn reserve(&self, additional: usize) {
        let mut dirty = self.map.dirty.lock();
        match dirty.table.as_deref_mut() {
            Some(table) => table.reserve(additional),
            None => dirty.room = self.read().table.len() + additional,
        }
    }

    /// Returns the entries of the read table at some moment, whatever they hold.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry<K, C>> {
        self.read().table.entries()
    }

    /// Removes every entry. Runs no user code, and waits for writers at work only after it has let go of the lock.
    pub(crate) fn clear(&self) {
        let empty = Box::into_raw(Box::new(Table::with_capacity(0)));
        let mut dirty = self.map.dirty.lock();
        let (table, expunged) = (dirty.table.take(), mem::take(&mut dirty.expunged));
        dirty.misses = 0;
        let read = self.read().table;
        // Release: pairs with `read`. two-tables: no tag.
        let old = self.map.read.swap(empty, Ordering::Release);
        drop(dirty);
        // Both tables are this call's now, and `link` finds none of their entries any more, so those that are expunged stay
        // so.
        let links = all_links(read, table, expunged);
        // Who found one of them before holds on to it. expunged: a writer will then find it so, and look again.
        // SAFETY: pinned: the links were in a table that this thread could reach.
        let taken: Vec<_> =
            links.iter().filter_map(|link| unsafe { link.entry() }.content.kill(&self.map.waiting)).collect();
        self.count(-taken.len().cast_signed());
        self.retire(old, links, taken);
    }

    /// Counts entries that got a value, or lost theirs.
    #[inline]
    pub(crate) fn count(&self, by: isize) {
        // Relaxed: see `len`.
        self.map.live.fetch_add(by, Ordering::Relaxed);
    }

    /// Frees a single value that has left its entry.
    ///
    /// # Safety
    ///
    /// As for [`Pin::retire`].
    #[inline]
    pub(crate) unsafe fn retire_value<T>(&self, unlinked: NonNull<T>) {
        // SAFETY: the caller's promise.
        unsafe { self.pin.retire(unlinked) };
    }

    /// Where writers of this map wait for each other.
    pub(crate) fn waiting(&self) -> &C::Waiting {
        &self.map.waiting
    }

    /// Frees a read table and what left the map with it. No lock is held.
    fn retire(&self, read: *mut Table<K, C>, links: Vec<Link<K, C>>, taken: Vec<C::Taken>) {
        if !links.is_empty() {
            let garbage = NonNull::from(Box::leak(Box::new(Garbage::<K, C> { links, _taken: taken })));
            // SAFETY: just boxed. retire-once: its links are in no table that anyone who pins from now on can reach.
            unsafe { self.pin.retire(garbage) };
        }
        if let Some(read) = NonNull::new(untag(read)) {
            // SAFETY: pinned: it was the read table since this thread pinned.
            let is_large = unsafe { read.as_ref() }.len() > LARGE;
            // SAFETY: it was swapped out, by this thread alone, so nobody who pins from now on can reach it.
            unsafe { self.pin.retire(read) };
            if is_large {
                self.pin.hurry();
            }
        }
    }
}
