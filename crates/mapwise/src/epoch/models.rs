//! Every interleaving of pins and retirements, on the code that ships.
//!
//! In models barriers are fences, a bag holds one item, and so does a batch. Each model names the mutations that it was
//! seen to fail with.

#[path = "../../tests/loom_model/mod.rs"]
mod loom_model;

use std::sync::atomic::{AtomicUsize, Ordering};

use loom::{sync::Arc, thread};

use self::loom_model::at_least;
use super::{Garbage, pin};
use crate::sync::{AtomicBool, Ordering::Relaxed, UnsafeCell};

/// Something that readers find for as long as `linked`, and look at under a pin.
struct Place {
    linked: AtomicBool,
    content: UnsafeCell<()>,
    /// std's: it counts, and is no part of the model.
    drops: AtomicUsize,
}

/// What is retired: its drop is a write to the content, which loom reports if it races with a look.
struct Item(Arc<Place>);

impl Drop for Item {
    fn drop(&mut self) {
        self.0.content.with_mut(|_| ());
        // Not reached if loom reported: garbage lets no panic out, so the count has to tell.
        self.0.drops.fetch_add(1, Ordering::Relaxed);
    }
}

impl Place {
    fn new() -> Arc<Self> {
        let (linked, content) = (AtomicBool::new(true), UnsafeCell::new(()));
        Arc::new(Self { linked, content, drops: AtomicUsize::new(0) })
    }

    /// Looks without any help but the pin's: all is Relaxed.
    fn look(&self) {
        let _pin = pin();
        if self.linked.load(Relaxed) {
            self.content.with(|_| ());
        }
    }

    fn unlink(this: &Arc<Self>, garbage: &Garbage<Item>) {
        this.linked.store(false, Relaxed);
        garbage.retire(Item(Arc::clone(this)), 0);
    }

    fn assert_dropped_once(&self) {
        assert_eq!(self.drops.load(Ordering::Relaxed), 1, "dropped beside a look, twice or never");
    }
}

/// A look beside an unlinking: the item is dropped after the look, or was not found.
///
/// Fails without `light` or `heavy`; when `leave` stores or `pinned` loads with Relaxed. Does not fail when `enter` loads the epoch with Relaxed: the model's barriers are fences, which order that too.
#[test]
fn what_is_looked_at_is_not_dropped() {
    at_least(3, || {
        let place = Place::new();
        let garbage = Arc::new(Garbage::new());
        let reader = thread::spawn({
            let place = Arc::clone(&place);
            move || place.look()
        });
        Place::unlink(&place, &garbage);
        garbage.collect();
        reader.join().unwrap();
        drop(garbage);
        place.assert_dropped_once();
    });
}

/// A thread that pins again and again: each pin covers its own looks.
///
/// Fails when `enter` stores with Relaxed, or stores for a nested pin too; when `leave` stores for a nested pin too.
#[test]
fn a_pin_after_another_or_in_it_does_not_end_it_too_early() {
    at_least(3, || {
        let place = Place::new();
        let garbage = Arc::new(Garbage::new());
        let reader = thread::spawn({
            let place = Arc::clone(&place);
            move || {
                place.look();
                let _outer = pin();
                let linked = place.linked.load(Relaxed);
                drop(pin());
                if linked {
                    place.content.with(|_| ());
                }
            }
        });
        Place::unlink(&place, &garbage);
        garbage.collect();
        reader.join().unwrap();
        drop(garbage);
        place.assert_dropped_once();
    });
}

/// Two writers: each drops what the other sealed.
///
/// Fails when `look` ignores the epoch, loads it after the lines or with Relaxed; when `stamp` adds with Relaxed or before
/// the barrier; when a limit is after an equal stamp.
#[test]
fn a_batch_is_dropped_by_another_thread_only_when_its_own_barrier_came_first() {
    at_least(4, || {
        let places = [Place::new(), Place::new()];
        let garbage = Arc::new(Garbage::new());
        let writer = thread::spawn({
            let place = Arc::clone(&places[0]);
            let garbage = Arc::clone(&garbage);
            move || Place::unlink(&place, &garbage)
        });
        let reader = thread::spawn({
            let place = Arc::clone(&places[0]);
            move || place.look()
        });
        Place::unlink(&places[1], &garbage);
        writer.join().unwrap();
        reader.join().unwrap();
        drop(garbage);
        places.iter().for_each(|place| place.assert_dropped_once());
    });
}

/// A line and its bags change hands when a thread ends.
///
/// Fails when `lease` leaves the index among the free ones.
#[test]
fn a_bag_belongs_to_one_thread_at_a_time() {
    at_least(3, || {
        let garbage = Arc::new(Garbage::new());
        let retire = |garbage: &Arc<Garbage<u64>>| {
            let garbage = Arc::clone(garbage);
            thread::spawn(move || garbage.retire(1, 0))
        };
        let [first, second] = [retire(&garbage), retire(&garbage)];
        first.join().unwrap();
        let third = retire(&garbage);
        second.join().unwrap();
        third.join().unwrap();
    });
}
