//! Operations on every entry: home by home, in the order of the hashes' top bits, while segments are split.
//!
//! An entry never leaves the part of the walk that is still to come: a split moves it to the same index of a segment
//! that is visited right after its old home, or, if the home was visited before the split, not at all. So an entry
//! that is present throughout is visited exactly once. Merges, which would move entries back, wait until it is over.

use std::{convert::Infallible, mem::ManuallyDrop, ops::ControlFlow};

use super::{
    home::Home,
    leave::LeavingMany,
    mode::{retires, snapshots},
    segment::Segment,
    shape::next_region,
    table::Engine,
    wait::Backoff,
    word::Word,
};
use crate::{epoch, seam::Op};

impl<K, V, S> Engine<K, V, S> {
    /// Calls `visit` with every entry until it breaks.
    #[track_caller]
    pub(crate) fn try_for_each<B>(&self, mut visit: impl FnMut(&K, &V) -> ControlFlow<B>) -> ControlFlow<B> {
        let pass = self.seam.pass(Op::ForEach, None);
        let scope = self.seam.slow(&pass, (Op::ForEach, None), pass.site());
        let mut visit = |key: &K, value: &V| {
            scope.saw_entry(|| self.known_hash(key));
            visit(key, value)
        };
        // Entries of listed types are copied and shown without a lock.
        let mut copies = Vec::new();
        self.walk(|home| {
            if snapshots::<K, V>() {
                let _pin = retires::<K, V>().then(epoch::pin);
                let word = copy_out(home, &mut copies);
                copies.drain(..).try_for_each(|(key, value)| visit(&key, &value))?;
                return ControlFlow::Continue(word);
            }
            let shared = home.head().share();
            scope.holds_instead(home.head());
            for place in home.places() {
                // SAFETY: the lock is held, and was when the place was found.
                unsafe { home.with(place, &mut visit) }?;
            }
            ControlFlow::Continue(shared.word())
        })
    }

    /// Keeps the entries for which `keep` holds.
    #[track_caller]
    pub(crate) fn retain(&self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        // drop-outside: of the scope, too.
        let mut leaving = self.leaving_many();
        let pass = self.seam.pass(Op::Retain, None);
        let scope = self.seam.slow(&pass, (Op::Retain, None), pass.site());
        let mut keep = |key: &K, value: &mut V| {
            let kept = keep(key, value);
            if !kept {
                scope.removed(|| self.known_hash(key));
            }
            kept
        };
        let mut counted = Counted { engine: self, leaving: &mut leaving, before: 0, removed: 0 };
        let all: ControlFlow<Infallible, ()> = self.walk(|home| {
            let mut locked = home.lock();
            scope.holds_instead(home.head());
            locked.retain(counted.leaving, &mut keep);
            let word = locked.word();
            drop(locked);
            counted.settle();
            ControlFlow::Continue(word)
        });
        debug_assert!(all.is_continue());
        if counted.removed > self.count.sum() {
            self.merge_sparse();
        }
    }

    /// Takes out every entry.
    #[track_caller]
    pub(crate) fn drain(&self) -> Vec<(K, V)> {
        self.take_out(|_| ()).hand_out()
    }

    /// Removes every entry.
    #[track_caller]
    pub(crate) fn clear(&self) {
        drop(self.take_out(|leaving| leaving.let_go()));
    }

