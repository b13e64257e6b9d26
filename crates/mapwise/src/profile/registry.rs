//! Which maps there are.
//!
//! - **weak**: a map that is dropped leaves the profile; the registry keeps no map alive.
//! - **bounded**: the first [`MOST_MAPS`] maps that are alive at a time are told apart; the others are one map in the profile,
//!   which says how many they are.

use std::{
    panic::Location,
    sync::{
        Arc, LazyLock, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use parking_lot::Mutex;

use super::record::Record;

/// How many maps are recorded at a time.
pub(super) const MOST_MAPS: usize = 1024;

/// The kind of the map that stands for those that are not told apart.
pub(super) const OTHER_MAPS: &str = "other maps";

static MAPS: Mutex<Vec<Weak<Record>>> = Mutex::new(Vec::new());
static REFUSED: AtomicU64 = AtomicU64::new(0);
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// When recording began.
pub(super) fn started() -> Instant {
    *STARTED
}

/// Where maps beyond those that are recorded count together.
static OTHERS: LazyLock<Arc<Record>> = LazyLock::new(|| Arc::new(Record::new(OTHER_MAPS, Location::caller())));

/// Makes the record of a map.
pub(super) fn register(kind: &'static str, created: &'static Location<'static>) -> Arc<Record> {
    // Options that are wrong are refused before the program's work.
    let _ = super::options::tier();
    started();
    let mut maps = MAPS.lock();
    if maps.len() >= MOST_MAPS {
        maps.retain(|map| map.strong_count() > 0);
    }
    if maps.len() >= MOST_MAPS {
        // Relaxed: only a note in the profile depends on it.
        REFUSED.fetch_add(1, Ordering::Relaxed);
        return Arc::clone(&OTHERS);
    }
    let record = Arc::new(Record::new(kind, created));
    maps.push(Arc::downgrade(&record));
    record
}

/// The maps that live, in the order they were made.
pub(super) fn alive() -> Vec<Arc<Record>> {
    let mut maps = MAPS.lock();
    maps.retain(|map| map.strong_count() > 0);
    let others = (refused() > 0).then(|| Arc::clone(&OTHERS));
    maps.iter().filter_map(Weak::upgrade).chain(others).collect()
}

/// How many maps were not told apart.
pub(super) fn refused() -> u64 {
    // Relaxed: see `register`.
    REFUSED.load(Ordering::Relaxed)
}
