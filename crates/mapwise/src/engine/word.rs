//! The lock and version word of a bucket, as data.

use super::{shape::Shape, tag::Tag};

const SHAPE: u64 = Shape::MASK as u64;
const LOCKED: u64 = 1 << 7;
const MOVED: u64 = 1 << 8;
const WRITER_WAITS: u64 = 1 << 9;
const BIASED: u64 = 1 << 10;
const READER: u64 = 1 << 11;
const READERS: u64 = 0x1f << 11;
const MANY_READERS: u64 = 0x10 << 11;
/// Readers since the last writer, or since this was a turn.
const TICK: u64 = 1 << 16;
const TICKS: u64 = 0x3f << 16;
/// Soon in models and for Miri, so that they get there.
const TURN: u64 = if cfg!(any(loom, shuttle, miri)) { TICK } else { 32 * TICK };
/// Where the byte begins that tells which tags may be in the chain; it is 0 iff there is no chain.
const CHAIN: u32 = 22;
const ANY_CHAIN: u64 = 0xff << CHAIN;
/// 34 bits: a reader would have to sleep through exactly 2^34 changes of one bucket, minutes of nothing else, to take a word
/// for the one it knew.
const VERSION: u64 = 1 << 30;

/// What is in a bucket's word: the segment's shape as far as this bucket is concerned, the lock, the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(pub(super) u64);

/// What a directory says of the words of a segment's buckets: a shape, neither locked nor moved. The upper bits are any.
#[derive(Clone, Copy)]
pub(super) struct Promise(u64);

impl Promise {
    /// The bits of a word that are promised, and as many as a pointer to a segment has room for.
    pub(super) const MASK: usize = (SHAPE | LOCKED | MOVED) as usize;

    #[inline(always)]
    pub(super) fn of(shape: Shape) -> Self {
        Self(shape.bits() as u64)
    }

    /// The promise in an address that has it in its lower bits.
    #[inline(always)]
    pub(super) fn from_bits(bits: usize) -> Self {
        Self(bits as u64)
    }

    pub(super) fn shape(self) -> Shape {
        Shape::from_bits(self.0 as usize)
    }
}

impl Word {
    pub(super) fn new(shape: Shape) -> Self {
        Self(shape.bits() as u64)
    }

    #[inline(always)]
    pub(super) fn shape(self) -> Shape {
        Shape::from_bits(self.0 as usize)
    }

    /// Whether what was here moved: to the segment that replaced this small one, or back to the parent of this full one.
    #[inline(always)]
    pub(super) fn is_moved(self) -> bool {
        self.0 & MOVED != 0
    }

    #[inline(always)]
    pub(super) fn is_locked(self) -> bool {
        self.0 & LOCKED != 0
    }

    /// What changes when entries leave the bucket for another segment.
    #[inline(always)]
    pub(super) fn place(self) -> u64 {
        self.0 & (SHAPE | MOVED)
    }

    /// Whether the bucket has the shape that was promised, is not moved, and is not locked exclusively.
    #[inline(always)]
    pub(super) fn keeps(self, promise: Promise) -> bool {
        (self.0 ^ promise.0) & Promise::MASK as u64 == 0
    }

    /// Whether nothing was changed, nor is being changed, between two loads of the same bucket's word.
    #[inline(always)]
    pub(super) fn unchanged(self, later: Self) -> bool {
        // Readers come and go without changing anything.
        (self.0 ^ later.0) & !(READERS | TICKS | WRITER_WAITS | BIASED) == 0
    }

    /// Whether an exclusive lock may be taken.
    #[inline(always)]
    pub(super) fn is_free(self) -> bool {
        self.0 & (LOCKED | READERS | BIASED) == 0
    }

    /// Whether an exclusive lock might be taken but for readers that nobody counts.
    pub(super) fn is_free_but_biased(self) -> bool {
        self.0 & (LOCKED | READERS | BIASED) == BIASED
    }

    /// Whether readers may come in uncounted.
    #[inline(always)]
    pub(super) fn is_biased(self) -> bool {
        self.0 & (LOCKED | WRITER_WAITS | BIASED) == BIASED
    }

    /// Whether a reader may come in counted, with nothing else to be thought of.
    #[inline(always)]
    pub(super) fn counts_reader(self) -> bool {
        self.0 & (LOCKED | WRITER_WAITS | BIASED | MANY_READERS | TURN) == 0
    }

    /// Whether it is time to ask whether readers are let in uncounted: so many came since the last writer, or since the
    /// last time.
    pub(super) fn is_turn(self) -> bool {
        self.0 & TURN != 0
    }

    pub(super) fn has_readers(self) -> bool {
        self.0 & READERS != 0
    }

    /// Whether readers may be let in uncounted from now on.
    pub(super) fn may_be_biased(self) -> bool {
        self.0 & (LOCKED | WRITER_WAITS | BIASED) == 0
    }

