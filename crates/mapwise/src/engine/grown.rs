//! Everything that a map ever allocated for its entries, and the end of it.

use std::ptr::NonNull;

use super::{
    arena::Arena,
    directory::{Common, Directory},
    home::Home,
    segment::{self, Header, Segment},
    shape::Shape,
};

/// Everything ever allocated (**kept**).
pub(super) struct Grown<K, V> {
    segments: Vec<NonNull<Header<K, V>>>,
    directories: Vec<Directory<K, V>>,
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

    /// Keeps `directory` until the map is dropped, and returns where it is.
    pub(super) fn keep(&mut self, directory: Directory<K, V>) -> *mut Common<K, V> {
        let common = directory.as_ptr();
        self.directories.push(directory);
        common
    }
}

/// Takes the entries of the next home that has any out into `taken`; false if there is none left.
///
/// # Safety
///
/// Nobody else has the map (**kept**).
unsafe fn take_next<K, V>(grown: &Grown<K, V>, at: &mut At, taken: &mut Vec<(K, V)>) -> bool {
    while let Some(&header) = grown.segments.get(at.segment) {
        // SAFETY: kept; as the caller promises, and only entries are taken out.
        let segment = unsafe { Segment::from_raw(header) };
        if at.index == segment.shape().buckets() {
            *at = At { segment: at.segment + 1, index: 0 };
            continue;
        }
        Home::at(at.index, segment).lock().take_all(taken);
        at.index += 1;
        if !taken.is_empty() {
            return true;
        }
    }
    false
}

/// The next segment whose entries are to be taken out, and the next of its homes.
#[derive(Default)]
struct At {
    segment: usize,
    index: usize,
}

/// The entries of a map that nobody else has any more, taken out home by home. What is left is dropped with it.
pub(crate) struct Entries<K, V> {
    /// Those of the home that was last reached. Dropped first.
    taken: Vec<(K, V)>,
    grown: Grown<K, V>,
    at: At,
}

// SAFETY: it is what is left of the map, which alone owns this memory: entries, and nothing that is tied to a thread.
unsafe impl<K: Send, V: Send> Send for Entries<K, V> {}
// SAFETY: nothing is reached through a shared reference.
unsafe impl<K: Sync, V: Sync> Sync for Entries<K, V> {}

impl<K, V> Entries<K, V> {
    pub(super) fn new(grown: Grown<K, V>) -> Self {
        Self { taken: Vec::new(), grown, at: At::default() }
    }
}

impl<K, V> Iterator for Entries<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        // SAFETY: it owns what it was made of.
        while self.taken.is_empty() && unsafe { take_next(&self.grown, &mut self.at, &mut self.taken) } {}
        self.taken.pop()
    }
}

/// What is left to be freed. Dropped, it frees all of it, also when the `Drop` of a key or value panicked.
struct Rest<'a, K, V> {
    grown: &'a mut Grown<K, V>,
    at: At,
}

impl<K, V> Rest<'_, K, V> {
    fn drop_entries(&mut self) {
        if !std::mem::needs_drop::<(K, V)>() {
            return;
        }
        let mut entries = Vec::new();
        // SAFETY: kept: this is the end of the map.
        while unsafe { take_next(self.grown, &mut self.at, &mut entries) } {
            // A vector drops the rest of its elements if one panics.
            entries.clear();
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
        self.grown.directories.clear();
    }
}

impl<K, V> Drop for Grown<K, V> {
    fn drop(&mut self) {
        Rest { grown: self, at: At::default() }.drop_entries();
    }
}
