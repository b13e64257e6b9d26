//! Look-ups.

use std::{
    hash::{BuildHasher, Hash},
    mem::ManuallyDrop,
};

use equivalent::Equivalent;

use super::{
    group::{Group, Slots},
    home::Home,
    mode::{retires, snapshots},
    owned::is_owned,
    segment::Route,
    table::Engine,
    tag::Tag,
    wait::Backoff,
    word::{Promise, Word},
};
use crate::{
    epoch::{self, Pin},
    seam::{Op, Site, Slow},
};

/// A writer got in the way of a look-up without a lock.
struct Disturbed;

/// A look at a home's own slots does not tell: the home has another shape, is locked, or changed meanwhile; or an entry
/// may be in its chain.
struct Unsettled;

/// After as many disturbances a look-up takes the lock.
const TRIES: usize = 8;

impl<K, V, S: BuildHasher> Engine<K, V, S> {
    /// Calls `read` with the value under `key`, `None` if it is absent.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn view<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hash(key);
        if !snapshots::<K, V>() {
            let pass = self.seam.pass(Op::View, Some(hash));
            let scope = self.seam.slow(&pass, (Op::View, Some(hash)), pass.site());
            let saw = |found| {
                scope.locked();
                scope.saw(found);
            };
            return self.view_shared(hash, key, &scope, saw, read);
        }
        let scope = self.seam.glance(Op::View, hash);
        // Not `locked`: nobody waits for the closure.
        self.view_copied(hash, key, scope.site(), |found| scope.saw(found), read)
    }

    /// Calls `read` with the position and the value of each of `keys` that is present.
    #[track_caller]
    pub(crate) fn view_many<Q, const N: usize>(&self, keys: [&Q; N], mut read: impl FnMut(usize, &V))
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hashes = keys.map(|key| self.hash(key));
        let pass = self.seam.pass(Op::View, None);
        let scope = self.seam.slow(&pass, (Op::View, None), pass.site());
        // All homes are on their way into the cache before the first is needed.
        for hash in hashes {
            let (home, _) = self.look_up(hash);
            home.expect();
            home.expect_read(Tag::of(hash));
        }
        for (position, (hash, key)) in hashes.into_iter().zip(keys).enumerate() {
            let saw = |found| scope.saw_key(hash, found);
            let read = |value: &V| read(position, value);
            let _ = if snapshots::<K, V>() {
                self.view_copied(hash, key, pass.site(), saw, read)
            } else {
                self.view_shared(hash, key, &scope, saw, read)
            };
        }
    }

    /// Shows a copy of the value to `read`, in a map of listed types; `saw` is told before whether there is one, once that
    /// is certain.
    #[inline(always)]
    fn view_copied<Q, R>(
        &self,
        hash: u64,
        key: &Q,
        site: Site,
        saw: impl FnOnce(bool),
        read: impl FnOnce(&V) -> R,
    ) -> Option<R>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let tag = Tag::of(hash);
        let (home, promise) = self.look_up(hash);
        home.expect_read(tag);
        let mut pin = None;
        let value = match peek_home(home, promise, tag, key, &mut pin) {
            Ok(found) => found,
            // Nothing of the first attempt goes along: it would be kept in registers for that.
            Err(Unsettled) => {
                pin = retires::<K, V>().then(epoch::pin);
                self.copy_slowly(hash, key, site)
            }
        };
        saw(value.is_some());
        // No lock is held, and no pin if the value is all there is to read.
        if !is_owned::<V>() {
            drop(pin);
            return value.map(|value| read(&value));
        }
        value.map(|value| read(&value))
    }

    /// Copies the value under `key` out of a map of listed types, when the first attempt was disturbed. The caller is
    /// pinned, if need be.
    #[cold]
    #[inline(never)]
    fn copy_slowly<Q: Equivalent<K> + ?Sized>(&self, hash: u64, key: &Q, site: Site) -> Option<ManuallyDrop<V>> {
        let _watched = self.seam.wait_in(Op::View, hash, site);
        if let Ok(found) = self.copy_patiently(hash, key) {
            return found;
        }
        let locked = self.lock_home(hash);
        let found = locked.find_anywhere(Tag::of(hash), |found| key.equivalent(found)).map(|place| {
            // SAFETY: snapshot, pinned: `V` is listed, and was not retired before the caller pinned.
            locked.with(place, |_, value| ManuallyDrop::new(unsafe { std::ptr::read(value) }))
        });
        locked.release_unchanged();
        found
    }

    /// The same without the lock, unless it is disturbed too often.
    fn copy_patiently<Q>(&self, hash: u64, key: &Q) -> Result<Option<ManuallyDrop<V>>, Disturbed>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let tag = Tag::of(hash);
        let mut backoff = Backoff::new();
        for _ in 0..TRIES {
            let home = self.locate(hash);
            let word = home.head().word();
            if matches!(home.route(word, hash), Route::Here)
                && let Ok(found) = peek(home, word, tag, key)
            {
                return Ok(found);
            }
            backoff.wait_for(home.head(), word);
        }
        Err(Disturbed)
    }

    /// Shows the value under `key` under its home's lock, shared; without the lock if no tag matches.
    #[inline(always)]
    fn view_shared<Q, R>(
        &self,
        hash: u64,
        key: &Q,
        scope: &Slow<'_>,
        saw: impl FnOnce(bool),
        read: impl FnOnce(&V) -> R,
    ) -> Option<R>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let tag = Tag::of(hash);
        let (home, promise) = self.look_up(hash);
        home.expect_read(tag);
        let word = home.head().word();
        if word.keeps(promise) {
            let tagged = home.group().matches(tag);
            if is_absent(home, word, tag, tagged) {
                saw(false);
                return None;
            }
            let mut uncalled = None;
            if let Some(_shared) = home.head().share_if(word) {
                // SAFETY: the lock is held until the end, and was taken when the word was as it had been before the look.
                return unsafe { show(home, word, tag, tagged, key, scope, saw, read, &mut uncalled) };
            }
        }
        self.view_patiently(hash, key, scope, saw, read)
    }

    /// The same, however often it takes.
    #[cold]
    #[inline(never)]
    fn view_patiently<Q, R>(
        &self,
        hash: u64,
        key: &Q,
        scope: &Slow<'_>,
        saw: impl FnOnce(bool),
        read: impl FnOnce(&V) -> R,
    ) -> Option<R>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let tag = Tag::of(hash);
        loop {
            let home = self.locate(hash);
            let word = home.head().word();
            if !word.is_locked()
                && is_absent(home, word, tag, home.group().matches(tag))
                && matches!(home.route(word, hash), Route::Here)
            {
                saw(false);
                return None;
            }
            let mut uncalled = None;
            let reading = home.head().share();
            if let Route::Here = home.route(reading.word(), hash) {
                let tagged = home.group().matches(tag);
                // SAFETY: the lock is held until the end.
                return unsafe { show(home, reading.word(), tag, tagged, key, scope, saw, read, &mut uncalled) };
            }
        }
    }
}

