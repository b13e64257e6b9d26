//! The way of a write to its entry.
//!
//! The look at the home comes before the lock, and is right if the word did not change in between: so as little as can
//! be is left to do while others wait, and while the processor, which finishes everything else before it takes a lock,
//! can do nothing else.
//!
//! Wherever a key is owned, it is declared before the lock, and so dropped after it (**drop-outside**).

use equivalent::Equivalent;

use super::{
    home::{Locked, Place, Seen},
    table::Engine,
    tag::Tag,
};

/// A locked home, and where in it the entry is, if there is one.
type LockedHome<'m, K, V> = (Locked<'m, K, V>, Option<Place<'m, K, V>>);

/// What a first attempt to write an entry came to.
pub(super) enum Reached<'m, K, V> {
    /// It is locked.
    Present(Locked<'m, K, V>, Place<'m, K, V>),
    /// There is none.
    Absent,
    /// That needs more than a look at the home: nothing was done.
    Unsettled,
}

impl<K, V, S> Engine<K, V, S> {
    /// Locks the home of `key` and returns where the entry is, if there is one; `None` if that needs more than one look.
    #[inline(always)]
    pub(super) fn reach_any<'m>(&'m self, hash: u64, key: &K) -> Option<LockedHome<'m, K, V>>
    where
        K: Eq,
    {
        let tag = Tag::of(hash);
        let (home, promise) = self.look_up(hash);
        home.expect_write(tag);
        let word = home.head().word();
        if !home.may_be_locked(word, promise) {
            return None;
        }
        let seen = home.look::<K>(tag, |found| key == found);
        if !seen.may_be_there() && word.may_chain(tag) {
            return None;
        }
        let locked = home.lock_if(word)?;
        match locked.find(&seen, |found| key == found) {
            None if word.may_chain(tag) => {
                locked.release_unchanged();
                None
            }
            place => Some((locked, place)),
        }
    }

    /// Locks the home of `key` and returns where the entry is, if there is one and that needs but one look.
    #[inline(always)]
    pub(super) fn reach<'m, Q>(&'m self, hash: u64, key: &Q) -> Reached<'m, K, V>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let tag = Tag::of(hash);
        let (home, promise) = self.look_up(hash);
        home.expect_write(tag);
        let word = home.head().word();
        if !home.may_be_locked(word, promise) {
            return Reached::Unsettled;
        }
        let seen = home.look::<Q>(tag, |found| key.equivalent(found));
        if !seen.may_be_there() {
            // Whoever waited for readers holds new ones back until the lock is taken.
            let absent = !word.may_chain(tag) && !word.holds_readers_back() && home.head().unchanged_since(word);
            return if absent { Reached::Absent } else { Reached::Unsettled };
        }
        let Some(locked) = home.lock_if(word) else { return Reached::Unsettled };
        match locked.find(&seen, |found| key.equivalent(found)) {
            Some(place) => Reached::Present(locked, place),
            None => {
                let absent = !word.may_chain(tag);
                locked.release_unchanged();
                if absent { Reached::Absent } else { Reached::Unsettled }
            }
        }
    }

    /// Locks the home of `key` and calls `act` with where the entry is, if there is one.
    #[inline(always)]
    pub(super) fn write<'m, R>(
        &'m self,
        hash: u64,
        key: K,
        act: impl FnOnce(K, Locked<'m, K, V>, Option<Place<'m, K, V>>) -> R,
    ) -> R
    where
        K: Eq,
    {
        let tag = Tag::of(hash);
        let (mut home, mut promise) = self.look_up(hash);
        home.expect_write(tag);
        loop {
            let word = home.head().word();
            if home.may_be_locked(word, promise) {
                let seen = home.look::<K>(tag, |found| key == *found);
                if let Some(locked) = home.lock_if(word) {
                    return find_and_act(key, |key, found| key == found, act, tag, &seen, locked);
                }
            }
            (home, promise) = self.make_way(home, hash);
        }
    }

    /// Locks the home of `key` and calls `act` with where the entry is; `None` if it is absent.
    #[inline(always)]
    pub(super) fn write_present<'m, Q, R>(
        &'m self,
        hash: u64,
        key: &Q,
        act: impl FnOnce(Locked<'m, K, V>, Place<'m, K, V>) -> Option<R>,
    ) -> Option<R>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let tag = Tag::of(hash);
        let (mut home, mut promise) = self.look_up(hash);
        home.expect_write(tag);
        loop {
            let word = home.head().word();
            if home.may_be_locked(word, promise) {
                let seen = home.look::<Q>(tag, |found| key.equivalent(found));
                // Whoever waited for readers holds new ones back until the lock is taken.
                let absent = !seen.may_be_there() && !word.may_chain(tag) && !word.holds_readers_back();
                if absent && home.head().unchanged_since(word) {
                    return None;
                }
                if !absent && let Some(locked) = home.lock_if(word) {
                    let act = |_, locked: Locked<'m, K, V>, place| match place {
                        Some(place) => act(locked, place),
                        None => {
                            locked.release_unchanged();
                            None
                        }
                    };
                    return find_and_act(key, |key, found| key.equivalent(found), act, tag, &seen, locked);
                }
            }
            (home, promise) = self.make_way(home, hash);
        }
    }
}

/// Calls `act` under the lock.
#[inline(always)]
fn find_and_act<'m, K, V, L, R>(
    key: L,
    is_it: impl Fn(&L, &K) -> bool,
    act: impl FnOnce(L, Locked<'m, K, V>, Option<Place<'m, K, V>>) -> R,
    tag: Tag,
    seen: &Seen,
    locked: Locked<'m, K, V>,
) -> R {
    match locked.find(seen, |found| is_it(&key, found)) {
        None if locked.word().may_chain(tag) => find_in_chain_and_act(key, is_it, act, tag, locked),
        place => act(key, locked, place),
    }
}

/// The same if the entry may be in the chain.
#[cold]
#[inline(never)]
fn find_in_chain_and_act<'m, K, V, L, R>(
    key: L,
    is_it: impl Fn(&L, &K) -> bool,
    act: impl FnOnce(L, Locked<'m, K, V>, Option<Place<'m, K, V>>) -> R,
    tag: Tag,
    locked: Locked<'m, K, V>,
) -> R {
    let place = locked.find_in_chain(tag, |found| is_it(&key, found));
    act(key, locked, place)
}
