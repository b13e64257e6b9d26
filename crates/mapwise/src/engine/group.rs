//! The tags and slots that a home and an overflow bucket have in common.

use super::{
    SLOTS,
    slot::Slot,
    tag::{NEAR, Tag},
};
use crate::sync::{AtomicU64, Ordering};

/// Eight tags fit into a word.
const WORDS: usize = SLOTS.div_ceil(8);

/// One byte for each slot: 0 for an empty one, else the tag of its entry's hash, as it is kept.
pub(super) struct Tags([AtomicU64; WORDS]);

impl Tags {
    pub(super) fn new() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }

    #[inline(always)]
    fn words(&self) -> [u64; WORDS] {
        // Relaxed: who holds the lock sees the last; who does not checks the version afterwards.
        std::array::from_fn(|word| self.0[word].load(Ordering::Relaxed))
    }
}

/// A few slots and their tags.
pub(super) struct Group<'m, K, V> {
    tags: &'m Tags,
    slots: &'m [Slot<K, V>],
}

impl<K, V> Clone for Group<'_, K, V> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Group<'_, K, V> {}

impl<K, V> PartialEq for Group<'_, K, V> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.tags, other.tags)
    }
}

impl<'m, K, V> Group<'m, K, V> {
    #[inline(always)]
    pub(super) fn new(tags: &'m Tags, slots: &'m [Slot<K, V>]) -> Self {
        debug_assert!(slots.len() <= SLOTS);
        Self { tags, slots }
    }

    /// # Safety
    ///
    /// There are more than `at` slots: as there are if `at` was full or free here.
    #[inline(always)]
    pub(super) unsafe fn slot(self, at: usize) -> &'m Slot<K, V> {
        debug_assert!(at < self.slots.len());
        // SAFETY: as the caller promises.
        unsafe { self.slots.get_unchecked(at) }
    }

    /// The slots where an entry with `tag` most likely is.
    #[inline(always)]
    pub(super) fn near(self, tag: Tag) -> *const [Slot<K, V>] {
        // Only an address is wanted.
        let offset = tag.nearest() * size_of::<Slot<K, V>>();
        std::ptr::slice_from_raw_parts(self.slots.as_ptr().wrapping_byte_add(offset), NEAR)
    }

    /// The slots whose tag is `tag`: exactly those.
    #[inline(always)]
    pub(super) fn matches(self, tag: Tag) -> Slots {
        self.tags.matches(tag)
    }

    /// The slots that hold an entry.
    #[inline(always)]
    pub(super) fn full(self) -> Slots {
        Slots(!self.tags.empty().0 & EVERY)
    }

    /// An empty slot for an entry with `tag`: the first from where look-ups expect it, round about.
    #[inline(always)]
    pub(super) fn free(self, tag: Tag) -> Option<usize> {
        let free = u32::from(self.tags.empty().0) & (u32::MAX >> (32 - self.slots.len()));
        if free == 0 {
            return None;
        }
        let from = if self.slots.len() == SLOTS { tag.nearest() } else { 0 };
        let turned = free << SLOTS | free;
        Some((from + (turned >> from).trailing_zeros() as usize) % SLOTS)
    }

    pub(super) fn is_full(self, at: usize) -> bool {
        self.byte(at) != 0
    }

    /// The tag of the entry in a full slot.
    pub(super) fn tag(self, at: usize) -> Tag {
        Tag::from_byte(self.byte(at))
    }

    fn byte(self, at: usize) -> u8 {
        (self.tags.words()[at / 8] >> (8 * (at % 8))) as u8
    }

    /// Makes a free slot full.
    ///
    /// Only with the home's lock held exclusively (**home**).
    #[inline(always)]
    pub(super) fn fill(self, at: usize, tag: Tag) {
        self.set(at, tag.byte());
    }

    /// Makes a full slot free.
    ///
    /// Only with the home's lock held exclusively (**home**).
    #[inline(always)]
    pub(super) fn empty(self, at: usize) {
        self.set(at, 0);
    }

    #[inline(always)]
    fn set(self, at: usize, tag: u8) {
        let shift = 8 * (at % 8);
        let word = &self.tags.0[at / 8 % WORDS];
        // Relaxed: written under the lock; the unlock publishes it.
        let others = word.load(Ordering::Relaxed) & !(0xff << shift);
        word.store(others | u64::from(tag) << shift, Ordering::Relaxed);
    }
}

impl<K, V> Group<'_, K, V> {
    /// Makes `slots` free here and full in `other`, which is empty, with the tags that they have.
    ///
    /// Only with the locks of both homes held exclusively (**home**).
    #[inline(always)]
    pub(super) fn give_tags(self, slots: Slots, other: Self) {
        for (word, (from, to)) in self.tags.0.iter().zip(&other.tags.0).enumerate() {
            let given = bytes((slots.0 >> (8 * word)) as u8);
            // Relaxed: written under the locks; the unlock publishes it.
            let tags = from.load(Ordering::Relaxed);
            to.store(tags & given, Ordering::Relaxed);
            from.store(tags & !given, Ordering::Relaxed);
        }
    }
}

