//! Everything that a map ever allocated for its entries, and the end of it.

use std::ptr::NonNull;

use super::{
    arena::Arena,
    directory::Directory,
    home::Home,
    segment::{self, Header, Segment},
    shape::Shape,
};

/// Everything ever allocated (**kept**).
pub(super) struct Grown<K, V> {
    segments: Vec<NonNull<Header<K, V>>>,
    directories: Vec<NonNull<Directory<K, V>>>,
    arena: Arena,
}

impl<K, V> Grown<K, V> {
    pub(super) const fn new() -> Self {
        Self { segments: Vec::new(), directories: Vec::new(), arena: Arena::new() }
    }

    pub(super) fn is_large(&self) -> bool {
        self.arena.is_large()
    }

    /// The number of segments that are, or will be, in the directory.
    pub(super) fn segments(&self) -> usize {
        self.segments.len()
    }

    /// Makes an empty segment that nobody else knows of.
    pub(super) fn make_segment(
        &mut self,
        shape: Shape,
        prefix: u64,
        parent: Option<Segment<'_, K, V>>,
    ) -> NonNull<Header<K, V>> {
        self.segments.reserve(1);
        let segment = segment::allocate(&mut self.arena, shape, prefix, parent);
        self.segments.push(segment);
        segment
    }

    /// Keeps `directory` until the map is dropped.
    pub(super) fn keep(&mut self, directory: Directory<K, V>) -> NonNull<Directory<K, V>> {
        self.directories.reserve(1);
        let directory = NonNull::from(Box::leak(Box::new(directory)));
        self.directories.push(directory);
        directory
    }
}

/// What is left to be freed. Dropped, it frees all of it, also when the `Drop` of a key or value panicked.
struct Rest<'a, K, V> {
    grown: &'a mut Grown<K, V>,
    /// The next segment whose entries are to be dropped, and the next of its homes.
    segment: usize,
    index: usize,
}

impl<K, V> Rest<'_, K, V> {
    /// Takes out the entries of the next home.
    fn next_home(&mut self) -> Option<Vec<(K, V)>> {
        loop {
            let &header = self.grown.segments.get(self.segment)?;
            // SAFETY: kept; nobody else has the map, and only entries are taken out.
            let segment = unsafe { Segment::from_raw(header) };
            if self.index < segment.shape().buckets() {
                let mut entries = Vec::new();
                Home::at(self.index, segment).lock().take_all(&mut entries);
                self.index += 1;
                return Some(entries);
            }
            (self.segment, self.index) = (self.segment + 1, 0);
        }
    }

    fn drop_entries(&mut self) {
        // A vector drops the rest of its elements if one panics.
        while std::mem::needs_drop::<(K, V)>()
            && let Some(entries) = self.next_home()
        {
            drop(entries);
        }
    }
}

impl<K, V> Drop for Rest<'_, K, V> {
    fn drop(&mut self) {
        // There are some only after a panic; a second one ends the process, as it does in std.
        self.drop_entries();
        for header in self.grown.segments.drain(..) {
            // SAFETY: kept: made by `allocate`, and this is the end of the map.
            unsafe { segment::free(header) };
        }
        for directory in self.grown.directories.drain(..) {
            // SAFETY: kept: from a box, and this is the end of the map.
            drop(unsafe { Box::from_raw(directory.as_ptr()) });
        }
    }
}

impl<K, V> Drop for Grown<K, V> {
    fn drop(&mut self) {
        Rest { grown: self, segment: 0, index: 0 }.drop_entries();
    }
}