/// Whether no entry with `tag` was in the home when it had this word, which is not locked; `tagged` was seen since.
#[inline(always)]
fn is_absent<K, V>(home: Home<'_, K, V>, word: Word, tag: Tag, tagged: Slots) -> bool {
    tagged.is_empty() && !word.may_chain(tag) && home.head().unchanged_since(word)
}

/// Shows the value under `key` to `read`; `word` is the home's, and `tagged` its slots with `tag`. If there is none, `read`,
/// which may have taken anything along, is left in `uncalled`, to be dropped when the lock is released (**drop-outside**).
///
/// # Safety
///
/// This thread holds the home's lock, shared, and nothing was changed since `tagged` was seen.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "nothing that is passed by address is kept in registers")]
unsafe fn show<K, V, Q, R, F: FnOnce(&V) -> R>(
    home: Home<'_, K, V>,
    word: Word,
    tag: Tag,
    tagged: Slots,
    key: &Q,
    scope: &Slow<'_>,
    saw: impl FnOnce(bool),
    read: F,
    uncalled: &mut Option<F>,
) -> Option<R>
where
    Q: Equivalent<K> + ?Sized,
{
    scope.holds_instead(home.head());
    // SAFETY: the caller holds the lock.
    let place = unsafe { home.find(word, tag, tagged, |found| key.equivalent(found)) };
    saw(place.is_some());
    let Some(place) = place else {
        *uncalled = Some(read);
        return None;
    };
    // SAFETY: likewise.
    Some(unsafe { home.with(place, |_, value| read(value)) })
}

