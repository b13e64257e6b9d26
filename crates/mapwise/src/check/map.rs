//! What checked mode keeps of a map: its clock, and whether the hashes of its keys can be trusted.
//!
//! - **clock**: every write of the map takes the next tick before readers that take no lock can see it, and writes of one
//!   key take ticks in the order in which they happen. A look-up notes the time after it loaded the value. So a write with
//!   a tick above that was not seen by that look-up, or would have been noted later.
//! - **trusted**: a key is known by its hash. Where two keys of a map share one, what is seen of the one does not fit what
//!   is known of the other: a key is added that is there, or replaced where there is none. The first such outcome shows that
//!   the map's hashes collide, and nothing is reported by key of this map any more.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
};

use parking_lot::Mutex;

use super::{MapId, texts::Texts};
use crate::op::MapType;

/// In the place of a writer: the map is not read in a nest, and in the place of all of it: it has writers enough.
const NOBODY: u64 = 0xFFFF_FFFF;
const NO_MORE: u64 = u64::MAX;

static COLLIDING: AtomicU64 = AtomicU64::new(0);

/// How many maps were seen to have keys of the same hash.
pub(crate) fn colliding() -> u64 {
    // Relaxed: a figure for people.
    COLLIDING.load(Ordering::Relaxed)
}

/// What is kept of a map.
#[derive(Debug)]
pub(crate) struct MapState {
    pub(crate) serial: u64,
    pub(crate) of: MapType,
    name: Mutex<Option<Arc<str>>>,
    texts: Texts,
    clock: AtomicU64,
    /// trusted: two keys were seen to share a hash.
    collides: AtomicBool,
    /// Entries came in that nobody reported, so two of them may share a hash unseen.
    filled: AtomicBool,
    /// Operations at work that write keys without saying which.
    disturbing: AtomicU32,
    /// The time when the last of them ended: what was known of keys before is no longer so.
    disturbed_at: AtomicU64,
    /// The first actor to use the map, plus one.
    first: AtomicU64,
    /// Others have used it since.
    shared: AtomicBool,
    /// How many maps were read in a nest, and who wrote this one, when its writer was last noted.
    writer: AtomicU64,
}

impl MapState {
    pub(crate) fn new(of: MapType) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            // Relaxed: only uniqueness matters.
            serial: NEXT.fetch_add(1, Ordering::Relaxed),
            of,
            name: Mutex::new(None),
            texts: Texts::default(),
            clock: AtomicU64::new(0),
            collides: AtomicBool::new(false),
            filled: AtomicBool::new(false),
            disturbing: AtomicU32::new(0),
            disturbed_at: AtomicU64::new(0),
            first: AtomicU64::new(0),
            shared: AtomicBool::new(false),
            writer: AtomicU64::new(0),
        }
    }

    pub(crate) fn id(&self) -> MapId {
        MapId { name: self.name.lock().clone(), type_name: self.of.name, serial: self.serial }
    }

    pub(crate) fn set_name(&self, name: &str) {
        let name: Arc<str> = name.into();
        super::order::name(self.serial, Arc::clone(&name));
        *self.name.lock() = Some(name);
    }

    /// Keeps what `show` returns as the text of a key, for findings.
    pub(crate) fn keep_text(&self, hash: u64, show: impl FnOnce() -> String) {
        self.texts.keep(hash, show);
    }

    /// Returns the text of a key, if the program gives it one and it is surely that of this key.
    pub(crate) fn key_text(&self, hash: u64) -> Option<String> {
        self.texts.get(hash).filter(|_| self.is_trusted())
    }

    /// The time for a look-up that has loaded its value.
    pub(crate) fn now(&self) -> u64 {
        // Relaxed: clock. The load of a value that was written after a tick happens after that tick, so coherence lets this
        // see it.
        self.clock.load(Ordering::Relaxed)
    }

    /// The time of a write that is about to become visible.
    pub(crate) fn tick(&self) -> u64 {
        // Relaxed: as in `now`; what makes the write visible orders this before it.
        self.clock.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Notes who uses the map.
    pub(crate) fn used_by(&self, actor: u64) {
        // Relaxed, here and below: a hint for delays.
        if self.shared.load(Ordering::Relaxed) {
            return;
        }
        let first = self.first.load(Ordering::Relaxed);
        if first == 0 {
            let _ = self.first.compare_exchange(0, actor + 1, Ordering::Relaxed, Ordering::Relaxed);
        } else if first != actor + 1 {
            self.shared.store(true, Ordering::Relaxed);
        }
    }

    /// Whether more than one actor uses the map.
    pub(crate) fn is_shared(&self) -> bool {
        self.shared.load(Ordering::Relaxed)
    }

    /// Whether `thread`, which writes the map, may be a writer that is not noted: the last one to write is.
    pub(crate) fn asks_for_writer(&self, nested: u64, thread: u64) -> bool {
        // Relaxed, here and below: a hint. Whoever loses it asks again.
        let last = self.writer.load(Ordering::Relaxed);
        if last == NO_MORE || last == nested << 32 | NOBODY {
            return false;
        }
        let now = nested << 32 | thread & NOBODY;
        last != now && self.writer.swap(now, Ordering::Relaxed) != now
    }

    /// No writer is to be noted until more than `nested` maps were read in a nest.
    pub(crate) fn ask_for_no_writer(&self, nested: u64) {
        self.writer.store(nested << 32 | NOBODY, Ordering::Relaxed);
    }

    /// Enough writers are noted.
    pub(crate) fn ask_for_no_more_writers(&self) {
        self.writer.store(NO_MORE, Ordering::Relaxed);
    }

    /// Two keys were seen to share a hash.
    pub(crate) fn collided(&self) {
        // Relaxed: set under the lock of the shadow, under which it is asked.
        if !self.collides.swap(true, Ordering::Relaxed) {
            COLLIDING.fetch_add(1, Ordering::Relaxed);
            super::notes::hashes_collide(&self.id());
        }
    }

    /// Whether keys are told apart by their hashes, as far as is known.
    pub(crate) fn is_trusted(&self) -> bool {
        !self.collides.load(Ordering::Relaxed)
    }

    pub(crate) fn set_filled(&self) {
        self.filled.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_filled(&self) -> bool {
        self.filled.load(Ordering::Relaxed)
    }

    /// An operation begins to write keys without saying which.
    pub(crate) fn begin_disturbing(&self) {
        // SeqCst: before the operation's first write, for whoever sees that write.
        self.disturbing.fetch_add(1, Ordering::SeqCst);
    }

    /// It has ended.
    pub(crate) fn end_disturbing(&self) {
        // The maximum: another operation may have ended with a later time.
        self.disturbed_at.fetch_max(self.tick(), Ordering::SeqCst);
        self.disturbing.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether what was known of a key at `time` holds still.
    pub(crate) fn is_undisturbed_since(&self, time: u64) -> bool {
        self.disturbing.load(Ordering::SeqCst) == 0 && self.disturbed_at.load(Ordering::SeqCst) < time
    }
}
