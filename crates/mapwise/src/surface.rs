//! The inherent face of the shared surface: the same methods on every map, so that no trait need be imported.
//!
//! Each forwards to the trait of the same method; each map adds one sentence on what its reads, its writes and its
//! iterations block.

/// Gives a map with `with_capacity_and_hasher` the constructors that follow from it; the hasher is its last parameter.
macro_rules! constructors {
    ($map:ident<$($parameter:ident $(: $bound:ident)?),+>) => {
        $crate::surface::constructors! { $map<$($parameter $(: $bound)?),+>, "map", "entries" }
    };
    ($map:ident<$($parameter:ident $(: $bound:ident)?),+>, $kind:literal, $entries:literal) => {
        impl<$($parameter $(: $bound)?),+> $map<$($parameter),+> {
            #[doc = concat!("Makes an empty ", $kind, ".")]
            #[must_use]
            #[track_caller]
            pub fn new() -> Self {
                Self::with_hasher(::std::hash::RandomState::new())
            }

            #[doc = concat!("Makes an empty ", $kind, " with room for `capacity` ", $entries, ".")]
            #[must_use]
            #[track_caller]
            pub fn with_capacity(capacity: usize) -> Self {
                Self::with_capacity_and_hasher(capacity, ::std::hash::RandomState::new())
            }
        }

        impl<$($parameter $(: $bound)?,)+ S> $map<$($parameter,)+ S> {
            #[doc = concat!("Makes an empty ", $kind, " that hashes with `hasher`.")]
            #[must_use]
            #[track_caller]
            pub fn with_hasher(hasher: S) -> Self {
                Self::with_capacity_and_hasher(0, hasher)
            }
        }

        impl<$($parameter $(: $bound)?,)+ S: Default> Default for $map<$($parameter,)+ S> {
            #[track_caller]
            fn default() -> Self {
                Self::with_hasher(S::default())
            }
        }
    };
}

