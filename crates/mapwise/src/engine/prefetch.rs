//! Asking for memory before it is needed, where that can be asked for.

/// So many lines, for most are not needed if entries are large.
#[cfg(all(target_arch = "x86_64", not(loom), not(miri)))]
const LINES: usize = 2;
#[cfg(all(target_arch = "x86_64", not(loom), not(miri)))]
const LINE: usize = 64;

/// Asks for the first lines of `items`, to read them.
#[inline(always)]
pub(super) fn for_read<T>(items: *const [T]) {
    #[cfg(all(target_arch = "x86_64", not(loom), not(miri)))]
    for line in lines(items) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every x86-64 has SSE, and a prefetch of any address is harmless.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(loom), not(miri))))]
    let _ = items;
}

/// Asks for the first lines of `items`, to write them: once, and not first shared and then exclusively.
#[inline(always)]
pub(super) fn for_write<T>(items: *const [T]) {
    #[cfg(all(target_arch = "x86_64", not(loom), not(miri)))]
    for line in lines(items) {
        // The intrinsic asks for it only where the target is promised to have it; those without it ignore it.
        // SAFETY: a prefetch of any address is harmless.
        unsafe { std::arch::asm!("prefetchw [{}]", in(reg) line, options(nostack, preserves_flags, readonly)) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(loom), not(miri))))]
    let _ = items;
}

#[cfg(all(target_arch = "x86_64", not(loom), not(miri)))]
#[inline(always)]
fn lines<T>(items: *const [T]) -> impl Iterator<Item = *const i8> {
    let first = items.cast::<i8>();
    (0..(items.len() * size_of::<T>()).div_ceil(LINE).min(LINES)).map(move |line| first.wrapping_add(line * LINE))
}
