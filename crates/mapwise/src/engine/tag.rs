//! Tags: eight bits of a hash, of which a byte is kept beside its entry.

use super::SLOTS;

/// The tag of a hash: sixteen times its number, which is where its vector is in the table of all, so that a look-up
/// computes nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag(usize);

/// What the tag 0 is kept as, for 0 says that a slot is empty: one that agrees with it in all that follows from a tag.
const FOR_ZERO: u8 = 4;

/// Entries are put, if there is room, among so many slots that their tag tells: those lie on one line of the cache if
/// entries are of 16 bytes, and are asked for before the tags are known.
pub(super) const NEAR: usize = SLOTS.div_ceil(4);

// Tags 0 and 4 are near each other's slots, and in the same eighth of all.
const _: () = assert!((FOR_ZERO as usize).is_multiple_of(SLOTS / NEAR) && FOR_ZERO < 32);

impl Tag {
    /// From bits that choose neither the bucket nor, in maps of less than 2^40 entries, the segment.
    #[inline(always)]
    pub(super) fn of(hash: u64) -> Self {
        Self(once((hash >> 12) as usize & 0xff0))
    }

    /// The tag of an entry that has `byte` beside it.
    pub(super) fn from_byte(byte: u8) -> Self {
        Self(usize::from(byte) << 4)
    }

    /// The byte that is kept beside the entry, which is not 0.
    #[inline(always)]
    pub(super) fn byte(self) -> u8 {
        kept((self.0 >> 4) as u8)
    }

    /// Where the slots begin that its entry is put into if there is room: the lowest bits say it, which become part of an
    /// address with the least effort.
    #[inline(always)]
    pub(super) fn nearest(self) -> usize {
        (self.0 & ((SLOTS / NEAR - 1) << 4)) * NEAR / 16
    }

    /// The eighth of all tags that it is in.
    #[inline(always)]
    pub(super) fn eighth(self) -> u32 {
        (self.0 >> 9) as u32
    }
}

const fn kept(tag: u8) -> u8 {
    if tag == 0 { FOR_ZERO } else { tag }
}

/// Returns `number`. The compiler computes it once, instead of again for each use.
#[inline(always)]
#[allow(unused_mut, reason = "not everywhere is there anything to do")]
fn once(mut number: usize) -> usize {
    #[cfg(all(target_arch = "x86_64", not(loom), not(miri)))]
    // SAFETY: no instruction at all.
    unsafe {
        std::arch::asm!("/* {} */", inout(reg) number, options(pure, nomem, nostack, preserves_flags));
    }
    number
}

#[cfg(all(target_arch = "x86_64", not(loom), not(shuttle), not(miri)))]
mod vector {
    use std::arch::x86_64::__m128i;

    use super::{Tag, kept};

    /// Each tag, as it is kept, in every byte: to load it takes fewer instructions than to make it.
    static EVERYWHERE: Table = Table({
        let mut all = [[0; 16]; 256];
        let mut tag = 0;
        while tag < all.len() {
            all[tag] = [kept(tag as u8); 16];
            tag += 1;
        }
        all
    });

    #[repr(align(64))]
    struct Table([[u8; 16]; 256]);

    impl Tag {
        /// The byte that is kept, in every byte.
        #[inline(always)]
        pub(in crate::engine) fn everywhere(self) -> __m128i {
            debug_assert!(self.0 <= 0xff0 && self.0.is_multiple_of(16));
            let first = EVERYWHERE.0.as_ptr().cast::<u8>();
            // SAFETY: tags are made with numbers up to 255.
            let vector = unsafe { first.add(self.0) };
            // SAFETY: likewise, and aligned: the table is, and each vector has its size.
            unsafe { vector.cast::<__m128i>().read() }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_not_0_and_says_the_same() {
        for number in 0..=255_u64 {
            let tag = Tag::of(0xabcd_ef00_1234_5678 & !0xff_0000 | number << 16);
            let again = Tag::from_byte(tag.byte());
            assert!(tag.byte() != 0 && (number == 0 || u64::from(tag.byte()) == number));
            assert_eq!((again.byte(), again.nearest(), again.eighth()), (tag.byte(), tag.nearest(), tag.eighth()));
            assert_eq!((tag.nearest(), u64::from(tag.eighth())), (4 * (number as usize % 4), number / 32));
        }
    }
}
