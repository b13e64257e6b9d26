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

/// Fewer where a checker runs, so that it sees items dropped.
const fn fewer(otherwise: usize, miri: usize) -> usize {
    if cfg!(any(loom, shuttle)) {
        1
    } else if cfg!(miri) {
        miri
    } else {
        otherwise
    }
}

/// Items that a thread gathers before it takes the map's lock.
pub(super) const BAG: usize = fewer(32, 2);

/// Bytes likewise.
const BAG_BYTES: usize = 4 << 10;

/// Items that share one barrier.
///
/// It interrupts every running thread of the process for some microseconds: among 256 items that is still more than
/// all the rest of retiring one, among 1,024 it is not.
pub(super) const BATCH: usize = fewer(1_024, 8);

/// Bytes likewise.
pub(super) const BATCH_BYTES: usize = 64 << 10;

/// A map's garbage.
pub(crate) struct Garbage<T> {
    bags: PerIndex<Bag<T>>,
    heap: Mutex<Heap<T>>,
}

/// What one thread retired lately: nobody else looks (**one-thread**).
struct Bag<T>(UnsafeCell<Recent<T>>);

/// What is in a bag: there is always room for an item.
struct Recent<T> {
    pile: Pile<T>,
    /// Empty; the next pile's, if it has room.
    spare: Vec<T>,
}

// SAFETY: one-thread: the pile is reached only by the owner of its index; it moves between threads, as `T: Send` may.
unsafe impl<T: Send> Sync for Bag<T> {}

/// What all threads handed in.
struct Heap<T> {
    open: Pile<T>,
    /// Empty; the next pile's. An allocator that is asked for one each time keeps joining and splitting what it has.
    spare: Vec<T>,
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

    const fn in_place_of(emptied: Vec<T>) -> Self {
        Self { items: emptied, bytes: 0 }
    }

    /// Takes over what is in `other`, and returns what is left of that.
    fn append(&mut self, mut other: Self) -> Vec<T> {
        self.items.append(&mut other.items);
        self.bytes = self.bytes.saturating_add(other.bytes);
        other.items
    }
}

impl<T> Default for Bag<T> {
    fn default() -> Self {
        let pile = Pile::in_place_of(Vec::with_capacity(BAG));
        Self(UnsafeCell::new(Recent { pile, spare: Vec::new() }))
    }
}

impl<T> Garbage<T> {
    pub(crate) fn new() -> Self {
        let heap = Heap { open: Pile::new(), spare: Vec::new(), sealed: VecDeque::new(), waiting: 0 };
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
            let emptied = self.hand_in(full);
            drop(with_index(|index| self.bags.get(index).keep(emptied)));
        }
    }

    /// Drops what this thread retired and what was handed in, as far as no pin keeps it.
    #[cfg(test)]
    pub(crate) fn collect(&self) {
        let mut pile = with_index(|index| self.bags.get(index).take());
        {
            let mut heap = self.heap.lock();
            drop(pile.append(mem::replace(&mut heap.open, Pile::new())));
        }
        self.seal(pile);
    }

    /// Returns how many items are sealed and not yet dropped: some pin keeps them, or nobody has looked since.
    pub(crate) fn waiting(&self) -> usize {
        self.heap.lock().waiting
    }

    /// Returns what is left of `pile`.
    #[cold]
    #[inline(never)]
    fn hand_in(&self, pile: Pile<T>) -> Vec<T> {
        let (emptied, batch) = {
            let mut heap = self.heap.lock();
            let emptied = heap.open.append(pile);
            if !heap.open.is_full(BATCH, BATCH_BYTES) {
                return emptied;
            }
            let next = Pile::in_place_of(mem::take(&mut heap.spare));
            (emptied, mem::replace(&mut heap.open, next))
        };
        self.seal(batch);
        emptied
    }

    /// Stamps `batch`, and drops every batch that nobody can see any more.
    fn seal(&self, batch: Pile<T>) {
        let Ok(stamp) = domain().stamp() else {
            // waits: without a barrier nothing can be known. The next batch tries again.
            drop(self.heap.lock().open.append(batch));
            return;
        };
        let limit = domain().look();
        let free = {
            let mut heap = self.heap.lock();
            heap.waiting += batch.items.len();
            heap.sealed.push_back((stamp, batch.items));
            heap.take_before(limit)
        };
        for emptied in free.into_iter().map(drop_each) {
            let before = mem::replace(&mut self.heap.lock().spare, emptied);
            drop(before);
        }
    }
}

impl<T> Bag<T> {
    /// Adds an item; returns the pile if it is full now. The calling thread owns the index.
    #[inline(always)]
    fn push(&self, item: T, heap: usize) -> Option<Pile<T>> {
        let full = self.0.with_mut(|recent| {
            // SAFETY: one-thread; the borrow ends here, and nothing in between is user code: there is room for the item.
            let pile = unsafe { &mut (*recent).pile };
            pile.items.push(item);
            pile.bytes = pile.bytes.saturating_add(size_of::<T>().saturating_add(heap));
            pile.is_full(BAG, BAG_BYTES)
        });
        full.then(|| self.take())
    }

    fn take(&self) -> Pile<T> {
        // SAFETY: one-thread; the borrow ends here.
        let spare = self.0.with_mut(|recent| mem::take(unsafe { &mut (*recent).spare }));
        // Allocated while the pile is not borrowed: an allocator is user code.
        let next = if spare.capacity() < BAG { Vec::with_capacity(BAG) } else { spare };
        // SAFETY: one-thread; the borrow ends here.
        self.0.with_mut(|recent| mem::replace(unsafe { &mut (*recent).pile }, Pile::in_place_of(next)))
    }

    /// Keeps `emptied` for the next pile, and returns what was kept before: to be dropped when nothing is borrowed.
    fn keep(&self, emptied: Vec<T>) -> Vec<T> {
        // SAFETY: one-thread; the borrow ends here.
        self.0.with_mut(|recent| mem::replace(unsafe { &mut (*recent).spare }, emptied))
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

/// Drops every item, whatever the others do (**no-unwind**), and returns what is left.
fn drop_each<T>(mut items: Vec<T>) -> Vec<T> {
    let mut drained = items.drain(..);
    // A panic costs a turn, and the item that panicked is gone from the rest.
    while let Err(payload) = catch_unwind(AssertUnwindSafe(|| drained.by_ref().for_each(drop))) {
        // Dropping the payload is user code too; what that panics with is not dropped any more.
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            mem::forget(again);
        }
    }
    drop(drained);
    items
}

impl<T> Drop for Garbage<T> {
    fn drop(&mut self) {
        // waits: whoever could look has borrowed the map, and nobody has.
        let bags = mem::replace(&mut self.bags, PerIndex::new());
        for Bag(recent) in bags.into_elements() {
            drop_each(recent.into_inner().pile.items);
        }
        let heap = self.heap.get_mut();
        drop_each(mem::take(&mut heap.open.items));
        for (_, items) in mem::take(&mut heap.sealed) {
            drop_each(items);
        }
    }
}
