//! Segments, each one piece of memory: slots, then a header, then heads.
//!
//! The header is in the middle so that from its address alone, whatever the number of buckets, those parts are found
//! that each operation needs: slots lie below it and heads above.

use std::{
    alloc::Layout,
    marker::PhantomData,
    ptr::{NonNull, null_mut},
};

use super::{
    MAX_DEPTH, SLOTS, arena::Arena, group::Group, head::Head, pool::Pool, shape::Shape, slot::Slot, word::Word,
};
use crate::sync::{AtomicBool, AtomicPtr, AtomicUsize, Mutex, Ordering, Trace};

/// What a segment says of itself.
#[repr(C, align(512))]
pub(super) struct Header<K, V> {
    /// The top bits that all hashes here have in common, as deep as the segment ever gets; the rest is 0.
    prefix: u64,
    /// The shape it was made with.
    shape: Shape,
    /// The segment that it takes its first entries from, and may give them back to; null for the first of a map.
    parent: *mut Header<K, V>,
    /// Whether its parent has moved everything that belongs here, and nothing was moved back.
    pub(super) complete: AtomicBool,
    /// Whether a thread is busy splitting or merging this segment: that thread's alone are `progress` and `depth`.
    turn: AtomicBool,
    /// Buckets that the split in progress has moved.
    pub(super) progress: AtomicUsize,
    /// Top bits that the hashes here have in common now: one more for each split that is done and not undone.
    pub(super) depth: AtomicUsize,
    /// Homes that removals emptied since somebody last looked whether the segment can be merged.
    pub(super) emptied: AtomicUsize,
    /// What replaces this segment, if it is small.
    pub(super) successor: AtomicPtr<Header<K, V>>,
    /// Where the split at each depth moved to; still there when the two are merged, for the next split of that depth.
    pub(super) children: [AtomicPtr<Header<K, V>>; MAX_DEPTH],
    pub(super) pool: Mutex<Pool<K, V>>,
    /// Stands for what `allocate` wrote.
    made: Trace,
}

/// A segment of a map that is borrowed for `'m` (**kept**).
pub(super) struct Segment<'m, K, V> {
    header: NonNull<Header<K, V>>,
    _map: PhantomData<&'m Slot<K, V>>,
}

impl<K, V> Clone for Segment<'_, K, V> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Segment<'_, K, V> {}

/// Where one who looks for a hash goes from a bucket.
pub(super) enum Route<'m, K, V> {
    /// The bucket is its home.
    Here,
    /// Its home moved to another segment.
    To(Segment<'m, K, V>),
}

/// Buckets are told apart by their *offsets*, multiples of this: it is the distance between two heads, so that a part of
/// a hash, as it is, leads to a head.
pub(super) const STEP: usize = if cfg!(any(loom, shuttle)) { 1 } else { size_of::<Head<u8, u8>>() };

/// The offset of the last bucket of a segment: that has all bits that offsets have.
#[inline(always)]
pub(super) fn last_offset(shape: Shape) -> usize {
    (shape.buckets() - 1) * STEP
}

/// Returns `pointer`. The compiler computes it once, instead of again for each use, which takes more instructions.
#[inline(always)]
#[allow(clippy::pointers_in_nomem_asm_block, reason = "nothing is read or written")]
#[allow(unused_mut, reason = "not everywhere is there anything to do")]
fn once(mut pointer: *mut u8) -> *mut u8 {
    #[cfg(all(target_arch = "x86_64", not(loom), not(shuttle), not(miri)))]
    // SAFETY: no instruction at all.
    unsafe {
        std::arch::asm!("/* {} */", inout(reg) pointer, options(pure, nomem, nostack, preserves_flags));
    }
    pointer
}

/// How far what belongs to the bucket at `offset` is from the first, of what is `size` for each bucket.
#[inline(always)]
fn distance(offset: usize, size: usize) -> usize {
    if size.is_multiple_of(STEP) { offset * (size / STEP) } else { offset / STEP * size }
}

/// Returns the layout of a segment, and where in it the header is.
fn layout<K, V>(buckets: usize) -> (Layout, usize) {
    const TOO_LARGE: &str = "a segment that exceeds the address space";
    let align = align_of::<Header<K, V>>().max(align_of::<Slot<K, V>>());
    let slots = buckets.checked_mul(SLOTS).and_then(|slots| slots.checked_mul(size_of::<Slot<K, V>>()));
    let header = slots.and_then(|slots| slots.checked_next_multiple_of(align)).expect(TOO_LARGE);
    let rest = size_of::<Header<K, V>>() + buckets * size_of::<Head<K, V>>();
    let size = header.checked_add(rest).expect(TOO_LARGE);
    (Layout::from_size_align(size, align).expect(TOO_LARGE), header)
}

