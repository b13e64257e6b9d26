//! `Set`: keys without values, on the engine of `Map`.

use std::{
    collections::HashSet,
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    ops::ControlFlow,
};

use equivalent::Equivalent;

use crate::{
    FrozenMap, IntoEntries, Map,
    surface::{constructors, named},
};

/// A set whose threads meet only where they touch the same few elements: a [`Map`] without values.
///
/// | | |
/// |---|---|
/// | reads block? | a writer of the same bucket; no lock and no write to shared memory if elements are of a [listed type](Map#which-types-are-read-without-a-lock), nor if the element is absent; else readers share the bucket's lock |
/// | writes block? | the readers and writers of one bucket |
/// | iteration sees | each element at some instant during the iteration; those present throughout exactly once |
/// | bytes per element | an element and 2 bytes, over the load: 0.43 to 0.8 from some 10,000 elements on, less in smaller sets; 2 KiB in an empty one |
/// | choose when | membership is all you ask |
/// | avoid when | elements carry something that changes: that is a map |
///
/// What closures may do is what [`Map`'s](Map#closures) may.
///
/// # Examples
///
/// ```
/// use mapwise::Set;
///
/// let seen = Set::new();
/// assert!(seen.insert("a"));
/// assert!(!seen.insert("a"));
/// assert!(seen.contains("a") && !seen.contains("b"));
/// ```
pub struct Set<T, S = RandomState> {
    map: Map<T, (), S>,
}

constructors! { Set<T>, "set", "elements" }

named! { Set<T, S>, map.engine.seam, map.engine.key_text }

impl<T, S> Set<T, S> {
    /// Makes an empty set with room for `capacity` elements that hashes with `hasher`.
    #[must_use]
    #[track_caller]
    pub fn with_capacity_and_hasher(capacity: usize, hasher: S) -> Self {
        Self { map: Map::with_capacity_and_hasher(capacity, hasher) }
    }

    /// Returns the hasher that elements are hashed with.
    #[must_use]
    pub fn hasher(&self) -> &S {
        self.map.hasher()
    }

    /// Puts the elements into fewer buckets where they fit well, as [`Map::shrink_to_fit`] does.
    pub fn shrink_to_fit(&self) {
        self.map.shrink_to_fit();
    }

    /// Moves the elements to as little memory as they fit into well, and frees the rest, as [`Map::compact`] does.
    pub fn compact(&mut self) {
        self.map.compact();
    }

    /// Returns how many elements have left the set and wait to be dropped, as [`Map::waiting_drops`] does.
    #[must_use]
    pub fn waiting_drops(&self) -> usize {
        self.map.waiting_drops()
    }
}

impl<T, S: BuildHasher> Set<T, S> {
    /// Returns true if `element` is present.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Waits for a writer of the same bucket, as [`Map::view`] does.
    #[inline]
    #[track_caller]
    pub fn contains<Q>(&self, element: &Q) -> bool
    where
        Q: Hash + Equivalent<T> + ?Sized,
    {
        self.map.contains_key(element)
    }

    /// Returns for each of `elements` whether it is present, in their order; each is a look-up of its own.
    ///
    /// # Concurrency
    ///
    /// Linearizable, each look-up. Waits for a writer of the same bucket, as [`Map::view`] does.
    #[track_caller]
    pub fn contains_many<Q, const N: usize>(&self, elements: [&Q; N]) -> [bool; N]
    where
        Q: Hash + Equivalent<T> + ?Sized,
    {
        let mut present = [false; N];
        self.map.view_many(elements, |position, ()| present[position] = true);
        present
    }

    /// Calls `visit` with every element.
    ///
    /// # Concurrency
    ///
    /// Weakly consistent: each element is seen at some instant, and those present throughout exactly once. `visit` runs
    /// under the lock of one bucket, shared with readers, or, if elements are of a
    /// [listed type](Map#which-types-are-read-without-a-lock), under none.
    #[track_caller]
    pub fn for_each(&self, mut visit: impl FnMut(&T)) {
        self.map.for_each(|element, ()| visit(element));
    }

    /// Calls `visit` with every element until it breaks, and returns what it broke with.
    ///
    /// # Concurrency
    ///
    /// As for [`for_each`](Self::for_each).
    #[track_caller]
    pub fn try_for_each<B>(&self, mut visit: impl FnMut(&T) -> ControlFlow<B>) -> ControlFlow<B> {
        self.map.try_for_each(|element, ()| visit(element))
    }