    /// Whether a shared lock may be taken: a writer that waits holds new readers back.
    #[inline(always)]
    pub(super) fn admits_reader(self) -> bool {
        self.0 & (LOCKED | WRITER_WAITS) == 0 && self.0 & READERS != READERS
    }

    /// Whether only readers keep a writer out, who do not know yet that one waits.
    pub(super) fn wants_notice(self) -> bool {
        self.0 & (LOCKED | WRITER_WAITS) == 0 && self.has_readers()
    }

    /// Whether a writer waits, so that readers wait for it.
    #[inline(always)]
    pub(super) fn holds_readers_back(self) -> bool {
        self.0 & WRITER_WAITS != 0
    }

    #[inline(always)]
    pub(super) fn locked(self) -> Self {
        Self((self.0 | LOCKED) & !(WRITER_WAITS | BIASED | TICKS))
    }

    /// The word with another reader, if it is no turn.
    #[inline(always)]
    pub(super) fn with_reader(self) -> Self {
        debug_assert!(self.0 & TURN == 0);
        Self(self.0 + (READER | TICK))
    }

    pub(super) fn after_turn(self) -> Self {
        Self(self.0 & !TICKS)
    }

    pub(super) fn biased(self) -> Self {
        Self((self.0 | BIASED) & !TICKS)
    }

    pub(super) fn with_waiting_writer(self) -> Self {
        Self(self.0 | WRITER_WAITS)
    }

    pub(super) fn without_waiting_writer(self) -> Self {
        Self(self.0 & !WRITER_WAITS)
    }

    /// What is added to the word by one reader.
    pub(super) const ONE_READER: u64 = READER;

    /// The word after the lock is released, with a new version if anything changed.
    #[inline(always)]
    pub(super) fn unlocked(self, changed: bool) -> Self {
        let free = self.0 & !LOCKED;
        // The version is at the top: it wraps around without touching the rest.
        Self(if changed { free.wrapping_add(VERSION) } else { free })
    }

    pub(super) fn with_shape(self, shape: Shape) -> Self {
        Self(self.0 & !SHAPE | shape.bits() as u64)
    }

    pub(super) fn moved(self) -> Self {
        Self(self.0 | MOVED)
    }

    pub(super) fn moved_in(self) -> Self {
        Self(self.0 & !MOVED)
    }

    #[inline(always)]
    pub(super) fn has_chain(self) -> bool {
        self.0 & ANY_CHAIN != 0
    }

    /// Whether an entry with `tag` may be in the chain.
    #[inline(always)]
    pub(super) fn may_chain(self, tag: Tag) -> bool {
        self.0 & Self::chain_bit(tag) != 0
    }

    pub(super) fn with_chain(self, tag: Tag) -> Self {
        Self(self.0 | Self::chain_bit(tag))
    }

    pub(super) fn without_chain(self) -> Self {
        Self(self.0 & !ANY_CHAIN)
    }

    #[inline(always)]
    fn chain_bit(tag: Tag) -> u64 {
        1 << (CHAIN + tag.eighth())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_change_shows_whatever_else_the_word_says() {
        for before in [Word::new(Shape::full(3)), Word(u64::MAX << 30 | 5)] {
            assert!(before.is_free() && before.admits_reader());
            let locked = before.locked();
            assert!(!before.unchanged(locked) && !locked.is_free() && !locked.admits_reader());
            assert_eq!(locked.unlocked(false), before);
            let after = locked.unlocked(true);
            assert!(!before.unchanged(after));
            assert_eq!(after.shape(), before.shape());
            assert!(after.is_free());
        }
    }

    #[test]
    fn readers_change_nothing_and_keep_writers_out() {
        let word = Word::new(Shape::SMALLEST);
        let read = word.with_reader();
        assert!(word.unchanged(read) && !read.is_free() && read.admits_reader() && read.wants_notice());
        let waited_for = read.with_waiting_writer();
        assert!(!waited_for.admits_reader() && !waited_for.wants_notice() && word.unchanged(waited_for));
        assert!(waited_for.holds_readers_back() && !read.holds_readers_back());
        assert!(waited_for.without_waiting_writer() == read && !waited_for.locked().holds_readers_back());
        let full = Word(READERS);
        assert!(!full.admits_reader());
    }

    #[test]
    fn a_chain_is_known_by_its_tags() {
        for tag in (0..=255).map(Tag::from_byte) {
            let word = Word::new(Shape::full(7));
            let chained = word.with_chain(tag);
            assert!(chained.may_chain(tag) && chained.has_chain() && !word.may_chain(tag) && !word.has_chain());
            assert!(chained.is_free() && chained.shape() == word.shape() && !chained.is_moved());
            assert_eq!(chained.without_chain(), word);
        }
    }
}
