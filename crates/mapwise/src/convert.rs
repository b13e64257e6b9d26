//! Conversions from and to owned entries, the same for every map.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash},
    iter, vec,
};

use hashbrown::hash_table;

use crate::{engine::Entries, table::Table};

/// Turns the entries of a map into a std one; every key is hashed again.
pub(crate) fn into_std<K, V, S>(entries: impl ExactSizeIterator<Item = (K, V)>, hasher: S) -> HashMap<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    let mut map = HashMap::with_capacity_and_hasher(entries.len(), hasher);
    map.extend(entries);
    map
}

/// The entries of an owned map, in no order; taken out of it as they are asked for.
pub struct IntoEntries<K, V> {
    source: Source<K, V>,
    left: usize,
}

/// What they are taken out of.
enum Source<K, V> {
    Tables(TablesEntries<K, V>),
    Engine(Entries<K, V>),
}

type TableEntries<K, V> = hash_table::IntoIter<(K, V)>;
type TablesEntries<K, V> = iter::FlatMap<vec::IntoIter<Table<K, V>>, TableEntries<K, V>, TakeOut<K, V>>;
type TakeOut<K, V> = fn(Table<K, V>) -> TableEntries<K, V>;

impl<K, V> IntoEntries<K, V> {
    pub(crate) fn new(tables: Vec<Table<K, V>>) -> Self {
        let left = tables.iter().map(Table::len).sum();
        Self { source: Source::Tables(tables.into_iter().flat_map(Table::into_entries as TakeOut<K, V>)), left }
    }

    pub(crate) fn of_engine(entries: Entries<K, V>, left: usize) -> Self {
        Self { source: Source::Engine(entries), left }
    }
}

impl<K, V> Iterator for IntoEntries<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        let entry = match &mut self.source {
            Source::Tables(tables) => tables.next(),
            Source::Engine(entries) => entries.next(),
        };
        self.left -= usize::from(entry.is_some());
        entry
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<K, V> ExactSizeIterator for IntoEntries<K, V> {}

impl<K, V> std::iter::FusedIterator for IntoEntries<K, V> {}

impl<K, V> std::fmt::Debug for IntoEntries<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IntoEntries").field("left", &self.left).finish_non_exhaustive()
    }
}

/// Gives a map with `with_capacity_and_hasher`, `snapshot` and `Extend` the std traits that follow from them.
macro_rules! conversions {
    ($map:ident<$k:ident, $v:ident, $s:ident>) => {
        $crate::convert::conversions! { $map<$k, $v, $s> where [] }
    };
    ($map:ident<$k:ident, $v:ident, $s:ident> where [$($bounds:tt)*]) => {
        impl<$k: Hash + Eq, $v, $s: BuildHasher + Default> FromIterator<($k, $v)> for $map<$k, $v, $s>
        where
            $($bounds)*
        {
            #[track_caller]
            fn from_iter<I: IntoIterator<Item = ($k, $v)>>(entries: I) -> Self {
                let entries = entries.into_iter();
                let mut map = Self::with_capacity_and_hasher(entries.size_hint().0, $s::default());
                map.extend(entries);
                map
            }
        }

        impl<$k: Hash + Eq, $v, $s: BuildHasher + Clone> From<::std::collections::HashMap<$k, $v, $s>>
            for $map<$k, $v, $s>
        where
            $($bounds)*
        {
            #[track_caller]
            fn from(entries: ::std::collections::HashMap<$k, $v, $s>) -> Self {
                let mut map = Self::with_capacity_and_hasher(entries.len(), entries.hasher().clone());
                map.extend(entries);
                map
            }
        }

        impl<$k: Hash + Eq, $v, const N: usize> From<[($k, $v); N]> for $map<$k, $v>
        where
            $($bounds)*
        {
            #[track_caller]
            fn from(entries: [($k, $v); N]) -> Self {
                entries.into_iter().collect()
            }
        }

        impl<$k, $v, $s> PartialEq for $map<$k, $v, $s>
        where
            $k: Hash + Eq + Clone,
            $v: PartialEq + Clone,
            $s: BuildHasher,
            $($bounds)*
        {
            /// Compares a snapshot of each; no lock of one is held while the other is read.
            fn eq(&self, other: &Self) -> bool {
                self.snapshot() == other.snapshot()
            }
        }
    };
}

/// Gives a map that is read by `for_each` and grows by itself a `Clone`.
macro_rules! clones {
    ($map:ident<$k:ident, $v:ident, $s:ident> where [$($bounds:tt)*]) => {
        impl<$k, $v, $s> Clone for $map<$k, $v, $s>
        where
            $k: Hash + Eq + Clone,
            $v: Clone,
            $s: BuildHasher + Clone,
            $($bounds)*
        {
            /// Returns a map of its own with copies of the entries, as an iteration sees them, and with the same hasher. Its name
            /// is not copied.
            #[track_caller]
            fn clone(&self) -> Self {
                let mut entries = Vec::with_capacity(self.len());
                self.for_each(|key, value| entries.push((key.clone(), value.clone())));
                let mut clone = Self::with_capacity_and_hasher(entries.len(), self.hasher().clone());
                clone.extend(entries);
                clone
            }
        }
    };
}

pub(crate) use clones;
pub(crate) use conversions;
