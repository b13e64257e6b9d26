//! Finds two threads inside one map at once, and who they are.
//!
//! - **alone-or-reading**: whoever [`enter`](Detector::enter) lets in to write is the only one inside until it leaves;
//!   those it lets in to read are inside with readers only.
//! - **rmw-only**: `state` is changed by read-modify-writes only, so an acquiring one sees everything that happened before
//!   every releasing one before it.
//! - **frozen**: the alarm is raised by the compare-and-swap that would have let its thread in, while somebody in the way
//!   is inside. From then on nobody gets in, and whoever was inside stops where it leaves. So the visits that are
//!   published once the alarm is up are those the alarm is about.

use std::{
    panic::Location,
    ptr,
    time::{Duration, Instant},
};

use crate::{
    seam::Op,
    sync::{AtomicPtr, AtomicU32, Ordering, thread},
};

/// Two threads have met: nobody gets in or out any more.
const ALARM: u32 = 1 << 31;
/// Where the operation of the thread that writes is kept, plus one; 0 if nobody writes.
const WRITER_SHIFT: u32 = 27;
const WRITER: u32 = 0b1111 << WRITER_SHIFT;
const _: () = assert!((Op::Whole as u32 + 1) << WRITER_SHIFT == WRITER, "every operation fits");

/// Marks the pointer to a call site as that of an iteration.
const ITERATION: usize = 1;
const _: () = assert!(align_of::<Location<'static>>() > ITERATION);

/// How a thread goes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Look,
    Iterate,
    Write(Op),
}

/// Where a thread is inside a map: null, or a call site, tagged with [`ITERATION`]. Only that thread writes it.
#[derive(Debug)]
pub(super) struct Visit {
    site: AtomicPtr<Location<'static>>,
}

impl Default for Visit {
    fn default() -> Self {
        Self { site: AtomicPtr::new(ptr::null_mut()) }
    }
}

/// Who is inside: nobody, one writer, or a number of readers.
#[derive(Debug)]
pub(super) struct Detector {
    state: AtomicU32,
}

/// The way in was barred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clash {
    /// This thread raised the alarm, and so reports; `writer` is the operation of the one inside, if it writes.
    Raised { writer: Option<Op> },
    /// Another thread is reporting and will end the process.
    Late,
}

/// The alarm was raised while this thread was inside.
#[derive(Debug)]
pub(super) struct Alarm;

/// A thread that is inside.
#[derive(Debug)]
pub(super) struct Inside {
    /// What it added to the state.
    weight: u32,
    site: *mut Location<'static>,
    /// What it had published before, if it was inside already, reading.
    outer: *mut Location<'static>,
}

impl Detector {
    // Not `const`: the model checker's types cannot be made in a constant.
    pub(super) fn new() -> Self {
        Self { state: AtomicU32::new(0) }
    }

