//! The place of one thread in a `PerThreadMap`: its owner passes in and out without waiting while nobody collects.
//!
//! - **one-inside**: `inner` is touched only by whoever changed `state` from FREE, until that one changes it back.
//! - **own-line**: while nobody collects, the owner reads and writes nothing but its own slot, which no other thread
//!   touches: one compare-and-swap and one store.
//! - **steps-aside**: a collector raises `wanted` before it tries for `state`; the owner that sees it waits at `gate`, so
//!   a busy owner cannot keep a collector out for long. `wanted` decides who is first, never who is alone.
//!
//! Dekker's flags (a store of the owner's, a fence, a load of the collector's) were measured too: the fence costs what
//! the compare-and-swap does, and two flags need sequential consistency where one word needs only acquire and release.

#![allow(unsafe_code, reason = "one-inside: the table of a thread, lent to a collector")]

use std::{
    panic::Location,
    ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

use crate::sync::{AtomicBool, AtomicU8, Mutex, UnsafeCell, spin_loop, thread};

const FREE: u8 = 0;
/// The owner is inside.
const INSIDE: u8 = 1;
/// A collector is.
const TAKEN: u8 = 2;

pub(super) struct Slot<T> {
    state: AtomicU8,
    wanted: AtomicBool,
    /// Where the owner went in last; only it reads and writes this.
    site: AtomicPtr<Location<'static>>,
    inner: UnsafeCell<T>,
    /// Held by the one collector that wants or has the slot.
    gate: Mutex<()>,
}

// SAFETY: one-inside: a `&Slot` gives access to `inner` to one thread at a time, so `T` is only ever moved between
// threads, which `Send` allows.
unsafe impl<T: Send> Sync for Slot<T> {}

impl<T: Default> Default for Slot<T> {
    fn default() -> Self {
        Self {
            state: AtomicU8::new(FREE),
            wanted: AtomicBool::new(false),
            site: AtomicPtr::new(ptr::null_mut()),
            inner: UnsafeCell::new(T::default()),
            gate: Mutex::new(()),
        }
    }
}

impl<T> Slot<T> {
    /// Lends the inner value to `work`, for the thread that the slot belongs to; what `begin_wait` returns lasts as long as
    /// that waits for a collector, if it has to.
    ///
    /// # Panics
    ///
    /// From inside `work` of the same slot, naming both call sites.
    #[inline]
    pub(super) fn enter<W, R>(
        &self,
        site: &'static Location<'static>,
        begin_wait: impl FnOnce() -> W,
        work: impl FnOnce(&mut T) -> R,
    ) -> R {
        // Relaxed: steps-aside is about who is first; nothing is read on the strength of it.
        if self.wanted.load(Ordering::Relaxed) || !self.try_take(INSIDE) {
            self.refuse_inside(site);
            let _waiting = begin_wait();
            self.enter_behind_collector();
        }
        // Relaxed: only this thread reads it.
        self.site.store(ptr::from_ref(site).cast_mut(), Ordering::Relaxed);
        self.lend(work)
    }

    #[cold]
    #[inline(never)]
    fn enter_behind_collector(&self) {
        // Collectors change the slot only with the gate in hand, so it is free, and stays so until the gate is.
        let _gate = self.gate.lock();
        let taken = self.try_take(INSIDE);
        assert!(taken, "a slot of a per-thread map was entered by two threads");
    }

    /// Panics if the owner, which calls this, is inside.
    pub(super) fn refuse_inside(&self, site: &'static Location<'static>) {
        // Relaxed: only the owner sets INSIDE, so it reads its own write.
        if self.state.load(Ordering::Relaxed) == INSIDE {
            // Relaxed: the owner's own write.
            let outer = self.site.load(Ordering::Relaxed);
            // SAFETY: `site` holds null or a pointer made of a `&'static Location`.
            let outer = unsafe { outer.as_ref() };
            let outer = outer.map_or_else(String::new, ToString::to_string);
            panic!("re-entrant call: at {site} from inside one at {outer} on the same map would wait for itself");
        }
    }

    /// Lends the inner value to `work`, for any thread: waits until the owner is outside, and keeps it there. What
    /// `begin_wait` returns lasts as long as it waits for the owner, if it has to.
    ///
    /// A thread that is inside its own slot would wait for itself here: see [`refuse_inside`](Self::refuse_inside).
    pub(super) fn collect<W, R>(&self, begin_wait: impl FnOnce() -> W, work: impl FnOnce(&mut T) -> R) -> R {
        let _gate = self.gate.lock();
        let _wish = Wish::raise(&self.wanted);
        if !self.try_take(TAKEN) {
            let _waiting = begin_wait();
            Patience::default().until(|| self.try_take(TAKEN));
        }
        self.lend(work)
    }

    #[inline]
    fn try_take(&self, by: u8) -> bool {
        // Acquire: one-inside; pairs with the Release store in `Leave`, so what the one before did to `inner` is seen.
        self.state.compare_exchange(FREE, by, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Runs `work` for whoever has just taken `state`, and frees it again, on a panic too.
    #[inline]
    fn lend<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        let _leave = Leave(&self.state);
        self.inner.with_mut(|inner| {
            // SAFETY: one-inside: both callers took `state` from FREE, and `_leave` frees it only after this.
            work(unsafe { &mut *inner })
        })
    }

    pub(super) fn into_inner(self) -> T {
        self.inner.into_inner()
    }
}

/// Frees the slot when it is dropped.
struct Leave<'a>(&'a AtomicU8);

impl Drop for Leave<'_> {
    #[inline]
    fn drop(&mut self) {
        // Release: one-inside; pairs with the Acquire in `try_take`. A store is enough: nobody else changes what is
        // not FREE.
        self.0.store(FREE, Ordering::Release);
    }
}

