//! The engine under [`Map`](crate::Map): extendible hashing over buckets that carry their own lock.
//!
//! A directory, indexed by the top bits of a hash, leads to a *segment*; low bits lead to the entry's *home*, one
//! bucket of that segment. A bucket has a *head*, that is a lock and version word and a tag for each slot, and its
//! slots, which lie apart from the heads; what does not fit hangs from the home in a *chain* of overflow buckets. A
//! segment that gets crowded is split in place: the entries whose next top bit is 1 move, bucket by bucket, to a second
//! segment, and only then is the directory changed. Whoever comes by an outdated entry of the directory sees by the
//! bucket's word that it was split, and follows.
//!
//! Extendible hashing: Fagin, Nievergelt, Pippenger, Strong, TODS 1979. Following a split: Lehman & Yao, TODS 1981.
//! Version around unlocked reads: Boehm, MSPC 2012.
//!
//! The invariants, cited by name in every file of this folder:
//!
//! - **home**: an entry lives in its home or in its home's chain, and all of these are changed only under the home's
//!   exclusive lock. Chains are never shared, so one operation on one key takes one lock.
//! - **full**: a slot holds an entry iff its tag is not 0.
//! - **snapshot**: in a map of listed types (see `mode`) every byte of a slot is initialized from the start and is
//!   accessed by atomics only, so anybody may copy a slot at any time; what comes of the copy counts only if the
//!   home's version was seen unchanged around it, by a look or by the exchange that takes the lock.
//! - **pinned**: if such a copy leads to memory of its own, its reader pinned before it last looked at the home's word, which
//!   was as before the copy, and uses the copy only under that pin, never to drop it or to change what it leads to. Keys and
//!   values that leave such a map are retired, never dropped and never handed out, and only after the word says that they
//!   left; so is a value that is to be changed, for a changed duplicate.
//! - **shared**: in every other map a slot is touched only under its home's lock, shared for reading. A home counts its
//!   readers in its word, until enough came since the last writer; then its word says that it is *biased* towards readers, who
//!   only say in their own lines where they are (`epoch`), and the next writer takes that back and waits for those who say so.
//! - **version**: whatever changes under the lock of a home, its word differs afterwards from every earlier one.
//! - **kept**: segments, overflow buckets and directories are freed only when nobody else has the map, so a pointer that was
//!   ever published may be followed as long as the map is borrowed. Overflow buckets are used again, by homes of the
//!   same segment; segments, by the region of hashes that they were made for.
//! - **parked**: a segment that was merged into its parent is empty, and each of its homes says that it moved, until the
//!   parent's next split of that depth, which locks them. Who holds on to it goes to the parent, waiting for nobody.
//! - **split-order**: a split of a home is published by the unlock of that home; the segment that its entries went to,
//!   and the pointer to that segment, were stored before.
//! - **hash-first**: no entry moves before every hash needed to move it was computed, so a panic in the user's `Hash`
//!   leaves each entry where it was; the rest of the split is done by the next who meets the crowd.
//! - **one-lock**: a thread that holds a home's lock waits for no other, but for those of `transact` and of merges, which are
//!   taken in the order of their addresses. (A split fills a second one, which nobody else can reach yet, or which is parked.)
//! - **drop-outside**: keys and values that leave are dropped after the lock is released.

#![allow(unsafe_code)]

mod access;
mod arena;
mod compact;
mod count;
mod directory;
mod group;
mod grow;
mod grown;
mod head;
mod home;
mod leave;
mod many;
mod merge;
mod mode;
#[cfg(all(test, loom))]
mod models;
mod owned;
mod passage;
mod pool;
mod prefetch;
mod read;
mod segment;
mod shape;
mod slot;
mod table;
mod tag;
mod transact;
mod wait;
mod walk;
mod word;
mod write;

pub(crate) use grown::Entries;
pub(crate) use mode::{nonzero_types, plain_types};
pub(crate) use table::Engine;

/// Slots of a home: as many as have tags in a vector of 128 bits. Of a `(u64, u64)` they fill four cache lines.
#[cfg(not(any(loom, shuttle)))]
const SLOTS: usize = 16;
/// Few, so that a model reaches overflow and growth in few steps.
#[cfg(any(loom, shuttle))]
const SLOTS: usize = 2;

/// Entries for each home that room is made for beforehand: few homes overflow then.
const RESERVED: usize = SLOTS.div_ceil(2);

/// Slots of an overflow bucket: few homes need more.
#[cfg(not(any(loom, shuttle)))]
const OVERFLOW_SLOTS: usize = 4;
#[cfg(any(loom, shuttle))]
const OVERFLOW_SLOTS: usize = 2;

/// A full segment has two to the power of this many buckets.
#[cfg(not(any(loom, shuttle, miri)))]
const FULL_BITS: u32 = 8;
/// Few, so that an interpreter reaches splits and merges in minutes.
#[cfg(all(miri, not(any(loom, shuttle))))]
const FULL_BITS: u32 = 2;
#[cfg(any(loom, shuttle))]
const FULL_BITS: u32 = 1;

/// A small segment is replaced by one with two to the power of this many times its buckets.
#[cfg(not(any(loom, shuttle)))]
const GROW_BITS: u32 = 2;
#[cfg(any(loom, shuttle))]
const GROW_BITS: u32 = 1;

/// Bits of the hash that the directory may use: those above the tag and the place in a segment.
#[cfg(not(any(loom, shuttle)))]
const MAX_DEPTH: usize = 40;
#[cfg(any(loom, shuttle))]
const MAX_DEPTH: usize = 3;