/// Makes each bit a byte of eight like it.
#[inline(always)]
fn bytes(bits: u8) -> u64 {
    const EVERY_BYTE: u64 = 0x0101_0101_0101_0101;
    // In each byte the bit that is its own; adding 0x7f makes the top bit of it, whichever it is.
    let own = (u64::from(bits) * EVERY_BYTE) & 0x8040_2010_0804_0201;
    let tops = (((own & (0x7f * EVERY_BYTE)) + 0x7f * EVERY_BYTE) | own) & (0x80 * EVERY_BYTE);
    (tops >> 7) * 0xff
}

/// A set of slots, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slots(u16);

const EVERY: u16 = (u32::MAX >> (32 - SLOTS)) as u16;

#[cfg(all(target_arch = "x86_64", not(loom), not(shuttle), not(miri)))]
mod vectors {
    //! Tags as one vector.

    use std::arch::{
        asm,
        x86_64::{__m128i, _mm_cmpeq_epi8, _mm_movemask_epi8, _mm_setzero_si128},
    };

    use super::{Slots, Tag, Tags};

    impl Tags {
        /// The tags that equal `tag`.
        #[inline(always)]
        pub(super) fn matches(&self, tag: Tag) -> Slots {
            let tags = self.load();
            // SAFETY: every x86-64 has SSE2.
            Slots(unsafe { equal(tags, tag.everywhere()) })
        }

        /// The tags of empty slots.
        #[inline(always)]
        pub(super) fn empty(&self) -> Slots {
            let tags = self.load();
            // SAFETY: every x86-64 has SSE2.
            let zero = unsafe { _mm_setzero_si128() };
            // SAFETY: likewise.
            Slots(unsafe { equal(tags, zero) })
        }

        /// The two loads of `words`, right into a vector, which costs three instructions less.
        #[inline(always)]
        fn load(&self) -> __m128i {
            let tags: __m128i;
            // SAFETY: two loads of eight aligned bytes each, which are atomic.
            unsafe {
                asm!(
                    "movq {tags}, qword ptr [{before} + 8]",
                    "movhps {tags}, qword ptr [{before} + 16]",
                    tags = out(xmm_reg) tags,
                    // The head's address, for which there is a register already.
                    before = in(reg) self.0.as_ptr().wrapping_byte_sub(8),
                    options(nostack, preserves_flags, readonly),
                );
            }
            tags
        }
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn equal(tags: __m128i, wanted: __m128i) -> u16 {
        _mm_movemask_epi8(_mm_cmpeq_epi8(tags, wanted)) as u16
    }
}

#[cfg(all(target_arch = "aarch64", target_endian = "little", not(loom), not(shuttle), not(miri)))]
mod vectors {
    //! Tags as one vector.

    use std::arch::aarch64::{
        vandq_u8, vceqq_u8, vcombine_u8, vcreate_u8, vdupq_n_u8, vgetq_lane_u16, vpaddq_u8, vreinterpretq_u16_u8,
    };

    use super::{Slots, Tag, Tags};

    impl Tags {
        /// The tags that equal `tag`.
        #[inline(always)]
        pub(super) fn matches(&self, tag: Tag) -> Slots {
            // SAFETY: every AArch64 that has std has NEON.
            Slots(unsafe { equal(self.words(), tag.byte()) })
        }

        /// The tags of empty slots.
        #[inline(always)]
        pub(super) fn empty(&self) -> Slots {
            // SAFETY: likewise.
            Slots(unsafe { equal(self.words(), 0) })
        }
    }

    #[inline]
    #[target_feature(enable = "neon")]
    fn equal([low, high]: [u64; 2], wanted: u8) -> u16 {
        // Of each equal tag one bit, by its place among eight.
        const PLACES: u64 = 0x8040_2010_0804_0201;
        let tags = vcombine_u8(vcreate_u8(low), vcreate_u8(high));
        let places = vcombine_u8(vcreate_u8(PLACES), vcreate_u8(PLACES));
        let mut bits = vandq_u8(vceqq_u8(tags, vdupq_n_u8(wanted)), places);
        // Neighbors are added three times, then the two lowest bytes are the sums of eight each.
        for _ in 0..3 {
            bits = vpaddq_u8(bits, bits);
        }
        vgetq_lane_u16::<0>(vreinterpretq_u16_u8(bits))
    }
}

#[cfg(any(
    loom,
    shuttle,
    miri,
    not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_endian = "little")))
))]
impl Tags {
    /// The tags that equal `tag`.
    #[inline(always)]
    fn matches(&self, tag: Tag) -> Slots {
        matches_in_words(self.words(), tag.byte())
    }

    /// The tags of empty slots.
    #[inline(always)]
    fn empty(&self) -> Slots {
        matches_in_words(self.words(), 0)
    }
}

