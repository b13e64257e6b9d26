//! rayon: maps and sets are filled by, and turned into, parallel iterators.

use std::hash::{BuildHasher, Hash};

use rayon::iter::{FromParallelIterator, IntoParallelIterator, ParallelExtend, ParallelIterator};

use crate::{Map, MutexMap, PackedMap, RwLockMap, Set, ShardedMap, Stored};

macro_rules! parallel {
    ($($map:ident [$($bounds:tt)*] [$($moved:tt)*])*) => {
        $(
        impl<K, V, S> ParallelExtend<(K, V)> for $map<K, V, S>
        where
            K: Hash + Eq + Send + Sync,
            V: Send + Sync,
            S: BuildHasher + Sync,
            $($bounds)*
        {
            fn par_extend<I: IntoParallelIterator<Item = (K, V)>>(&mut self, entries: I) {
                let map = &*self;
                entries.into_par_iter().for_each(|(key, value)| drop(map.insert(key, value)));
            }
        }

        impl<K, V, S> FromParallelIterator<(K, V)> for $map<K, V, S>
        where
            K: Hash + Eq + Send + Sync,
            V: Send + Sync,
            S: BuildHasher + Default + Sync,
            $($bounds)*
        {
            fn from_par_iter<I: IntoParallelIterator<Item = (K, V)>>(entries: I) -> Self {
                let mut map = Self::default();
                map.par_extend(entries);
                map
            }
        }

        impl<K: Send, V: Send, S> IntoParallelIterator for $map<K, V, S>
        where
            $($moved)*
        {
            type Item = (K, V);
            type Iter = rayon::vec::IntoIter<(K, V)>;

            fn into_par_iter(self) -> Self::Iter {
                self.into_iter().collect::<Vec<_>>().into_par_iter()
            }
        }
        )*
    };
}

parallel! {
    Map [] []
    MutexMap [] []
    RwLockMap [] []
    ShardedMap [] []
    PackedMap
        [K: Stored, K::As: Hash + Eq + Send + Sync, V: Stored, V::As: Send + Sync]
        [K: Stored, V: Stored]
}

impl<T, S> ParallelExtend<T> for Set<T, S>
where
    T: Hash + Eq + Send + Sync,
    S: BuildHasher + Sync,
{
    fn par_extend<I: IntoParallelIterator<Item = T>>(&mut self, elements: I) {
        let set = &*self;
        elements.into_par_iter().for_each(|element| {
            set.insert(element);
        });
    }
}

impl<T, S> FromParallelIterator<T> for Set<T, S>
where
    T: Hash + Eq + Send + Sync,
    S: BuildHasher + Default + Sync,
{
    fn from_par_iter<I: IntoParallelIterator<Item = T>>(elements: I) -> Self {
        let mut set = Self::default();
        set.par_extend(elements);
        set
    }
}

impl<T: Send, S> IntoParallelIterator for Set<T, S> {
    type Item = T;
    type Iter = rayon::vec::IntoIter<T>;

    fn into_par_iter(self) -> Self::Iter {
        self.into_iter().collect::<Vec<_>>().into_par_iter()
    }
}
