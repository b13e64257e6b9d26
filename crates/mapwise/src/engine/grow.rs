//! Growth: a crowded segment gives half of its entries to a new one, home by home, while everybody else goes on.
//!
//! No insertion waits for it: a home always has room in its chain. So a split that somebody else is busy with, or that
//! would not help, is simply not done.

use std::hash::{BuildHasher, Hash};

use super::{
    MAX_DEPTH, RESERVED, SLOTS,
    directory::Directory,
    home::Home,
    segment::{self, Segment},
    shape::{FULL, Shape, next_region},
    table::{Engine, check_capacity},
};
use crate::{
    seam::growing,
    sync::{AtomicPtr, Ordering},
};

/// The directory is doubled only while it has at most this many entries for each segment: where hashes are so alike
/// that more were needed, chains are the lesser evil.
const ENTRIES_PER_SEGMENT: usize = 16;

/// What to do with a crowded segment.
enum Step {
    /// Replace the small segment by a larger one.
    Replace,
    /// Give the entries with the next bit set to another segment.
    Split,
    Nothing,
}

impl<K: Hash, V, S: BuildHasher> Engine<K, V, S> {
    /// Makes room in `crowded`, or goes on where somebody's attempt ended in a panic.
    #[cold]
    #[inline(never)]
    pub(super) fn grow(&self, crowded: Segment<'_, K, V>) {
        let mut segment = crowded;
        // Acquire: pairs with the Release at the end of `split` and `replace`: the parent is done with it.
        while !segment.header().complete.load(Ordering::Acquire) {
            let Some(parent) = segment.parent() else { return };
            segment = parent;
        }
        let Some(_turn) = segment.try_turn() else { return };
        // Relaxed: only who has the turn of both takes it back. It was merged meanwhile.
        if !segment.header().complete.load(Ordering::Relaxed) {
            return;
        }
        match self.next_step(segment) {
            Step::Replace => self.replace(segment),
            Step::Split => self.split(segment),
            Step::Nothing => {}
        }
    }

    /// Makes room for `additional` more entries, as far as nobody else is busy with the same.
    #[track_caller]
    pub(crate) fn reserve(&self, additional: usize) {
        let _upkeep = self.seam.upkeep();
        let wanted = self.count.sum().saturating_add(additional);
        check_capacity(wanted);
        let mut from = 0_u64;
        loop {
            let (segment, shape) = self.directory().find(from);
            let depth = shape.depth();
            let homes = if shape.is_small() { shape.buckets() } else { FULL << depth };
            if homes.saturating_mul(RESERVED) < wanted && depth < MAX_DEPTH / 2 && self.grow_anyway(segment, shape) {
                continue;
            }
            match next_region(from, depth) {
                Some(next) => from = next,
                None => return,
            }
        }
    }

    /// Splits or replaces `segment` though it is not crowded; returns whether it did, for it may not be its turn, nor have
    /// `shape` any more.
    fn grow_anyway(&self, segment: Segment<'_, K, V>, shape: Shape) -> bool {
        let Some(_turn) = segment.try_turn() else { return false };
        let header = segment.header();
        // Relaxed: the turn orders it.
        if !header.complete.load(Ordering::Relaxed) || header.depth.load(Ordering::Relaxed) != shape.depth() {
            return false;
        }
        if !shape.is_small() {
            self.split(segment);
        } else if Segment::follow(&header.successor).is_none() {
            self.replace(segment);
        } else {
            return false;
        }
        true
    }

    fn next_step(&self, segment: Segment<'_, K, V>) -> Step {
        let header = segment.header();
        let step = if segment.shape().is_small() { Step::Replace } else { Step::Split };
        // Relaxed: only the thread whose turn it is stores them.
        let depth = header.depth.load(Ordering::Relaxed);
        let begun = match step {
            Step::Replace => {
                let successor = Segment::follow(&header.successor);
                // Relaxed: as above.
                if successor.is_some_and(|successor| successor.header().complete.load(Ordering::Relaxed)) {
                    return Step::Nothing;
                }
                successor.is_some()
            }
            // Relaxed: as above.
            _ => header.progress.load(Ordering::Relaxed) > 0,
        };
        if begun {
            return step;
        }
        if !header.pool.lock().is_crowded() {
            return Step::Nothing;
        }
        if depth == MAX_DEPTH || self.is_skewed(segment, depth) {
            header.pool.lock().tolerate();
            return Step::Nothing;
        }
        step
    }

    /// Whether the crowd is in few of the homes, so that more of them would not help.
    fn is_skewed(&self, segment: Segment<'_, K, V>, depth: usize) -> bool {
        let buckets = segment.shape().buckets();
        // Chains do not count here.
        let used: usize = (0..buckets).map(|index| Home::at(index, segment).group().full().len()).sum();
        let directory_is_full = || {
            let bits = self.directory().bits();
            depth == bits && 1 << bits >= ENTRIES_PER_SEGMENT * self.growing(|grown| grown.segments())
        };
        // A crowded segment whose entries are spread evenly has 15 for each bucket of sixteen slots.
        used <= buckets * SLOTS / 2 || directory_is_full()
    }

