//! The head of a bucket: its lock and version, its tags, and where its chain begins.

use std::{
    num::NonZero,
    ptr::{NonNull, null_mut},
};

use super::{group::Tags, pool::Overflow, wait::Backoff, word::Word};
use crate::{
    epoch::{self, Visit},
    sync::{AtomicPtr, AtomicU64, Ordering, fence},
};

/// What is known of a home without its slots, and apart from them: the heads of a segment are small enough to stay in
/// the cache, and tell by themselves that a key is absent.
#[repr(C, align(32))]
pub(super) struct Head<K, V> {
    word: AtomicU64,
    pub(super) tags: Tags,
    pub(super) link: AtomicPtr<Overflow<K, V>>,
}

impl<K, V> Head<K, V> {
    /// Makes the memory at `to` the head of an empty bucket.
    ///
    /// # Safety
    ///
    /// `to` is memory for a head that nobody else can reach yet.
    pub(super) unsafe fn init(to: *mut Self, word: Word) {
        let head = Self { word: AtomicU64::new(word.0), tags: Tags::new(), link: AtomicPtr::new(null_mut()) };
        // SAFETY: as the caller promises.
        unsafe { to.write(head) };
    }

    /// Returns the word. Whatever a writer did before the unlock that stored it is seen too.
    #[inline(always)]
    pub(super) fn word(&self) -> Word {
        // Acquire: pairs with the Release of `Exclusive::store`.
        Word(self.word.load(Ordering::Acquire))
    }

    /// Returns whether nothing changed since the word was `before`; what was read in between then is of one moment.
    #[inline(always)]
    pub(super) fn unchanged_since(&self, before: Word) -> bool {
        // Acquire: pairs with the Release fence of `locked`. If anything read in between was stored by a writer, that
        // writer's LOCKED, or a later word, is seen by this load.
        fence(Ordering::Acquire);
        before.unchanged(Word(self.word.load(Ordering::Relaxed)))
    }

    /// Returns whether nothing changed since the word was `word`, nor any reader came or went: there are none in maps of
    /// listed types. As [`unchanged_since`](Self::unchanged_since) else.
    #[inline(always)]
    pub(super) fn is_still(&self, word: Word) -> bool {
        // Acquire: as above.
        fence(Ordering::Acquire);
        word == Word(self.word.load(Ordering::Relaxed))
    }