/// Gives a `MapRead` its inherent methods.
macro_rules! read_surface {
    (
        $map:ident<$k:ident, $v:ident, $s:ident> where [$($bounds:tt)*]
        reads: $reads:literal
        iteration: $iteration:literal
    ) => {
        $crate::surface::read_surface! {
            $map<$k, $v, $s> of ($k, $v) where [$($bounds)*]
            reads: $reads
            iteration: $iteration
        }
    };
    // For a map whose values are of one type.
    (
        $map:ident<$($parameter:ident),+> of ($k:ty, $v:ty) where [$($bounds:tt)*]
        reads: $reads:literal
        iteration: $iteration:literal
    ) => {
        #[allow(trivial_bounds, reason = "where the values are of one type, it is known to be `Clone`")]
        impl<$($parameter),+> $map<$($parameter),+> where $($bounds)* {
            /// Calls `read` with the value under `key` and returns what it returned, `None` if the key is absent.
            ///
            /// # Concurrency
            ///
            #[doc = $reads]
            #[doc(alias = "with")]
            #[inline]
            #[track_caller]
            pub fn view<Q, R>(&self, key: &Q, read: impl FnOnce(&$v) -> R) -> Option<R>
            where
                Q: ::std::hash::Hash + ::equivalent::Equivalent<$k> + ?Sized,
            {
                $crate::MapRead::view(self, key, read)
            }

            /// Returns a copy of the value under `key`.
            ///
            /// # Concurrency
            ///
            #[doc = $reads]
            #[inline]
            #[track_caller]
            pub fn get<Q>(&self, key: &Q) -> Option<$v>
            where
                Q: ::std::hash::Hash + ::equivalent::Equivalent<$k> + ?Sized,
                $v: Clone,
            {
                $crate::MapRead::get(self, key)
            }

            /// Returns true if `key` is present.
            ///
            /// # Concurrency
            ///
            #[doc = $reads]
            #[inline]
            #[track_caller]
            pub fn contains_key<Q>(&self, key: &Q) -> bool
            where
                Q: ::std::hash::Hash + ::equivalent::Equivalent<$k> + ?Sized,
            {
                $crate::MapRead::contains_key(self, key)
            }

            /// Returns copies of the values under several keys, in the order of `keys`; each is a look-up of its own.
            ///
            /// # Concurrency
            ///
            #[doc = $reads]
            #[track_caller]
            pub fn get_many<Q, const N: usize>(&self, keys: [&Q; N]) -> [Option<$v>; N]
            where
                Q: ::std::hash::Hash + ::equivalent::Equivalent<$k> + ?Sized,
                $v: Clone,
            {
                $crate::MapRead::get_many(self, keys)
            }

            /// Calls `read` with the position and the value of each of `keys` that is present; each is a look-up of
            /// its own.
            ///
            /// # Concurrency
            ///
            #[doc = $reads]
            #[track_caller]
            pub fn view_many<Q, const N: usize>(&self, keys: [&Q; N], read: impl FnMut(usize, &$v))
            where
                Q: ::std::hash::Hash + ::equivalent::Equivalent<$k> + ?Sized,
            {
                $crate::MapRead::view_many(self, keys, read);
            }

            /// Calls `visit` with every entry.
            ///
            /// # Concurrency
            ///
            #[doc = $iteration]
            #[doc(alias = "iter")]
            #[track_caller]
            pub fn for_each(&self, visit: impl FnMut(&$k, &$v)) {
                $crate::MapRead::for_each(self, visit);
            }

            /// Calls `visit` with every entry until it breaks, and returns what it broke with.
            ///
            /// # Concurrency
            ///
            #[doc = $iteration]
            #[track_caller]
            pub fn try_for_each<B>(
                &self,
                visit: impl FnMut(&$k, &$v) -> ::std::ops::ControlFlow<B>,
            ) -> ::std::ops::ControlFlow<B> {
                $crate::MapRead::try_for_each(self, visit)
            }

            /// Returns a copy of the entries as a std map.
            ///
            /// # Concurrency
            ///
            #[doc = $iteration]
            #[track_caller]
            #[must_use]
            pub fn snapshot(&self) -> ::std::collections::HashMap<$k, $v>
            where
                $k: ::std::hash::Hash + Eq + Clone,
                $v: Clone,
            {
                $crate::MapRead::snapshot(self)
            }

            /// Returns a copy of the keys, in no order.
            ///
            /// # Concurrency
            ///
            #[doc = $iteration]
            #[track_caller]
            #[must_use]
            pub fn keys(&self) -> Vec<$k>
            where
                $k: Clone,
            {
                $crate::MapRead::keys(self)
            }

            /// Returns the number of entries: while others write, exact or nearly so, as
            /// [`CAPS.exact_len`](crate::Caps::exact_len) says.
            #[track_caller]
            #[must_use]
            pub fn len(&self) -> usize {
                $crate::MapRead::len(self)
            }

            /// Returns true if there is no entry, as [`len`](Self::len) says.
            #[track_caller]
            #[must_use]
            pub fn is_empty(&self) -> bool {
                $crate::MapRead::is_empty(self)
            }
        }

        impl<$($parameter),+> ::std::fmt::Debug for $map<$($parameter),+>
        where
            $($bounds)*
        {
            /// Writes how many entries there are. Keys and values are secrets: they reach no log through us.
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(stringify!($map)).field("len", &self.len()).finish_non_exhaustive()
            }
        }
    };
}