/// The same where there is no instruction for it.
#[cfg(any(
    test,
    loom,
    shuttle,
    miri,
    not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_endian = "little")))
))]
#[inline(always)]
fn matches_in_words(words: [u64; WORDS], tag: u8) -> Slots {
    const EVERY_BYTE: u64 = 0x0101_0101_0101_0101;
    const LOW_BITS: u64 = 0x7f * EVERY_BYTE;
    let mut slots = 0;
    for (word, tags) in words.into_iter().enumerate() {
        // A byte is 0 iff neither its top bit is set nor adding 0x7f to the others carries into it. Unlike the shorter
        // formula that subtracts, this one is exact: no slot beside a match is taken for one, which could be empty.
        let differ = tags ^ (EVERY_BYTE * u64::from(tag));
        let tops = !(((differ & LOW_BITS) + LOW_BITS) | differ | LOW_BITS);
        // Gathers the top bits of the bytes in the lowest byte.
        let gathered = (tops >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        slots |= (gathered as u16) << (8 * word);
    }
    Slots(slots & EVERY)
}

impl Slots {
    pub(super) const NONE: Self = Self(0);

    #[inline(always)]
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// With `at`, if it is to be.
    #[inline(always)]
    pub(super) fn with_if(self, at: usize, is_in: bool) -> Self {
        Self(self.0 | u16::from(is_in) << at)
    }
}

impl Iterator for Slots {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let at = self.0.trailing_zeros() as usize;
        self.0 &= self.0 - 1;
        Some(at)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn expected(words: [u64; WORDS], tag: u8) -> Vec<usize> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        (0..SLOTS).filter(|&at| bytes[at] == tag).collect()
    }

    #[test]
    fn exactly_the_equal_tags_match() {
        // Every pair of neighbors, in every place: borrows and carries would show.
        let some = || (0..=255_u8).step_by(if cfg!(miri) { 85 } else { 1 });
        for (low, high) in some().flat_map(|low| some().map(move |high| (low, high))) {
            let pair = u64::from(low) | u64::from(high) << 8;
            for at in 0..7 {
                let words = [pair << (8 * at), pair.rotate_left(8 * at + 24)];
                let tags = Tags(words.map(AtomicU64::new));
                assert_eq!(tags.empty().collect::<Vec<_>>(), expected(words, 0), "{words:?}");
                assert_eq!(matches_in_words(words, 0), tags.empty(), "{words:?}");
                for tag in [low, high, 1, 0x80, 0xff, 0] {
                    let (tag, kept) = (Tag::from_byte(tag), Tag::from_byte(tag).byte());
                    assert_eq!(tags.matches(tag).collect::<Vec<_>>(), expected(words, kept), "{words:?} {tag:?}");
                    assert_eq!(matches_in_words(words, kept), tags.matches(tag), "{words:?} {tag:?}");
                }
            }
        }
    }

    #[test]
    fn tags_are_given_to_another_home() {
        for bits in 0..=255_u8 {
            let expected = (0..8).filter(|bit| bits >> bit & 1 != 0).map(|bit| 0xff << (8 * bit)).sum::<u64>();
            assert_eq!(bytes(bits), expected);
        }
        let slots = [const { Slot::<u64, u64>::empty() }; SLOTS];
        let (tags, other) = (Tags([0x8877_6655_4433_2211_u64, 9 << 56].map(AtomicU64::new)), Tags::new());
        Group::new(&tags, &slots).give_tags(Slots(0x8005), Group::new(&other, &slots));
        assert_eq!((tags.words(), other.words()), ([0x8877_6655_4400_2200, 0], [0x33_0011, 9 << 56]));
    }

    #[test]
    fn every_free_slot_is_found_from_near_to_far() {
        let (tags, slots) = (Tags::new(), [const { Slot::<u64, u64>::empty() }; SLOTS]);
        for (slots, tag) in
            [&slots[..], &slots[..4]].into_iter().flat_map(|slots| (0..=255).map(move |tag| (slots, tag)))
        {
            let tag = Tag::from_byte(tag);
            let group = Group::new(&tags, slots);
            let near = if slots.len() == SLOTS { group.near(tag) } else { slots };
            // SAFETY: either is a part of the slots.
            let near = unsafe { &*near }.as_ptr_range();
            for nth in 0..slots.len() {
                let at = group.free(tag).unwrap();
                let is_near = near.contains(&std::ptr::from_ref(&slots[at]));
                assert!(!group.is_full(at) && is_near == (nth < near.end.addr().abs_diff(near.start.addr()) / 16));
                group.fill(at, tag);
                assert_eq!(
                    (group.byte(at), group.full().len(), group.matches(tag).len()),
                    (tag.byte(), nth + 1, nth + 1)
                );
            }
            assert_eq!(group.free(tag), None);
            group.full().for_each(|at| group.empty(at));
            assert!(group.matches(tag).is_empty());
        }
    }
}
