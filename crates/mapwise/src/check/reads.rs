//! What an actor has looked at lately and may act on.
//!
//! - **bounded**: `KEYS` look-ups, `REMOVED` removals and `ITERATIONS` iterations of at most `SHOWN` keys each; the oldest
//!   makes room. All iterations together keep at most `MOST_SHOWN` keys.
//! - **consumed**: any write of a key by its reader ends the reading: what comes later is not acted on because of it.
//! - **expires**: after `AGE` operations of the actor a reading is no reason for an act any more.

use std::{
    panic::Location,
    sync::atomic::{AtomicUsize, Ordering},
};

use hashbrown::HashTable;

use super::task::Crowd;
use crate::op::Op;

const KEYS: usize = 16;
const ITERATIONS: usize = 2;
const REMOVED: usize = 4;
const SHOWN: usize = 4096;
/// Keys of all iterations of all actors.
const MOST_SHOWN: usize = 1 << 18;
const AGE: u64 = 256;

static ALL_SHOWN: AtomicUsize = AtomicUsize::new(0);

/// A look at a key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    pub(crate) map: u64,
    pub(crate) hash: u64,
    /// The map's time after it.
    pub(crate) time: u64,
    pub(crate) op: Op,
    pub(crate) found: bool,
    pub(crate) site: &'static Location<'static>,
    /// Who was there then.
    pub(crate) crowd: Crowd,
    pub(crate) thread: u64,
    /// When, in operations of the actor.
    at: u64,
}

impl Read {
    pub(crate) fn new(
        map: u64,
        hash: u64,
        time: u64,
        op: Op,
        found: bool,
        site: &'static Location<'static>,
        thread: u64,
    ) -> Self {
        Self { map, hash, time, op, found, site, crowd: Crowd::now(), thread, at: 0 }
    }
}

/// An iteration and the keys that it showed.
#[derive(Debug)]
pub(crate) struct Iteration {
    map: u64,
    op: Op,
    site: &'static Location<'static>,
    crowd: Crowd,
    thread: u64,
    at: u64,
    /// Hash, and the map's time when the entry was shown.
    shown: HashTable<(u64, u64)>,
    /// Entries that count for `all`.
    noted: usize,
}

impl Iteration {
    /// An iteration of `thread` begins to show entries.
    pub(crate) fn begun(map: u64, op: Op, site: &'static Location<'static>, thread: u64) -> Self {
        Self { map, op, site, crowd: Crowd::now(), thread, at: 0, shown: HashTable::new(), noted: 0 }
    }

    /// Notes an entry; what is too much is not noted.
    pub(crate) fn show(&mut self, hash: u64, time: u64) {
        if self.noted == SHOWN {
            return;
        }
        // Relaxed, here and below: a sum; no other data depends on it.
        if ALL_SHOWN.fetch_add(1, Ordering::Relaxed) >= MOST_SHOWN {
            ALL_SHOWN.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        self.noted += 1;
        self.shown.insert_unique(spread(hash), (hash, time), |entry| spread(entry.0));
    }
}

impl Drop for Iteration {
    fn drop(&mut self) {
        ALL_SHOWN.fetch_sub(self.noted, Ordering::Relaxed);
    }
}

/// A user's hash may have all its variety in a few bits.
fn spread(hash: u64) -> u64 {
    let hash = hash.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    hash ^ (hash >> 32)
}

/// The last look at each of `KEYS` keys.
#[derive(Debug, Default)]
struct Recent {
    reads: Vec<Read>,
    /// Of each of `reads` its `mark` and its `at`: close together, for every operation searches them.
    marks: Vec<(u64, u64)>,
}

/// Tells most keys apart.
fn mark(map: u64, hash: u64) -> u64 {
    hash ^ map.rotate_left(32)
}

impl Recent {
    fn position(&self, map: u64, hash: u64) -> Option<usize> {
        let mark = mark(map, hash);
        let is_it = |at: usize| self.reads[at].map == map && self.reads[at].hash == hash;
        (0..self.marks.len()).find(|&at| self.marks[at].0 == mark && is_it(at))
    }

    fn get(&self, map: u64, hash: u64) -> Option<&Read> {
        Some(&self.reads[self.position(map, hash)?])
    }

    fn set(&mut self, at: usize, read: Read) {
        self.marks[at] = (mark(read.map, read.hash), read.at);
        self.reads[at] = read;
    }

    /// Puts in the look at a key that is not there; the oldest makes room.
    fn add(&mut self, read: Read) {
        if self.reads.len() < KEYS {
            self.marks.push((mark(read.map, read.hash), read.at));
            self.reads.push(read);
        } else if let Some(oldest) = (0..KEYS).min_by_key(|&at| self.marks[at].1) {
            self.set(oldest, read);
        }
    }

    fn remove(&mut self, map: u64, hash: u64) {
        if let Some(at) = self.position(map, hash) {
            self.reads.swap_remove(at);
            self.marks.swap_remove(at);
        }
    }

    fn retain(&mut self, keep: impl FnMut(&Read) -> bool) {
        self.reads.retain(keep);
        self.marks.clear();
        self.marks.extend(self.reads.iter().map(|read| (mark(read.map, read.hash), read.at)));
    }
}

/// What one actor has looked at.
#[derive(Debug, Default)]
pub(crate) struct Readings {
    keys: Recent,
    iterations: Vec<Iteration>,
    /// Removals by the actor of keys that it has not written since: no reason for a finding, but one for a delay.
    removed: Vec<Read>,
    /// Operations of the actor.
    pub(crate) clock: u64,
}

impl Readings {
    /// Notes a look at a key: the last one counts.
    pub(crate) fn note(&mut self, mut read: Read) {
        read.at = self.clock;
        self.forget_shown(read.map, read.hash);
        let Some(at) = self.keys.position(read.map, read.hash) else { return self.keys.add(read) };
        let known = &self.keys.reads[at];
        // Asking whether a key is still there does not renew what was seen of its value.
        if !(read.op == Op::Contains && known.op != Op::Contains && known.found && read.found) {
            self.keys.set(at, read);
        }
    }