/// Gives a `MapWrite` its inherent methods, and the std traits that follow from them.
macro_rules! write_surface {
    (
        $map:ident<$k:ident, $v:ident, $s:ident> where [$($bounds:tt)*]
        writes: $writes:literal
        whole: $whole:literal
    ) => {
        impl<$k, $v, $s> $map<$k, $v, $s> where $($bounds)* {
            /// Stores `value` under `key` and returns the value it replaced; a key that is there stays.
            ///
            /// # Concurrency
            ///
            #[doc = $writes]
            #[inline]
            #[track_caller]
            pub fn insert(&self, key: $k, value: $v) -> Option<$v> {
                $crate::MapWrite::insert(self, key, value)
            }

            /// Stores each of `entries`, in their order, and returns the values that they replaced; each is an insertion of
            /// its own.
            ///
            /// # Concurrency
            ///
            #[doc = $writes]
            #[track_caller]
            pub fn insert_many<const N: usize>(&self, entries: [($k, $v); N]) -> [Option<$v>; N] {
                $crate::MapWrite::insert_many(self, entries)
            }

            /// Stores `value` unless the key is present.
            ///
            /// # Concurrency
            ///
            #[doc = $writes]
            ///
            /// # Errors
            ///
            /// If the key is present, hands both back in [`Occupied`](crate::Occupied).
            #[inline]
            #[track_caller]
            pub fn insert_if_absent(&self, key: $k, value: $v) -> Result<(), $crate::Occupied<$k, $v>> {
                $crate::MapWrite::insert_if_absent(self, key, value)
            }

            /// Returns a copy of the value under `key`; if the key is absent, stores what `init` returns first.
            ///
            /// `init` runs at most once for an absent key, however many threads ask for it at once.
            ///
            /// # Concurrency
            ///
            #[doc = $writes]
            #[inline]
            #[track_caller]
            pub fn get_or_insert_with(&self, key: $k, init: impl FnOnce() -> $v) -> $v
            where
                $v: Clone,
            {
                $crate::MapWrite::get_or_insert_with(self, key, init)
            }

            /// Changes the value under `key` in place and returns what `change` returned; `None` if the key is absent.
            ///
            /// # Concurrency
            ///
            #[doc = $writes]
            #[inline]
            #[track_caller]
            pub fn update<Q, R>(&self, key: &Q, change: impl FnOnce(&mut $v) -> R) -> Option<R>
            where
                Q: ::std::hash::Hash + ::equivalent::Equivalent<$k> + ?Sized,
            {
                $crate::MapWrite::update(self, key, change)
            }

            /// Changes the value under `key` in place, or stores what `init` returns if the key is absent.
            ///
            /// # Concurrency
            ///
            #[doc = $writes]
            #[inline]
            #[track_caller]
            pub fn upsert(&self, key: $k, init: impl FnOnce() -> $v, change: impl FnOnce(&mut $v)) {
                $crate::MapWrite::upsert(self, key, init, change);
            }

            /// Shows the entry under `key` to `decide`, does what it answers, and returns its result.
            ///
            /// The general write: every other one is a case of it.
            ///
            /// # Concurrency
            ///
            #[doc = $writes]
            #[doc(alias = "entry")]
            #[inline]
            #[track_caller]
            pub fn compute<R>(&self, key: $k, decide: impl FnOnce(Option<&mut $v>) -> $crate::Action<$v, R>) -> R {
                $crate::MapWrite::compute(self, key, decide)
            }

            /// Removes the entry under `key` and returns its value.
            ///
            /// # Concurrency
            ///
            #[doc = $writes]
            #[inline]
            #[track_caller]
            pub fn remove<Q>(&self, key: &Q) -> Option<$v>
            where
                Q: ::std::hash::Hash + ::equivalent::Equivalent<$k> + ?Sized,
            {
                $crate::MapWrite::remove(self, key)
            }

            /// Removes the entry under `key` if `condition` holds for its value, and returns the value.
            ///
            /// # Concurrency
            ///
            #[doc = $writes]
            #[inline]
            #[track_caller]
            pub fn remove_if<Q>(&self, key: &Q, condition: impl FnOnce(&$v) -> bool) -> Option<$v>
            where
                Q: ::std::hash::Hash + ::equivalent::Equivalent<$k> + ?Sized,
            {
                $crate::MapWrite::remove_if(self, key, condition)
            }

            /// Replaces the value under `key` by `new` if it equals `expected`, and returns the old value.
            ///
            /// # Concurrency
            ///
            #[doc = $writes]
            ///
            /// # Errors
            ///
            /// If the key is absent or holds another value, stores nothing and hands `new` back in
            /// [`NotSwapped`](crate::NotSwapped).
            #[inline]
            #[track_caller]
            pub fn compare_and_swap<Q>(
                &self,
                key: &Q,
                expected: &$v,
                new: $v,
            ) -> Result<$v, $crate::NotSwapped<$v>>
            where
                Q: ::std::hash::Hash + ::equivalent::Equivalent<$k> + ?Sized,
                $v: PartialEq,
            {
                $crate::MapWrite::compare_and_swap(self, key, expected, new)
            }

            /// Keeps the entries for which `keep` returns true; each is shown exactly once.
            ///
            /// # Concurrency
            ///
            #[doc = $whole]
            #[track_caller]
            pub fn retain(&self, keep: impl FnMut(&$k, &mut $v) -> bool) {
                $crate::MapWrite::retain(self, keep);
            }

            /// Removes every entry.
            ///
            /// # Concurrency
            ///
            #[doc = $whole]
            #[track_caller]
            pub fn clear(&self) {
                $crate::MapWrite::clear(self);
            }

            /// Removes every entry and returns them, in no order.
            ///
            /// # Concurrency
            ///
            #[doc = $whole]
            #[track_caller]
            pub fn drain(&self) -> Vec<($k, $v)> {
                $crate::MapWrite::drain(self)
            }
        }
    };
}

