//! Several keys at once.

use std::{
    array,
    hash::{BuildHasher, Hash},
};

use equivalent::Equivalent;

use super::{
    home::{Home, Locked, Place},
    leave::{LeavingMany, copy},
    mode::snapshots,
    segment::Route,
    table::Engine,
    tag::Tag,
};
use crate::{
    api::DuplicateKey,
    seam::{Change, Op},
};

/// What one key of a transaction came to: which of the locks is its home's, and where its entry is.
type Found<'m, K, V> = Option<(usize, Place<'m, K, V>)>;

impl<K, V, S: BuildHasher> Engine<K, V, S> {
    /// Shows the values under all of `keys` to `change` at once.
    #[track_caller]
    pub(crate) fn transact<Q, const N: usize, R>(
        &self,
        keys: [&Q; N],
        change: impl FnOnce([Option<&mut V>; N]) -> R,
    ) -> Result<R, DuplicateKey>
    where
        Q: Hash + Eq + Equivalent<K> + ?Sized,
    {
        let hashes = keys.map(|key| self.hash(key));
        DuplicateKey::refuse(hashes, keys)?;
        // drop-outside: of the locks, too.
        let mut leaving = self.leaving_many();
        let pass = self.seam.pass(Op::Transact, None);
        let scope = self.seam.slow(&pass, (Op::Transact, None), pass.site());
        let (mut locks, lock_of) = self.lock_all(hashes);
        scope.locked();
        locks.iter().flatten().for_each(|locked| scope.holds_too(locked.home().head()));
        let found: [Found<'_, K, V>; N] = array::from_fn(|at| {
            let lock = lock_of[at];
            let locked = locks[lock].as_ref().expect("each key's home is locked");
            locked.find_anywhere(Tag::of(hashes[at]), |found| keys[at].equivalent(found)).map(|place| (lock, place))
        });
        // Keys that differ from each other may all be equivalent to one entry, if their types say so.
        for second in 1..N {
            let Some((_, place)) = found[second] else { continue };
            let twice = found[..second].iter().flatten().any(|(_, other)| *other == place);
            assert!(!twice, "keys of a transaction differ from each other but not from one entry's key");
        }
        for (hash, found) in hashes.iter().zip(&found) {
            scope.decided(*hash, found.is_some().then_some(Change::Changed));
        }
        Ok(if snapshots::<K, V>() {
            with_copies(&mut locks, found, &mut leaving, change)
        } else {
            in_place(&mut locks, found, change)
        })
    }

    /// Locks the homes of all `hashes`, each once; returns the locks, and for each hash which is its home's.
    fn lock_all<const N: usize>(&self, hashes: [u64; N]) -> ([Option<Locked<'_, K, V>>; N], [usize; N]) {
        'again: loop {
            let homes = hashes.map(|hash| self.locate(hash));
            let address = |at: usize| std::ptr::from_ref(homes[at].head()).addr();
            let mut order: [usize; N] = array::from_fn(|at| at);
            order.sort_unstable_by_key(|&at| address(at));
            let mut locks = [const { None }; N];
            let mut lock_of = [0; N];
            // one-lock: ascending, each home once.
            for (nth, &at) in order.iter().enumerate() {
                let same = nth.checked_sub(1).map(|last| order[last]).filter(|&last| address(last) == address(at));
                lock_of[at] = match same {
                    Some(last) => lock_of[last],
                    None => {
                        locks[at] = Some(homes[at].lock());
                        at
                    }
                };
                if !is_home(homes[at], locks[lock_of[at]].as_ref(), hashes[at]) {
                    // A split moved it meanwhile: all locks go before any is taken again.
                    continue 'again;
                }
            }
            return (locks, lock_of);
        }
    }
}

fn is_home<K, V>(home: Home<'_, K, V>, locked: Option<&Locked<'_, K, V>>, hash: u64) -> bool {
    locked.is_some_and(|locked| matches!(home.route(locked.word(), hash), Route::Here))
}

/// Values that are not of a listed type are lent where they are.
fn in_place<'m, K, V, R, const N: usize>(
    locks: &mut [Option<Locked<'m, K, V>>; N],
    found: [Found<'m, K, V>; N],
    change: impl FnOnce([Option<&mut V>; N]) -> R,
) -> R {
    let values = found.map(|found| {
        let (lock, place) = found?;
        let value = locks[lock].as_mut()?.value_pointer(place);
        // SAFETY: full, no place is there twice, and the locks are held for longer than the reference is used.
        Some(unsafe { &mut *value })
    });
    change(values)
}

/// Values of listed types are lent as copies and stored when `change` is done, or panics.
fn with_copies<'m, K, V, R, const N: usize>(
    locks: &mut [Option<Locked<'m, K, V>>; N],
    found: [Found<'m, K, V>; N],
    leaving: &mut LeavingMany<'_, K, V>,
    change: impl FnOnce([Option<&mut V>; N]) -> R,
) -> R {
    let copies = found.map(|found| {
        let (lock, place) = found?;
        Some(locks[lock].as_ref()?.with(place, |_, value| copy(value)))
    });
    // So that what is replaced is not lost on the way.
    leaving.values.reserve(N);
    let mut copies = Copies { locks, found, leaving, copies };
    change(copies.copies.each_mut().map(Option::as_mut))
}

/// Stores the copies when dropped.
struct Copies<'a, 'm, 'e, K, V, const N: usize> {
    locks: &'a mut [Option<Locked<'m, K, V>>; N],
    found: [Found<'m, K, V>; N],
    leaving: &'a mut LeavingMany<'e, K, V>,
    copies: [Option<V>; N],
}

impl<K, V, const N: usize> Drop for Copies<'_, '_, '_, K, V, N> {
    fn drop(&mut self) {
        for (found, copy) in self.found.iter().zip(&mut self.copies) {
            if let (Some((lock, place)), Some(copy)) = (*found, copy.take())
                && let Some(locked) = &mut self.locks[lock]
            {
                self.leaving.values.push(locked.replace(place, copy));
            }
        }
    }
}
