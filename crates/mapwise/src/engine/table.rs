//! The engine itself: what it is made of, and the way from a hash to its home.

use std::{
    any::TypeId,
    hash::{BuildHasher, Hash, RandomState},
    marker::PhantomData,
    ptr::NonNull,
};

use super::{
    FULL_BITS, MAX_DEPTH, RESERVED,
    count::Count,
    directory::{Common, Directory, Lent},
    grown::{Entries, Grown},
    home::{Home, Locked},
    leave::Left,
    mode::retires,
    passage::Passage,
    segment::{Route, STEP},
    shape::{FULL, Shape},
    wait::Backoff,
    word::Promise,
};
use crate::{
    epoch::Garbage,
    seam::{KeyHash, KeyText, MapType, Op, Seam},
    sync::{AtomicPtr, Mutex, Ordering},
};

/// How many parts of the map the recorder tells apart: by the lowest bits of a home's place in its segment, so that all
/// entries of a home are in one part, whatever is split, unless the map is small.
const PARTS: usize = 64;

/// A concurrent hash table; see the module.
pub(crate) struct Engine<K, V, S> {
    pub(super) directory: AtomicPtr<Common<K, V>>,
    hasher: S,
    pub(super) count: Count,
    pub(crate) seam: Seam,
    pub(super) key_hash: KeyHash<K, S>,
    pub(crate) key_text: KeyText<K>,
    pub(super) growth: Mutex<Grown<K, V>>,
    /// Walks over the whole map, and merges, which keep out of each other's way.
    pub(super) passage: Passage,
    /// What left and may still be looked at; there is some iff the map retires (`mode`).
    pub(super) garbage: Option<Box<Garbage<Left<K, V>>>>,
    _entries: PhantomData<(K, V)>,
}

// SAFETY: the raw pointers are to memory that the map alone owns, with entries and nothing that is tied to a thread.
unsafe impl<K: Send, V: Send, S: Send> Send for Engine<K, V, S> {}
// SAFETY: keys and values are shared between threads (`view`) and move between them (`insert`, `remove`); what is
// changed through a shared reference is atomic, or under the lock of its home.
unsafe impl<K: Send + Sync, V: Send + Sync, S: Sync> Sync for Engine<K, V, S> {}

impl<K, V, S> Engine<K, V, S> {
    /// Makes an empty table, of a map of a kind, with room for `capacity` entries.
    #[track_caller]
    pub(crate) fn new(of: MapType, capacity: usize, hasher: S) -> Self {
        check_capacity(capacity);
        let mut shape = Shape::SMALLEST;
        while shape.is_small() && shape.buckets() * RESERVED < capacity {
            shape = shape.next();
        }
        let mut bits = 0;
        while (RESERVED * FULL) << bits < capacity && bits < MAX_DEPTH / 2 {
            bits += 1;
        }
        if bits > 0 {
            shape = Shape::full(bits);
        }
        let mut grown = Grown::new();
        let segments: Vec<_> = (0..1_u64 << bits)
            .map(|at| {
                let prefix = if bits == 0 { 0 } else { at << (64 - bits) };
                grown.make_segment(shape, prefix, None).as_ptr()
            })
            .collect();
        let directory = grown.keep(Directory::new(&segments, shape));
        let (count, seam) = (Count::new(), Seam::of(of));
        seam.counts_in(count.gauge());
        seam.shape::<K, V>(PARTS, |parts, hash| hash as usize / STEP % parts);
        Self {
            directory: AtomicPtr::new(directory),
            hasher,
            count,
            seam,
            key_hash: KeyHash::new(),
            key_text: KeyText::NONE,
            growth: Mutex::new(grown),
            passage: Passage::new(),
            garbage: retires::<K, V>().then(|| Box::new(Garbage::new())),
            _entries: PhantomData,
        }
    }

    pub(crate) fn hasher(&self) -> &S {
        &self.hasher
    }

    /// Returns the entries of a map that nobody else has, how many they are, and the hasher.
    pub(crate) fn into_parts(self) -> (Entries<K, V>, usize, S) {
        let len = self.count.sum();
        // What waits to be dropped need not: a reader would have borrowed the map.
        let Self { growth, hasher, .. } = self;
        (Entries::new(growth.into_inner()), len, hasher)
    }

    /// Returns the number of entries; exact when nobody writes.
    #[track_caller]
    pub(crate) fn len(&self) -> usize {
        let _scope = self.seam.begin(Op::Whole, None);
        self.count.sum()
    }

