//! The face that `MutexMap`, `RwLockMap` and `ShardedMap` share: their traits, inherent methods and conversions.

/// Gives a newtype around `Shards` (in a field `shards`) everything but its constructors.
macro_rules! lock_face {
    (
        $map:ident<$k:ident, $v:ident, $s:ident>
        caps: $caps:expr;
        reads: $reads:literal
        iteration: $iteration:literal
        writes: $writes:literal
        whole: $whole:literal
    ) => {
        impl<$k, $v, $s> $crate::MapRead<$k, $v> for $map<$k, $v, $s>
        where
            $s: BuildHasher,
        {
            const CAPS: Caps = $caps;

            #[inline]
            #[track_caller]
            fn view<Q, R>(&self, key: &Q, read: impl FnOnce(&$v) -> R) -> Option<R>
            where
                Q: Hash + ::equivalent::Equivalent<$k> + ?Sized,
            {
                self.shards.view(key, read)
            }

            #[track_caller]
            fn try_for_each<B>(
                &self,
                visit: impl FnMut(&$k, &$v) -> ::std::ops::ControlFlow<B>,
            ) -> ::std::ops::ControlFlow<B> {
                self.shards.try_for_each(visit)
            }

            #[track_caller]
            fn len(&self) -> usize {
                self.shards.len()
            }
        }

        impl<$k, $v, $s> $crate::MapWrite<$k, $v> for $map<$k, $v, $s>
        where
            $k: Hash + Eq,
            $s: BuildHasher,
        {
            #[inline]
            #[track_caller]
            fn compute<R>(&self, key: $k, decide: impl FnOnce(Option<&mut $v>) -> $crate::Action<$v, R>) -> R {
                self.shards.compute(key, decide)
            }

            #[inline]
            #[track_caller]
            fn update<Q, R>(&self, key: &Q, change: impl FnOnce(&mut $v) -> R) -> Option<R>
            where
                Q: Hash + ::equivalent::Equivalent<$k> + ?Sized,
            {
                self.shards.update(key, change)
            }

            #[inline]
            #[track_caller]
            fn insert(&self, key: $k, value: $v) -> Option<$v> {
                self.shards.insert(key, value)
            }

            #[inline]
            #[track_caller]
            fn insert_if_absent(&self, key: $k, value: $v) -> Result<(), $crate::Occupied<$k, $v>> {
                self.shards.insert_if_absent(key, value)
            }

            #[inline]
            #[track_caller]
            fn remove_if<Q>(&self, key: &Q, condition: impl FnOnce(&$v) -> bool) -> Option<$v>
            where
                Q: Hash + ::equivalent::Equivalent<$k> + ?Sized,
            {
                self.shards.remove_if(key, condition)
            }

            #[track_caller]
            fn retain(&self, keep: impl FnMut(&$k, &mut $v) -> bool) {
                self.shards.retain(keep);
            }

            #[track_caller]
            fn clear(&self) {
                drop(self.shards.take());
            }

            #[track_caller]
            fn drain(&self) -> Vec<($k, $v)> {
                self.shards.take().into_iter().flat_map($crate::table::Table::into_entries).collect()
            }
        }

        impl<$k, $v, $s> $crate::InPlace for $map<$k, $v, $s> {}

        impl<$k, $v, $s> $crate::MapTransact<$k, $v> for $map<$k, $v, $s>
        where
            $k: Hash + Eq,
            $s: BuildHasher,
        {
            #[track_caller]
            fn transact<Q, const N: usize, R>(
                &self,
                keys: [&Q; N],
                change: impl FnOnce([Option<&mut $v>; N]) -> R,
            ) -> Result<R, $crate::DuplicateKey>
            where
                Q: Hash + Eq + ::equivalent::Equivalent<$k> + ?Sized,
            {
                self.shards.transact(keys, change)
            }
        }

        $crate::surface::read_surface! {
            $map<$k, $v, $s> where [$s: BuildHasher]
            reads: $reads
            iteration: $iteration
        }

        $crate::surface::write_surface! {
            $map<$k, $v, $s> where [$k: Hash + Eq, $s: BuildHasher]
            writes: $writes
            whole: $whole
        }

        $crate::surface::transact_surface! {
            $map<$k, $v, $s>
            transactions: "Linearizable over all the keys. Blocks readers and writers of every lock involved; the locks are taken in one order, so transactions never wait for each other in a circle."
        }

        impl<$k, $v, $s> $map<$k, $v, $s>
        where
            $k: Hash + Eq,
            $s: BuildHasher,
        {
            /// Makes room for `additional` more entries.
            ///
            /// # Concurrency
            ///
            #[doc = $whole]
            #[track_caller]
            pub fn reserve(&self, additional: usize) {
                self.shards.reserve(additional);
            }

            /// Gives back memory that the entries do not need.
            ///
            /// # Concurrency
            ///
            #[doc = $whole]
            #[track_caller]
            pub fn shrink_to_fit(&self) {
                self.shards.shrink_to_fit();
            }
        }

        impl<$k, $v, $s> $map<$k, $v, $s> {
            /// Returns the hasher that keys are hashed with.
            #[must_use]
            pub fn hasher(&self) -> &$s {
                self.shards.hasher()
            }

            /// Turns the map into one that can only be read, with no synchronization at all; nothing is rehashed.
            #[must_use]
            pub fn freeze(self) -> $crate::FrozenMap<$k, $v, $s> {
                $crate::FrozenMap::from_shards(self.shards)
            }

            /// Turns the map into a std one; every key is hashed again.
            #[must_use]
            pub fn into_std(self) -> ::std::collections::HashMap<$k, $v, $s>
            where
                $k: Hash + Eq,
                $s: BuildHasher,
            {
                let (tables, _, hasher) = self.shards.into_tables();
                $crate::convert::into_std($crate::IntoEntries::new(tables), hasher)
            }
        }

        impl<$k: Hash + Eq, $v, $s: BuildHasher> Extend<($k, $v)> for $map<$k, $v, $s> {
            fn extend<I: IntoIterator<Item = ($k, $v)>>(&mut self, entries: I) {
                for (key, value) in entries {
                    self.shards.insert_owned(key, value);
                }
            }
        }

        impl<$k, $v, $s> IntoIterator for $map<$k, $v, $s> {
            type Item = ($k, $v);
            type IntoIter = $crate::IntoEntries<$k, $v>;

            fn into_iter(self) -> Self::IntoIter {
                $crate::IntoEntries::new(self.shards.into_tables().0)
            }
        }

        $crate::convert::conversions! { $map<$k, $v, $s> }
        $crate::surface::named! { $map<$k, $v, $s>, shards.seam, shards.key_text }
    };
}

/// Gives a map with exactly one lock its constructors and the rest of the face.
macro_rules! one_lock {
    (
        $map:ident
        holds: $holds:expr;
        reads: $reads:literal
        iteration: $iteration:literal
        writes: $writes:literal
        whole: $whole:literal
    ) => {
        $crate::surface::constructors! { $map<K, V> }

        impl<K, V, S> $map<K, V, S> {
            /// Makes an empty map with room for `capacity` entries that hashes with `hasher`.
            #[must_use]
            #[track_caller]
            pub fn with_capacity_and_hasher(capacity: usize, hasher: S) -> Self {
                let of = $crate::seam::MapType { name: stringify!($map), holds: $holds };
                Self { shards: Shards::one(of, capacity, hasher) }
            }
        }

        lock_face! {
            $map<K, V, S>
            caps: Caps {
                reads: Progress::Blocking,
                writes: Progress::Blocking,
                iteration: Iteration::Snapshot,
                exact_len: true,
                linearizable_per_key: true,
                reentrant_reads: false,
                multi_key: true,
            };
            reads: $reads
            iteration: $iteration
            writes: $writes
            whole: $whole
        }
    };
}

pub(crate) use {lock_face, one_lock};
