//! What left a map and waits to be dropped.

#![allow(unsafe_code)]

use std::{
    collections::VecDeque,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::{
    domain::{Limit, Stamp},
    local::{domain, with_index},
};
use crate::{
    per_index::PerIndex,
    sync::{Mutex, UnsafeCell},
};

/// Items that a thread gathers before it takes the map's lock.
pub(super) const BAG: usize = if cfg!(any(loom, shuttle)) { 1 } else { 32 };

/// Bytes likewise.
const BAG_BYTES: usize = 4 << 10;

/// Items that share one barrier.
///
/// It interrupts every running thread of the process for some microseconds: among 256 items that is still more than
/// all the rest of retiring one, among 1,024 it is not.
pub(super) const BATCH: usize = if cfg!(any(loom, shuttle)) { 1 } else { 1_024 };

/// Bytes likewise.
pub(super) const BATCH_BYTES: usize = 64 << 10;

/// A map's garbage.
pub(crate) struct Garbage<T> {
    bags: PerIndex<Bag<T>>,
    heap: Mutex<Heap<T>>,
}

/// What one thread retired lately: nobody else looks (**one-thread**).
struct Bag<T>(UnsafeCell<Pile<T>>);

// SAFETY: one-thread: the pile is reached only by the owner of its index; it moves between threads, as `T: Send` may.
unsafe impl<T: Send> Sync for Bag<T> {}

/// What all threads handed in.
struct Heap<T> {
    open: Pile<T>,
    /// Oldest first, or nearly.
    sealed: VecDeque<(Stamp, Vec<T>)>,
    waiting: usize,
}

/// Items, and how many bytes they hold.
struct Pile<T> {
    items: Vec<T>,
    bytes: usize,
}

impl<T> Pile<T> {
    const fn new() -> Self {
        Self { items: Vec::new(), bytes: 0 }
    }

    fn is_full(&self, items: usize, bytes: usize) -> bool {
        self.items.len() >= items || self.bytes >= bytes
    }

    fn append(&mut self, mut other: Self) {
        self.items.append(&mut other.items);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

impl<T> Default for Bag<T> {
    fn default() -> Self {
        Self(UnsafeCell::new(Pile { items: Vec::with_capacity(BAG), bytes: 0 }))
    }
}

impl<T> Garbage<T> {
    pub(crate) fn new() -> Self {
        let heap = Heap { open: Pile::new(), sealed: VecDeque::new(), waiting: 0 };
        Self { bags: PerIndex::new(), heap: Mutex::new(heap) }
    }

    /// Drops `item`, which nobody can find any more, after the end of every pin that began when it could be found.
    /// `heap` is how many bytes it holds beside its own.
    ///
    /// May drop other items, which is user code: the caller holds no lock.
    #[inline]
    pub(crate) fn retire(&self, item: T, heap: usize) {
        let full = with_index(|index| self.bags.get(index).push(item, heap));
        if let Some(full) = full {
            self.hand_in(full);
        }
    }

    /// Drops what this thread retired and what was handed in, as far as no pin keeps it.
    #[cfg(test)]
    pub(crate) fn collect(&self) {
        let mut pile = with_index(|index| self.bags.get(index).take());
        {
            let mut heap = self.heap.lock();
            pile.append(mem::replace(&mut heap.open, Pile::new()));
        }
        self.seal(pile);
    }

    /// Returns how many items are sealed and not yet dropped: some pin keeps them, or nobody has looked since.
    pub(crate) fn waiting(&self) -> usize {
        self.heap.lock().waiting
    }

    #[cold]
    #[inline(never)]
    fn hand_in(&self, pile: Pile<T>) {
        let batch = {
            let mut heap = self.heap.lock();
            heap.open.append(pile);
            if !heap.open.is_full(BATCH, BATCH_BYTES) {
                return;
            }
            mem::replace(&mut heap.open, Pile::new())
        };
        self.seal(batch);
    }

    /// Stamps `batch`, and drops every batch that nobody can see any more.
    fn seal(&self, batch: Pile<T>) {
        let Ok(stamp) = domain().stamp() else {
            // waits: without a barrier nothing can be known. The next batch tries again.
            return self.heap.lock().open.append(batch);
        };
        let limit = domain().look();
        let free = {
            let mut heap = self.heap.lock();
            heap.waiting += batch.items.len();
            heap.sealed.push_back((stamp, batch.items));
            heap.take_before(limit)
        };
        free.into_iter().for_each(drop_each);
    }
}

impl<T> Bag<T> {
    /// Adds an item; returns the pile if it is full now. The calling thread owns the index.
    #[inline(always)]
    fn push(&self, item: T, heap: usize) -> Option<Pile<T>> {
        let full = self.0.with_mut(|pile| {
            // SAFETY: one-thread; the borrow ends here, and nothing in between is user code: there is room for the item.
            let pile = unsafe { &mut *pile };
            pile.items.push(item);
            pile.bytes = pile.bytes.saturating_add(size_of::<T>().saturating_add(heap));
            pile.is_full(BAG, BAG_BYTES)
        });
        full.then(|| self.take())
    }

    fn take(&self) -> Pile<T> {
        // Allocated while the pile is not borrowed: an allocator is user code.
        let fresh = Pile { items: Vec::with_capacity(BAG), bytes: 0 };
        // SAFETY: one-thread; the borrow ends here.
        self.0.with_mut(|pile| mem::replace(unsafe { &mut *pile }, fresh))
    }
}

impl<T> Heap<T> {
    fn take_before(&mut self, limit: Limit) -> Vec<Vec<T>> {
        let mut free = Vec::new();
        while let Some((_, items)) = self.sealed.pop_front_if(|(stamp, _)| limit.is_after(*stamp)) {
            self.waiting -= items.len();
            free.push(items);
        }
        free
    }
}

/// Drops every item, whatever the others do (**no-unwind**).
fn drop_each<T>(items: Vec<T>) {
    let mut items = items.into_iter();
    // A panic costs a turn, and the item that panicked is gone from the rest.
    while let Err(payload) = catch_unwind(AssertUnwindSafe(|| items.by_ref().for_each(drop))) {
        // Dropping the payload is user code too; what that panics with is not dropped any more.
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            mem::forget(again);
        }
    }
}

impl<T> Drop for Garbage<T> {
    fn drop(&mut self) {
        // waits: whoever could look has borrowed the map, and nobody has.
        let bags = mem::replace(&mut self.bags, PerIndex::new());
        for Bag(pile) in bags.into_elements() {
            drop_each(pile.into_inner().items);
        }
        let heap = self.heap.get_mut();
        drop_each(mem::take(&mut heap.open.items));
        for (_, items) in mem::take(&mut heap.sealed) {
            drop_each(items);
        }
    }
}
