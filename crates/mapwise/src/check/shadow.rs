//! What is known of keys: who wrote each last, and whether it is there.
//!
//! - **inside**: an entry is changed under the lock of its stripe, while the writer keeps others from writing the key, so
//!   entries change in the order in which the keys do.
//! - **leaf**: under a stripe's lock no other lock is taken and no user code runs.
//! - **bounded**: there are at most `history` entries. One that made room is not missed: a write is judged by the time that
//!   stands beside it, so what is forgotten can only go unreported.

use std::{
    panic::Location,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use hashbrown::HashTable;

use super::{here::Actor, hold, map::MapState, settings::settings};
use crate::{
    locks::{Mutex, MutexGuard},
    op::{Change, Op},
};

const STRIPES: usize = 64;
/// Writes whose times are kept, to count what was lost.
const RECENT: usize = 4;

/// A write of a key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Write {
    pub(crate) time: u64,
    pub(crate) actor: u64,
    pub(crate) thread: u64,
    pub(crate) op: Op,
    pub(crate) site: &'static Location<'static>,
}

/// What is known of a key.
#[derive(Debug)]
struct Known {
    map: u64,
    hash: u64,
    present: bool,
    /// The key's history is known from a time when it was surely told apart.
    trusted: bool,
    last: Write,
    recent: [(u64, u64); RECENT],
}

/// A write by somebody else, and how many there were; `more` if some were forgotten.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conflict {
    pub(crate) write: Write,
    pub(crate) count: usize,
    pub(crate) more: bool,
}

impl Known {
    /// The last write, if it came after `time` and from another than `actor`.
    ///
    /// One of its own, or of somebody unknown, ends what it had read: whatever was lost before, it is not lost now.
    fn conflict(&self, actor: u64, time: u64) -> Option<Conflict> {
        let write = self.last;
        if write.time <= time || write.actor == actor || (Actor { id: write.actor, thread: 0 }).is_nobody() {
            return None;
        }
        let count = self.recent.iter().filter(|&&(at, by)| at > time && by != actor).count();
        let more = self.recent.iter().all(|&(at, _)| at > time);
        Some(Conflict { write, count: count.max(1), more })
    }

    fn push(&mut self, write: Write, present: bool) {
        self.last = write;
        self.present = present;
        self.recent.rotate_right(1);
        self.recent[0] = (write.time, write.actor);
    }
}

#[derive(Default)]
struct Stripe {
    keys: HashTable<Known>,
    /// Where the next search for room begins.
    hand: usize,
}

struct Shadow {
    stripes: Vec<Mutex<Stripe>>,
    /// Entries that a stripe may have.
    room: usize,
}

static SHADOW: LazyLock<Shadow> = LazyLock::new(|| Shadow {
    stripes: (0..STRIPES).map(|_| Mutex::default()).collect(),
    room: (settings().history / STRIPES).max(1),
});

static FORGOTTEN: AtomicU64 = AtomicU64::new(0);

/// How many keys made room for others.
pub(crate) fn forgotten() -> u64 {
    // Relaxed: a figure for people.
    FORGOTTEN.load(Ordering::Relaxed)
}

/// How many keys are remembered now, and at most.
pub(crate) fn size() -> (usize, usize) {
    (SHADOW.stripes.iter().map(|stripe| stripe.lock().keys.len()).sum(), SHADOW.room * STRIPES)
}

fn mix(map: u64, hash: u64) -> u64 {
    let mixed = (hash ^ map.rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}

/// A key that nobody else's write can be reported of until this is dropped.
pub(crate) struct Held<'a> {
    stripe: MutexGuard<'a, Stripe>,
    map: &'a MapState,
    hash: u64,
    mixed: u64,
}

/// Keeps writes of a key from being reported.
pub(crate) fn hold(map: &MapState, hash: u64) -> Held<'_> {
    let mixed = mix(map.serial, hash);
    let stripe = lock(&SHADOW.stripes[(mixed >> 58) as usize % STRIPES]);
    Held { stripe, map, hash, mixed }
}

/// Takes a stripe, and keeps account of the wait.
fn lock(stripe: &Mutex<Stripe>) -> MutexGuard<'_, Stripe> {
    #[cfg(not(shuttle))]
    if let Some(guard) = stripe.try_lock() {
        return guard;
    }
    let start = Instant::now();
    let guard = stripe.lock();
    hold::waited_for_checker(start.elapsed());
    guard
}

/// Returns the last write of a key if it is another actor's and came after `time`, and whether the key is there now.
pub(crate) fn conflict(map: &MapState, hash: u64, actor: u64, time: u64) -> Option<(Conflict, bool)> {
    let held = hold(map, hash);
    let (serial, mixed) = (map.serial, held.mixed);
    let known = held.stripe.keys.find(mixed, |known| known.map == serial && known.hash == hash)?;
    Some((known.conflict(actor, time)?, known.present))
}

impl Held<'_> {
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// Notes a write, and returns what another actor than its own wrote after `since`, if keys can be told apart.
    pub(crate) fn note(mut self, write: Write, change: Change, since: Option<u64>) -> Option<Conflict> {
        let (map, hash, mixed) = (self.map, self.hash, self.mixed);
        let was_present = change != Change::Added;
        let present = change != Change::Removed;
        let stripe = &mut *self.stripe;
        let Some(known) = stripe.keys.find_mut(mixed, |known| known.map == map.serial && known.hash == hash) else {
            let trusted = !(was_present && map.is_filled());
            let mut recent = [(0, 0); RECENT];
            recent[0] = (write.time, write.actor);
            stripe.make_room();
            let known = Known { map: map.serial, hash, present, trusted, last: write, recent };
            stripe.keys.insert_unique(mixed, known, |known| mix(known.map, known.hash));
            return None;
        };
        let undisturbed = map.is_undisturbed_since(known.last.time);
        if undisturbed && known.present != was_present {
            map.collided();
        }
        let conflict = since.and_then(|since| known.conflict(write.actor, since));
        known.push(write, present);
        conflict.filter(|_| undisturbed && known.trusted && map.is_trusted())
    }
}

impl Stripe {
    /// Lets a key go if there are too many: one that is absent where one is near.
    fn make_room(&mut self) {
        if self.keys.len() < SHADOW.room {
            return;
        }
        let buckets = self.keys.num_buckets();
        let mut victim = None;
        let mut looked = 0;
        for step in 0..buckets {
            let bucket = (self.hand + step) % buckets;
            let Some(known) = self.keys.get_bucket(bucket) else { continue };
            looked += 1;
            if victim.is_none() || !known.present {
                victim = Some(bucket);
            }
            if !known.present || looked == 8 {
                break;
            }
        }
        if let Some(entry) = victim.and_then(|bucket| self.keys.get_bucket_entry(bucket).ok()) {
            entry.remove();
            // Relaxed: see `forgotten`.
            FORGOTTEN.fetch_add(1, Ordering::Relaxed);
        }
        self.hand = victim.map_or(0, |bucket| bucket + 1);
    }
}