/// Makes an empty segment that nobody else knows of; its content is dropped by [`free`].
pub(super) fn allocate<K, V>(
    arena: &mut Arena,
    shape: Shape,
    prefix: u64,
    parent: Option<Segment<'_, K, V>>,
) -> NonNull<Header<K, V>> {
    let (layout, header_at) = layout::<K, V>(shape.buckets());
    let memory = arena.take(layout);
    // SAFETY: within the layout.
    let header = unsafe { memory.add(header_at) }.cast::<Header<K, V>>();
    let content = Header {
        prefix,
        shape,
        parent: parent.map_or(null_mut(), |parent| parent.header.as_ptr()),
        complete: AtomicBool::new(parent.is_none()),
        turn: AtomicBool::new(false),
        progress: AtomicUsize::new(0),
        depth: AtomicUsize::new(shape.depth()),
        emptied: AtomicUsize::new(0),
        successor: AtomicPtr::new(null_mut()),
        children: std::array::from_fn(|_| AtomicPtr::new(null_mut())),
        pool: Mutex::new(Pool::new(shape.buckets())),
        made: Trace::new(),
    };
    // SAFETY: memory for a header, aligned as the layout is.
    unsafe { header.write(content) };
    for index in 0..shape.buckets() {
        // SAFETY: the heads are within the layout.
        let head = unsafe { head_at(header, index * STEP) };
        // SAFETY: memory for a head, which nobody else can reach yet.
        unsafe { Head::init(head, Word::new(shape)) };
        #[cfg(loom)]
        // SAFETY: memory of a segment that nobody else can reach yet.
        unsafe {
            init_model(header, index)
        };
    }
    header
}

/// Makes what is no zeroes in the model.
#[cfg(loom)]
unsafe fn init_model<K, V>(header: NonNull<Header<K, V>>, index: usize) {
    // SAFETY: as the caller promises.
    unsafe {
        for at in 0..SLOTS {
            slots_at(header, index * STEP).add(at).write(Slot::new());
        }
    }
}

/// Drops what is not an entry; entries were taken out before.
///
/// # Safety
///
/// The segment was made by [`allocate`], and nobody uses it any more (**kept**).
pub(super) unsafe fn free<K, V>(header: NonNull<Header<K, V>>) {
    #[cfg(any(loom, shuttle))]
    // SAFETY: initialized by `allocate`, not used any more.
    unsafe {
        let buckets = header.as_ref().shape.buckets();
        for index in 0..buckets {
            head_at(header, index * STEP).drop_in_place();
            for at in 0..SLOTS {
                slots_at(header, index * STEP).add(at).drop_in_place();
            }
        }
    }
    // SAFETY: initialized by `allocate`, not used any more.
    unsafe { header.drop_in_place() };
}

/// # Safety
///
/// The segment has a bucket at `offset`.
#[inline(always)]
unsafe fn head_at<K, V>(header: NonNull<Header<K, V>>, offset: usize) -> *mut Head<K, V> {
    // SAFETY: the heads follow the header.
    let heads = unsafe { header.add(1) }.cast::<u8>().as_ptr();
    // SAFETY: within the segment.
    once(unsafe { heads.add(distance(offset, size_of::<Head<K, V>>())) }).cast::<Head<K, V>>()
}

/// # Safety
///
/// The segment has a bucket at `offset`.
#[inline(always)]
unsafe fn slots_at<K, V>(header: NonNull<Header<K, V>>, offset: usize) -> *mut Slot<K, V> {
    let size = SLOTS * size_of::<Slot<K, V>>();
    // What is known beforehand is subtracted last: then it is part of the instructions that use the address.
    // SAFETY: the end of the header; within the segment.
    let heads = unsafe { header.add(1) }.cast::<u8>().as_ptr();
    // SAFETY: as many slots as the segment has buckets, times SLOTS, end where the header begins: those of the first bucket.
    let from = once(unsafe { heads.sub(distance(offset, size)) });
    // SAFETY: likewise.
    unsafe { from.sub(size_of::<Header<K, V>>() + size) }.cast::<Slot<K, V>>()
}

impl<'m, K, V> Segment<'m, K, V> {
    /// # Safety
    ///
    /// `header` was made by [`allocate`] for the map that is borrowed for `'m`, and what [`allocate`] wrote is visible
    /// to this thread.
    #[inline(always)]
    pub(super) unsafe fn from_raw(header: NonNull<Header<K, V>>) -> Self {
        let segment = Self { header, _map: PhantomData };
        segment.header().made.read();
        segment
    }

    /// Follows a pointer from one segment to another; `None` if there is none yet.
    #[inline]
    pub(super) fn follow(pointer: &'m AtomicPtr<Header<K, V>>) -> Option<Self> {
        // Acquire: pairs with the Release of `next_segment`, so that what `allocate` wrote is visible. (So it is already
        // to who saw the word of a bucket that was split.)
        let header = NonNull::new(pointer.load(Ordering::Acquire))?;
        // SAFETY: kept; only segments of the same map are stored in one.
        Some(unsafe { Self::from_raw(header) })
    }

    pub(super) fn as_ptr(self) -> *mut Header<K, V> {
        self.header.as_ptr()
    }

