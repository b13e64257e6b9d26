//! A home: one bucket and its chain, and everything that is done to the entries in it under its lock.

use std::ptr::NonNull;

use super::{
    group::{Group, Slots},
    head::{Exclusive, Head},
    leave::LeavingMany,
    mode::{compares_early, snapshots},
    pool::Overflow,
    prefetch,
    segment::{Route, STEP, Segment, last_offset},
    slot::Slot,
    tag::Tag,
    word::{Promise, Word},
};
use crate::sync::{AtomicPtr, Ordering};

/// Where the entries of a hash may live: a bucket of a segment, and what hangs from it.
pub(super) struct Home<'m, K, V> {
    segment: Segment<'m, K, V>,
    /// That of one of the segment's buckets: [`STEP`] times its index.
    offset: usize,
}

impl<K, V> Clone for Home<'_, K, V> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Home<'_, K, V> {}

/// A slot of a home or of its chain.
pub(super) struct Place<'m, K, V> {
    group: Group<'m, K, V>,
    at: usize,
}

impl<K, V> Clone for Place<'_, K, V> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Place<'_, K, V> {}

impl<K, V> PartialEq for Place<'_, K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.group == other.group && self.at == other.at
    }
}

/// What a look at a home's own slots saw.
pub(super) struct Seen {
    /// Slots whose tag is the one looked for.
    tagged: Slots,
    /// Whether keys were compared (`mode`).
    early: bool,
    /// If so, the slot that has the key.
    found: Option<usize>,
}

impl Seen {
    /// Whether an entry may be there.
    #[inline(always)]
    pub(super) fn may_be_there(&self) -> bool {
        if self.early { self.found.is_some() } else { !self.tagged.is_empty() }
    }
}

impl<'m, K, V> Home<'m, K, V> {
    /// The home at `offset` of `segment`.
    ///
    /// # Safety
    ///
    /// `offset` is that of one of the segment's buckets.
    #[inline(always)]
    pub(super) unsafe fn new(offset: usize, segment: Segment<'m, K, V>) -> Self {
        debug_assert!(offset.is_multiple_of(STEP) && offset <= last_offset(segment.shape()));
        Self { segment, offset }
    }

    /// The home of `hash` in `segment`.
    pub(super) fn of(hash: u64, segment: Segment<'m, K, V>) -> Self {
        Self { segment, offset: hash as usize & last_offset(segment.shape()) }
    }

    /// The home at `index` of `segment`.
    pub(super) fn at(index: usize, segment: Segment<'m, K, V>) -> Self {
        assert!(index < segment.shape().buckets());
        Self { segment, offset: index * STEP }
    }

    /// The home of the entries that are here, in `segment`, if that has at most as many buckets.
    pub(super) fn in_segment(&self, segment: Segment<'m, K, V>) -> Self {
        debug_assert!(segment.shape().buckets() <= self.segment.shape().buckets());
        Self::of(self.offset as u64, segment)
    }

