//! One of the two tables: finds entries, which both tables share by pointer.
//!
//! - **links-live**: whoever can reach a table may follow its links. An entry is retired no earlier than it leaves the
//!   last table that others can reach, and whoever reached that table before is pinned or holds the lock.
//! - **hashed-once**: an entry keeps its hash, so that copying and growing call no user code.

#![allow(unsafe_code)]

use std::ptr::{self, NonNull};

use equivalent::Equivalent;
use hashbrown::HashTable;

use crate::sync::Trace;

/// A key, its hash and what is kept under it.
pub(crate) struct Entry<K, C> {
    pub(crate) content: C,
    pub(crate) hash: u64,
    pub(crate) key: K,
}

/// A pointer from a table to an entry, which it does not own.
pub(super) struct Link<K, C>(NonNull<Entry<K, C>>);

impl<K, C> Clone for Link<K, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, C> Copy for Link<K, C> {}

impl<K, C> Link<K, C> {
    pub(super) fn new(entry: Entry<K, C>) -> Self {
        Self(NonNull::from(Box::leak(Box::new(entry))))
    }

    /// # Safety
    ///
    /// The entry is not freed during `'a`.
    #[inline]
    pub(super) unsafe fn entry<'a>(self) -> &'a Entry<K, C> {
        // SAFETY: the caller's promise; nobody borrows an entry mutably while it is linked.
        unsafe { self.0.as_ref() }
    }

    /// Takes the entry over.
    ///
    /// # Safety
    ///
    /// Nobody else can reach it any more, nor takes it over.
    pub(super) unsafe fn into_entry(self) -> Box<Entry<K, C>> {
        // SAFETY: `new` made it from a box; the caller's promise.
        unsafe { Box::from_raw(self.0.as_ptr()) }
    }

    pub(super) fn as_ptr(self) -> NonNull<Entry<K, C>> {
        self.0
    }
}

/// A hash table of links.
pub(super) struct Table<K, C> {
    links: HashTable<Link<K, C>>,
    trace: Trace,
}

impl<K, C> Table<K, C> {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { links: HashTable::with_capacity(capacity), trace: Trace::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.trace.read();
        self.links.len()
    }

    #[inline]
    pub(super) fn find<Q>(&self, hash: u64, key: &Q) -> Option<&Entry<K, C>>
    where
        Q: Equivalent<K> + ?Sized,
    {
        self.trace.read();
        // SAFETY: links-live.
        let found = self.links.find(hash, |link| key.equivalent(&unsafe { link.entry() }.key));
        // SAFETY: links-live, for as long as the table is borrowed.
        found.map(|link| unsafe { link.entry() })
    }

    pub(super) fn links(&self) -> impl Iterator<Item = Link<K, C>> {
        self.trace.read();
        self.links.iter().copied()
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry<K, C>> {
        // SAFETY: links-live, for as long as the table is borrowed.
        self.links().map(|link| unsafe { link.entry() })
    }

    /// Returns the link to this very entry.
    pub(super) fn link(&self, entry: &Entry<K, C>) -> Option<Link<K, C>> {
        self.trace.read();
        self.links.find(entry.hash, |link| ptr::eq(link.0.as_ptr(), entry)).copied()
    }

    /// Adds a link to an entry whose key is in no entry of this table.
    pub(super) fn insert(&mut self, link: Link<K, C>) {
        self.trace.write();
        // SAFETY: links-live: the caller is about to put it into this table.
        let hash = unsafe { link.entry() }.hash;
        self.links.insert_unique(hash, link, Self::hash);
    }

    pub(super) fn remove(&mut self, link: Link<K, C>) {
        self.trace.write();
        if let Ok(found) = self.links.find_entry(Self::hash(&link), |other| other.0 == link.0) {
            found.remove();
        }
    }

    pub(super) fn reserve(&mut self, additional: usize) {
        self.trace.write();
        self.links.reserve(additional, Self::hash);
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.trace.write();
        self.links.shrink_to_fit(Self::hash);
    }

    fn hash(link: &Link<K, C>) -> u64 {
        // SAFETY: links-live: it is in this table. hashed-once.
        unsafe { link.entry() }.hash
    }
}