    #[inline(always)]
    pub(super) fn directory(&self) -> Lent<'_, K, V> {
        // Acquire: pairs with the Release of `publish`.
        let directory = self.directory.load(Ordering::Acquire);
        // SAFETY: there always is one.
        let directory = unsafe { NonNull::new_unchecked(directory) };
        // SAFETY: kept.
        unsafe { Lent::from_raw(directory) }
    }

    /// Runs `work` with the right to change the directory.
    pub(super) fn growing<R>(&self, work: impl FnOnce(&mut Grown<K, V>) -> R) -> R {
        work(&mut self.growth.lock())
    }

    /// Makes everybody use `directory`; only under the growth lock.
    pub(super) fn publish(&self, directory: *mut Common<K, V>) {
        // Release: pairs with the Acquire of `directory`.
        self.directory.store(directory, Ordering::Release);
    }

    /// Returns what the directory has for `hash`, and what the bucket's word says if that is not outdated.
    #[inline(always)]
    pub(super) fn look_up(&self, hash: u64) -> (Home<'_, K, V>, Promise) {
        let directory = self.directory();
        let (segment, promise) = directory.look_up(hash);
        // SAFETY: all segments in a directory have as many buckets as its mask says; it picks the offset of one.
        (unsafe { Home::new(directory.offset(hash), segment) }, promise)
    }

    /// Returns the home of `hash`, as far as can be told without its lock.
    pub(super) fn locate(&self, hash: u64) -> Home<'_, K, V> {
        let (mut home, _) = self.look_up(hash);
        while let Route::To(next) = home.route(home.head().word(), hash) {
            home = Home::of(hash, next);
        }
        home
    }

    /// Locks the home of `hash`, however long it takes.
    pub(super) fn lock_home(&self, hash: u64) -> Locked<'_, K, V> {
        let mut locked = self.locate(hash).lock();
        while let Route::To(next) = locked.home().route(locked.word(), hash) {
            // one-lock: the old one goes before the next is taken.
            locked.release_unchanged();
            locked = Home::of(hash, next).lock();
        }
        locked
    }

    /// Waits until `home`, or the one that the entries of `hash` moved to, may be locked, as far as can be told. It is to
    /// be locked then: new readers may be held back.
    #[cold]
    #[inline(never)]
    pub(super) fn make_way<'m>(&self, mut home: Home<'m, K, V>, hash: u64) -> (Home<'m, K, V>, Promise) {
        let mut backoff = Backoff::new();
        loop {
            let word = home.head().free_word(&mut backoff);
            match home.route(word, hash) {
                Route::Here => return (home, Promise::of(word.shape())),
                Route::To(next) => {
                    home.head().withdraw(word);
                    home = Home::of(hash, next);
                }
            }
        }
    }
}

impl<K, V, S: BuildHasher> Engine<K, V, S> {
    #[inline(always)]
    pub(super) fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        spread::<S>(self.hasher.hash_one(key))
    }
}

impl<K, V, S> Engine<K, V, S> {
    /// The hash of a key of the map, for the seam, if anything is watched.
    #[inline(always)]
    pub(super) fn known_hash(&self, key: &K) -> Option<u64> {
        self.key_hash.of(&self.hasher, key).map(spread::<S>)
    }
}

/// The most entries that room is made for beforehand.
const MOST: usize = (RESERVED * FULL) << (MAX_DEPTH / 2);

/// # Panics
///
/// If `capacity` is more than room can be made for beforehand.
#[track_caller]
pub(super) fn check_capacity(capacity: usize) {
    // Models have few bits, and are not asked for much.
    let is_model = cfg!(any(loom, shuttle));
    assert!(is_model || capacity <= MOST, "capacity must be at most {MOST}, got {capacity}");
}

/// Makes every part of a hash fit for use.
#[inline(always)]
fn spread<S>(hash: u64) -> u64 {
    if is_well_spread::<S>() { hash } else { mix(hash) }
}

/// Whether every bit of a hash by `S` depends on every bit of the key. A constant after compilation.
#[inline(always)]
fn is_well_spread<S>() -> bool {
    // Asked by name, for these crates are no dependencies; a false answer costs time and nothing else.
    let name = std::any::type_name::<S>();
    typeid::of::<S>() == TypeId::of::<RandomState>() || name.starts_with("foldhash::") || name.starts_with("ahash::")
}

/// Spreads every bit of a hash over all of it: users' hashers may be weak, and every part of the hash is used.
#[cfg(not(loom))]
#[inline(always)]
fn mix(hash: u64) -> u64 {
    // Folded multiplication: Yi, wyhash, 2019.
    let product = u128::from(hash ^ 0x9E37_79B9_7F4A_7C15) * 0xD6E8_FEB8_6659_FD93_u128;
    product as u64 ^ (product >> 64) as u64
}

/// The model's tests choose where keys go.
#[cfg(loom)]
fn mix(hash: u64) -> u64 {
    hash
}

// Offsets, tags and the directory use bits apart.
const _: () = assert!(FULL_BITS + STEP.ilog2() <= 16 && MAX_DEPTH as u32 + 8 + 16 <= 64);

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn only_hashes_that_are_known_to_be_spread_are_taken_as_they_are() {
        assert!(is_well_spread::<RandomState>() && is_well_spread::<foldhash::fast::RandomState>());
        assert!(is_well_spread::<foldhash::quality::FixedState>());
        assert!(!is_well_spread::<std::hash::BuildHasherDefault<std::hash::DefaultHasher>>());
    }
}