    #[inline(always)]
    pub(super) fn header(self) -> &'m Header<K, V> {
        // SAFETY: kept; only `free` and `allocate` have it exclusively.
        unsafe { self.header.as_ref() }
    }

    /// The shape the segment was made with; its number of buckets never changes.
    #[inline(always)]
    pub(super) fn shape(self) -> Shape {
        self.header().shape
    }

    pub(super) fn prefix(self) -> u64 {
        self.header().prefix
    }

    pub(super) fn parent(self) -> Option<Self> {
        // SAFETY: kept; set by `allocate` to a segment of the same map.
        NonNull::new(self.header().parent).map(|header| unsafe { Self::from_raw(header) })
    }

    /// # Safety
    ///
    /// The segment has a bucket at `offset`.
    #[inline(always)]
    pub(super) unsafe fn head(self, offset: usize) -> &'m Head<K, V> {
        // SAFETY: as the caller promises.
        let head = unsafe { head_at(self.header, offset) };
        // SAFETY: kept; heads are changed through shared references only.
        unsafe { &*head }
    }

    /// The home's own slots and tags.
    ///
    /// # Safety
    ///
    /// The segment has a bucket at `offset`.
    #[inline(always)]
    pub(super) unsafe fn group(self, offset: usize) -> Group<'m, K, V> {
        // SAFETY: as the caller promises.
        let head = unsafe { self.head(offset) };
        // SAFETY: likewise.
        let slots = unsafe { slots_at(self.header, offset) };
        // SAFETY: kept; slots are `UnsafeCell`s, and zeroed memory is one.
        Group::new(&head.tags, unsafe { std::slice::from_raw_parts(slots, SLOTS) })
    }

    /// Tells from the word of the home that `hash` has in this segment where its entry would be.
    #[inline]
    pub(super) fn route(self, word: Word, hash: u64) -> Route<'m, K, V> {
        let header = self.header();
        if word.is_moved() {
            return Route::To(self.moved_to());
        }
        let depth = word.shape().depth();
        let differ = hash ^ header.prefix;
        // The first bit in which the hash differs says which split moved it, unless that split is still to come.
        let first = differ.leading_zeros() as usize;
        if first >= depth {
            return Route::Here;
        }
        Route::To(Self::follow(&header.children[first]).expect("split-order: stored before the unlock"))
    }

    /// The segment that the entries of a home that moved as a whole went to.
    pub(super) fn moved_to(self) -> Self {
        let successor = if self.shape().is_small() { Self::follow(&self.header().successor) } else { self.parent() };
        successor.expect("split-order: stored before the unlock")
    }

    /// Gives the memory of the slots back to the system, as far as it consists of whole pages, where that can be done. It
    /// stays the map's: its content is zeroes, or what it was.
    ///
    /// No slot is full, and nobody fills one meanwhile.
    pub(super) fn release_slots(self) {
        #[cfg(all(target_os = "linux", not(loom), not(shuttle), not(miri)))]
        if let Some((first, length)) = self.pages_of_slots() {
            // Refused unless the memory is anonymous and the map's alone: other memory might not become zeroes.
            // SAFETY: within the segment. What becomes of a slot that holds no entry does not matter, if only it can be copied
            // (snapshot): zeroes can, and so could what was there.
            let is_anonymous = unsafe { libc::madvise(first.cast(), length, libc::MADV_FREE) } == 0;
            if is_anonymous {
                // The same at once, and not when the system runs out of memory. An error would change nothing.
                // SAFETY: likewise.
                unsafe { libc::madvise(first.cast(), length, libc::MADV_DONTNEED) };
            }
        }
    }

    /// The pages that have nothing on them but slots of this segment.
    #[cfg(all(target_os = "linux", not(loom), not(shuttle), not(miri)))]
    fn pages_of_slots(self) -> Option<(*mut u8, usize)> {
        // SAFETY: only asks for a number.
        let page =
            usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).ok().filter(|page| page.is_power_of_two())?;
        // SAFETY: the offset of the segment's last bucket, whose slots are the lowest.
        let first = unsafe { slots_at(self.header, last_offset(self.shape())) }.cast::<u8>();
        let skip = first.addr().wrapping_neg() & (page - 1);
        let length = (self.header.addr().get() - first.addr()).checked_sub(skip)? & !(page - 1);
        (length > 0).then(|| (first.wrapping_add(skip), length))
    }

    /// Takes the right to split and merge this segment, if nobody has it.
    pub(super) fn try_turn(self) -> Option<Turn<'m, K, V>> {
        // Acquire: pairs with the Release of `Turn::drop`: what earlier turns did is seen.
        if self.header().turn.swap(true, Ordering::Acquire) {
            return None;
        }
        Some(Turn { segment: self })
    }
}

/// The right to split and merge a segment, given back when dropped, on panic too.
pub(super) struct Turn<'m, K, V> {
    segment: Segment<'m, K, V>,
}

impl<K, V> Drop for Turn<'_, K, V> {
    fn drop(&mut self) {
        // Release: pairs with the Acquire of `try_turn`.
        self.segment.header().turn.store(false, Ordering::Release);
    }
}