/// Copies the value under `key` out of the own slots of a home of listed types, without its lock. Pins if need be: `pin` is
/// to be kept as long as the copy is used.
///
/// Linearizes as [`peek`].
#[inline(always)]
fn peek_home<K, V, Q>(
    home: Home<'_, K, V>,
    promise: Promise,
    tag: Tag,
    key: &Q,
    pin: &mut Option<Pin>,
) -> Result<Option<ManuallyDrop<V>>, Unsettled>
where
    Q: Equivalent<K> + ?Sized,
{
    let word = home.head().word();
    if !word.keeps(promise) {
        return Err(Unsettled);
    }
    let tagged = home.group().matches(tag);
    // No tag leads anywhere that may be dropped, so that absence is seen without a pin.
    if retires::<K, V>() && !tagged.is_empty() {
        *pin = Some(epoch::pin());
    }
    match peek_slots(home, word, home.group(), tagged, key) {
        Ok(None) if !word.may_chain(tag) && home.head().is_still(word) => Ok(None),
        Ok(Some(value)) => Ok(Some(value)),
        _ => Err(Unsettled),
    }
}

/// Copies the value under `key` out of a home of listed types and its chain, without its lock; `Disturbed` if the home is
/// locked, or changed since it had this word.
///
/// Linearizes at the last look at the home's word. The caller is pinned, if need be, as long as it uses the copy.
fn peek<K, V, Q>(home: Home<'_, K, V>, word: Word, tag: Tag, key: &Q) -> Result<Option<ManuallyDrop<V>>, Disturbed>
where
    Q: Equivalent<K> + ?Sized,
{
    if !word.keeps(Promise::of(word.shape())) {
        return Err(Disturbed);
    }
    if let Some(value) = peek_slots(home, word, home.group(), home.group().matches(tag), key)? {
        return Ok(Some(value));
    }
    let chain = word.may_chain(tag).then(|| home.chain());
    for overflow in chain.into_iter().flatten() {
        // So that the chain is this home's, and ends.
        if !home.head().unchanged_since(word) {
            return Err(Disturbed);
        }
        if let Some(value) = peek_slots(home, word, overflow.group(), overflow.group().matches(tag), key)? {
            return Ok(Some(value));
        }
    }
    if home.head().unchanged_since(word) { Ok(None) } else { Err(Disturbed) }
}

#[inline(always)]
fn peek_slots<K, V, Q>(
    home: Home<'_, K, V>,
    word: Word,
    group: Group<'_, K, V>,
    tagged: Slots,
    key: &Q,
) -> Result<Option<ManuallyDrop<V>>, Disturbed>
where
    Q: Equivalent<K> + ?Sized,
{
    for at in tagged {
        // SAFETY: a tag that is not 0 has a slot.
        let slot = unsafe { group.slot(at) };
        // SAFETY: snapshot: reached for maps of listed types only.
        let copied = unsafe { slot.copy() };
        if !home.head().is_still(word) {
            return Err(Disturbed);
        }
        // SAFETY: full, and unchanged since before the tag was read until now; the caller was pinned before that look.
        let (found, value) = unsafe { copied.assume() };
        if key.equivalent(&found) {
            return Ok(Some(value));
        }
    }
    Ok(None)
}
