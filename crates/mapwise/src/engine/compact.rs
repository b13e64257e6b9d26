//! Compaction: all entries go to the least memory that they fit into well, and all other memory is freed.
//!
//! For a map that nobody else has. No hash is computed and no user code runs, so it cannot be interrupted: an entry keeps
//! its tag and the low bits of its index, and goes to a segment of its region or of a larger one around it.

use std::{convert::Infallible, ops::ControlFlow, ptr::NonNull};

use super::{
    SLOTS,
    directory::Directory,
    grown::Grown,
    home::Home,
    segment::{Header, Segment},
    shape::{FULL, Shape, next_region},
    table::Engine,
    walk::walk_home,
};
use crate::sync::Ordering;

/// Entries for each home: with one or two more the segment is split.
const EACH: usize = SLOTS * 3 / 4;

/// A part of the hashes that is to have one segment: those that agree with `prefix` in `depth` bits.
struct Region<'m, K, V> {
    prefix: u64,
    depth: usize,
    entries: usize,
    /// Where its entries are, each segment with the depth that the directory says.
    segments: Vec<(Segment<'m, K, V>, usize)>,
}

impl<'m, K, V> Region<'m, K, V> {
    /// Makes one of two that are next to each other, if they are halves of one, and that is not too large.
    fn join(&mut self, next: Self) -> Result<(), Self> {
        let are_halves =
            self.depth == next.depth && self.depth > 0 && self.prefix ^ next.prefix == 1 << (64 - self.depth);
        if !are_halves || self.entries + next.entries > EACH * FULL {
            return Err(next);
        }
        self.depth -= 1;
        self.entries += next.entries;
        self.segments.extend(next.segments);
        Ok(())
    }

    /// The shape of its new segment.
    fn shape(&self) -> Shape {
        if self.depth > 0 {
            return Shape::full(self.depth);
        }
        // An index has no more bits than it had.
        let most = self.segments.iter().map(|(segment, _)| segment.shape().buckets()).min().unwrap_or(1);
        let mut shape = Shape::SMALLEST;
        while shape.buckets() < most && shape.buckets() * EACH < self.entries {
            shape = shape.next();
        }
        shape
    }

    /// Moves all entries to `segment`.
    fn move_to(&self, segment: Segment<'m, K, V>) {
        for_each_home(&self.segments, |home| {
            let mut from = home.lock();
            let mut to = home.in_segment(segment).lock();
            for place in home.places() {
                from.move_to(place, &mut to);
            }
            from.tidy_up();
        });
    }
}

/// Calls `visit` with every home in `segments`.
fn for_each_home<'m, K, V>(segments: &[(Segment<'m, K, V>, usize)], mut visit: impl FnMut(Home<'m, K, V>)) {
    for &(segment, depth) in segments {
        for index in 0..segment.shape().buckets() {
            let all: ControlFlow<Infallible> = walk_home(index, segment, depth, &mut |home: Home<'m, K, V>| {
                visit(home);
                ControlFlow::Continue(home.head().word())
            });
            debug_assert!(all.is_continue());
        }
    }
}

impl<K, V, S> Engine<K, V, S> {
    /// Moves all entries to the least memory that they fit into well, and frees the rest.
    pub(crate) fn compact(&mut self) {
        let mut grown = Grown::new();
        let directory = {
            let regions = self.regions();
            let bits = regions.iter().map(|region| region.depth).max().unwrap_or(0);
            // All are full ones, or there is one only.
            let shapes: Vec<Shape> = regions.iter().map(Region::shape).collect();
            let made: Vec<NonNull<Header<K, V>>> = regions
                .iter()
                .zip(&shapes)
                .map(|(region, &shape)| grown.make_segment(shape, region.prefix, None))
                .collect();
            let directory = Directory::new(&vec![made[0].as_ptr(); 1 << bits], shapes[0]);
            for ((region, &shape), segment) in regions.iter().zip(&shapes).zip(&made) {
                directory.lend().set(region.prefix, segment.as_ptr(), shape);
                // SAFETY: made by `allocate`, by this thread, for what will be this map's memory.
                region.move_to(unsafe { Segment::from_raw(*segment) });
            }
            grown.keep(directory)
        };
        // Relaxed: nobody else has the map.
        self.directory.store(directory, Ordering::Relaxed);
        // No entry is left in what is dropped here.
        *self.growth.get_mut() = grown;
    }

    /// The regions that the entries are to have, in ascending order: as few as are not too large.
    fn regions(&self) -> Vec<Region<'_, K, V>> {
        let mut regions: Vec<Region<'_, K, V>> = Vec::new();
        let mut from = 0_u64;
        loop {
            let (segment, depth) = self.region(from);
            let segments = vec![(segment, depth)];
            let mut entries = 0;
            for_each_home(&segments, |home| entries += home.places().count());
            let mut region = Region { prefix: from, depth, entries, segments };
            while let Some(mut last) = regions.pop() {
                match last.join(region) {
                    Ok(()) => region = last,
                    Err(apart) => {
                        region = apart;
                        regions.push(last);
                        break;
                    }
                }
            }
            regions.push(region);
            match next_region(from, depth) {
                Some(next) => from = next,
                None => return regions,
            }
        }
    }
}
