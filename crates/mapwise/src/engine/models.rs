//! Look-ups without a lock beside writers that retire, in every interleaving, on the code that ships.

#[path = "../../tests/hashers/mod.rs"]
mod hashers;
#[path = "../../tests/loom_model/mod.rs"]
mod loom_model;

use std::{
    ptr::NonNull,
    sync::{
        Arc as StdArc,
        atomic::{AtomicUsize, Ordering},
    },
};

use loom::{sync::Arc, thread};

use self::hashers::Identity;
use super::Engine;
use crate::{
    api::Action,
    seam::{Holds, MapType},
    sync::UnsafeCell,
};

const TYPE: MapType = MapType { name: "Map", holds: Holds::SharedLock };

/// An owned value of one word. Its drop writes to what it leads to, and a look reads that: loom reports if they race.
///
/// What it leads to is leaked, so that a mistake is reported and not undefined.
pub(super) struct Watched(NonNull<Pointee>);

struct Pointee {
    number: u64,
    watched: UnsafeCell<()>,
    live: StdArc<AtomicUsize>,
}

// SAFETY: what it leads to is never freed, and loom watches who writes it.
unsafe impl Send for Watched {}
// SAFETY: likewise.
unsafe impl Sync for Watched {}

impl Watched {
    fn new(number: u64, live: &StdArc<AtomicUsize>) -> Self {
        live.fetch_add(1, Ordering::Relaxed);
        let pointee = Pointee { number, watched: UnsafeCell::new(()), live: StdArc::clone(live) };
        Self(NonNull::from(Box::leak(Box::new(pointee))))
    }

    fn pointee(&self) -> &Pointee {
        // SAFETY: never freed.
        unsafe { self.0.as_ref() }
    }

    fn number(&self) -> u64 {
        self.pointee().watched.with(|_| ());
        self.pointee().number
    }
}

impl Clone for Watched {
    fn clone(&self) -> Self {
        Self::new(self.number(), &self.pointee().live)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.pointee().watched.with_mut(|_| ());
        // Not reached if loom reported: garbage lets no panic out, so the count has to tell.
        self.pointee().live.fetch_sub(1, Ordering::Relaxed);
    }
}

type Owned = Engine<u64, Watched, Identity>;

/// Races `write` with a look-up of key 0, which is there with the number 1; `answers` are those that may be seen.
fn model(answers: &'static [Option<u64>], write: fn(&Owned, &StdArc<AtomicUsize>)) {
    loom_model::model(3, move || {
        let live = StdArc::new(AtomicUsize::new(0));
        let map = Arc::new(Owned::new(TYPE, 0, Identity::default()));
        drop(map.insert(0, Watched::new(1, &live)));
        let reader = thread::spawn({
            let map = Arc::clone(&map);
            move || {
                let seen = map.view(&0, Watched::number);
                assert!(answers.contains(&seen), "{seen:?}");
            }
        });
        write(&map, &live);
        map.collect();
        reader.join().unwrap();
        drop(map);
        assert_eq!(live.load(Ordering::Relaxed), 0, "lost, or dropped beside a look");
    });
}

/// A removal beside a look-up: what is looked at is not dropped, and the caller gets a value of its own.
///
/// Fails when `peek_home` does not pin, or only after its last look; when `view_copied` ends the pin before `read` is done;
/// when `dismiss` retires nothing, or `hand_out` hands out what it retires; when `retire` drops.
#[test]
fn a_removed_value_outlives_the_look_at_it() {
    model(&[None, Some(1)], |map, _| {
        assert_eq!(map.remove_if(&0, |_| true).map(|value| value.number()), Some(1));
    });
}

/// Likewise a value that is replaced.
///
/// Fails when `peek_home` does not pin, or only after its last look; when `view_copied` ends the pin before `read` is done;
/// when `hand_out` hands out what left; when `retire` drops.
#[test]
fn a_replaced_value_outlives_the_look_at_it() {
    model(&[Some(1), Some(2)], |map, live| {
        assert_eq!(map.insert(0, Watched::new(2, live)).map(|value| value.number()), Some(1));
    });
}

/// A value that is changed in a closure: a duplicate is.
///
/// Fails when `peek_home` does not pin, or only after its last look; when `view_copied` ends the pin before `read` is done;
/// when `with_mut` lends what is there; when `retire` drops.
#[test]
fn a_changed_value_outlives_the_look_at_it() {
    model(&[Some(1), Some(2), None], |map, live| {
        map.update(&0, |value| *value = Watched::new(2, live));
        map.compute(0, |_| Action::Remove(()));
    });
}