/// Gives a `MapTransact` its inherent method.
macro_rules! transact_surface {
    (
        $map:ident<$k:ident, $v:ident, $s:ident>
        transactions: $transactions:literal
    ) => {
        impl<$k: ::std::hash::Hash + Eq, $v, $s: ::std::hash::BuildHasher> $map<$k, $v, $s> {
            /// Shows the values under all of `keys` to `change` at once and returns what it returned.
            ///
            /// # Concurrency
            ///
            #[doc = $transactions]
            ///
            /// # Errors
            ///
            /// Two equal keys are refused: their values could not both be borrowed.
            ///
            /// # Panics
            ///
            /// If two keys that differ from each other are both equivalent to the same entry's key.
            #[track_caller]
            pub fn transact<Q, const N: usize, R>(
                &self,
                keys: [&Q; N],
                change: impl FnOnce([Option<&mut $v>; N]) -> R,
            ) -> Result<R, $crate::DuplicateKey>
            where
                Q: ::std::hash::Hash + Eq + ::equivalent::Equivalent<$k> + ?Sized,
            {
                $crate::MapTransact::transact(self, keys, change)
            }
        }
    };
}

/// Gives a map with a seam the method that names it, and one whose findings are about keys the method that shows them.
macro_rules! named {
    ($map:ident<$key:ident $(, $parameter:ident)*>, $($seam:ident).+, $($key_text:ident).+ $(, $share:ident)?) => {
        $crate::surface::named! { $map<$key $(, $parameter)*>, $($seam).+ }

        impl<$key $(, $parameter)*> $map<$key $(, $parameter)*> {
            /// Has checked mode show keys in its reports, as `show` returns them; without the feature `check` it does
            /// nothing.
            ///
            /// Otherwise no report holds a key. `show` is called by operations that may add a key, must return the same for
            /// the same key every time, and should not call the map. If it panics, or two keys have one hash, keys of this
            /// map are shown no more. Keys that were there before are shown once they are written again.
            #[must_use]
            #[track_caller]
            pub fn showing_keys(mut self, show: fn(&$key) -> String) -> Self {
                self.$($key_text).+ = $crate::seam::KeyText::by(show);
                $(self.$share();)?
                self
            }
        }
    };
    ($map:ident<$($parameter:ident),+>, $($seam:ident).+) => {
        impl<$($parameter),+> $map<$($parameter),+> {
            /// Gives the map a name, under which checked mode reports it and profiles show it; without the features `check` and
            /// `profile` it does nothing.
            #[must_use]
            pub fn named(self, name: &str) -> Self {
                self.$($seam).+.name(name);
                self
            }
        }
    };
}

pub(crate) use {constructors, named, read_surface, transact_surface, write_surface};