    #[inline(always)]
    pub(super) fn segment(&self) -> Segment<'m, K, V> {
        self.segment
    }

    #[inline(always)]
    pub(super) fn head(&self) -> &'m Head<K, V> {
        // SAFETY: the offset of one of the segment's buckets.
        unsafe { self.segment.head(self.offset) }
    }

    /// The home's own slots.
    #[inline(always)]
    pub(super) fn group(&self) -> Group<'m, K, V> {
        // SAFETY: the offset of one of the segment's buckets.
        unsafe { self.segment.group(self.offset) }
    }

    /// Asks for the head before it is needed.
    #[inline(always)]
    pub(super) fn expect(&self) {
        prefetch::for_read(std::slice::from_ref(self.head()));
    }

    /// Asks for the head before it is written.
    #[inline(always)]
    pub(super) fn expect_lock(&self) {
        prefetch::for_write(std::slice::from_ref(self.head()));
    }

    /// Asks for the slots where a read is most likely to find an entry with `tag`.
    #[inline(always)]
    pub(super) fn expect_read(&self, tag: Tag) {
        prefetch::for_read(self.group().near(tag));
    }

    /// Asks for the slots where an entry with `tag` most likely is or will be written.
    #[inline(always)]
    pub(super) fn expect_write(&self, tag: Tag) {
        prefetch::for_write(self.group().near(tag));
    }

    /// Tells from the bucket's word where the entries of `hash` are, if this is its home in this segment.
    #[inline]
    pub(super) fn route(&self, word: Word, hash: u64) -> Route<'m, K, V> {
        self.segment.route(word, hash)
    }

    /// Looks without the lock at the home's own slots for an entry with `tag` for whose key `is_it` holds: that is equal to
    /// a `Q`.
    ///
    /// What it saw is right if the word is the same before and afterwards.
    #[inline(always)]
    pub(super) fn look<Q: ?Sized>(&self, tag: Tag, mut is_it: impl FnMut(&K) -> bool) -> Seen {
        let group = self.group();
        let tagged = group.matches(tag);
        if !compares_early::<K, V, Q>() {
            return Seen { tagged, early: false, found: None };
        }
        let found = tagged.into_iter().find(|&at| {
            // SAFETY: a tag that is not 0 has a slot.
            let slot = unsafe { group.slot(at) };
            // SAFETY: snapshot: these are listed types.
            let key = unsafe { slot.copy_key() };
            // SAFETY: snapshot: a key that was stored, or zeroes, or, if it was being stored, a mixture: of such types each is
            // a value.
            is_it(&unsafe { key.assume_init() })
        });
        Seen { tagged, early: true, found }
    }

    /// Whether `word` is as was promised, and an exclusive lock may be taken.
    #[inline(always)]
    pub(super) fn may_be_locked(self, word: Word, promise: Promise) -> bool {
        // There are no readers with locks in maps of listed types.
        word.keeps(promise) && (snapshots::<K, V>() || word.is_free())
    }

    /// Takes the lock, if the word is still `word`.
    #[inline(always)]
    pub(super) fn lock_if(self, word: Word) -> Option<Locked<'m, K, V>> {
        Some(Locked { lock: self.head().lock_if(word)?, home: self })
    }

    pub(super) fn lock(self) -> Locked<'m, K, V> {
        Locked { lock: self.head().lock(), home: self }
    }

    fn link(&self) -> &'m AtomicPtr<Overflow<K, V>> {
        &self.head().link
    }

    /// The chain's overflow buckets. Without the lock they may be another home's by now, and their number unbounded:
    /// look at the word before each step.
    pub(super) fn chain(&self) -> Chain<'m, K, V> {
        Chain { link: self.link() }
    }

    /// Finds the entry with `tag` for whose key `is_it` holds; `word` is the home's, and `tagged` its slots with that tag.
    ///
    /// # Safety
    ///
    /// This thread holds the home's lock, shared or exclusively, and nothing was changed since `tagged` was seen.
    #[inline(always)]
    pub(super) unsafe fn find(
        &self,
        word: Word,
        tag: Tag,
        tagged: Slots,
        mut is_it: impl FnMut(&K) -> bool,
    ) -> Option<Place<'m, K, V>> {
        // SAFETY: the caller holds the lock, and has since it saw the slots, or as good as.
        let found = unsafe { find_in(self.group(), tagged, &mut is_it) };
        if found.is_none() && word.may_chain(tag) {
            // SAFETY: the caller holds the lock.
            return unsafe { self.find_in_chain(tag, is_it) };
        }
        found
    }

    /// # Safety
    ///
    /// As for [`find`](Self::find).
    #[cold]
    #[inline(never)]
    unsafe fn find_in_chain(self, tag: Tag, mut is_it: impl FnMut(&K) -> bool) -> Option<Place<'m, K, V>> {
        // SAFETY: the caller holds the lock of the home, and so of its chain.
        self.chain()
            .find_map(|overflow| unsafe { find_in(overflow.group(), overflow.group().matches(tag), &mut is_it) })
    }

    /// Calls `read` with the entry at `place`.
    ///
    /// # Safety
    ///
    /// This thread has held the home's lock, shared or exclusively, since it got `place` from this home.
    #[inline(always)]
    pub(super) unsafe fn with<R>(&self, place: Place<'m, K, V>, read: impl FnOnce(&K, &V) -> R) -> R {
        // SAFETY: full: it was when the place was found, and the lock is held since.
        unsafe { place.slot().with(read) }
    }

    /// The home's own group and those of its chain.
    pub(super) fn groups(&self) -> impl Iterator<Item = Group<'m, K, V>> + use<'m, K, V> {
        std::iter::once(self.group()).chain(self.chain().map(Overflow::group))
    }

    /// The places of all entries: those of the home, then those of its chain.
    pub(super) fn places(&self) -> impl Iterator<Item = Place<'m, K, V>> + use<'m, K, V> {
        self.groups().flat_map(|group| group.full().map(move |at| Place { group, at }))
    }
}

