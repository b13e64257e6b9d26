//! The body of the seam that watches nothing: it compiles to nothing but, in debug builds, **one-scope**.

use std::{hash::BuildHasher, marker::PhantomData, ops::Deref};

#[cfg(debug_assertions)]
use std::{cell::RefCell, panic::Location};

use super::{Change, MapType, Op, Visitor};

#[cfg(debug_assertions)]
#[derive(Clone, Copy)]
struct Inside {
    map: usize,
    op: Op,
    site: &'static Location<'static>,
}

#[cfg(debug_assertions)]
crate::sync::thread_local! {
    static INSIDE: RefCell<Vec<Inside>> = const { RefCell::new(Vec::new()) };
}

/// A map's end of the seam. Its address is the map's identity while an operation runs.
#[derive(Debug)]
pub(crate) struct Seam {
    // Gives every map an address of its own; a zero-sized field could share one.
    #[cfg(debug_assertions)]
    _identity: u8,
}

impl Seam {
    /// The seam of a map of a kind.
    #[inline]
    pub(crate) const fn of(_kind: MapType) -> Self {
        Self {
            #[cfg(debug_assertions)]
            _identity: 0,
        }
    }

    /// Names the map in reports.
    #[inline(always)]
    pub(crate) fn name(&self, _name: &str) {}

    /// Enters `op`, which may run user code while it blocks others; `hash` is the key's, where one key is meant.
    ///
    /// # Panics
    ///
    /// In debug builds, if this thread is inside an operation of this map already.
    #[inline]
    #[track_caller]
    pub(crate) fn begin(&self, op: Op, hash: Option<u64>) -> Scope<'_> {
        let _ = hash;
        #[cfg(debug_assertions)]
        enter(Inside { map: std::ptr::from_ref(self).addr(), op, site: Location::caller() });
        #[cfg(not(debug_assertions))]
        let _ = op;
        Scope { _not_send: PhantomData }
    }

    /// Begins an operation that waits for nobody and runs no user code while others wait for it: it needs no scope.
    #[inline(always)]
    pub(crate) fn look(&self, _op: Op, _hash: Option<u64>) -> Call<'_> {
        Call(PhantomData)
    }

    /// Reports a look-up that took no lock, after it.
    #[inline(always)]
    pub(crate) fn saw(&self, _op: Op, _hash: u64, _found: bool) {}

    /// Reports a write through `&mut` of the map, which nobody else can see.
    #[inline(always)]
    pub(crate) fn wrote_owned(&self, _op: Op, _hash: u64, _change: Change) {}

    /// Reports that the map was filled with entries that nobody reported.
    #[inline(always)]
    pub(crate) fn filled(&self) {}

    /// Reports that two threads met in a map that takes one, or that one thread was inside twice.
    #[inline(always)]
    pub(crate) fn met(&self, _arriving: &Visitor, _inside: &Visitor) {}

    /// A call that is done later, on another thread.
    #[inline(always)]
    pub(crate) fn later(&self, _op: Op) -> Call<'static> {
        Call(PhantomData)
    }
}

#[cfg(debug_assertions)]
fn enter(now: Inside) {
    let find = |inside: &RefCell<Vec<Inside>>| inside.borrow().iter().rev().find(|scope| scope.map == now.map).copied();
    // A thread that is ending may have lost the list: its last calls are not watched.
    let Ok(before) = INSIDE.try_with(find) else { return };
    if let Some(before) = before {
        panic!(
            "re-entrant call: {} at {} from inside {} at {} on the same map would wait for itself",
            now.op.name(),
            now.site,
            before.op.name(),
            before.site,
        );
    }
    let _ = INSIDE.try_with(|inside| inside.borrow_mut().push(now));
}

/// An operation in progress on this thread; ends when dropped, on panic too.
#[must_use]
pub(crate) struct Scope<'map> {
    // It stands for a place on this thread's stack.
    _not_send: PhantomData<(*const (), &'map Seam)>,
}

impl<'map> Deref for Scope<'map> {
    type Target = Call<'map>;

    #[inline(always)]
    fn deref(&self) -> &Call<'map> {
        // Not a part of `self`, whose address whoever gets the call would have then.
        &Call(PhantomData)
    }
}

#[cfg(debug_assertions)]
impl Drop for Scope<'_> {
    fn drop(&mut self) {
        // Scopes nest as calls do, so the last one is this one. A thread that is ending may have lost the list.
        let _ = INSIDE.try_with(|inside| inside.borrow_mut().pop());
    }
}

/// What an operation in progress reports, possibly on another thread that does it.
pub(crate) struct Call<'map>(PhantomData<&'map Seam>);

