//! What an entry of `SyncMap` holds: one word that says which value it has and whether a closure is at work on it.
//!
//! | word | state | readers see | writers |
//! |---|---|---|---|
//! | null | deleted | nothing | put a value in place by CAS |
//! | pointer | a value | it | replace or remove it by CAS |
//! | null or pointer, and BUSY | a closure is at work | what was there before | wait |
//! | EXPUNGED | expunged | nothing | go through the map's lock |
//!
//! - **immutable**: a node is never written once it is in a slot; a closure changes a copy. So readers need no lock.
//! - **one-owner**: a node in a slot belongs to the slot. Whoever takes it out by a CAS or by `Busy` owns it, and retires
//!   it, since readers may still look at it.
//! - **one-writer**: from the CAS that sets BUSY until the swap that ends it, only that thread changes the word, except
//!   that waiters add WAITED.
//! - **pinned**: a reference to a slot of a shared map exists only inside an `Access` to that map, and no longer. So a node
//!   that is loaded from `&'a self` lives as long as `'a`.

#![allow(unsafe_code)]

use std::{
    marker::PhantomData,
    ptr::{self, NonNull},
};

use super::room::Room;
use crate::{
    reclaim::{PROTECT, PROTECT_SWAP},
    sync::{AtomicPtr, Ordering, Trace, spin_loop},
    two_table::{Access, Content},
};

/// A closure is at work on the entry.
const BUSY: usize = 1;
/// Together with BUSY: somebody waits in the room.
const WAITED: usize = 2;
/// Alone: the entry is not in the dirty table.
const EXPUNGED: usize = 4;
const TAGS: usize = BUSY | WAITED | EXPUNGED;

/// Looks at a busy slot before a writer goes to the waiting room; about as long as going there and back takes.
const SPINS: usize = if cfg!(loom) { 0 } else { 100 };

/// A value on the heap; aligned so that its address leaves room for the tags.
#[repr(align(8))]
pub(super) struct Node<V> {
    pub(super) value: V,
    trace: Trace,
}

impl<V> Node<V> {
    pub(super) fn boxed(value: V) -> Box<Self> {
        Box::new(Self { value, trace: Trace::new() })
    }
}

/// See the table above.
pub(super) struct Slot<V> {
    word: AtomicPtr<Node<V>>,
    /// Sent and shared as the values are.
    _values: PhantomData<V>,
}

/// Why a write did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocked {
    /// The entry is expunged: write through the map's lock.
    Expunged,
    /// A closure is at work: wait.
    Busy,
    /// The condition does not hold.
    Refused,
}

/// Why `exchange` did nothing, and the node that it did not put in place.
pub(super) type NotExchanged<V> = (Blocked, Option<Box<Node<V>>>);

fn untag<V>(word: *mut Node<V>) -> *mut Node<V> {
    word.map_addr(|address| address & !TAGS)
}

fn tagged<V>(word: *mut Node<V>, tag: usize) -> bool {
    word.addr() & tag != 0
}

impl<V> Slot<V> {
    pub(super) fn holding(node: Box<Node<V>>) -> Self {
        Self { word: AtomicPtr::new(Box::into_raw(node)), _values: PhantomData }
    }

    /// Makes an empty slot on which a closure is at work: the maker's, who calls `adopt`.
    pub(super) fn busy() -> Self {
        Self { word: AtomicPtr::new(ptr::without_provenance_mut(BUSY)), _values: PhantomData }
    }

    /// Returns the value, if there is one.
    #[inline]
    pub(super) fn value(&self) -> Option<&V> {
        // PROTECT, and as Acquire: pairs with the CAS or swap that put the node here, so that its bytes are visible.
        self.node(self.word.load(PROTECT))
    }

    /// Returns the value of a `word` that was loaded from this slot.
    #[inline]
    fn node(&self, word: *mut Node<V>) -> Option<&V> {
        // SAFETY: one-owner, pinned: what was in the slot is a live node and stays one. immutable: nobody writes it.
        let node = unsafe { untag(word).as_ref() }?;
        node.trace.read();
        Some(&node.value)
    }