impl<'m, K, V> Place<'m, K, V> {
    #[inline(always)]
    fn slot(&self) -> &'m Slot<K, V> {
        // SAFETY: places are made of slots that were full or free.
        unsafe { self.group.slot(self.at) }
    }
}

/// Finds the entry in one of these slots for whose key `is_it` holds.
///
/// # Safety
///
/// This thread holds the lock of the group's home, shared or exclusively, and these are slots whose tags are not 0.
#[inline(always)]
unsafe fn find_in<'m, K, V>(
    group: Group<'m, K, V>,
    tagged: Slots,
    is_it: &mut impl FnMut(&K) -> bool,
) -> Option<Place<'m, K, V>> {
    for at in tagged {
        let place = Place { group, at };
        // SAFETY: full, as the caller says, who holds the lock.
        if unsafe { place.slot().with(|key, _| is_it(key)) } {
            return Some(place);
        }
    }
    None
}

/// Follows the links of a chain.
pub(super) struct Chain<'m, K, V> {
    link: &'m AtomicPtr<Overflow<K, V>>,
}

impl<'m, K, V> Iterator for Chain<'m, K, V> {
    type Item = &'m Overflow<K, V>;

    fn next(&mut self) -> Option<Self::Item> {
        // Acquire: pairs with the Releases of `chain`, `tidy_up` and `Pool::link`, so that the bucket is seen initialized.
        let overflow = NonNull::new(self.link.load(Ordering::Acquire))?;
        // SAFETY: kept; overflow buckets are changed through shared references only.
        let overflow = unsafe { overflow.as_ref() };
        overflow.made.read();
        self.link = &overflow.next;
        Some(overflow)
    }
}

/// A home that this thread has locked exclusively.
///
/// Dropped, on panic too, it counts as changed.
pub(super) struct Locked<'m, K, V> {
    home: Home<'m, K, V>,
    lock: Exclusive<'m, K, V>,
}

