//! The directory: from the top bits of a hash to a segment.
//!
//! Its entries follow, in one piece of memory, what is said of all of them: a look-up has one pointer less to wait for.

use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    marker::PhantomData,
    ptr::NonNull,
};

use super::{
    segment::{Header, Segment, last_offset},
    shape::Shape,
    word::Promise,
};
use crate::sync::{AtomicPtr, Ordering, Trace};

/// A pointer to a segment, with the shape that whoever stored it gave that segment.
///
/// It may be outdated: the segment was split or replaced since. Then the words of its buckets say so.
type Entry<K, V> = AtomicPtr<Header<K, V>>;

/// What the entries of a directory have in common.
#[repr(C)]
pub(super) struct Common<K, V> {
    /// 64 minus the number of bits that index the entries, which is at least 1: a shift by 64 would take two steps.
    shift: u32,
    /// The offset of the last bucket that each of the segments has.
    mask: usize,
    /// Stands for the rest.
    made: Trace,
    /// The entries begin here.
    first: [Entry<K, V>; 0],
}

/// The memory of a directory.
pub(super) struct Directory<K, V>(NonNull<Common<K, V>>);

/// A directory of a map that is borrowed for `'m` (**kept**).
pub(super) struct Lent<'m, K, V> {
    common: NonNull<Common<K, V>>,
    _map: PhantomData<&'m Entry<K, V>>,
}

impl<K, V> Clone for Lent<'_, K, V> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Lent<'_, K, V> {}

// A pointer to a segment has room for a promise.
const _: () = assert!(align_of::<Header<u8, u8>>() == Promise::MASK + 1);

impl<K, V> Directory<K, V> {
    /// Makes a directory of `segments` of `shape`, whose number is a power of two.
    pub(super) fn new(segments: &[*mut Header<K, V>], shape: Shape) -> Self {
        let bits = segments.len().ilog2().max(1);
        let each = (1 << bits) / segments.len();
        Self::of(bits, last_offset(shape), |at| tagged(segments[at / each], shape))
    }

    /// Makes one of two to the power of `bits` entries.
    fn of(bits: u32, mask: usize, entry: impl Fn(usize) -> *mut Header<K, V>) -> Self {
        let layout = Self::layout(bits);
        // SAFETY: the layout is not empty.
        let Some(memory) = NonNull::new(unsafe { alloc(layout) }) else { handle_alloc_error(layout) };
        let common = memory.cast::<Common<K, V>>();
        // SAFETY: memory for it.
        unsafe { common.write(Common { shift: 64 - bits, mask, made: Trace::new(), first: [] }) };
        for at in 0..1 << bits {
            // SAFETY: within the layout, which has as many entries.
            let place = unsafe { entry_at(common, at) };
            // SAFETY: memory for an entry.
            unsafe { place.write(AtomicPtr::new(entry(at))) };
        }
        Self(common)
    }

    fn layout(bits: u32) -> Layout {
        let entries = Layout::array::<Entry<K, V>>(1 << bits);
        let all = entries.and_then(|entries| Layout::new::<Common<K, V>>().extend(entries));
        all.expect("a directory that exceeds the address space").0
    }

    /// Where it is found.
    pub(super) fn as_ptr(&self) -> *mut Common<K, V> {
        self.0.as_ptr()
    }

    /// Lends it.
    pub(super) fn lend(&self) -> Lent<'_, K, V> {
        // SAFETY: made by `of`, by this thread or seen by it.
        unsafe { Lent::from_raw(self.0) }
    }
}

impl<K, V> Drop for Directory<K, V> {
    fn drop(&mut self) {
        let bits = self.lend().bits();
        #[cfg(any(loom, shuttle))]
        for at in 0..1 << bits {
            // SAFETY: within the layout, which has as many entries.
            let place = unsafe { entry_at(self.0, at) };
            // SAFETY: initialized by `of`, and not used any more (kept).
            unsafe { place.drop_in_place() };
        }
        // SAFETY: likewise.
        unsafe { self.0.drop_in_place() };
        // SAFETY: allocated by `of` with this layout.
        unsafe { dealloc(self.0.cast().as_ptr(), Self::layout(bits as u32)) };
    }
}

