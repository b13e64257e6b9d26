//! Deferred reclamation: memory that readers may still look at is freed when the last of them has gone.
//!
//! - **pinned**: what was reachable at some moment after a thread pinned stays allocated until that thread unpins.
//! - **owned**: the collector belongs to its map, so everything retired is dropped with the map at the latest, and values
//!   need not be `'static`.
//! - **no-unwind**: a panic in the `Drop` of a retired value ends there: it would surface in a thread that has nothing
//!   to do with the value, in the middle of somebody else's operation. The panic hook has reported it by then.
//!
//! Under `cfg(loom)` nothing is freed before the map is: the model checks the protocols of the maps, not of `seize`.

#![allow(unsafe_code)]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    ptr::NonNull,
};

#[cfg(loom)]
pub(crate) use self::keep::{Pin, Reclaim};
#[cfg(not(loom))]
pub(crate) use self::real::{Pin, Reclaim};
use crate::sync::Ordering;

/// How a pointer that will be followed is loaded.
///
/// `seize` asks for SeqCst: such loads take part in one total order with the barrier that it issues before it looks for
/// pinned threads. The maps themselves rely on no more than Acquire, and the model must not hide it if they do.
pub(crate) const PROTECT: Ordering = if cfg!(loom) { Ordering::Acquire } else { Ordering::SeqCst };

/// How a pointer that will be followed is replaced; see [`PROTECT`]. The maps rely on no more than AcqRel.
pub(crate) const PROTECT_SWAP: Ordering = if cfg!(loom) { Ordering::AcqRel } else { Ordering::SeqCst };

/// Frees what `retire` was given.
///
/// # Safety
///
/// As for [`Box::from_raw`].
unsafe fn free<T>(retired: *mut T) {
    let dropped = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(retired) });
    }));
    // no-unwind: dropping the payload is user code too; what that panics with is not dropped any more.
    if let Err(payload) = dropped
        && let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload)))
    {
        std::mem::forget(again);
    }
}

#[cfg(not(loom))]
mod real {
    use std::ptr;

    use seize::Guard;

    use super::NonNull;

    /// Retired objects that a thread gathers before it looks for readers that may still see them.
    ///
    /// The look costs a barrier in every thread of the process, which this many retirements share.
    const BATCH: usize = 64;

    /// A map's collector.
    pub(crate) struct Reclaim {
        collector: seize::Collector,
    }

    impl Reclaim {
        pub(crate) fn new() -> Self {
            Self { collector: seize::Collector::new().batch_size(BATCH) }
        }

        /// Keeps what is reachable from now on allocated until the pin is dropped.
        #[inline]
        pub(crate) fn pin(&self) -> Pin<'_> {
            Pin(self.collector.enter())
        }
    }

    /// While this lives, nothing that was reachable since it was made is freed.
    pub(crate) struct Pin<'map>(seize::LocalGuard<'map>);

    impl Pin<'_> {
        /// Frees `unlinked` once no thread can be looking at it.
        ///
        /// May run the `Drop` of other retired values: the caller holds no lock.
        ///
        /// # Safety
        ///
        /// It came from a box, no thread that pins from now on can reach it, and nobody else retires or frees it.
        pub(crate) unsafe fn retire<T>(&self, unlinked: NonNull<T>) {
            // SAFETY: the caller's promise is the one that `seize` asks for.
            unsafe { self.0.defer_retire(unlinked.as_ptr(), free::<T>) };
        }

        /// Does not wait for this thread's batch to fill: for after something large was retired.
        pub(crate) fn hurry(&self) {
            // `seize` refuses to process a batch of fewer objects than there are pinned threads, so flushing a batch of one
            // does nothing on a busy map. Fill it instead.
            for _ in 1..BATCH {
                // SAFETY: never followed: `nothing` ignores it.
                unsafe { self.0.defer_retire(ptr::dangling_mut::<u64>(), nothing) };
            }
        }
    }

    /// # Safety
    ///
    /// As for `free`.
    unsafe fn free<T>(retired: *mut T, _collector: &seize::Collector) {
        // SAFETY: the caller's promise.
        unsafe { super::free(retired) };
    }

    /// Stands in a batch for nothing.
    unsafe fn nothing(_padding: *mut u64, _collector: &seize::Collector) {}
}

#[cfg(loom)]
mod keep {
    use std::{marker::PhantomData, sync::Mutex};

    use super::NonNull;

    type Retired = (NonNull<()>, unsafe fn(NonNull<()>));

    /// A map's collector: keeps everything until the map is dropped.
    pub(crate) struct Reclaim {
        // std's lock: it must add no scheduling points to the model.
        retired: Mutex<Vec<Retired>>,
    }

    // SAFETY: as for `seize::Collector`: who retires promises that the drop may run wherever the map is dropped.
    unsafe impl Send for Reclaim {}
    // SAFETY: the list is behind a lock.
    unsafe impl Sync for Reclaim {}

    impl Reclaim {
        pub(crate) fn new() -> Self {
            Self { retired: Mutex::new(Vec::new()) }
        }

        pub(crate) fn pin(&self) -> Pin<'_> {
            Pin { reclaim: self, _not_send: PhantomData }
        }
    }

    impl Drop for Reclaim {
        fn drop(&mut self) {
            let retired = self.retired.get_mut().map(std::mem::take).unwrap_or_default();
            for (object, free) in retired {
                // SAFETY: owned: the map is going, so nobody looks at it any more; `retire` kept the matching function.
                unsafe { free(object) };
            }
        }
    }

    pub(crate) struct Pin<'map> {
        reclaim: &'map Reclaim,
        _not_send: PhantomData<*const ()>,
    }

    impl Pin<'_> {
        /// # Safety
        ///
        /// It came from a box, no thread that pins from now on can reach it, and nobody else retires or frees it.
        pub(crate) unsafe fn retire<T>(&self, unlinked: NonNull<T>) {
            if let Ok(mut retired) = self.reclaim.retired.lock() {
                retired.push((unlinked.cast(), free::<T>));
            }
        }

        pub(crate) fn hurry(&self) {}
    }

    /// # Safety
    ///
    /// As for `super::free`, of a `T`.
    unsafe fn free<T>(retired: NonNull<()>) {
        // SAFETY: the caller's promise.
        unsafe { super::free(retired.cast::<T>().as_ptr()) };
    }
}
