//! Who does things: threads by number, and what a report says of them.
//!
//! - **bounded**: of threads that have ended, the last `ENDED` are remembered.

use std::{
    collections::{HashMap, VecDeque},
    panic::Location,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;

use super::{ThreadRef, site};
use crate::sync::own_thread::{self, ThreadId};

/// Ended threads that a report can still name.
const ENDED: usize = 4096;

/// The number of the next thread.
static NEXT: AtomicU64 = AtomicU64::new(1);

static THREADS: LazyLock<Mutex<Threads>> = LazyLock::new(Mutex::default);

#[derive(Default)]
struct Threads {
    known: HashMap<u64, About>,
    ended: VecDeque<u64>,
}

#[derive(Default)]
struct About {
    id: Option<ThreadId>,
    name: Option<Arc<str>>,
    created: Option<&'static Location<'static>>,
    first_seen: Option<&'static Location<'static>>,
    ended: bool,
}

/// Gives a thread that is about to use a map for the first time its number.
pub(crate) fn register(first_seen: &'static Location<'static>) -> u64 {
    // Relaxed: only uniqueness and the order on one thread matter.
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let created = super::spawn::created_at();
    let about = About {
        id: Some(own_thread::current().id()),
        name: own_thread::current().name().map(Arc::from),
        created,
        first_seen: Some(first_seen),
        ended: false,
    };
    THREADS.lock().known.insert(number, about);
    number
}

/// Returns the number that the next thread will get: those below are of threads that exist or existed.
pub(crate) fn next() -> u64 {
    // Relaxed: compared with numbers that this thread learned under a lock later.
    NEXT.load(Ordering::Relaxed)
}

/// A thread ends.
pub(crate) fn end(number: u64) {
    let mut threads = THREADS.lock();
    let threads = &mut *threads;
    if let Some(about) = threads.known.get_mut(&number) {
        about.ended = true;
        threads.ended.push_back(number);
        if threads.ended.len() > ENDED
            && let Some(oldest) = threads.ended.pop_front()
        {
            threads.known.remove(&oldest);
        }
    }
}

/// Returns the number of a thread, or 0 if it has none.
pub(crate) fn number_of(id: ThreadId) -> u64 {
    THREADS.lock().known.iter().find(|(_, about)| about.id == Some(id)).map_or(0, |(number, _)| *number)
}

/// Returns true if the thread has ended, or is forgotten, which only ended ones are.
pub(crate) fn has_ended(number: u64) -> bool {
    THREADS.lock().known.get(&number).is_none_or(|about| about.ended)
}

/// Returns what a report says of a thread.
pub(crate) fn describe(number: u64, task: Option<u64>) -> ThreadRef {
    let (name, created, first_seen) = match THREADS.lock().known.get(&number) {
        Some(about) => (about.name.clone(), about.created, about.first_seen),
        None => (None, None, None),
    };
    ThreadRef {
        number,
        name,
        created: created.map(site::resolve),
        first_seen: first_seen.map(site::resolve),
        task: task.map(super::task::shown),
    }
}
