//! A `T` for each thread index, made when it is first asked for, each on cache lines of its own.

use std::sync::OnceLock;

use crossbeam_utils::CachePadded;

/// How many elements the first bucket has; each later one has twice as many as the one before.
const FIRST: usize = 4;

/// Room for four million threads: more than systems start.
const BUCKETS: usize = 20;

/// A growing array whose elements never move.
pub(crate) struct PerIndex<T> {
    buckets: [OnceLock<Box<[CachePadded<T>]>>; BUCKETS],
}

impl<T> PerIndex<T> {
    pub(crate) const fn new() -> Self {
        Self { buckets: [const { OnceLock::new() }; BUCKETS] }
    }

    /// Returns the element at `index`.
    ///
    /// # Panics
    ///
    /// If `index` is four million or more.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> &T
    where
        T: Default,
    {
        let (bucket, offset) = place(index);
        match self.buckets[bucket].get() {
            Some(elements) => &elements[offset],
            None => self.make(bucket, offset),
        }
    }

    #[cold]
    #[inline(never)]
    fn make(&self, bucket: usize, offset: usize) -> &T
    where
        T: Default,
    {
        &self.buckets[bucket].get_or_init(|| (0..FIRST << bucket).map(|_| CachePadded::new(T::default())).collect())
            [offset]
    }

    /// Returns the elements made so far, with their indices.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        let made = self.buckets.iter().enumerate().filter_map(|(bucket, elements)| Some((bucket, elements.get()?)));
        made.flat_map(|(bucket, elements)| {
            elements.iter().enumerate().map(move |(offset, element)| (start(bucket) + offset, &**element))
        })
    }

    /// Hands over the elements made so far.
    pub(crate) fn into_elements(self) -> impl Iterator<Item = T> {
        self.buckets.into_iter().filter_map(OnceLock::into_inner).flatten().map(CachePadded::into_inner)
    }
}

/// The index of a bucket's first element.
const fn start(bucket: usize) -> usize {
    (FIRST << bucket) - FIRST
}

/// The bucket of an index, and its place there.
#[inline]
const fn place(index: usize) -> (usize, usize) {
    let bucket = ((index / FIRST) + 1).ilog2() as usize;
    (bucket, index - start(bucket))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_has_a_place_of_its_own() {
        let mut next = (0, 0);
        for index in 0..100_000 {
            assert_eq!(place(index), next, "{index}");
            next = if next.1 + 1 == FIRST << next.0 { (next.0 + 1, 0) } else { (next.0, next.1 + 1) };
        }
    }

    #[test]
    fn elements_are_made_when_asked_for_and_found_again_by_index() {
        let array = PerIndex::<OnceLock<usize>>::new();
        for index in [0, 3, 4, 100] {
            array.get(index).set(index).unwrap();
        }
        assert!(array.iter().count() < 200);
        assert!(array.iter().all(|(index, element)| element.get().is_none_or(|&at| at == index)));
        assert_eq!(array.into_elements().filter_map(OnceLock::into_inner).collect::<Vec<_>>(), [0, 3, 4, 100]);
    }
}
