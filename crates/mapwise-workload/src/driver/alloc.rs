//! Bytes allocated while a map is filled.
//!
//! Invariants:
//!
//! - **forwarded**: every call goes unchanged to [`System`], and what it returns is returned
//!   unchanged, so this allocator upholds exactly what the system's does.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use crossbeam_utils::CachePadded;

/// The system's allocator, counting bytes while a measurement of memory is switched on.
///
/// Switched off, it costs one load and one predictable branch a call. A binary installs it with
/// `#[global_allocator]`; without it a run has no figures for memory.
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: mapwise_workload::CountingAllocator = mapwise_workload::CountingAllocator;
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct CountingAllocator;

static COUNTING: CachePadded<AtomicBool> = CachePadded::new(AtomicBool::new(false));
static BYTES: CachePadded<AtomicI64> = CachePadded::new(AtomicI64::new(0));
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

#[inline]
fn count(bytes: i64) {
    // Relaxed: the counter publishes nothing, and whoever reads it has joined the threads whose
    // allocations it asks about.
    if COUNTING.load(Ordering::Relaxed) {
        BYTES.fetch_add(bytes, Ordering::Relaxed);
    }
}

// SAFETY: forwarded.
unsafe impl GlobalAlloc for CountingAllocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: forwarded: the caller's promise about `layout` is the one `System` asks for.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: forwarded: the caller's promise about `layout` is the one `System` asks for.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        // SAFETY: forwarded: `ptr` came from `System` with this layout.
        unsafe { System.dealloc(ptr, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size as i64 - layout.size() as i64);
        // SAFETY: forwarded: `ptr` came from `System` with this layout.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}

/// Runs `work` and returns with its result how many bytes more the process holds afterwards;
/// `None` where [`CountingAllocator`] is not installed.
///
/// All threads count, because some maps allocate on a thread of their own; so what the rest of the
/// process allocates meanwhile is counted too.
pub(crate) fn measured<R>(work: impl FnOnce() -> R) -> (R, Option<i64>) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(|e| e.into_inner());
    let counting = Counting::on();
    let before = BYTES.load(Ordering::Relaxed);
    let probe = black_box(Box::new([0_u8; 64]));
    let installed = BYTES.load(Ordering::Relaxed) != before;
    drop(probe);
    let before = BYTES.load(Ordering::Relaxed);
    let result = work();
    let after = BYTES.load(Ordering::Relaxed);
    drop(counting);
    (result, installed.then_some(after - before))
}

/// Bytes held, up to a constant, while [`measured`] runs; nothing outside of it.
pub(crate) fn held() -> i64 {
    // Relaxed: as in `count`.
    BYTES.load(Ordering::Relaxed)
}

/// Counting is on while this lives, so that a panic in `work` switches it off again.
struct Counting;

impl Counting {
    fn on() -> Self {
        COUNTING.store(true, Ordering::Relaxed);
        Self
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        COUNTING.store(false, Ordering::Relaxed);
    }
}