    /// Takes out every entry; `leave` is called after each home, when its lock is released.
    #[track_caller]
    fn take_out(&self, mut leave: impl FnMut(&mut LeavingMany<'_, K, V>)) -> LeavingMany<'_, K, V> {
        let mut leaving = self.leaving_many();
        let pass = self.seam.pass(Op::Whole, None);
        let scope = self.seam.slow(&pass, (Op::Whole, None), pass.site());
        let all: ControlFlow<Infallible, ()> = self.walk(|home| {
            let mut locked = home.lock();
            let before = leaving.entries.len();
            locked.take_all(&mut leaving.entries);
            self.count.add(-((leaving.entries.len() - before) as isize));
            for (key, _) in &leaving.entries[before..] {
                scope.removed(|| self.known_hash(key));
            }
            let word = locked.word();
            drop(locked);
            leave(&mut leaving);
            ControlFlow::Continue(word)
        });
        debug_assert!(all.is_continue());
        leaving
    }

    /// Calls `visit` with every home; it returns what the home's word said when it was visited.
    fn walk<B>(&self, mut visit: impl FnMut(Home<'_, K, V>) -> ControlFlow<B, Word>) -> ControlFlow<B> {
        // Entries would move to where it was before.
        let _walking = self.passage.walk();
        let mut from = 0_u64;
        loop {
            let (segment, depth) = self.region(from);
            for index in 0..segment.shape().buckets() {
                walk_home(index, segment, depth, &mut visit)?;
            }
            match next_region(from, depth) {
                Some(next) => from = next,
                None => return ControlFlow::Continue(()),
            }
        }
    }

    /// Returns a segment, and a depth that it had, such that the hashes which agree in as many bits begin with `from`.
    ///
    /// `from` is where the last region ended, so a region that begins before it has been split, though the directory
    /// may not say so everywhere yet.
    pub(super) fn region(&self, from: u64) -> (Segment<'_, K, V>, usize) {
        let mut backoff = Backoff::new();
        'again: loop {
            let (mut segment, shape) = self.directory().find(from);
            let mut depth = shape.depth();
            while begins_before(from, depth) {
                let first = (from ^ segment.prefix()).leading_zeros() as usize;
                let Some(child) = segment.header().children.get(first).and_then(Segment::follow) else {
                    backoff.wait();
                    continue 'again;
                };
                (segment, depth) = (child, first + 1);
            }
            return (segment, depth);
        }
    }
}

/// Whether the region of `depth` bits that contains `from` begins before it.
fn begins_before(from: u64, depth: usize) -> bool {
    // Twice, since a shift by 64 is none.
    (from << (depth / 2)) << (depth - depth / 2) != 0
}

/// Visits the home at `index` of `segment`, and those that its entries moved to since the segment had `depth`.
pub(super) fn walk_home<'m, K, V, B>(
    index: usize,
    segment: Segment<'m, K, V>,
    depth: usize,
    visit: &mut impl FnMut(Home<'m, K, V>) -> ControlFlow<B, Word>,
) -> ControlFlow<B> {
    let word = visit(Home::at(index, segment))?;
    let header = segment.header();
    if word.is_moved() {
        let successor = segment.moved_to();
        // Larger by a power of two: these are the homes whose index has the same low bits.
        for index in (index..successor.shape().buckets()).step_by(segment.shape().buckets()) {
            walk_home(index, successor, 0, visit)?;
        }
        return ControlFlow::Continue(());
    }
    for level in depth..word.shape().depth() {
        let child = Segment::follow(&header.children[level]).expect("split-order: stored before the unlock");
        walk_home(index, child, level + 1, visit)?;
    }
    ControlFlow::Continue(())
}

/// Copies the entries of a home of listed types, and returns its word. The caller is pinned, if need be, as long as it uses
/// the copies.
fn copy_out<K, V>(home: Home<'_, K, V>, copies: &mut Vec<(ManuallyDrop<K>, ManuallyDrop<V>)>) -> Word {
    let locked = home.lock();
    for place in home.places() {
        locked.with(place, |key, value| {
            // SAFETY: snapshot, pinned: `K` is listed, and was not retired before the caller pinned.
            let key = ManuallyDrop::new(unsafe { std::ptr::read(key) });
            // SAFETY: likewise.
            let value = ManuallyDrop::new(unsafe { std::ptr::read(value) });
            copies.push((key, value));
        });
    }
    let word = locked.word();
    locked.release_unchanged();
    word
}

/// Takes removed entries off the count, also when a closure panics.
struct Counted<'a, 'e, K, V, S> {
    engine: &'a Engine<K, V, S>,
    leaving: &'a mut LeavingMany<'e, K, V>,
    before: usize,
    removed: usize,
}

impl<K, V, S> Counted<'_, '_, K, V, S> {
    fn settle(&mut self) {
        let removed = self.leaving.entries.len() - self.before;
        self.engine.count.add(-(removed as isize));
        self.removed += removed;
        self.leaving.let_go();
        self.before = self.leaving.entries.len();
    }
}

impl<K, V, S> Drop for Counted<'_, '_, K, V, S> {
    fn drop(&mut self) {
        self.settle();
    }
}