    /// Finds the segment that `pointer` leads to, or makes it; if it was made before, it is empty, but for what this split
    /// or replacement has moved already.
    fn next_segment<'m>(
        &'m self,
        pointer: &'m AtomicPtr<segment::Header<K, V>>,
        shape: Shape,
        prefix: u64,
        parent: Segment<'m, K, V>,
    ) -> Segment<'m, K, V> {
        if let Some(begun) = Segment::follow(pointer) {
            return begun;
        }
        self.growing(|grown| {
            let made = grown.make_segment(shape, prefix, Some(parent));
            // Release: pairs with the Acquire of `Segment::follow`, and comes before the first unlock that sends
            // anybody here (split-order).
            pointer.store(made.as_ptr(), Ordering::Release);
            // SAFETY: made by `allocate` for this map, by this thread.
            unsafe { Segment::from_raw(made) }
        })
    }

    fn split(&self, segment: Segment<'_, K, V>) {
        let _growing = growing();
        let header = segment.header();
        // Relaxed: only the thread whose turn it is stores them.
        let depth = header.depth.load(Ordering::Relaxed);
        let (bit, deeper) = (1_u64 << (63 - depth), Shape::full(depth + 1));
        let child = self.next_segment(&header.children[depth], deeper, segment.prefix() | bit, segment);
        let mut masks = Vec::new();
        // Relaxed: as above.
        for index in header.progress.load(Ordering::Relaxed)..segment.shape().buckets() {
            let (from, to) = (Home::at(index, segment), Home::at(index, child));
            let mut locked = from.lock();
            masks.clear();
            // hash-first: user code runs here, before anything moves.
            from.groups().for_each(|group| {
                masks.push(locked.select(group, |key| self.hash(key) & bit != 0));
            });
            match masks[..] {
                [mask] if !to.head().word().is_moved() => locked.give_to_empty(mask, to),
                _ => {
                    // one-lock: nobody can reach `to` before `locked` is released; or the two were merged before, and who
                    // still comes by `to` sees that it is empty and goes on, waiting for nobody.
                    let mut to = to.lock();
                    to.set_word(to.word().moved_in().with_shape(deeper));
                    from.groups().zip(&masks).for_each(|(group, mask)| locked.give(group, *mask, &mut to));
                    drop(to);
                    locked.tidy_up();
                }
            }
            locked.set_word(locked.word().with_shape(deeper));
            drop(locked);
            header.progress.store(index + 1, Ordering::Relaxed);
        }
        header.pool.lock().share(&mut child.header().pool.lock());
        self.growing(|grown| {
            let directory = self.directory();
            if directory.bits() == depth {
                let doubled = directory.doubled();
                doubled.lend().set(segment.prefix(), segment.as_ptr(), deeper);
                doubled.lend().set(child.prefix(), child.as_ptr(), deeper);
                self.publish(grown.keep(doubled));
            } else {
                directory.set(segment.prefix(), segment.as_ptr(), deeper);
                directory.set(child.prefix(), child.as_ptr(), deeper);
            }
        });
        header.progress.store(0, Ordering::Relaxed);
        header.depth.store(depth + 1, Ordering::Relaxed);
        // Release: pairs with the Acquire of `grow`.
        child.header().complete.store(true, Ordering::Release);
    }

    fn replace(&self, segment: Segment<'_, K, V>) {
        let _growing = growing();
        let header = segment.header();
        let larger = segment.shape().next();
        let successor = self.next_segment(&header.successor, larger, 0, segment);
        let mut hashes = Vec::new();
        // Relaxed: only the thread whose turn it is stores it.
        for index in header.progress.load(Ordering::Relaxed)..segment.shape().buckets() {
            let from = Home::at(index, segment);
            let mut locked = from.lock();
            hashes.clear();
            // hash-first: user code runs here, before anything moves.
            hashes.extend(from.places().map(|place| locked.with(place, |key, _| self.hash(key))));
            for (place, &hash) in from.places().zip(&hashes) {
                // one-lock: nobody can reach it before `locked` is released, so this one is free.
                locked.move_to(place, &mut Home::of(hash, successor).lock());
            }
            locked.tidy_up();
            locked.set_word(locked.word().moved());
            drop(locked);
            header.progress.store(index + 1, Ordering::Relaxed);
        }
        // A small segment is the only one, so this is the whole directory. It is a new one, since who has the old one
        // goes by the old number of buckets.
        self.growing(|grown| self.publish(grown.keep(Directory::new(&[successor.as_ptr()], larger))));
        // Release: pairs with the Acquire of `grow`.
        successor.header().complete.store(true, Ordering::Release);
    }
}