impl<'m, K, V> Locked<'m, K, V> {
    #[inline(always)]
    pub(super) fn home(&self) -> Home<'m, K, V> {
        self.home
    }

    #[inline(always)]
    pub(super) fn word(&self) -> Word {
        self.lock.word()
    }

    pub(super) fn set_word(&mut self, word: Word) {
        self.lock.set_word(word);
    }

    /// Releases the lock of a home in which nothing was changed.
    #[inline(always)]
    pub(super) fn release_unchanged(self) {
        self.lock.release_unchanged();
    }

    #[inline(always)]
    pub(super) fn find_in_chain(&self, tag: Tag, is_it: impl FnMut(&K) -> bool) -> Option<Place<'m, K, V>> {
        // SAFETY: this is the lock.
        unsafe { self.home.find_in_chain(tag, is_it) }
    }

    pub(super) fn find_anywhere(&self, tag: Tag, is_it: impl FnMut(&K) -> bool) -> Option<Place<'m, K, V>> {
        // SAFETY: this is the lock.
        unsafe { self.home.find(self.word(), tag, self.home.group().matches(tag), is_it) }
    }

    /// Calls `read` with the entry at `place`, which is one of this home's.
    #[inline(always)]
    pub(super) fn with<R>(&self, place: Place<'m, K, V>, read: impl FnOnce(&K, &V) -> R) -> R {
        debug_assert!(place.group.is_full(place.at));
        // SAFETY: places do not outlive the lock under which they were found: each method drops them first.
        unsafe { self.home.with(place, read) }
    }

    /// Calls `change` with the entry at `place`, which is one of this home's.
    #[inline(always)]
    ///
    /// If the value is replaced instead of changed, the old one is left in `replaced`.
    pub(super) fn with_mut<R>(
        &mut self,
        place: Place<'m, K, V>,
        replaced: &mut Option<V>,
        change: impl FnOnce(&K, &mut V) -> R,
    ) -> R {
        debug_assert!(place.group.is_full(place.at));
        // SAFETY: full, and found under this lock, as for `with`.
        unsafe { place.slot().with_mut(replaced, change) }
    }

    /// Stores another value at `place`, which is one of this home's, and returns the old one.
    #[inline(always)]
    pub(super) fn replace(&mut self, place: Place<'m, K, V>, value: V) -> V {
        debug_assert!(place.group.is_full(place.at));
        // SAFETY: full, and found under this lock, as for `with`.
        unsafe { place.slot().replace(value) }
    }

    /// Returns a pointer to the value at `place`, for a map that is not of listed types.
    pub(super) fn value_pointer(&mut self, place: Place<'m, K, V>) -> *mut V {
        // SAFETY: found under this lock, as for `with`.
        unsafe { place.slot().value_pointer() }
    }

    /// Finds the entry in the home itself for whose key `is_it` holds; `seen` was seen when the word was as it is.
    #[inline(always)]
    pub(super) fn find(&self, seen: &Seen, mut is_it: impl FnMut(&K) -> bool) -> Option<Place<'m, K, V>> {
        let group = self.home.group();
        let found = if seen.early {
            seen.found
        } else {
            seen.tagged.into_iter().find(|&at| self.with(Place { group, at }, |key, _| is_it(key)))
        };
        found.map(|at| Place { group, at })
    }

    /// Puts in an entry whose key is not there, and unlocks; returns whether the segment is crowded now.
    #[inline(always)]
    pub(super) fn insert(self, tag: Tag, key: K, value: V) -> bool {
        match self.free(tag) {
            Some(place) => {
                self.put(place, tag, key, value);
                false
            }
            None => self.insert_into_chain(tag, key, value),
        }
    }

    /// Returns a free slot of the home itself for an entry with `tag`.
    #[inline(always)]
    pub(super) fn free(&self, tag: Tag) -> Option<Place<'m, K, V>> {
        let group = self.home.group();
        group.free(tag).map(|at| Place { group, at })
    }

    /// Fills a free slot of this home, and unlocks.
    #[inline(always)]
    pub(super) fn fill(self, place: Place<'m, K, V>, tag: Tag, key: K, value: V) {
        debug_assert!(!place.group.is_full(place.at));
        self.put(place, tag, key, value);
    }

    /// Fills a free slot.
    #[inline(always)]
    fn put(&self, place: Place<'m, K, V>, tag: Tag, key: K, value: V) {
        // SAFETY: the slot is free and this is the lock.
        unsafe { place.slot().put(key, value) };
        place.group.fill(place.at, tag);
    }

    #[cold]
    #[inline(never)]
    fn insert_into_chain(mut self, tag: Tag, key: K, value: V) -> bool {
        self.chain(tag, key, value)
    }

    /// Puts an entry into the chain.
    fn chain(&mut self, tag: Tag, key: K, value: V) -> bool {
        self.set_word(self.word().with_chain(tag));
        for group in self.home.chain().map(Overflow::group) {
            if let Some(at) = group.free(tag) {
                self.put(Place { group, at }, tag, key, value);
                return false;
            }
        }
        let segment = self.home.segment;
        let mut pool = segment.header().pool.lock();
        let taken = pool.take(segment.shape().buckets());
        let crowded = pool.is_crowded();
        drop(pool);
        // SAFETY: kept; overflow buckets are changed through shared references only.
        let overflow = unsafe { taken.as_ref() };
        // It is empty and no other home's, so this is its lock.
        self.put(Place { group: overflow.group(), at: 0 }, tag, key, value);
        let link = self.home.link();
        // Relaxed: written under this lock. Release: pairs with the Acquire of `Chain::next`.
        overflow.next.store(link.load(Ordering::Relaxed), Ordering::Release);
        link.store(taken.as_ptr(), Ordering::Release);
        crowded
    }

    /// Takes out the entry at `place`, which is one of this home's, and unlocks.
    #[inline(always)]
    pub(super) fn remove(self, place: Place<'m, K, V>) -> (K, V) {
        let entry = self.take(place);
        if self.word().has_chain() {
            let (home, word) = (self.home, self.lock.word());
            std::mem::forget(self);
            tidy(home, word);
        }
        entry
    }

    /// Takes out an entry and leaves a hole.
    #[inline(always)]
    fn take(&self, place: Place<'m, K, V>) -> (K, V) {
        let Place { group, at } = place;
        debug_assert!(group.is_full(at));
        group.empty(at);
        // SAFETY: it was full, and this is the lock; the tag is 0 now.
        unsafe { place.slot().take() }
    }

    /// Moves entries of the chain into free slots of the home, and gives back what is empty then.
    ///
    /// Entries that stayed in a chain would make every look-up of theirs longer for ever.
    pub(super) fn tidy_up(&mut self) {
        if !self.word().has_chain() {
            return;
        }
        let home = self.home.group();
        for group in self.home.chain().map(Overflow::group) {
            for at in group.full() {
                let tag = group.tag(at);
                let Some(free) = home.free(tag) else { break };
                let (key, value) = self.take(Place { group, at });
                self.put(Place { group: home, at: free }, tag, key, value);
            }
        }
        let mut link = self.home.link();
        // Relaxed: links are written under this lock only.
        while let Some(next) = NonNull::new(link.load(Ordering::Relaxed)) {
            // SAFETY: kept; overflow buckets are changed through shared references only.
            let overflow = unsafe { next.as_ref() };
            if overflow.group().full().is_empty() {
                // Release: pairs with the Acquire of `Chain::next`.
                link.store(overflow.next.load(Ordering::Relaxed), Ordering::Release);
                self.home.segment.header().pool.lock().give_back(next);
            } else {
                link = &overflow.next;
            }
        }
        if self.home.link().load(Ordering::Relaxed).is_null() {
            self.set_word(self.word().without_chain());
        }
    }

    /// Returns those entries of `group`, which is one of this home's, whose key `is_it` holds for.
    #[inline(always)]
    pub(super) fn select(&self, group: Group<'m, K, V>, mut is_it: impl FnMut(&K) -> bool) -> Slots {
        // No branch on what `is_it` says, which cannot be foretold.
        group
            .full()
            .fold(Slots::NONE, |selected, at| selected.with_if(at, self.with(Place { group, at }, |key, _| is_it(key))))
    }

    /// Moves `slots` of `group`, which is one of this home's, to `other` with the tags they have.
    pub(super) fn give(&mut self, group: Group<'m, K, V>, slots: Slots, other: &mut Self) {
        slots.for_each(|at| self.move_to(Place { group, at }, other));
    }

    /// Moves `slots` of the home itself to `other`, which is empty and which nobody else can reach yet.
    #[inline(always)]
    pub(super) fn give_to_empty(&mut self, slots: Slots, other: Home<'m, K, V>) {
        let (from, to) = (self.home.group(), other.group());
        for at in slots {
            let (from_place, to_place) = (Place { group: from, at }, Place { group: to, at });
            // SAFETY: full, and this is the lock; its tag will be 0 before that is released.
            let (key, value) = unsafe { from_place.slot().take() };
            // SAFETY: the slot is free, and nobody else can reach it.
            unsafe { to_place.slot().put(key, value) };
        }
        from.give_tags(slots, to);
    }

    /// Moves the entry at `place`, which is one of this home's, to `other` with the tag it has.
    pub(super) fn move_to(&mut self, place: Place<'m, K, V>, other: &mut Self) {
        let tag = place.group.tag(place.at);
        let (key, value) = self.take(place);
        let group = other.home.group();
        match group.free(tag) {
            Some(at) => other.put(Place { group, at }, tag, key, value),
            None => {
                other.chain(tag, key, value);
            }
        }
    }

    /// Takes out the entries for which `keep` does not hold.
    pub(super) fn retain(&mut self, leaving: &mut LeavingMany<'_, K, V>, mut keep: impl FnMut(&K, &mut V) -> bool) {
        for place in self.home.places() {
            // Room first: what is replaced or taken out must not be lost on the way.
            leaving.entries.reserve(1);
            let kept = leaving.replacing(|replaced| self.with_mut(place, replaced, &mut keep));
            if !kept {
                leaving.entries.push(self.take(place));
            }
        }
        self.tidy_up();
    }

    /// Takes out everything.
    pub(super) fn take_all(&mut self, taken: &mut Vec<(K, V)>) {
        for place in self.home.places() {
            taken.push(self.take(place));
        }
        self.tidy_up();
    }
}

/// Tidies up a home that this thread has locked, and unlocks it.
#[cold]
#[inline(never)]
fn tidy<K, V>(home: Home<'_, K, V>, word: Word) {
    Locked { lock: home.head().resume(word), home }.tidy_up();
}
