//! This thread's line, and its pins and visits.

use std::{marker::PhantomData, num::NonZero};

use super::line::Line;
#[cfg(any(loom, shuttle))]
use crate::epoch::local::modelled as place;
#[cfg(not(any(loom, shuttle)))]
use crate::epoch::local::real as place;

/// Pins the calling thread: what was reachable since then is not dropped before the pin is.
#[inline(always)]
pub(crate) fn pin() -> Pin {
    let line = place::line();
    line.enter(place::domain().epoch());
    Pin { line, _one_thread: PhantomData }
}

/// Keeps its thread pinned. Pins may be nested, and end in any order.
#[must_use = "it pins until it is dropped"]
pub(crate) struct Pin {
    line: &'static Line,
    _one_thread: PhantomData<*const ()>,
}

/// Says that the calling thread is at `place`, until this is dropped; `None` if it is at another one.
#[inline(always)]
pub(crate) fn visit(place: NonZero<usize>) -> Option<Visit> {
    let line = place::line();
    line.go_to(place).then(|| Visit { line, _one_thread: PhantomData })
}

/// Keeps everybody waiting who wants nobody to be at a place.
#[must_use = "it ends when it is dropped"]
pub(crate) struct Visit {
    line: &'static Line,
    _one_thread: PhantomData<*const ()>,
}

/// Whether any thread is at `place`, of those that do not see yet what the caller stored before.
pub(crate) fn is_visited(place: NonZero<usize>) -> bool {
    // seen: as the exchange of the caller and the look, for loom.
    #[cfg(loom)]
    crate::sync::fence(crate::sync::Ordering::SeqCst);
    place::domain().is_visited(place)
}

/// Lines for which one turn is enough.
const LINES_PER_TURN: usize = 4;

/// Whether readers are to be let in uncounted, where it is the turn of a bucket: not always where there are many lines, for
/// the next writer has to look at all of them.
pub(crate) fn is_due() -> bool {
    // Models and Miri do not wait for that.
    cfg!(any(loom, shuttle, miri)) || with_line(|line| line.is_due(place::domain().len() / LINES_PER_TURN))
}

/// Calls `job` with a small number that no other thread has meanwhile.
#[inline(always)]
pub(super) fn with_index<R>(job: impl FnOnce(usize) -> R) -> R {
    with_line(|line| job(line.index()))
}

#[inline(always)]
fn with_line<R>(job: impl FnOnce(&Line) -> R) -> R {
    let line = place::line();
    let result = job(line);
    if line.is_left() {
        place::go(line);
    }
    result
}

impl Drop for Pin {
    #[inline(always)]
    fn drop(&mut self) {
        if self.line.leave() {
            place::go(self.line);
        }
    }
}

impl Drop for Visit {
    #[inline(always)]
    fn drop(&mut self) {
        if self.line.come_back() {
            place::go(self.line);
        }
    }
}

pub(super) use place::domain;

#[cfg(not(any(loom, shuttle)))]
mod real {
    use std::cell::Cell;

    use super::Line;
    use crate::epoch::domain::Domain;

    static DOMAIN: Domain = Domain::new();

    #[inline(always)]
    pub(in crate::epoch) fn domain() -> &'static Domain {
        &DOMAIN
    }

    thread_local! {
        /// Has no destructor, so it can be asked at any time.
        static LINE: Cell<Option<&'static Line>> = const { Cell::new(None) };
        static LEASE: Lease = const { Lease };
    }

    #[inline(always)]
    pub(super) fn line() -> &'static Line {
        match LINE.get() {
            Some(line) => line,
            None => lease(),
        }
    }

    #[cold]
    #[inline(never)]
    fn lease() -> &'static Line {
        let line: &'static Line = DOMAIN.lease();
        LINE.set(Some(line));
        // The destructors of this thread are running: the line is for this pin.
        if LEASE.try_with(|_| ()).is_err() {
            line.set_leaving(true);
        }
        line
    }

    /// Gives the line back, which is idle.
    #[cold]
    #[inline(never)]
    pub(super) fn go(line: &'static Line) {
        LINE.set(None);
        DOMAIN.give_back(line);
    }

    /// Gives the line back at the end of the thread.
    struct Lease;

    impl Drop for Lease {
        fn drop(&mut self) {
            match LINE.get() {
                Some(line) if line.is_idle() => go(line),
                // A pin that outlives this destructor takes care of it.
                Some(line) => line.set_leaving(true),
                None => {}
            }
        }
    }
}

#[cfg(any(loom, shuttle))]
mod modelled {
    #[cfg(loom)]
    use loom::{lazy_static, thread_local};
    #[cfg(shuttle)]
    use shuttle::{lazy_static, thread_local};

    use super::Line;
    use crate::epoch::domain::Domain;

    lazy_static! {
        // Leaked: the main thread's lease ends after the model has dropped its statics.
        static ref DOMAIN: &'static Domain = Box::leak(Box::new(Domain::new()));
    }

    thread_local! {
        static LEASE: Lease = Lease { domain: domain(), line: domain().lease() };
    }

    pub(in crate::epoch) fn domain() -> &'static Domain {
        *DOMAIN
    }

    pub(super) fn line() -> &'static Line {
        LEASE.with(|lease| lease.line)
    }

    pub(super) fn go(_: &'static Line) {
        unreachable!("models have no pins in destructors of threads");
    }

    struct Lease {
        domain: &'static Domain,
        line: &'static Line,
    }

    impl Drop for Lease {
        fn drop(&mut self) {
            self.domain.give_back(self.line);
        }
    }
}