/// Keeps `wanted` raised until it is dropped.
struct Wish<'a>(&'a AtomicBool);

impl<'a> Wish<'a> {
    fn raise(wanted: &'a AtomicBool) -> Self {
        // Relaxed: steps-aside; see `enter`.
        wanted.store(true, Ordering::Relaxed);
        Self(wanted)
    }
}

impl Drop for Wish<'_> {
    fn drop(&mut self) {
        // Relaxed: steps-aside; see `enter`.
        self.0.store(false, Ordering::Relaxed);
    }
}

/// How a collector waits for an owner to come out: it is inside for one operation, rarely for long.
#[derive(Default)]
struct Patience {
    tries: u32,
}

impl Patience {
    /// Waits at least once, and until `is_over` returns true.
    fn until(mut self, is_over: impl Fn() -> bool) {
        self.wait();
        while !is_over() {
            self.wait();
        }
    }

    fn wait(&mut self) {
        self.tries += 1;
        match self.tries {
            _ if cfg!(loom) => thread::yield_now(),
            1..=32 => spin_loop(),
            33..=128 => thread::yield_now(),
            _ => Self::sleep(),
        }
    }

    #[cfg(not(loom))]
    fn sleep() {
        thread::sleep(std::time::Duration::from_micros(50));
    }

    #[cfg(loom)]
    fn sleep() {}
}

/// Run by `RUSTFLAGS="--cfg loom" cargo test -p mapwise --lib --release models`.
///
/// Seen to fail: with a relaxed `try_take`, with a relaxed `Leave`, with a collector that only looks whether the slot is
/// free, with an owner that goes in though its compare-and-swap failed, without the gate in `collect`, and without it in
/// `enter_behind_collector`.
#[cfg(all(test, loom))]
mod models {
    use super::*;
    use crate::sync::Arc;

    fn add(slot: &Slot<u64>, n: u64) {
        slot.enter(Location::caller(), || (), |sum| *sum += n);
    }

    #[test]
    fn nothing_is_lost_between_an_owner_and_a_drain() {
        loom::model(|| {
            let slot = Arc::new(Slot::<u64>::default());
            let owner = {
                let slot = Arc::clone(&slot);
                thread::spawn(move || {
                    add(&slot, 1);
                    add(&slot, 2);
                })
            };
            let drained = slot.collect(|| (), std::mem::take);
            owner.join().unwrap();
            let left = slot.collect(|| (), |sum| *sum);
            assert_eq!(drained + left, 3);
        });
    }

    #[test]
    fn two_collectors_and_an_owner_take_turns() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(|| {
            let slot = Arc::new(Slot::<u64>::default());
            let threads: Vec<_> = (0..2)
                .map(|_| {
                    let slot = Arc::clone(&slot);
                    thread::spawn(move || slot.collect(|| (), std::mem::take))
                })
                .collect();
            add(&slot, 1);
            let drained: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
            assert_eq!(drained + slot.collect(|| (), |sum| *sum), 1);
        });
    }

    #[test]
    fn a_slot_passes_to_the_next_thread_with_its_index() {
        loom::model(|| {
            let slot = Arc::new(Slot::<u64>::default());
            let first = {
                let slot = Arc::clone(&slot);
                thread::spawn(move || add(&slot, 1))
            };
            // The pool of indices orders the two as the join does here.
            first.join().unwrap();
            let collector = {
                let slot = Arc::clone(&slot);
                thread::spawn(move || slot.collect(|| (), |sum| *sum))
            };
            add(&slot, 2);
            assert!([1, 3].contains(&collector.join().unwrap()));
        });
    }
}
