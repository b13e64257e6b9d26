//! How many buckets a segment has, and which part of the hashes is its own: seven bits, small enough to travel with a
//! pointer and in a bucket's word.

use super::{FULL_BITS, GROW_BITS, MAX_DEPTH};

/// The buckets of a full segment.
pub(super) const FULL: usize = 1 << FULL_BITS;

/// Returns where the region of hashes begins that follows the one of `depth` bits with `within` in it; `None` after the last.
pub(super) fn next_region(within: u64, depth: usize) -> Option<u64> {
    if depth == 0 {
        return None;
    }
    let size = 1_u64 << (64 - depth);
    (within & !(size - 1)).checked_add(size)
}

/// Values below this are full segments.
const SMALL: u8 = 64;

/// A full segment for the hashes that agree in their top `depth` bits, or a small one for all hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape(u8);

impl Shape {
    /// As many as a shape can be told apart by.
    pub(super) const MASK: usize = 0x7f;

    /// One bucket: where every map that was promised no capacity begins.
    pub(super) const SMALLEST: Self = Self(SMALL);

    pub(super) fn full(depth: usize) -> Self {
        debug_assert!(depth <= MAX_DEPTH);
        Self(depth as u8)
    }

    /// The inverse of [`bits`](Self::bits).
    #[inline(always)]
    pub(super) fn from_bits(bits: usize) -> Self {
        Self((bits & Self::MASK) as u8)
    }

    #[inline(always)]
    pub(super) fn bits(self) -> usize {
        self.0.into()
    }

    pub(super) fn is_small(self) -> bool {
        self.0 >= SMALL
    }

    /// What a small segment is replaced by when it gets crowded.
    pub(super) fn next(self) -> Self {
        debug_assert!(self.is_small());
        let next = Self(self.0 + 1);
        if next.buckets() < FULL { next } else { Self::full(0) }
    }

    /// Buckets of the segment.
    #[inline(always)]
    pub(super) fn buckets(self) -> usize {
        if self.0 < SMALL { FULL } else { 1 << (u32::from(self.0 - SMALL) * GROW_BITS) }
    }

    /// Top bits of the hash that all entries of the segment have in common.
    #[inline(always)]
    pub(super) fn depth(self) -> usize {
        if self.0 < SMALL { self.0.into() } else { 0 }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn shapes_grow_from_one_bucket_to_a_full_segment() {
        let mut shape = Shape::SMALLEST;
        let mut sizes = vec![shape.buckets()];
        while shape.is_small() {
            shape = shape.next();
            sizes.push(shape.buckets());
            assert_eq!(Shape::from_bits(shape.bits()), shape);
        }
        assert_eq!(sizes, if cfg!(miri) { &[1, 4][..] } else { &[1, 4, 16, 64, 256] });
        assert_eq!((shape, shape.depth(), Shape::full(3).depth()), (Shape::full(0), 0, 3));
    }
}