    /// Puts `new` in the place of what is here if `condition` holds for it, and returns what was here.
    ///
    /// # Errors
    ///
    /// Hands `new` back.
    pub(super) fn exchange<'a>(
        &'a self,
        mut new: Option<Box<Node<V>>>,
        mut condition: impl FnMut(Option<&'a V>) -> bool,
    ) -> Result<Option<Old<'a, V>>, NotExchanged<V>> {
        // PROTECT, and as Acquire: as in `value`, since the condition looks at the node.
        let mut word = self.word.load(PROTECT);
        loop {
            if let Err(blocked) = self.check(word, &mut condition) {
                return Err((blocked, new));
            }
            let raw = new.map_or(ptr::null_mut(), Box::into_raw);
            // PROTECT_SWAP, and as Release: pairs with `value`, so that the new node's bytes are visible. The old node's are: the
            // load or the failed exchange that found it acquired them.
            match self.word.compare_exchange_weak(word, raw, PROTECT_SWAP, PROTECT) {
                Ok(old) => return Ok(Old::new(old)),
                Err(now) => word = now,
            }
            // SAFETY: one-owner: it did not get into the slot, so it is still ours; null becomes `None`.
            new = NonNull::new(raw).map(|raw| unsafe { Box::from_raw(raw.as_ptr()) });
        }
    }

    #[inline]
    fn check<'a>(
        &'a self,
        word: *mut Node<V>,
        condition: &mut impl FnMut(Option<&'a V>) -> bool,
    ) -> Result<(), Blocked> {
        if tagged(word, EXPUNGED) {
            Err(Blocked::Expunged)
        } else if tagged(word, BUSY) {
            Err(Blocked::Busy)
        } else if !condition(self.node(word)) {
            Err(Blocked::Refused)
        } else {
            Ok(())
        }
    }

    /// Keeps other writers out of the entry if `condition` holds for what is here.
    pub(super) fn begin<'a>(
        &'a self,
        room: &'a Room,
        mut condition: impl FnMut(Option<&'a V>) -> bool,
    ) -> Result<Busy<'a, V>, Blocked> {
        // PROTECT, and as Acquire: as in `value`.
        let mut word = self.word.load(PROTECT);
        loop {
            self.check(word, &mut condition)?;
            let busy = word.map_addr(|address| address | BUSY);
            // Relaxed: the load or the failed exchange that found the node acquired it. Readers that load this word acquire
            // the node's bytes all the same: a read-modify-write continues the release sequence of what it replaces.
            match self.word.compare_exchange_weak(word, busy, Ordering::Relaxed, PROTECT) {
                Ok(old) => return Ok(Busy { slot: self, room, old }),
                Err(now) => word = now,
            }
        }
    }

    /// Takes over a slot made by `busy`.
    pub(super) fn adopt<'a>(&'a self, room: &'a Room) -> Busy<'a, V> {
        Busy { slot: self, room, old: ptr::null_mut() }
    }

    /// Waits until no closure is at work on the entry.
    #[cold]
    pub(super) fn wait(&self, room: &Room) {
        for _ in 0..SPINS {
            // Relaxed, here and below: only the tags are looked at; the caller loads the word again.
            if !tagged(self.word.load(Ordering::Relaxed), BUSY) {
                return;
            }
            spin_loop();
        }
        loop {
            let word = self.word.load(Ordering::Relaxed);
            if !tagged(word, BUSY) {
                return;
            }
            let waited = word.map_addr(|address| address | WAITED);
            // Relaxed: continues the release sequence, as in `begin`.
            if tagged(word, WAITED)
                || self.word.compare_exchange_weak(word, waited, Ordering::Relaxed, Ordering::Relaxed).is_ok()
            {
                // Relaxed: who ends the wait rings behind the door, which orders the two.
                room.wait(|| tagged(self.word.load(Ordering::Relaxed), WAITED));
            }
        }
    }

    /// Takes the value out of an owned slot.
    pub(super) fn into_value(mut self) -> Option<V> {
        self.take_owned().map(|node| node.value)
    }

    fn take_owned(&mut self) -> Option<Box<Node<V>>> {
        // Relaxed, here and below: the slot is owned.
        let node = NonNull::new(untag(self.word.load(Ordering::Relaxed)))?;
        self.word.store(ptr::null_mut(), Ordering::Relaxed);
        // SAFETY: one-owner: it was the slot's, and the slot is ours alone.
        Some(unsafe { Box::from_raw(node.as_ptr()) })
    }
}

impl<V> Drop for Slot<V> {
    fn drop(&mut self) {
        drop(self.take_owned());
    }
}

