//! Memory for segments: in pieces that grow with the map, given back all at once.

use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    ptr::NonNull,
};

/// The size of a huge page, where there are any: pieces that are as large are for such pages.
const HUGE_PAGE: usize = 2 << 20;

/// Pieces are at most this large.
const LARGEST: usize = 16 * HUGE_PAGE;

/// Pieces are at least this large: in models, so that segments have the same order of addresses in every run.
const LEAST: usize = if cfg!(any(loom, shuttle)) { 64 << 10 } else { 0 };

/// Hands out zeroed memory that stays where it is until the arena is dropped (**kept**).
pub(super) struct Arena {
    pieces: Vec<(NonNull<u8>, Layout)>,
    /// What is left of the last piece.
    next: NonNull<u8>,
    left: usize,
    /// The size of all pieces.
    total: usize,
}

impl Arena {
    pub(super) const fn new() -> Self {
        Self { pieces: Vec::new(), next: NonNull::dangling(), left: 0, total: 0 }
    }

    /// Whether it is worth while to give single pages back to the system.
    pub(super) fn is_large(&self) -> bool {
        self.total >= 2 * HUGE_PAGE
    }

    /// Returns zeroed memory of `layout`, which is not empty.
    pub(super) fn take(&mut self, layout: Layout) -> NonNull<u8> {
        if self.next.align_offset(layout.align()).saturating_add(layout.size()) > self.left {
            self.add_piece(layout);
        }
        let skip = self.next.align_offset(layout.align());
        assert!(skip.checked_add(layout.size()).is_some_and(|used| used <= self.left));
        // SAFETY: just checked: within the piece.
        let memory = unsafe { self.next.add(skip) };
        // SAFETY: likewise; at most one past its end.
        self.next = unsafe { memory.add(layout.size()) };
        self.left -= skip + layout.size();
        // Here, not when the piece is allocated: memory that is not used yet need not be there yet, and what is used
        // next is in the cache.
        // SAFETY: within the piece, and nobody else's.
        unsafe { memory.write_bytes(0, layout.size()) };
        memory
    }

    fn add_piece(&mut self, wanted: Layout) {
        // A quarter of what there is, and a power of two: if hashes are uniform a map rests while it has a power of two of
        // segments, and then no piece is hardly used.
        let most = (LARGEST / wanted.size()).max(1);
        let count = 1 << (self.total / 4 / wanted.size()).clamp(1, most).ilog2();
        let size = wanted.size().checked_mul(count.max(LEAST.div_ceil(wanted.size())));
        let huge = size.is_some_and(|size| size >= HUGE_PAGE);
        let align = wanted.align().max(if huge { HUGE_PAGE } else { 1 });
        let layout = size.and_then(|size| Layout::from_size_align(size, align).ok());
        let layout = layout.expect("a segment that exceeds the address space");
        self.pieces.reserve(1);
        // SAFETY: the layout is not empty.
        let memory = unsafe { alloc(layout) };
        let Some(memory) = NonNull::new(memory) else { handle_alloc_error(layout) };
        self.pieces.push((memory, layout));
        self.total += layout.size();
        (self.next, self.left) = (memory, layout.size());
        #[cfg(all(target_os = "linux", not(miri)))]
        if huge {
            // Random accesses to a large table then need no walks through page tables. An error means that there are no
            // huge pages: nothing is lost.
            // SAFETY: the range is the piece, and this advice changes nothing that is in it.
            unsafe { libc::madvise(memory.as_ptr().cast(), layout.size(), libc::MADV_HUGEPAGE) };
        }
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        for (memory, layout) in self.pieces.drain(..) {
            // SAFETY: kept: allocated by `add_piece` with this layout, and freed here only.
            unsafe { dealloc(memory.as_ptr(), layout) };
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn memory_is_zeroed_aligned_and_apart() {
        let mut arena = Arena::new();
        let mut taken = Vec::new();
        for round in 0..if cfg!(miri) { 20 } else { 200_usize } {
            let layout = Layout::from_size_align(1 + round * 1_013, 1 << (round % 14)).unwrap();
            let memory = arena.take(layout);
            assert_eq!(memory.addr().get() % layout.align(), 0);
            // SAFETY: as large as was asked for, and nobody else's.
            let bytes = unsafe { std::slice::from_raw_parts_mut(memory.as_ptr(), layout.size()) };
            assert!(bytes.iter().all(|&byte| byte == 0), "handed out twice, or not zeroed");
            bytes.fill(1);
            taken.push((memory.addr().get(), layout.size()));
        }
        taken.sort_unstable();
        assert!(taken.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0));
    }
    #[test]
    #[cfg(not(any(shuttle, miri)))]
    fn nothing_is_left_where_a_map_rests() {
        let mut arena = Arena::new();
        let segment = Layout::from_size_align(74_240, 512).unwrap();
        for taken in 1..=1_024_usize {
            arena.take(segment);
            assert!(arena.left < arena.total / 3, "{} of {}", arena.left, arena.total);
            if taken.is_power_of_two() {
                assert_eq!((arena.left, arena.total), (0, taken * segment.size()));
            }
        }
    }
}