/// # Safety
///
/// The directory has memory for more than `at` entries.
#[inline(always)]
unsafe fn entry_at<K, V>(common: NonNull<Common<K, V>>, at: usize) -> NonNull<Entry<K, V>> {
    // SAFETY: the end of the common part, where the entries begin: both are as aligned as pointers.
    let first = unsafe { common.add(1) }.cast::<Entry<K, V>>();
    // SAFETY: as the caller promises.
    unsafe { first.add(at) }
}

impl<'m, K, V> Lent<'m, K, V> {
    /// # Safety
    ///
    /// `common` is that of a directory which is kept for `'m`, and what was written there is visible to this thread.
    #[inline(always)]
    pub(super) unsafe fn from_raw(common: NonNull<Common<K, V>>) -> Self {
        let lent = Self { common, _map: PhantomData };
        lent.common().made.read();
        lent
    }

    #[inline(always)]
    fn common(self) -> &'m Common<K, V> {
        // SAFETY: kept; never changed.
        unsafe { self.common.as_ref() }
    }

    /// # Safety
    ///
    /// There are more than `at` entries.
    #[inline(always)]
    unsafe fn entry(self, at: usize) -> &'m Entry<K, V> {
        // SAFETY: as the caller promises.
        let entry = unsafe { entry_at(self.common, at) };
        // SAFETY: kept; changed through shared references only.
        unsafe { entry.as_ref() }
    }

    /// Makes one of twice the size that says the same.
    pub(super) fn doubled(self) -> Directory<K, V> {
        Directory::of(self.bits() as u32 + 1, self.common().mask, |at| {
            // SAFETY: the new one has twice as many entries.
            let entry = unsafe { self.entry(at / 2) };
            // Relaxed: the caller holds the map's growth lock, and nobody else stores.
            entry.load(Ordering::Relaxed)
        })
    }

    /// The number of bits that index it.
    pub(super) fn bits(self) -> usize {
        64 - self.common().shift as usize
    }

    /// Picks from `hash` the offset of its bucket in any of the segments here.
    #[inline(always)]
    pub(super) fn offset(self, hash: u64) -> usize {
        hash as usize & self.common().mask
    }

    /// Returns the segment for `hash`, and the shape that it had when that was stored.
    pub(super) fn find(self, hash: u64) -> (Segment<'m, K, V>, Shape) {
        let (segment, promise) = self.look_up(hash);
        (segment, promise.shape())
    }

    /// Returns the segment for `hash`, and what its buckets' words say if that is not outdated.
    #[inline(always)]
    pub(super) fn look_up(self, hash: u64) -> (Segment<'m, K, V>, Promise) {
        let at = (hash >> self.common().shift) as usize;
        // SAFETY: there are as many entries as the bits that are left make numbers.
        let entry = unsafe { self.entry(at) };
        // Acquire: pairs with the Release of `set`, so that the segment's header and buckets are visible. (What was
        // there from the beginning was published with the directory.)
        let entry = entry.load(Ordering::Acquire);
        let promise = Promise::from_bits(entry.addr());
        let end = entry.map_addr(|address| address & !Promise::MASK);
        // SAFETY: the end of a segment's header.
        let header = unsafe { end.sub(1) };
        // SAFETY: entries are never null.
        let header = unsafe { NonNull::new_unchecked(header) };
        // SAFETY: kept; only segments of the same map are stored in its directory.
        (unsafe { Segment::from_raw(header) }, promise)
    }

    /// Makes all hashes that agree with `prefix` in `shape.depth()` bits lead to `segment`; in ascending order.
    ///
    /// Only under the map's growth lock, for segments of as many buckets as those that are here.
    pub(super) fn set(self, prefix: u64, segment: *mut Header<K, V>, shape: Shape) {
        let first = (prefix >> self.common().shift) as usize;
        let count = 1 << (self.bits() - shape.depth());
        assert!(first + count <= 1 << self.bits());
        for at in first..first + count {
            // SAFETY: just checked.
            let entry = unsafe { self.entry(at) };
            // Release: pairs with the Acquire of `look_up`.
            entry.store(tagged(segment, shape), Ordering::Release);
        }
    }
}

fn tagged<K, V>(segment: *mut Header<K, V>, shape: Shape) -> *mut Header<K, V> {
    // The heads, of which each operation needs one, begin where the header ends.
    segment.wrapping_add(1).map_addr(|address| address | shape.bits())
}