    /// Returns a copy of the elements as a std set.
    ///
    /// # Concurrency
    ///
    /// As for [`for_each`](Self::for_each).
    #[track_caller]
    #[must_use]
    pub fn snapshot(&self) -> HashSet<T>
    where
        T: Hash + Eq + Clone,
    {
        self.elements().into_iter().collect()
    }

    /// Returns a copy of the elements, in no order.
    ///
    /// # Concurrency
    ///
    /// As for [`for_each`](Self::for_each).
    #[track_caller]
    #[must_use]
    pub fn elements(&self) -> Vec<T>
    where
        T: Clone,
    {
        self.map.keys()
    }

    /// Returns the number of elements; exact when nobody writes.
    #[track_caller]
    #[must_use]
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Returns true if there is no element; exact when nobody writes.
    #[track_caller]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }
}

impl<T: Hash + Eq, S: BuildHasher> Set<T, S> {
    /// Adds `element`, and returns true if it was absent.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Blocks readers and writers of one bucket.
    #[inline]
    #[track_caller]
    pub fn insert(&self, element: T) -> bool {
        self.map.insert_if_absent(element, ()).is_ok()
    }

    /// Removes `element`, and returns true if it was present.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Blocks readers and writers of one bucket.
    #[inline]
    #[track_caller]
    pub fn remove<Q>(&self, element: &Q) -> bool
    where
        Q: Hash + Equivalent<T> + ?Sized,
    {
        self.map.remove(element).is_some()
    }

    /// Keeps the elements for which `keep` holds.
    ///
    /// # Concurrency
    ///
    /// Blocks one bucket at a time; elements that others put into buckets already passed are not seen.
    #[track_caller]
    pub fn retain(&self, mut keep: impl FnMut(&T) -> bool) {
        self.map.retain(|element, ()| keep(element));
    }

    /// Removes every element.
    ///
    /// # Concurrency
    ///
    /// As for [`retain`](Self::retain).
    #[track_caller]
    pub fn clear(&self) {
        self.map.clear();
    }

    /// Removes every element and returns them, in no order.
    ///
    /// # Concurrency
    ///
    /// As for [`retain`](Self::retain).
    #[track_caller]
    pub fn drain(&self) -> Vec<T> {
        self.map.drain().into_iter().map(|(element, ())| element).collect()
    }

    /// Makes room for `additional` more elements.
    ///
    /// # Concurrency
    ///
    /// Blocks the readers and writers of one bucket at a time, those of a few.
    #[track_caller]
    pub fn reserve(&self, additional: usize) {
        self.map.reserve(additional);
    }

    /// Adds each of `elements`, in their order, and returns for each whether it was absent; each is an insertion of its own.
    ///
    /// # Concurrency
    ///
    /// Linearizable, each insertion. Blocks readers and writers of one bucket.
    #[track_caller]
    pub fn insert_many<const N: usize>(&self, elements: [T; N]) -> [bool; N] {
        self.map.insert_many(elements.map(|element| (element, ()))).map(|replaced| replaced.is_none())
    }

    /// Turns the set into one that can only be read, with no synchronization at all: a map without values.
    #[must_use]
    pub fn freeze(self) -> FrozenMap<T, (), S> {
        self.map.freeze()
    }

    /// Turns the set into a std one; every element is hashed again.
    #[must_use]
    pub fn into_std(self) -> HashSet<T, S> {
        let (elements, hasher) = self.map.into_parts();
        let mut set = HashSet::with_capacity_and_hasher(elements.len(), hasher);
        set.extend(elements.map(|(element, ())| element));
        set
    }
}

/// Of two sets. One is copied, and then the other asked: neither waits for the other, and a set may be its own other.
///
/// What is there throughout, or absent throughout, is told right; the rest as for [`for_each`](Set::for_each).
impl<T: Hash + Eq + Clone, S: BuildHasher> Set<T, S> {
    /// Returns the elements of either set.
    #[must_use]
    #[track_caller]
    pub fn union<S2: BuildHasher>(&self, other: &Set<T, S2>) -> HashSet<T> {
        let mut elements = self.snapshot();
        elements.extend(other.elements());
        elements
    }

