//! Conversions from and to owned entries, the same for every map.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash},
};

use hashbrown::hash_table;

use crate::{shards::Select, table::Table};

/// Turns the tables of a map into a std one; every key is hashed again.
pub(crate) fn into_std<K, V, S>((tables, _, hasher): (Vec<Table<K, V>>, Select, S)) -> HashMap<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    let mut map = HashMap::with_capacity_and_hasher(tables.iter().map(Table::len).sum(), hasher);
    map.extend(tables.into_iter().flat_map(Table::into_entries));
    map
}

/// The entries of an owned map, in no order.
pub struct IntoEntries<K, V> {
    tables: std::vec::IntoIter<Table<K, V>>,
    current: hash_table::IntoIter<(K, V)>,
    left: usize,
}

impl<K, V> IntoEntries<K, V> {
    pub(crate) fn new(tables: Vec<Table<K, V>>) -> Self {
        let left = tables.iter().map(Table::len).sum();
        Self { tables: tables.into_iter(), current: Table::with_capacity(0).into_entries(), left }
    }
}

impl<K, V> Iterator for IntoEntries<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        loop {
            if let Some(entry) = self.current.next() {
                self.left -= 1;
                return Some(entry);
            }
            self.current = self.tables.next()?.into_entries();
        }
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

pub(crate) use conversions;