    /// Goes in, and publishes `site` in `visit`, which belongs to this thread.
    ///
    /// # Errors
    ///
    /// If somebody in the way is inside: then nobody must go on with this map.
    #[inline]
    pub(super) fn enter(
        &self,
        access: Access,
        visit: &Visit,
        site: &'static Location<'static>,
    ) -> Result<Inside, Clash> {
        let weight = match access {
            Access::Look | Access::Iterate => 1,
            Access::Write(op) => (op as u32 + 1) << WRITER_SHIFT,
        };
        // Relaxed: only a guess, which the compare-and-swap checks.
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            let free = if let Access::Write(_) = access { state == 0 } else { state & (WRITER | ALARM) == 0 };
            if !free {
                state = self.raise(state)?;
                continue;
            }
            // Acquire: alone-or-reading; pairs with the Release in `leave`, so the table is seen as the last one left it.
            match self.state.compare_exchange_weak(state, state + weight, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => break,
                Err(now) => state = now,
            }
        }
        let tag = if access == Access::Iterate { ITERATION } else { 0 };
        let site = ptr::from_ref(site).cast_mut().map_addr(|address| address | tag);
        // Relaxed: this thread's own, and what it points to never changes; `visitor` says why others read it right.
        let outer = visit.site.load(Ordering::Relaxed);
        visit.site.store(site, Ordering::Relaxed);
        Ok(Inside { weight, site, outer })
    }

    /// Raises the alarm if the state is still `seen`, in which somebody is in the way; else returns what it is now.
    #[cold]
    #[inline(never)]
    fn raise(&self, seen: u32) -> Result<u32, Clash> {
        if seen & ALARM != 0 {
            return Err(Clash::Late);
        }
        // Acquire: frozen; pairs with the Release of every `leave` before (rmw-only), so no visit that has ended is
        // still seen as published.
        match self.state.compare_exchange(seen, seen | ALARM, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => Err(Clash::Raised { writer: Op::from_index(((seen & WRITER) >> WRITER_SHIFT).wrapping_sub(1)) }),
            Err(now) => Ok(now),
        }
    }

    /// Leaves what [`enter`](Self::enter) let in.
    ///
    /// # Errors
    ///
    /// If the alarm was raised meanwhile: the visit stays published and the thread must stop here.
    #[inline]
    pub(super) fn leave(&self, visit: &Visit, inside: &Inside) -> Result<(), Alarm> {
        // Relaxed: ordered by the next line for whoever enters or raises the alarm after it.
        visit.site.store(inside.outer, Ordering::Relaxed);
        // Release: alone-or-reading and frozen; pairs with the Acquire in `enter` and in `raise`.
        if self.state.fetch_sub(inside.weight, Ordering::Release) & ALARM != 0 {
            // frozen: not left after all. Relaxed: see `visitor`.
            visit.site.store(inside.site, Ordering::Relaxed);
            return Err(Alarm);
        }
        Ok(())
    }
}

impl Visit {
    /// Returns where this thread is inside, and whether it iterates.
    ///
    /// After the alarm a null may become a site, when its thread gets to publishing it; a site is not an old one: the
    /// Acquire in `raise` has seen every visit end that had ended.
    pub(super) fn read(&self) -> Option<(&'static Location<'static>, bool)> {
        // Relaxed: a call site is constant data, so nothing else need be visible with it.
        let tagged = self.site.load(Ordering::Relaxed);
        let site = tagged.map_addr(|address| address & !ITERATION);
        // SAFETY: `site` is null or was made of a `&'static Location` in `enter`; the tag is taken off.
        let site = unsafe { site.as_ref() }?;
        Some((site, tagged.addr() & ITERATION != 0))
    }
}

/// Waits until `find` finds the thread that the alarm is about.
///
/// It is inside, and at most a few instructions away from publishing where. `None` only if it stays away for a second:
/// it was stopped from outside.
pub(super) fn visitor<T>(mut find: impl FnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + Duration::from_secs(1);
    loop {
        if let Some(found) = find() {
            return Some(found);
        }
        if !cfg!(loom) && Instant::now() > until {
            return None;
        }
        thread::yield_now();
    }
}

/// Run by `RUSTFLAGS="--cfg loom" cargo test -p mapwise --lib --release models`.
///
/// Seen to fail: with each of the three orderings relaxed (`enter`, `raise`, `leave`), with a writer that goes in beside
/// readers, with an alarm raised whatever the state is by then, with a `leave` that is a load and a store, that does not
/// take its visit back before, that takes it back after, or that does not publish it again under the alarm.
#[cfg(all(test, loom))]
mod models {
    use super::*;
    use crate::sync::{Arc, UnsafeCell};

    #[derive(Default)]
    struct Shared {
        visits: [Visit; 3],
    }

    struct Map {
        detector: Detector,
        shared: Shared,
        table: UnsafeCell<u64>,
    }

    /// What became of a thread's operations.
    #[derive(Debug, PartialEq)]
    enum Fate {
        Done,
        /// It stopped: another thread reports.
        Stopped,
        /// It reported a thread at this line.
        Reported(u32),
    }