impl Call<'_> {
    /// The operation has what it waited for.
    #[inline(always)]
    pub(crate) fn locked(&self) {}

    /// **read-after**: the operation looked at its key.
    #[inline(always)]
    pub(crate) fn saw(&self, _found: bool) {}

    /// The operation looked at the key that hashes to this, one of several.
    #[inline(always)]
    pub(crate) fn saw_key(&self, _hash: u64, _found: bool) {}

    /// An iteration is about to show an entry, whose key hashes to what `hash` returns, if that is known.
    #[inline(always)]
    pub(crate) fn saw_entry(&self, _hash: impl FnOnce() -> Option<u64>) {}

    /// **write-inside**: the operation wrote the key that hashes to this.
    #[inline(always)]
    pub(crate) fn wrote(&self, _hash: u64, _change: Change) {}

    /// **write-inside**: the operation decided on a key; `None` if it wrote nothing.
    #[inline(always)]
    pub(crate) fn decided(&self, _hash: u64, _change: Option<Change>) {}

    /// **write-inside**: the operation is about to remove an entry whose key hashes to what `hash` returns, if that is
    /// known.
    #[inline(always)]
    pub(crate) fn removed(&self, _hash: impl FnOnce() -> Option<u64>) {}

    /// Until the result is dropped, the operation writes keys that it does not report.
    #[inline(always)]
    pub(crate) fn disturb(&self) -> Disturbing<'_> {
        Disturbing(PhantomData)
    }

    /// **write-inside**: the operation is about to remove entries; `all` tells the hash of each, if that is known.
    #[inline(always)]
    pub(crate) fn removed_all(&self, _all: impl FnOnce(&mut dyn FnMut(Option<u64>))) {}

    /// **mark**: keeps others from writing the key until the write is reported.
    #[inline(always)]
    pub(crate) fn mark(&self, _hash: u64) -> Mark<'_> {
        Mark(PhantomData)
    }

    /// The thread that does the operation begins to.
    #[inline(always)]
    pub(crate) fn enter(&self) -> Inner<'_> {
        Inner(PhantomData)
    }
}

/// Where a table in somebody's hands reports to, if anywhere.
#[derive(Clone, Copy)]
pub(crate) struct Watch<'a>(PhantomData<&'a ()>);

impl<'a> Watch<'a> {
    /// Nowhere: the table is no map's, or one thread's alone.
    pub(crate) const NONE: Self = Self(PhantomData);

    /// To the operation that lends the table.
    #[inline(always)]
    pub(crate) fn by(_call: &'a Call<'_>) -> Self {
        Self::NONE
    }

    /// The key that hashes to this was looked at.
    #[inline(always)]
    pub(crate) fn saw(self, _hash: u64, _found: bool) {}

    /// The key that hashes to this was decided on; `None` if nothing was written.
    #[inline(always)]
    pub(crate) fn decided(self, _hash: u64, _change: Option<Change>) {}

    /// Until the result is dropped, keys are written that are not reported.
    #[inline(always)]
    pub(crate) fn disturb(self) -> Disturbing<'a> {
        Disturbing(PhantomData)
    }
}

/// Keeps others from writing a key.
#[must_use]
pub(crate) struct Mark<'a>(PhantomData<&'a ()>);

impl Mark<'_> {
    /// Reports the write and lets others write.
    #[inline(always)]
    pub(crate) fn wrote(self, _change: Change) {}

    /// Nothing was written.
    #[inline(always)]
    pub(crate) fn unused(self) {}
}

/// Keys of a map are being written that nobody reports.
#[must_use]
pub(crate) struct Disturbing<'a>(PhantomData<&'a ()>);

/// The thread that does an operation for another is inside it.
#[must_use]
pub(crate) struct Inner<'a>(PhantomData<&'a ()>);

/// Until it is dropped, the next call on this thread means another operation.
#[must_use]
pub(crate) struct Means;

/// Says that the next call of a map on this thread means `op`.
#[inline(always)]
pub(crate) fn means(_op: Op) -> Means {
    Means
}

/// How keys of a map are hashed, for iterations, which know no more of a key than that it is one.
#[derive(Debug)]
pub(crate) struct KeyHash<K, S>(PhantomData<fn(&S, &K)>);

impl<K, S> KeyHash<K, S> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }

    /// Told by every operation that can hash.
    #[inline(always)]
    pub(crate) fn learn(&self)
    where
        K: std::hash::Hash,
        S: BuildHasher,
    {
    }

    /// Returns the hash of `key`, if any operation told how.
    #[inline(always)]
    pub(crate) fn of(&self, _hasher: &S, _key: &K) -> Option<u64> {
        None
    }
}

/// How keys of a map are shown in findings: there are none.
pub(crate) struct KeyText<K>(PhantomData<fn(&K)>);

impl<K> KeyText<K> {
    /// Keys are not shown.
    pub(crate) const NONE: Self = Self(PhantomData);

    /// Keys are shown as `show` returns.
    #[inline(always)]
    pub(crate) fn by(_show: fn(&K) -> String) -> Self {
        Self::NONE
    }

    /// Told by every operation that can add a key, outside its scope: this may run user code.
    #[inline(always)]
    pub(crate) fn learn(self, _seam: &Seam, _hash: u64, _key: &K) {}

    /// Told by a table in somebody's hands, which has no outside.
    #[inline(always)]
    pub(crate) fn learn_within(self, _watch: Watch<'_>, _hash: u64, _key: &K) {}
}

impl<K> Clone for KeyText<K> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for KeyText<K> {}