    /// Takes the lock exclusively if the word is still `before`; then what was read since it was loaded is as it was.
    ///
    /// For whoever changed anything before that gave the word another version, and whoever does afterwards takes the lock
    /// after it is released here, so that nothing stored then can have been read before.
    #[inline(always)]
    pub(super) fn lock_if(&self, before: Word) -> Option<Exclusive<'_, K, V>> {
        debug_assert!(before.is_free());
        self.exchange(before, before.locked()).then(|| self.locked(before))
    }

    /// Returns the exclusive lock that this thread has forgotten, but not released, when the word was `word`.
    #[inline(always)]
    pub(super) fn resume(&self, word: Word) -> Exclusive<'_, K, V> {
        debug_assert!(word.is_locked());
        Exclusive { head: self, word }
    }

    /// Takes the lock exclusively.
    pub(super) fn lock(&self) -> Exclusive<'_, K, V> {
        let mut backoff = Backoff::new();
        loop {
            let word = self.free_word(&mut backoff);
            if self.exchange(word, word.locked()) {
                return self.locked(word);
            }
        }
    }

    /// Waits until the lock may be taken exclusively, and returns the word that says so.
    ///
    /// New readers are held back meanwhile, and until somebody takes the lock: whoever does not after all calls
    /// [`withdraw`](Self::withdraw).
    pub(super) fn free_word(&self, backoff: &mut Backoff) -> Word {
        loop {
            let word = self.word();
            if word.is_free() {
                backoff.over(word);
                return word;
            }
            if word.is_free_but_biased() {
                self.revoke(word, backoff);
                continue;
            }
            if word.wants_notice() {
                self.exchange(word, word.with_waiting_writer());
            }
            backoff.wait_for(self, word);
        }
    }

    /// Waits for the readers that nobody counts, and lets no others in.
    #[cold]
    fn revoke(&self, word: Word, backoff: &mut Backoff) {
        // seen: visits that were not seen yet see this.
        if self.word.compare_exchange(word.0, word.locked().0, Ordering::SeqCst, Ordering::Relaxed).is_err() {
            return;
        }
        let mut locked = self.locked(word);
        while epoch::is_visited(self.place()) {
            backoff.wait_for(self, locked.word());
        }
        // Or they were back before the lock is taken.
        locked.set_word(locked.word().with_waiting_writer());
        locked.release_unchanged();
    }

    /// What a visit of this bucket is to.
    #[inline(always)]
    fn place(&self) -> NonZero<usize> {
        NonNull::from(self).addr()
    }

    /// Lets the calling thread read uncounted, if readers may; `None` too if it reads so elsewhere.
    #[inline(always)]
    fn visit(&self) -> Option<Shared<'_, K, V>> {
        let visit = epoch::visit(self.place())?;
        // SeqCst, seen: of a writer that did not see the visit, this sees LOCKED. Acquire: pairs with the Release of
        // `Exclusive::store`, and of `Shared::drop`; what came in between were exchanges.
        let word = Word(self.word.load(Ordering::SeqCst));
        word.is_biased().then(|| Shared { head: self, word, visit: Some(visit) })
    }

    /// Lets readers in again, if the bucket was found free with `word` and will not be locked.
    pub(super) fn withdraw(&self, word: Word) {
        if word.holds_readers_back() {
            // If it fails, somebody has locked it since, and let them in. If it takes back another writer's notice, that one
            // gives it again.
            self.exchange(word, word.without_waiting_writer());
        }
    }

    #[inline(always)]
    fn locked(&self, before: Word) -> Exclusive<'_, K, V> {
        // Release: pairs with the Acquire fence of `unchanged_since`: who sees anything stored from here on sees LOCKED.
        fence(Ordering::Release);
        Exclusive { head: self, word: before.locked() }
    }

    /// Takes the lock shared with other readers, if that takes one look and nothing changed since the word was `word`.
    #[inline(always)]
    pub(super) fn share_if(&self, word: Word) -> Option<Shared<'_, K, V>> {
        if word.is_biased() {
            return self.visit().filter(|shared| word.unchanged(shared.word));
        }
        (word.counts_reader() && self.exchange(word, word.with_reader())).then(|| self.counted(word))
    }

    /// Takes the lock shared with other readers.
    pub(super) fn share(&self) -> Shared<'_, K, V> {
        let mut backoff = Backoff::new();
        let mut crowded = false;
        loop {
            // Relaxed: what follows checks it.
            let word = Word(self.word.load(Ordering::Relaxed));
            if word.is_biased()
                && let Some(shared) = self.visit()
            {
                backoff.over(word);
                return shared;
            }
            crowded |= word.has_readers();
            if word.may_be_biased() && (word.is_turn() || crowded) && epoch::is_due() {
                self.bias();
                crowded = false;
            } else if !word.admits_reader() {
                backoff.wait_for(self, word);
            } else if self.exchange(word, word.after_turn().with_reader()) {
                backoff.over(word);
                return self.counted(word);
            } else {
                crowded = true;
            }
        }
    }

    /// Lets readers in uncounted from now on.
    fn bias(&self) {
        loop {
            let word = Word(self.word.load(Ordering::Relaxed));
            if !word.may_be_biased() || self.exchange(word, word.biased()) {
                return;
            }
        }
    }

    #[inline(always)]
    fn counted(&self, word: Word) -> Shared<'_, K, V> {
        Shared { head: self, word, visit: None }
    }

    #[inline(always)]
    fn exchange(&self, from: Word, to: Word) -> bool {
        // Acquire: pairs with the Releases of `Exclusive::store` and `Shared::drop`: what earlier holders did is seen.
        self.word.compare_exchange(from.0, to.0, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }
}

/// The exclusive lock of a bucket. Dropped, on panic too, it gives the bucket a new version (**version**).
pub(super) struct Exclusive<'m, K, V> {
    head: &'m Head<K, V>,
    word: Word,
}

impl<K, V> Exclusive<'_, K, V> {
    /// What the bucket's word says, locked as it is.
    #[inline(always)]
    pub(super) fn word(&self) -> Word {
        self.word
    }

    /// Changes what the word will say besides lock and version (**split-order**).
    #[inline(always)]
    pub(super) fn set_word(&mut self, word: Word) {
        self.word = word;
    }

    /// Releases the lock of a bucket in which nothing was changed.
    #[inline(always)]
    pub(super) fn release_unchanged(self) {
        self.store(self.word.unlocked(false));
        std::mem::forget(self);
    }

    #[inline(always)]
    fn store(&self, word: Word) {
        // Release: pairs with the Acquires of `word` and `exchange`. A plain store: nobody changes a locked word.
        self.head.word.store(word.0, Ordering::Release);
    }
}

impl<K, V> Drop for Exclusive<'_, K, V> {
    #[inline(always)]
    fn drop(&mut self) {
        self.store(self.word.unlocked(true));
    }
}

/// The lock of a bucket, shared with other readers, released when dropped, on panic too.
pub(super) struct Shared<'m, K, V> {
    head: &'m Head<K, V>,
    word: Word,
    /// `None` if the bucket counts the reader. Ends after this was dropped.
    visit: Option<Visit>,
}

impl<K, V> Shared<'_, K, V> {
    /// What the bucket's word said when the lock was taken; but for its readers it still does.
    #[inline(always)]
    pub(super) fn word(&self) -> Word {
        self.word
    }
}

impl<K, V> Drop for Shared<'_, K, V> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.visit.is_none() {
            // Release: pairs with the Acquire of `exchange`, so that a writer comes after what was read here.
            self.head.word.fetch_sub(Word::ONE_READER, Ordering::Release);
        }
    }
}
