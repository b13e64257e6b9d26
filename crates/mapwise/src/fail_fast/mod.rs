//! `FailFastMap`: a plain table that stops the process when two threads use it at once.
//!
//! - **detected-first**: the table is touched only between `Detector::enter` and `Detector::leave`. So the map is sound
//!   to share, whatever its users get wrong: whoever would overlap never gets at the table.
//! - **drop-outside**: keys and values that leave are dropped after the operation has left.

#![allow(unsafe_code, reason = "detected-first")]

mod detector;
mod report;
mod surface;

use std::{hash::RandomState, panic::Location, thread};

use self::{
    detector::{Access, Clash, Detector, Visit},
    report::{Party, Report},
};
use crate::{
    per_index::PerIndex,
    seam::{Holds, KeyHash, KeyText, MapType, Seam, Tally},
    surface::constructors,
    sync::UnsafeCell,
    table::Table,
    thread_index,
};

const TYPE: MapType = MapType { name: "FailFastMap", holds: Holds::Nothing };

/// A plain map that stops the process, naming both call sites, when two threads use it at once and one of them writes.
///
/// | | |
/// |---|---|
/// | reads block? | never; a look-up beside a write ends the process |
/// | writes block? | never; a write beside anything else ends the process |
/// | iteration sees | the map, which cannot change meanwhile |
/// | bytes per entry | key, value and 1 byte, over the load of the table (0.44 to 0.875); 128 bytes for each thread |
/// | choose when | the map is meant to be used by one thread at a time, and the compiler cannot see to it: behind FFI, a raw pointer, a hand-written `unsafe impl Sync` |
/// | avoid when | threads are meant to share it: every other map waits instead |
///
/// # What is promised
///
/// * Two operations never touch the table at once unless both only read, so there is no undefined behavior, and sharing
///   the map needs no `unsafe` of its own. The second one ends the process before it gets at the table.
/// * The report names both: operation, call site and thread, of the one that came and of one that was inside. No
///   operation is reported that did not overlap.
/// * A call from inside a closure of the same map on the same thread counts too, unless both only read: other maps would
///   wait for themselves.
///
/// # What is not
///
/// * A program that uses the map from two threads without order is wrong even where they do not meet, and **in most of
///   its runs they do not**: an operation is short. That nothing was reported proves nothing. Under a lock of your own,
///   or with the map owned by one thread, nothing is ever reported.
/// * The process ends by [`abort`](std::process::abort), as after a failed assertion in a lock: no destructor runs, and
///   no panic hook. Threads that meet the map meanwhile stop where they are.
///
/// Each operation costs two read-modify-writes on one shared word, about what a lock costs that nobody else wants.
///
/// ```text
/// fatal error: concurrent map writes
///
/// an insertion by thread ThreadId(3) 'worker-1':
///         src/ffi.rs:41:9
/// while update by thread ThreadId(2) 'worker-0':
///         src/ffi.rs:57:13
/// ```
///
/// # Examples
///
/// ```
/// use mapwise::FailFastMap;
///
/// let handles = FailFastMap::new();
/// handles.insert(7, "open");
/// // Threads that take turns are fine:
/// std::thread::scope(|scope| { scope.spawn(|| handles.insert(8, "closed")); });
/// assert_eq!(handles.get(&8), Some("closed"));
/// ```
pub struct FailFastMap<K, V, S = RandomState> {
    table: UnsafeCell<Table<K, V>>,
    detector: Detector,
    visits: PerIndex<Visit>,
    hasher: S,
    seam: Seam,
    tally: Tally,
    key_hash: KeyHash<K, S>,
    key_text: KeyText<K>,
}

// SAFETY: detected-first and the detector's alone-or-reading: through `&self` threads get `&Table` together (`Sync`) or
// `&mut Table` one after the other (`Send`).
unsafe impl<K: Send + Sync, V: Send + Sync, S: Sync> Sync for FailFastMap<K, V, S> {}

constructors! { FailFastMap<K, V> }

