//! Merging: what a split did is undone, home by home, when few entries are left; and memory is given back.
//!
//! No hash is computed and no user code runs: an entry keeps its index and its tag. The emptied segment stays where its
//! parent finds it at the next split of that depth, for a region of hashes that grows again is the one that shrank; so a
//! pointer to it, however outdated, never leads to entries of other hashes than those it was published for, and readers
//! need nothing to keep them from memory that is used again (**kept**). The pages of its slots go back to the system.
//!
//! A segment is split when it has 15 entries for each home, which leaves 7 or 8; two are merged when both together have 4
//! for each home of one. So between a split and the merge that undoes it lies the removal of most entries, and the other
//! way round.

use super::{
    SLOTS,
    home::{Home, Locked},
    segment::Segment,
    shape::{FULL, Shape, next_region},
    table::Engine,
};
use crate::{seam::growing, sync::Ordering};

/// Homes of a segment that become empty before anybody looks whether it can be merged: the look costs as much as some tens
/// of removals.
const EMPTIED: usize = if cfg!(any(loom, shuttle)) { 1 } else { 64 };

/// A segment that was split, and the one that it gave half of its entries to.
struct Pair<'m, K, V> {
    parent: Segment<'m, K, V>,
    child: Segment<'m, K, V>,
    /// Of both, when they are one.
    depth: usize,
}

impl<K, V, S> Engine<K, V, S> {
    /// Takes note of a removal from `home`, which is not locked any more.
    #[inline(always)]
    pub(super) fn removed(&self, home: Home<'_, K, V>) {
        self.count.add(-1);
        // A guess: others may be busy there.
        if home.group().full().is_empty() {
            self.emptied(home.segment());
        }
    }

    #[cold]
    #[inline(never)]
    fn emptied(&self, segment: Segment<'_, K, V>) {
        if segment.shape().is_small() {
            return;
        }
        // Relaxed: it counts roughly.
        let emptied = segment.header().emptied.load(Ordering::Relaxed) + 1;
        let is_due = emptied >= EMPTIED;
        segment.header().emptied.store(if is_due { 0 } else { emptied }, Ordering::Relaxed);
        if is_due {
            self.merge(segment, SPARSE);
        }
    }

    /// Merges everywhere what fits into fewer segments.
    pub(crate) fn shrink(&self) {
        self.merge_all(FITTING);
    }

    /// Merges everywhere what is sparse.
    pub(super) fn merge_sparse(&self) {
        self.merge_all(SPARSE);
    }

    fn merge_all(&self, most: usize) {
        let mut from = 0_u64;
        loop {
            let (segment, shape) = self.directory().find(from);
            // What is deeper comes before what it is merged with last, so once is enough.
            self.merge(segment, most);
            match next_region(from, shape.depth()) {
                Some(next) => from = next,
                None => return,
            }
        }
    }

    /// Merges `segment` with its other half as long as both together have at most `most` entries.
    fn merge<'m>(&'m self, mut segment: Segment<'m, K, V>, most: usize) {
        let _upkeep = self.seam.upkeep();
        while let Some(pair) = Pair::of(segment) {
            let Some(_merging) = self.passage.try_merge() else { return };
            // one-lock: nobody waits for a turn.
            let Some(_turn) = pair.parent.try_turn() else { return };
            let Some(_other_turn) = pair.child.try_turn() else { return };
            if !pair.is_whole() || pair.entries() > most {
                return;
            }
            self.unite(&pair);
            segment = pair.parent;
        }
    }

    /// Moves all entries of the child to the parent. The caller has the turns of both.
    fn unite(&self, pair: &Pair<'_, K, V>) {
        let _growing = growing();
        let &Pair { parent, child, depth } = pair;
        let shape = Shape::full(depth);
        for index in 0..parent.shape().buckets() {
            let (mut to, mut from) = lock_both(Home::at(index, parent), Home::at(index, child));
            for place in from.home().places() {
                from.move_to(place, &mut to);
            }
            from.tidy_up();
            to.set_word(to.word().with_shape(shape));
            from.set_word(from.word().moved());
            // In this order: who is sent from the child to the parent finds that it is home again.
            drop(to);
            drop(from);
        }
        let is_large = self.growing(|grown| {
            self.directory().set(parent.prefix(), parent.as_ptr(), shape);
            grown.is_large()
        });
        if is_large {
            child.release_slots();
        }
        // Relaxed: only the thread whose turn it is uses them; giving back the turn releases them.
        parent.header().depth.store(depth, Ordering::Relaxed);
        child.header().complete.store(false, Ordering::Relaxed);
    }
}

/// So many entries are few for two segments, so that they are merged by the way.
const SPARSE: usize = FULL * SLOTS / 4;

/// So many are not too many for one.
const FITTING: usize = FULL * SLOTS / 2;

/// Locks two homes, either of which others may have locked.
fn lock_both<'m, K, V>(first: Home<'m, K, V>, second: Home<'m, K, V>) -> (Locked<'m, K, V>, Locked<'m, K, V>) {
    // one-lock: in the order of their addresses, as transactions do.
    if std::ptr::from_ref(first.head()) < std::ptr::from_ref(second.head()) {
        let first = first.lock();
        (first, second.lock())
    } else {
        let second = second.lock();
        (first.lock(), second)
    }
}

impl<'m, K, V> Pair<'m, K, V> {
    /// The last split that `segment` had a part in, as far as can be told without its turn.
    fn of(segment: Segment<'m, K, V>) -> Option<Self> {
        // Relaxed: `is_whole` looks again.
        let depth = segment.header().depth.load(Ordering::Relaxed);
        let own = segment.shape().depth();
        if depth > own {
            let child = Segment::follow(&segment.header().children[depth - 1])?;
            return Some(Self { parent: segment, child, depth: depth - 1 });
        }
        let parent = segment.parent().filter(|parent| !parent.shape().is_small() && own > parent.shape().depth())?;
        Some(Self { parent, child: segment, depth: own - 1 })
    }

    /// Whether that split is done, was the last of both, and is not undone; with the turns of both.
    fn is_whole(&self) -> bool {
        let is_at_rest = |segment: Segment<'_, K, V>| {
            let header = segment.header();
            // Relaxed: the turns order it.
            header.depth.load(Ordering::Relaxed) == self.depth + 1
                && header.progress.load(Ordering::Relaxed) == 0
                && header.complete.load(Ordering::Relaxed)
        };
        is_at_rest(self.parent) && is_at_rest(self.child)
    }

    /// About how many entries both have.
    fn entries(&self) -> usize {
        [self.parent, self.child].into_iter().map(entries).sum()
    }
}

/// About how many entries `segment` has.
fn entries<K, V>(segment: Segment<'_, K, V>) -> usize {
    let own: usize = (0..segment.shape().buckets()).map(|index| Home::at(index, segment).group().full().len()).sum();
    own + segment.header().pool.lock().slots_used()
}
