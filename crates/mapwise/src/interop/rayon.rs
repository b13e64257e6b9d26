//! rayon: maps are filled by, and turned into, parallel iterators.

use std::hash::{BuildHasher, Hash};

use rayon::iter::{FromParallelIterator, IntoParallelIterator, ParallelExtend, ParallelIterator};

use crate::{MutexMap, RwLockMap, ShardedMap};

macro_rules! parallel {
    ($($map:ident)*) => {
        $(
        impl<K, V, S> ParallelExtend<(K, V)> for $map<K, V, S>
        where
            K: Hash + Eq + Send + Sync,
            V: Send + Sync,
            S: BuildHasher + Sync,
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
        {
            fn from_par_iter<I: IntoParallelIterator<Item = (K, V)>>(entries: I) -> Self {
                let mut map = Self::default();
                map.par_extend(entries);
                map
            }
        }

        impl<K: Send, V: Send, S> IntoParallelIterator for $map<K, V, S> {
            type Item = (K, V);
            type Iter = rayon::vec::IntoIter<(K, V)>;

            fn into_par_iter(self) -> Self::Iter {
                self.into_iter().collect::<Vec<_>>().into_par_iter()
            }
        }
        )*
    };
}

parallel! { MutexMap RwLockMap ShardedMap }