/// A closure is at work on the slot; other writers wait. Dropped without an end, it leaves everything as it was.
pub(super) struct Busy<'a, V> {
    slot: &'a Slot<V>,
    room: &'a Room,
    old: *mut Node<V>,
}

impl<'a, V> Busy<'a, V> {
    /// Returns the value that was there when the work began, and that readers see until it ends.
    pub(super) fn value(&self) -> Option<&'a V> {
        self.slot.node(self.old)
    }

    /// Puts `new` in place, lets writers in, and returns what was there.
    pub(super) fn end(self, new: Option<Box<Node<V>>>) -> Option<Old<'a, V>> {
        self.store(new.map_or(ptr::null_mut(), Box::into_raw));
        let old = self.old;
        std::mem::forget(self);
        Old::new(old)
    }

    fn store(&self, new: *mut Node<V>) {
        // one-writer. PROTECT_SWAP, and as Release: pairs with `value`, so that the new node's bytes are visible.
        let word = self.slot.word.swap(new, PROTECT_SWAP);
        if tagged(word, WAITED) {
            self.room.ring();
        }
    }
}

impl<V> Drop for Busy<'_, V> {
    fn drop(&mut self) {
        self.store(self.old);
    }
}

/// A node that has left its slot, on its way to the reclamation.
#[must_use = "it leaks if it is not retired"]
pub(super) struct Old<'a, V> {
    node: NonNull<Node<V>>,
    _slot: PhantomData<&'a Slot<V>>,
}

impl<V> Old<'_, V> {
    fn new(node: *mut Node<V>) -> Option<Self> {
        Some(Self { node: NonNull::new(node)?, _slot: PhantomData })
    }

    /// Shows the value to `read`, then lets the value go, even if `read` panics.
    pub(super) fn retire<K, R>(self, access: &Access<'_, K, Slot<V>>, read: impl FnOnce(&V) -> R) -> R {
        // SAFETY: one-owner: it is a live node, and ours; others only read it.
        let node = unsafe { self.node.as_ref() };
        node.trace.read();
        let retire = Retire { node: self.node, access };
        let result = read(&node.value);
        drop(retire);
        result
    }
}

/// Retires a node when dropped.
struct Retire<'a, 'map, K, V> {
    node: NonNull<Node<V>>,
    access: &'a Access<'map, K, Slot<V>>,
}

impl<K, V> Drop for Retire<'_, '_, K, V> {
    fn drop(&mut self) {
        // SAFETY: one-owner: it was boxed, it left its slot, so nobody who pins from now on can reach it, and it is ours.
        unsafe { self.access.retire_value(self.node) };
    }
}

/// A node that left its slot with the whole table, while readers may still look at it: dropped by the reclamation only.
pub(super) struct Left<V>(NonNull<Node<V>>);

// SAFETY: it owns the node.
unsafe impl<V: Send> Send for Left<V> {}

impl<V> Drop for Left<V> {
    fn drop(&mut self) {
        // SAFETY: one-owner: `kill` took it out of its slot, and the reclamation found that nobody looks at it any more.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

impl<V> Content for Slot<V> {
    type Taken = Left<V>;
    type Waiting = Room;

    fn is_expunged(&self) -> bool {
        // Relaxed: who asks holds the map's lock, under which entries become expunged and cease to be.
        tagged(self.word.load(Ordering::Relaxed), EXPUNGED)
    }

    fn expunge(&self) -> bool {
        let expunged = ptr::without_provenance_mut(EXPUNGED);
        // Relaxed: publishes nothing; who finds it so goes through the lock.
        self.word.compare_exchange(ptr::null_mut(), expunged, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn unexpunge(&self) -> bool {
        let expunged = ptr::without_provenance_mut(EXPUNGED);
        // Relaxed: publishes nothing.
        self.word.compare_exchange(expunged, ptr::null_mut(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn kill(&self, room: &Room) -> Option<Left<V>> {
        let expunged = ptr::without_provenance_mut(EXPUNGED);
        // Relaxed: only compared.
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            if tagged(word, BUSY) {
                self.wait(room);
                word = self.word.load(Ordering::Relaxed);
                continue;
            }
            // Acquire: pairs with whoever put the node here: it will be dropped on this thread's behalf.
            match self.word.compare_exchange_weak(word, expunged, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return NonNull::new(untag(word)).map(Left),
                Err(now) => word = now,
            }
        }
    }
}
