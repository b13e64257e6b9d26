//! Writes to one key, under its home's lock.
//!
//! Keys and values that are not needed leave every critical section alive and are dropped by the outermost function,
//! after the lock and the seam's scope (**drop-outside**).
//!
//! What most calls need is inlined into the caller; if that does not do, nothing of it goes along to the rest, or it would
//! be kept on the stack for that from the start.

use std::{
    hash::{BuildHasher, Hash},
    mem::ManuallyDrop,
};

use equivalent::Equivalent;

use super::{
    access::Reached,
    home::{Locked, Place},
    leave::Leaving,
    mode::hands_out_duplicates,
    table::Engine,
    tag::Tag,
};
use crate::{
    api::{Action, Occupied},
    seam::{Call, Change, Op, Pass, Site, Slow},
};

/// An entry on its way out. A reader may be looking at it (**pinned**): a panic on the way leaks it, and does not drop it.
type Removed<K, V> = ManuallyDrop<(K, V)>;

impl<K, V, S: BuildHasher> Engine<K, V, S> {
    /// Changes the value under `key` in place, `None` if it is absent.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn update<Q, R>(&self, key: &Q, change: impl FnOnce(&mut V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hash(key);
        let scope = self.seam.pass(Op::Update, Some(hash));
        if hands_out_duplicates::<K, V>() {
            return self.update_slowly(hash, key, change, &scope, scope.site());
        }
        match self.reach_counted(hash, key, &scope) {
            Reached::Present(mut locked, place) => {
                scope.locked();
                scope.decided(hash, Some(Change::Changed));
                // Changed in place.
                Some(locked.with_mut(place, &mut None, |_, value| change(value)))
            }
            Reached::Absent => {
                scope.met_nothing();
                scope.decided(hash, None);
                None
            }
            Reached::Unsettled => self.update_slowly(hash, key, change, &scope, scope.site()),
        }
    }

    /// Removes the entry under `key` if `condition` holds for its value.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn remove_if<Q>(&self, key: &Q, condition: impl FnOnce(&V) -> bool) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hash(key);
        let removed = {
            let scope = self.seam.pass(Op::RemoveIf, Some(hash));
            match self.reach_counted(hash, key, &scope) {
                Reached::Present(locked, place) => {
                    let removed = self.remove_at(hash, locked, place, condition, &scope);
                    if removed.is_none() {
                        scope.met_nothing();
                    }
                    removed?
                }
                Reached::Absent => {
                    scope.met_nothing();
                    return None;
                }
                Reached::Unsettled => self.remove_slowly(hash, key, condition, &scope, scope.site())?,
            }
        };
        Some(self.dismiss(ManuallyDrop::into_inner(removed)))
    }

    /// As `reach`, and counts the operation; unsettled too if it is to be looked at.
    #[inline(always)]
    fn reach_counted<'m, Q>(&'m self, hash: u64, key: &Q, scope: &Pass<'_>) -> Reached<'m, K, V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        if !scope.is_plain() {
            return Reached::Unsettled;
        }
        let reached = self.reach(hash, key);
        if !matches!(reached, Reached::Unsettled) {
            scope.count();
        }
        reached
    }

    /// Takes out the entry at `place` if `condition` holds for its value.
    #[inline(always)]
    fn remove_at<'m>(
        &self,
        hash: u64,
        locked: Locked<'m, K, V>,
        place: Place<'m, K, V>,
        condition: impl FnOnce(&V) -> bool,
        call: &Call<'_>,
    ) -> Option<Removed<K, V>> {
        call.locked();
        if !locked.with(place, |_, value| condition(value)) {
            locked.release_unchanged();
            return None;
        }
        call.wrote(hash, Change::Removed);
        let home = locked.home();
        let removed = Removed::new(locked.remove(place));
        self.removed(home);
        Some(removed)
    }

    #[cold]
    #[inline(never)]
    fn update_slowly<Q, R>(
        &self,
        hash: u64,
        key: &Q,
        change: impl FnOnce(&mut V) -> R,
        call: &Call<'_>,
        site: Site,
    ) -> Option<R>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let mut leaving = self.leaving();
        let call = self.seam.slow(call, (Op::Update, Some(hash)), site);
        let updated = self.write_present(hash, key, |mut locked, place| {
            call.holds(locked.home().head());
            call.decided(hash, Some(Change::Changed));
            Some(locked.with_mut(place, &mut leaving.value, |_, value| change(value)))
        });
        if updated.is_none() {
            call.decided(hash, None);
        }
        updated
    }

    #[cold]
    #[inline(never)]
    fn remove_slowly<Q>(
        &self,
        hash: u64,
        key: &Q,
        condition: impl FnOnce(&V) -> bool,
        call: &Call<'_>,
        site: Site,
    ) -> Option<Removed<K, V>>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let call = self.seam.slow(call, (Op::RemoveIf, Some(hash)), site);
        let removed = self.write_present(hash, key, |locked, place| {
            call.holds_too(locked.home().head());
            self.remove_at(hash, locked, place, condition, &call)
        });
        if removed.is_none() {
            call.met_nothing();
        }
        removed
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> Engine<K, V, S> {
    /// Stores `value` under `key` and returns the value it replaced.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn insert(&self, key: K, value: V) -> Option<V> {
        self.insert_hashed(self.hash(&key), key, value)
    }

    #[inline(always)]
    #[track_caller]
    pub(super) fn insert_hashed(&self, hash: u64, key: K, value: V) -> Option<V> {
        self.key_hash.learn();
        self.key_text.learn(&self.seam, hash, &key);
        let scope = self.seam.pass(Op::Insert, Some(hash));
        if !hands_out_duplicates::<K, V>()
            && scope.is_plain()
            && let Some((mut locked, place)) = self.reach_any(hash, &key)
        {
            if let Some(place) = place {
                scope.count();
                scope.locked();
                scope.wrote(hash, Change::Replaced);
                let replaced = locked.replace(place, value);
                drop(locked);
                drop(scope);
                return Some(replaced);
            }
            match locked.free(Tag::of(hash)) {
                Some(place) => {
                    scope.count();
                    scope.locked();
                    scope.wrote(hash, Change::Added);
                    locked.fill(place, Tag::of(hash), key, value);
                    scope.met_nothing();
                    self.count.add(1);
                    return None;
                }
                None => locked.release_unchanged(),
            }
        }
        // The key never was in the table.
        let (mut leaving, _unused) = self.insert_slowly(hash, key, value, &scope, scope.site());
        drop(scope);
        leaving.hand_out()
    }

    #[cold]
    #[inline(never)]
    fn insert_slowly(
        &self,
        hash: u64,
        key: K,
        value: V,
        call: &Call<'_>,
        site: Site,
    ) -> (Leaving<'_, K, V>, Option<K>) {
        let mut leaving = self.leaving();
        let call = self.seam.slow(call, (Op::Insert, Some(hash)), site);
        let unused = self.write(hash, key, |key, mut locked, place| {
            call.holds(locked.home().head());
            call.wrote(hash, Change::put(place.is_some()));
            let Some(place) = place else {
                self.put(hash, key, value, locked);
                return None;
            };
            leaving.value = Some(locked.replace(place, value));
            Some(key)
        });
        (leaving, unused)
    }

    /// Stores `value` unless `key` is present.
    #[inline]
    #[track_caller]
    pub(crate) fn insert_if_absent(&self, key: K, value: V) -> Result<(), Occupied<K, V>> {
        let hash = self.hash(&key);
        self.key_hash.learn();
        self.key_text.learn(&self.seam, hash, &key);
        let pass = self.seam.pass(Op::InsertIfAbsent, Some(hash));
        let scope = self.seam.slow(&pass, (Op::InsertIfAbsent, Some(hash)), pass.site());
        self.write(hash, key, |key, locked, place| {
            scope.holds(locked.home().head());
            scope.decided(hash, place.is_none().then_some(Change::Added));
            if place.is_some() {
                locked.release_unchanged();
                return Err(Occupied { key, value });
            }
            self.put(hash, key, value, locked);
            Ok(())
        })
    }

    /// Puts in an entry whose key is not there, unlocks, and makes room for more if need be.
    #[inline(always)]
    fn put(&self, hash: u64, key: K, value: V, locked: Locked<'_, K, V>) {
        let segment = locked.home().segment();
        let crowded = locked.insert(Tag::of(hash), key, value);
        self.count.add(1);
        if crowded {
            self.grow(segment);
        }
    }

    /// Shows the entry under `key` to `decide` and does what it answers.
    #[inline]
    #[track_caller]
    pub(crate) fn compute<R>(&self, key: K, decide: impl FnOnce(Option<&mut V>) -> Action<V, R>) -> R {
        let hash = self.hash(&key);
        self.key_hash.learn();
        self.key_text.learn(&self.seam, hash, &key);
        // What is not needed any more; the key never was in the table.
        let mut leaving = self.leaving();
        let (result, unused_key) = {
            let pass = self.seam.pass(Op::Compute, Some(hash));
            let scope = self.seam.slow(&pass, (Op::Compute, Some(hash)), pass.site());
            let decide = |present: Option<&mut V>| deciding(&scope, hash, present, decide);
            self.write(hash, key, |key, mut locked, place| {
                scope.holds(locked.home().head());
                match place {
                    Some(place) => match locked.with_mut(place, &mut leaving.earlier, |_, value| decide(Some(value))) {
                        Action::Keep(result) => (result, Some(key)),
                        Action::Put(value, result) => {
                            leaving.value = Some(locked.replace(place, value));
                            (result, Some(key))
                        }
                        Action::Remove(result) => {
                            let home = locked.home();
                            let (removed, value) = locked.remove(place);
                            (leaving.key, leaving.value) = (Some(removed), Some(value));
                            self.removed(home);
                            (result, Some(key))
                        }
                    },
                    None => match decide(None) {
                        Action::Put(value, result) => {
                            self.put(hash, key, value, locked);
                            (result, None)
                        }
                        Action::Keep(result) | Action::Remove(result) => {
                            locked.release_unchanged();
                            (result, Some(key))
                        }
                    },
                }
            })
        };
        drop((unused_key, leaving));
        result
    }
}

/// Lets `decide` decide, and reports what on.
#[inline(always)]
fn deciding<V, R>(
    call: &Slow<'_>,
    hash: u64,
    present: Option<&mut V>,
    decide: impl FnOnce(Option<&mut V>) -> Action<V, R>,
) -> Action<V, R> {
    let was_present = present.is_some();
    let action = decide(present);
    call.decided(hash, action.change(was_present));
    action
}
