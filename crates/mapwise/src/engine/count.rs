//! The number of entries, counted in stripes so that writers do not meet on one cache line.

use std::{num::NonZero, sync::OnceLock};

use crossbeam_utils::CachePadded;

use crate::{
    sync::{AtomicIsize, Ordering},
    thread_index,
};

/// More stripes than this would be a waste even where there are more processors.
const MAX_STRIPES: usize = 64;

/// A counter that threads change apart; its sum is exact when nobody writes.
///
/// - **own-stripe**: each stripe but the last belongs to the thread that has its index (`thread_index`), which alone
///   writes it. The last is for all other threads.
pub(super) struct Count {
    stripes: Stripes,
}

/// Stripes that the recorder reads too, where there is one.
#[cfg(not(feature = "profile"))]
type Stripes = Box<[CachePadded<AtomicIsize>]>;
#[cfg(feature = "profile")]
type Stripes = std::sync::Arc<[CachePadded<AtomicIsize>]>;

fn stripes() -> usize {
    static STRIPES: OnceLock<usize> = OnceLock::new();
    if cfg!(any(loom, shuttle)) {
        return 1;
    }
    *STRIPES.get_or_init(|| {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        (2 * processors + 1).clamp(8, MAX_STRIPES)
    })
}

impl Count {
    pub(super) fn new() -> Self {
        Self { stripes: (0..stripes()).map(|_| CachePadded::new(AtomicIsize::new(0))).collect() }
    }

    /// Where the recorder finds the count.
    pub(super) fn gauge(&self) -> &Stripes {
        &self.stripes
    }

    #[inline(always)]
    pub(super) fn add(&self, change: isize) {
        thread_index::with(|index| match self.own(index) {
            // Relaxed: no other data depends on the sum. Not one access, for nobody else writes it (own-stripe).
            Some(own) => own.store(own.load(Ordering::Relaxed) + change, Ordering::Relaxed),
            None => self.add_shared(change),
        });
    }

    #[inline(always)]
    fn own(&self, index: usize) -> Option<&AtomicIsize> {
        let (_, own) = self.stripes.split_last()?;
        own.get(index).map(|stripe| &**stripe)
    }

    #[cold]
    fn add_shared(&self, change: isize) {
        if let Some(last) = self.stripes.last() {
            // Relaxed: as above.
            last.fetch_add(change, Ordering::Relaxed);
        }
    }

    pub(super) fn sum(&self) -> usize {
        // One stripe may be read before an insertion and the next after the removal of the same entry.
        let sum: isize = self.stripes.iter().map(|stripe| stripe.load(Ordering::Relaxed)).sum();
        sum.max(0).cast_unsigned()
    }
}