    impl Map {
        fn new() -> Arc<Self> {
            Arc::new(Self { detector: Detector::new(), shared: Shared::default(), table: UnsafeCell::new(0) })
        }

        fn operate(&self, me: usize, access: Access, site: &'static Location<'static>) -> Fate {
            let visit = &self.shared.visits[me];
            match self.detector.enter(access, visit, site) {
                Ok(inside) => {
                    // Loom panics if two get here, one of them to write, or if one does not see what the other wrote.
                    if let Access::Write(_) = access {
                        self.table.with_mut(|table| {
                            // SAFETY: alone-or-reading; loom checks that.
                            unsafe { *table += 1 }
                        });
                    } else {
                        self.table.with(|table| {
                            // SAFETY: as above.
                            std::hint::black_box(unsafe { *table });
                        });
                    }
                    if self.detector.leave(visit, &inside).is_err() { Fate::Stopped } else { Fate::Done }
                }
                Err(Clash::Late) => Fate::Stopped,
                Err(Clash::Raised { .. }) => {
                    let others = || self.shared.visits.iter().find_map(Visit::read);
                    Fate::Reported(visitor(others).map_or(0, |(site, _)| site.line()))
                }
            }
        }
    }

    /// The first site of each thread, and the second, told apart by their lines.
    fn sites() -> [&'static Location<'static>; 4] {
        #[track_caller]
        fn here() -> &'static Location<'static> {
            Location::caller()
        }
        [
            here(), //
            here(),
            here(),
            here(),
        ]
    }

    #[test]
    fn two_writers_never_meet_and_the_one_reported_is_the_one_inside() {
        loom::model(|| {
            let map = Map::new();
            let other = {
                let map = Arc::clone(&map);
                thread::spawn(move || {
                    let first = map.operate(0, Access::Write(Op::Insert), sites()[0]);
                    if first != Fate::Done {
                        return (first, None);
                    }
                    let second = map.operate(0, Access::Write(Op::Insert), sites()[1]);
                    (Fate::Done, Some(second))
                })
            };
            let mine = map.operate(1, Access::Write(Op::Update), sites()[2]);
            let (first, second) = other.join().unwrap();
            match (mine, first, second) {
                (Fate::Done, Fate::Done, Some(Fate::Done)) => {}
                // I came while it was inside its first or second operation: it stopped where it left that one.
                (Fate::Reported(line), Fate::Stopped, None) => assert_eq!(line, sites()[0].line()),
                (Fate::Reported(line), Fate::Done, Some(Fate::Stopped)) => assert_eq!(line, sites()[1].line()),
                (Fate::Stopped, Fate::Reported(line), None)
                | (Fate::Stopped, Fate::Done, Some(Fate::Reported(line))) => {
                    assert_eq!(line, sites()[2].line());
                }
                impossible => panic!("{impossible:?}"),
            }
        });
    }

    #[test]
    fn readers_share_and_a_writer_beside_one_is_reported_by_either() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(|| {
            let map = Map::new();
            let readers: Vec<_> = (0..2)
                .map(|me| {
                    let map = Arc::clone(&map);
                    thread::spawn(move || map.operate(me, Access::Look, sites()[me]))
                })
                .collect();
            let mine = map.operate(2, Access::Write(Op::Insert), sites()[2]);
            let fates: Vec<_> = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
            let reports = fates.iter().chain([&mine]).filter(|fate| matches!(fate, Fate::Reported(_))).count();
            let stops = fates.iter().chain([&mine]).filter(|fate| **fate == Fate::Stopped).count();
            assert!(reports <= 1 && (reports == 1 || stops == 0), "{fates:?}, {mine:?}");
            if let Fate::Reported(line) = mine {
                // The one reported stopped: it was inside.
                let me = sites().iter().position(|site| site.line() == line).unwrap();
                assert_eq!(fates[me], Fate::Stopped);
            }
            for fate in &fates {
                if let Fate::Reported(line) = fate {
                    assert_eq!((*line, &mine), (sites()[2].line(), &Fate::Stopped));
                }
            }
        });
    }
}