impl<K, V, S> FailFastMap<K, V, S> {
    /// Makes an empty map with room for `capacity` entries that hashes with `hasher`.
    #[must_use]
    #[track_caller]
    pub fn with_capacity_and_hasher(capacity: usize, hasher: S) -> Self {
        let seam = Seam::of(TYPE);
        seam.shape::<K, V>(0, |_, _| 0);
        let tally = seam.tally();
        tally.entries(0);
        Self {
            table: UnsafeCell::new(Table::with_capacity(capacity)),
            detector: Detector::new(),
            visits: PerIndex::new(),
            hasher,
            seam,
            tally,
            key_hash: KeyHash::new(),
            key_text: KeyText::NONE,
        }
    }

    /// Returns the hasher that keys are hashed with.
    #[must_use]
    pub fn hasher(&self) -> &S {
        &self.hasher
    }

    fn into_table(self) -> (Table<K, V>, S) {
        (self.table.into_inner(), self.hasher)
    }

    /// Shows the table to `work`, or ends the process.
    #[inline]
    #[track_caller]
    fn read<R>(&self, access: Access, work: impl FnOnce(&Table<K, V>) -> R) -> R {
        self.inside(access, Location::caller(), || {
            self.table.with(|table| {
                // SAFETY: detected-first: `inside` runs this as a reader, beside readers only.
                work(unsafe { &*table })
            })
        })
    }

    /// Lends the table to `work`, or ends the process.
    #[inline]
    #[track_caller]
    fn write<R>(&self, op: crate::seam::Op, work: impl FnOnce(&mut Table<K, V>) -> R) -> R {
        self.inside(Access::Write(op), Location::caller(), || {
            self.table.with_mut(|table| {
                // SAFETY: detected-first: `inside` runs this as the writer, beside nobody.
                let table = Counted { table: unsafe { &mut *table }, tally: &self.tally };
                work(&mut *table.table)
            })
        })
    }

    #[inline]
    fn inside<R>(&self, access: Access, site: &'static Location<'static>, work: impl FnOnce() -> R) -> R {
        thread_index::with(|index| {
            let visit = self.visits.get(index);
            match self.detector.enter(access, visit, site) {
                Ok(inside) => {
                    let _leave = Leave { detector: &self.detector, visit, inside };
                    work()
                }
                Err(Clash::Late) => stop(),
                Err(Clash::Raised { writer }) => self.report(access, site, index, writer),
            }
        })
    }

    #[cold]
    #[inline(never)]
    fn report(
        &self,
        access: Access,
        site: &'static Location<'static>,
        index: usize,
        writer: Option<crate::seam::Op>,
    ) -> ! {
        let own = self.visits.get(index).read().map(|visit| (index, visit));
        let nested = own.is_some();
        let found = own.or_else(|| {
            detector::visitor(|| self.visits.iter().find_map(|(other, visit)| Some((other, visit.read()?))))
        });
        let iterates = found.is_some_and(|(_, (_, iterates))| iterates);
        let inside = Party {
            access: match writer {
                Some(op) => Access::Write(op),
                None if iterates => Access::Iterate,
                None => Access::Look,
            },
            site: found.map(|(_, (site, _))| site),
            thread: found.and_then(|(other, _)| thread_index::thread(other)),
        };
        let arriving = Party { access, site: Some(site), thread: thread_index::thread(index) };
        self.seam.met(&arriving.visitor(), &inside.visitor());
        Report { arriving, inside, nested }.print_and_abort()
    }
}

/// The table in a writer's hands: when that is done, on a panic too, the recorder learns the length.
struct Counted<'a, K, V> {
    table: &'a mut Table<K, V>,
    tally: &'a Tally,
}

impl<K, V> Drop for Counted<'_, K, V> {
    #[inline]
    fn drop(&mut self) {
        self.tally.grown();
        self.tally.entries(self.table.len());
    }
}

/// Leaves when it is dropped, on a panic too.
struct Leave<'map> {
    detector: &'map Detector,
    visit: &'map Visit,
    inside: detector::Inside,
}

impl Drop for Leave<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.detector.leave(self.visit, &self.inside).is_err() {
            stop();
        }
    }
}

/// Waits for the end of the process, which another thread is reporting.
#[cold]
#[inline(never)]
fn stop() -> ! {
    loop {
        thread::park();
    }
}