    pub(crate) fn note_iteration(&mut self, mut iteration: Iteration) {
        iteration.at = self.clock;
        self.keys.retain(|read| read.map != iteration.map || !iteration.has(read.hash));
        self.iterations.retain(|known| known.map != iteration.map);
        if self.iterations.len() == ITERATIONS {
            self.iterations.remove(0);
        }
        self.iterations.push(iteration);
    }

    /// Returns what the actor last saw of a key.
    pub(crate) fn last(&self, map: u64, hash: u64) -> Option<Read> {
        let now = self.clock;
        if let Some(read) = self.keys.get(map, hash) {
            return (now - read.at <= AGE).then_some(*read);
        }
        let iteration = self.iterations.iter().find(|iteration| iteration.map == map)?;
        let time = iteration.shown.find(spread(hash), |entry| entry.0 == hash)?.1;
        let &Iteration { op, site, crowd, thread, at, .. } = iteration;
        let within = AGE + 2 * iteration.shown.len() as u64;
        (now - at <= within).then_some(Read { map, hash, time, op, found: true, site, crowd, thread, at })
    }

    /// Notes that the actor has removed a key, and may put it back.
    pub(crate) fn note_removal(&mut self, mut removal: Read) {
        removal.at = self.clock;
        if self.removed.len() == REMOVED {
            self.removed.remove(0);
        }
        self.removed.push(removal);
    }

    /// Returns the actor's removal of a key, if it has not written it since.
    pub(crate) fn removal(&self, map: u64, hash: u64) -> Option<Read> {
        let of_key = |read: &&Read| read.map == map && read.hash == hash && self.clock - read.at <= AGE;
        self.removed.iter().find(of_key).copied()
    }

    /// consumed: the actor has written the key.
    pub(crate) fn forget(&mut self, map: u64, hash: u64) {
        self.removed.retain(|read| read.map != map || read.hash != hash);
        self.keys.remove(map, hash);
        self.forget_shown(map, hash);
    }

    /// The actor has written so many keys of a map that it is not known which.
    pub(crate) fn forget_map(&mut self, map: u64) {
        self.keys.retain(|read| read.map != map);
        self.removed.retain(|read| read.map != map);
        self.iterations.retain(|iteration| iteration.map != map);
    }

    fn forget_shown(&mut self, map: u64, hash: u64) {
        for iteration in self.iterations.iter_mut().filter(|iteration| iteration.map == map) {
            if let Ok(shown) = iteration.shown.find_entry(spread(hash), |entry| entry.0 == hash) {
                shown.remove();
            }
        }
    }
}

impl Iteration {
    fn has(&self, hash: u64) -> bool {
        self.shown.find(spread(hash), |entry| entry.0 == hash).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(hash: u64, op: Op, time: u64) -> Read {
        Read::new(1, hash, time, op, true, Location::caller(), 1)
    }

    #[test]
    fn the_oldest_reading_makes_room() {
        let mut readings = Readings::default();
        for hash in 0..100 {
            readings.clock += 1;
            readings.note(read(hash, Op::View, hash));
        }
        assert_eq!((readings.keys.reads.len(), readings.keys.marks.len()), (KEYS, KEYS));
        assert!(readings.last(1, 99).is_some() && readings.last(1, 0).is_none());
    }

    #[test]
    fn a_reading_expires() {
        let mut readings = Readings::default();
        readings.note(read(1, Op::View, 1));
        readings.clock += AGE;
        assert!(readings.last(1, 1).is_some());
        readings.clock += 1;
        assert!(readings.last(1, 1).is_none());
    }

    #[test]
    fn a_write_consumes_what_was_read_and_shown() {
        let mut readings = Readings::default();
        let mut iteration = Iteration::begun(1, Op::ForEach, Location::caller(), 1);
        iteration.show(7, 3);
        readings.note_iteration(iteration);
        assert_eq!(readings.last(1, 7).map(|read| read.time), Some(3));
        readings.note(read(7, Op::View, 5));
        assert_eq!(readings.last(1, 7).map(|read| read.time), Some(5));
        readings.forget(1, 7);
        assert!(readings.last(1, 7).is_none());
    }

    #[test]
    fn to_ask_for_presence_does_not_renew_a_value() {
        let mut readings = Readings::default();
        readings.note(read(1, Op::View, 1));
        readings.note(read(1, Op::Contains, 9));
        assert_eq!(readings.last(1, 1).map(|read| read.time), Some(1));
    }

    #[test]
    fn a_removal_is_known_until_the_key_is_written() {
        let mut readings = Readings::default();
        for hash in 0..9 {
            readings.note_removal(read(hash, Op::Remove, hash));
        }
        assert_eq!(readings.removed.len(), REMOVED);
        assert_eq!(readings.removal(1, 8).map(|read| read.time), Some(8));
        assert!(readings.removal(1, 0).is_none() && readings.last(1, 8).is_none());
        readings.forget(1, 8);
        assert!(readings.removal(1, 8).is_none());
    }

    #[test]
    fn a_long_iteration_is_bounded() {
        let mut iteration = Iteration::begun(1, Op::ForEach, Location::caller(), 1);
        (0..1_000_000).for_each(|hash| iteration.show(hash << 40, 1));
        assert_eq!(iteration.shown.len(), SHOWN);
    }
}
