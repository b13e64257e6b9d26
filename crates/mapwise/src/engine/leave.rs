//! What an operation took out of the table: dropped, or retired if a reader may still look at it (**pinned**).
//!
//! Whatever an operation takes out goes here at once, so that a panic in user code retires it too. Declared before the
//! lock is taken, it is dropped after that is released (**drop-outside**).

use std::mem;

use super::{
    mode::retires,
    owned::{duplicate, heap_size, is_owned},
    table::Engine,
};
use crate::epoch::Garbage;

/// What waits for readers.
pub(super) enum Left<K, V> {
    Key(K),
    Value(V),
    Entry(K, V),
}

impl<K, V> Left<K, V> {
    fn heap_size(&self) -> usize {
        match self {
            Self::Key(key) => heap_size(key),
            Self::Value(value) => heap_size(value),
            Self::Entry(key, value) => heap_size(key) + heap_size(value),
        }
    }
}

/// What leaves in an operation on one key.
pub(super) struct Leaving<'e, K, V> {
    garbage: Option<&'e Garbage<Left<K, V>>>,
    pub(super) key: Option<K>,
    pub(super) value: Option<V>,
    /// A value that was replaced before.
    pub(super) earlier: Option<V>,
}

/// What leaves in an operation on many.
pub(super) struct LeavingMany<'e, K, V> {
    garbage: Option<&'e Garbage<Left<K, V>>>,
    pub(super) entries: Vec<(K, V)>,
    pub(super) values: Vec<V>,
}

impl<K, V, S> Engine<K, V, S> {
    #[inline(always)]
    fn garbage(&self) -> Option<&Garbage<Left<K, V>>> {
        // Decided at compile time first.
        if retires::<K, V>() { self.garbage.as_deref() } else { None }
    }

    #[inline(always)]
    pub(super) fn leaving(&self) -> Leaving<'_, K, V> {
        Leaving { garbage: self.garbage(), key: None, value: None, earlier: None }
    }

    /// Drops what was taken out but the value, which it hands out.
    #[inline(always)]
    pub(super) fn dismiss(&self, (key, value): (K, V)) -> V {
        if !retires::<K, V>() {
            return value;
        }
        let mut leaving = self.leaving();
        (leaving.key, leaving.value) = (Some(key), Some(value));
        match leaving.hand_out() {
            Some(value) => value,
            None => unreachable!("it was just put there"),
        }
    }

    pub(super) fn leaving_many(&self) -> LeavingMany<'_, K, V> {
        LeavingMany { garbage: self.garbage(), entries: Vec::new(), values: Vec::new() }
    }

    /// Drops what left, as far as no reader may look at it.
    #[cfg(all(test, loom))]
    pub(super) fn collect(&self) {
        if let Some(garbage) = self.garbage() {
            garbage.collect();
        }
    }

    /// How many keys and values left and are not dropped yet, as far as they were counted: some reader may look at them.
    pub(crate) fn waiting(&self) -> usize {
        self.garbage().map_or(0, Garbage::waiting)
    }
}

impl<K, V> Leaving<'_, K, V> {
    /// Hands out the value that left, if any. A reader may be looking at it: then the caller gets a duplicate.
    #[inline(always)]
    pub(super) fn hand_out(&mut self) -> Option<V> {
        if retires::<K, V>() && is_owned::<V>() { self.value.as_ref().map(duplicate) } else { self.value.take() }
    }
}

impl<K, V> Drop for Leaving<'_, K, V> {
    #[inline(always)]
    fn drop(&mut self) {
        if !retires::<K, V>() {
            return;
        }
        if let Some(value) = self.earlier.take() {
            retire(self.garbage, Left::Value(value));
        }
        match (self.key.take(), self.value.take()) {
            (Some(key), Some(value)) => retire(self.garbage, Left::Entry(key, value)),
            (Some(key), None) => retire(self.garbage, Left::Key(key)),
            (None, Some(value)) => retire(self.garbage, Left::Value(value)),
            (None, None) => {}
        }
    }
}

impl<K, V> LeavingMany<'_, K, V> {
    /// Calls `change` with room for a value that it replaces.
    pub(super) fn replacing<R>(&mut self, change: impl FnOnce(&mut Option<V>) -> R) -> R {
        /// Also if `change` panics.
        struct Slot<'a, V>(&'a mut Vec<V>, Option<V>);
        impl<V> Drop for Slot<'_, V> {
            fn drop(&mut self) {
                self.0.extend(self.1.take());
            }
        }
        self.values.reserve(1);
        change(&mut Slot(&mut self.values, None).1)
    }

    /// Lets go of what left so far, unless that would run code of the user's, who may use the map. No lock is held.
    pub(super) fn let_go(&mut self) {
        if retires::<K, V>() {
            self.retire_all();
        } else if !mem::needs_drop::<(K, V)>() {
            self.entries.clear();
            self.values.clear();
        }
    }

    fn retire_all(&mut self) {
        let entries = self.entries.drain(..).map(|(key, value)| Left::Entry(key, value));
        let values = self.values.drain(..).map(Left::Value);
        entries.chain(values).for_each(|left| retire(self.garbage, left));
    }

    /// Hands out the entries that left. Readers may be looking at them: then the caller gets duplicates.
    pub(super) fn hand_out(&mut self) -> Vec<(K, V)> {
        if retires::<K, V>() {
            self.entries.iter().map(|(key, value)| (copy(key), copy(value))).collect()
        } else {
            mem::take(&mut self.entries)
        }
    }
}

/// Returns another `value`, which is plain or owned.
pub(super) fn copy<T>(value: &T) -> T {
    if is_owned::<T>() {
        duplicate(value)
    } else {
        // SAFETY: snapshot: it is plain, so a copy of its bytes is a value of its own.
        unsafe { std::ptr::read(value) }
    }
}

impl<K, V> Drop for LeavingMany<'_, K, V> {
    fn drop(&mut self) {
        if retires::<K, V>() {
            self.retire_all();
        }
    }
}

#[inline]
fn retire<K, V>(garbage: Option<&Garbage<Left<K, V>>>, left: Left<K, V>) {
    match garbage {
        Some(garbage) => {
            let size = left.heap_size();
            garbage.retire(left, size);
        }
        // Cannot be: a map that retires has garbage. If it had none, nobody could tell when to drop.
        None => mem::forget(left),
    }
}