    /// Returns the elements that are in both sets.
    #[must_use]
    #[track_caller]
    pub fn intersection<S2: BuildHasher>(&self, other: &Set<T, S2>) -> HashSet<T> {
        let mut elements = self.snapshot();
        elements.retain(|element| other.contains(element));
        elements
    }

    /// Returns the elements that are in this set and not in `other`.
    #[must_use]
    #[track_caller]
    pub fn difference<S2: BuildHasher>(&self, other: &Set<T, S2>) -> HashSet<T> {
        let mut elements = self.snapshot();
        elements.retain(|element| !other.contains(element));
        elements
    }

    /// Returns the elements that are in one of the sets and not in the other.
    #[must_use]
    #[track_caller]
    pub fn symmetric_difference<S2: BuildHasher>(&self, other: &Set<T, S2>) -> HashSet<T> {
        let mut elements = self.snapshot();
        for element in other.elements() {
            if !elements.remove(&element) {
                elements.insert(element);
            }
        }
        elements
    }

    /// Returns true if every element is in `other` too.
    #[must_use]
    #[track_caller]
    pub fn is_subset<S2: BuildHasher>(&self, other: &Set<T, S2>) -> bool {
        self.elements().iter().all(|element| other.contains(element))
    }

    /// Returns true if every element of `other` is in this set too.
    #[must_use]
    #[track_caller]
    pub fn is_superset<S2: BuildHasher>(&self, other: &Set<T, S2>) -> bool {
        other.is_subset(self)
    }

    /// Returns true if no element is in both sets.
    #[must_use]
    #[track_caller]
    pub fn is_disjoint<S2: BuildHasher>(&self, other: &Set<T, S2>) -> bool {
        !self.elements().iter().any(|element| other.contains(element))
    }
}

impl<T: Hash + Eq, S: BuildHasher + Default> FromIterator<T> for Set<T, S> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self { map: elements.into_iter().map(|element| (element, ())).collect() }
    }
}

impl<T: Hash + Eq, const N: usize> From<[T; N]> for Set<T> {
    fn from(elements: [T; N]) -> Self {
        elements.into_iter().collect()
    }
}

impl<T: Hash + Eq, S: BuildHasher> From<FrozenMap<T, (), S>> for Set<T, S> {
    /// Makes a frozen set writable again; every element is hashed again.
    fn from(frozen: FrozenMap<T, (), S>) -> Self {
        Self { map: frozen.into() }
    }
}

impl<T: Hash + Eq + Clone, S: BuildHasher + Clone> Clone for Set<T, S> {
    /// Returns a set of its own with copies of the elements, as an iteration sees them, and with the same hasher.
    fn clone(&self) -> Self {
        Self { map: self.map.clone() }
    }
}

impl<T: Hash + Eq, S: BuildHasher + Clone> From<HashSet<T, S>> for Set<T, S> {
    fn from(elements: HashSet<T, S>) -> Self {
        let mut set = Self::with_capacity_and_hasher(elements.len(), elements.hasher().clone());
        set.extend(elements);
        set
    }
}

impl<T: Hash + Eq, S: BuildHasher> Extend<T> for Set<T, S> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, elements: I) {
        self.map.extend(elements.into_iter().map(|element| (element, ())));
    }
}

impl<T, S> IntoIterator for Set<T, S> {
    type Item = T;
    type IntoIter = IntoElements<T>;

    fn into_iter(self) -> IntoElements<T> {
        IntoElements(self.map.into_iter())
    }
}

/// The elements of an owned set, in no order; taken out of it as they are asked for.
pub struct IntoElements<T>(IntoEntries<T, ()>);

impl<T> Iterator for IntoElements<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.next().map(|(element, ())| element)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<T> ExactSizeIterator for IntoElements<T> {}

impl<T> std::iter::FusedIterator for IntoElements<T> {}

impl<T> fmt::Debug for IntoElements<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntoElements").field("left", &self.0.len()).finish_non_exhaustive()
    }
}

impl<T, S> PartialEq for Set<T, S>
where
    T: Hash + Eq + Clone,
    S: BuildHasher,
{
    /// Compares a snapshot of each; no lock of one is held while the other is read.
    fn eq(&self, other: &Self) -> bool {
        self.snapshot() == other.snapshot()
    }
}

impl<T, S: BuildHasher> fmt::Debug for Set<T, S> {
    /// Prints no element: those may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Set").field("len", &self.len()).finish_non_exhaustive()
    }
}
