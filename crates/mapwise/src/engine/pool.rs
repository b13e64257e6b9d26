//! Overflow buckets: what chains are made of, and where a segment's homes get them from.

use std::{
    alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error},
    ptr::{NonNull, null_mut},
};

use super::{
    OVERFLOW_SLOTS,
    group::{Group, Tags},
    slot::Slot,
};
use crate::sync::{AtomicPtr, Ordering, Trace, fence};

/// A bucket without a lock of its own: its chain's home has it (**home**).
#[repr(C)]
pub(super) struct Overflow<K, V> {
    pub(super) next: AtomicPtr<Overflow<K, V>>,
    tags: Tags,
    slots: [Slot<K, V>; OVERFLOW_SLOTS],
    /// Stands for what `allocate` wrote.
    pub(super) made: Trace,
}

/// A segment's overflow buckets.
pub(super) struct Pool<K, V> {
    /// What it allocated; other pools of the map may have some of it.
    chunks: Vec<(NonNull<Overflow<K, V>>, usize)>,
    /// The first of those that are in no chain; each links to the next. Whoever came by one in a chain and follows finds
    /// the home's word changed.
    free: *mut Overflow<K, V>,
    used: usize,
    /// With more buckets in use than this the segment is crowded.
    limit: usize,
}

/// The most overflow buckets allocated at once.
const CHUNK: usize = 16;

impl<K, V> Pool<K, V> {
    /// Makes an empty pool for a segment of `buckets`.
    pub(super) fn new(buckets: usize) -> Self {
        // Fifteen entries for each home of sixteen slots, then, if they are spread at random.
        Self { chunks: Vec::new(), free: null_mut(), used: 0, limit: buckets * 7 / 16 }
    }

    pub(super) fn is_crowded(&self) -> bool {
        self.used > self.limit
    }

    /// The slots of the overflow buckets that are in chains.
    pub(super) fn slots_used(&self) -> usize {
        self.used * OVERFLOW_SLOTS
    }

    /// Takes the crowd for granted: a split would not help.
    pub(super) fn tolerate(&mut self) {
        self.limit = 2 * self.used;
    }

    /// Returns an empty overflow bucket that is in no chain.
    pub(super) fn take(&mut self, buckets: usize) -> NonNull<Overflow<K, V>> {
        let overflow = match NonNull::new(self.free) {
            Some(free) => free,
            None => self.allocate((buckets / 32).clamp(1, CHUNK)),
        };
        // SAFETY: kept; overflow buckets are changed through shared references only.
        let next = unsafe { overflow.as_ref() }.next.load(Ordering::Relaxed);
        // Relaxed, above: the mutex that the caller holds orders it.
        self.free = next;
        self.used += 1;
        // Release: pairs with the Acquire fence of `Head::unchanged_since`. A reader that followed the chain this
        // bucket was in before, and sees anything that is stored in it from here on, sees the lock under which it left
        // that chain: it was given back under that lock, through mutexes, the last of which the caller holds now.
        fence(Ordering::Release);
        overflow
    }

    /// Takes back an overflow bucket that is empty and in no chain any more, under the lock of the home that it was of.
    pub(super) fn give_back(&mut self, overflow: NonNull<Overflow<K, V>>) {
        self.used -= 1;
        self.link(overflow);
    }

    /// Gives half of the free ones to the pool of a segment that got half of the entries, which will need as many.
    pub(super) fn share(&mut self, other: &mut Self) {
        let (mut free, mut is_others) = (std::mem::replace(&mut self.free, null_mut()), true);
        while let Some(overflow) = NonNull::new(free) {
            // SAFETY: kept; overflow buckets are changed through shared references only.
            // Relaxed: the mutex that the caller holds orders it.
            free = unsafe { overflow.as_ref() }.next.load(Ordering::Relaxed);
            if is_others {
                other.link(overflow)
            } else {
                self.link(overflow)
            }
            is_others = !is_others;
        }
    }

    fn layout(count: usize) -> Layout {
        Layout::array::<Overflow<K, V>>(count).expect("a chunk is no larger than a segment")
    }

    fn link(&mut self, free: NonNull<Overflow<K, V>>) {
        // Release: pairs with the Acquire of `Chain::next`, for whoever still follows a chain that it was in.
        // SAFETY: kept; overflow buckets are changed through shared references only.
        unsafe { free.as_ref() }.next.store(self.free, Ordering::Release);
        self.free = free.as_ptr();
    }

    /// Makes so many free, and returns the first.
    fn allocate(&mut self, count: usize) -> NonNull<Overflow<K, V>> {
        let layout = Self::layout(count);
        self.chunks.reserve(1);
        // SAFETY: the layout is not empty, for it holds pointers.
        let memory = unsafe { alloc_zeroed(layout) };
        let Some(chunk) = NonNull::new(memory.cast::<Overflow<K, V>>()) else { handle_alloc_error(layout) };
        self.chunks.push((chunk, count));
        for at in (0..count).rev() {
            // SAFETY: within the chunk.
            let overflow = unsafe { chunk.add(at) };
            // SAFETY: zeroed memory for one, which nobody else can reach yet.
            unsafe { Overflow::init(overflow.as_ptr()) };
            self.link(overflow);
        }
        chunk
    }
}

impl<K, V> Overflow<K, V> {
    /// Zeroed memory is an empty overflow bucket already.
    #[cfg(not(any(loom, shuttle)))]
    unsafe fn init(_to: *mut Self) {}

    #[cfg(any(loom, shuttle))]
    unsafe fn init(to: *mut Self) {
        let empty = Self {
            next: AtomicPtr::new(std::ptr::null_mut()),
            tags: Tags::new(),
            slots: std::array::from_fn(|_| Slot::new()),
            made: Trace::new(),
        };
        // SAFETY: as the caller promises, memory for one.
        unsafe { to.write(empty) };
    }

    #[inline(always)]
    pub(super) fn group(&self) -> Group<'_, K, V> {
        Group::new(&self.tags, &self.slots)
    }
}

impl<K, V> Drop for Pool<K, V> {
    /// Frees the memory; entries in it were taken out before.
    fn drop(&mut self) {
        for (chunk, count) in self.chunks.drain(..) {
            if cfg!(any(loom, shuttle)) {
                for at in 0..count {
                    // SAFETY: within the chunk.
                    let overflow = unsafe { chunk.add(at) };
                    // SAFETY: initialized by `allocate`, and not used any more.
                    unsafe { overflow.drop_in_place() };
                }
            }
            // SAFETY: kept: allocated by `allocate` with this layout, and freed here only.
            unsafe { dealloc(chunk.as_ptr().cast(), Self::layout(count)) };
        }
    }
}
