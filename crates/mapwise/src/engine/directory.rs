//! The directory: from the top bits of a hash to a segment.

use std::ptr::NonNull;

use super::{
    segment::{Header, Segment, last_offset},
    shape::Shape,
    word::Promise,
};
use crate::sync::{AtomicPtr, Ordering, Trace};

/// Pointers to segments, each with the shape that whoever stored it gave that segment.
///
/// An entry may be outdated: the segment was split or replaced since. Then the words of its buckets say so.
pub(super) struct Directory<K, V> {
    /// 64 minus the number of bits that index it, which is at least 1: a shift by 64 would take two steps.
    shift: u32,
    /// The offset of the last bucket that each of its segments has.
    mask: usize,
    entries: Box<[AtomicPtr<Header<K, V>>]>,
    /// Stands for the rest.
    made: Trace,
}

// A pointer to a segment has room for a promise.
const _: () = assert!(align_of::<Header<u8, u8>>() == Promise::MASK + 1);

impl<K, V> Directory<K, V> {
    /// Makes a directory of `segments` of `shape`, whose number is a power of two.
    pub(super) fn new(segments: &[*mut Header<K, V>], shape: Shape) -> Self {
        debug_assert!(segments.len().is_power_of_two());
        let each = if segments.len() == 1 { 2 } else { 1 };
        let entries = segments.iter().flat_map(|&segment| std::iter::repeat_n(tagged(segment, shape), each));
        let entries: Box<[_]> = entries.map(AtomicPtr::new).collect();
        Self { shift: 64 - entries.len().ilog2(), mask: last_offset(shape), entries, made: Trace::new() }
    }

    /// Makes one of twice the size that says the same.
    pub(super) fn doubled(&self) -> Self {
        // Relaxed: the caller holds the map's growth lock, and nobody else stores.
        let entry = |at: usize| AtomicPtr::new(self.entries[at / 2].load(Ordering::Relaxed));
        Self {
            shift: self.shift - 1,
            mask: self.mask,
            entries: (0..2 * self.entries.len()).map(entry).collect(),
            made: Trace::new(),
        }
    }

    /// The number of bits that index it.
    pub(super) fn bits(&self) -> usize {
        64 - self.shift as usize
    }

    /// Picks from `hash` the offset of its bucket in any of the segments here.
    #[inline(always)]
    pub(super) fn offset(&self, hash: u64) -> usize {
        hash as usize & self.mask
    }

    /// Returns the segment for `hash`, and the shape that it had when that was stored.
    pub(super) fn find(&self, hash: u64) -> (Segment<'_, K, V>, Shape) {
        let (segment, promise) = self.look_up(hash);
        (segment, promise.shape())
    }

    /// Returns the segment for `hash`, and what its buckets' words say if that is not outdated.
    #[inline(always)]
    pub(super) fn look_up(&self, hash: u64) -> (Segment<'_, K, V>, Promise) {
        self.made.read();
        let at = (hash >> self.shift) as usize;
        // Acquire: pairs with the Release of `set`, so that the segment's header and buckets are visible. (What was
        // there from the beginning was published with the directory.)
        // SAFETY: there are as many entries as the bits that are left make numbers.
        let entry = unsafe { self.entries.get_unchecked(at) }.load(Ordering::Acquire);
        let promise = Promise::from_bits(entry.addr());
        let header = entry.map_addr(|address| address & !Promise::MASK);
        // SAFETY: entries are never null.
        let header = unsafe { NonNull::new_unchecked(header) };
        // SAFETY: kept; only segments of the same map are stored in its directory.
        (unsafe { Segment::from_raw(header) }, promise)
    }

    /// Makes all hashes that agree with `prefix` in `shape.depth()` bits lead to `segment`; in ascending order.
    ///
    /// Only under the map's growth lock, for segments of as many buckets as those that are here.
    pub(super) fn set(&self, prefix: u64, segment: *mut Header<K, V>, shape: Shape) {
        let first = (prefix >> self.shift) as usize;
        for entry in &self.entries[first..first + (1 << (self.bits() - shape.depth()))] {
            // Release: pairs with the Acquire of `find`.
            entry.store(tagged(segment, shape), Ordering::Release);
        }
    }
}

fn tagged<K, V>(segment: *mut Header<K, V>, shape: Shape) -> *mut Header<K, V> {
    segment.map_addr(|address| address | shape.bits())
}
