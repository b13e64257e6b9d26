//! Drops are counted, on real threads.

use std::{
    cell::RefCell,
    panic,
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering::*},
        mpsc,
    },
    thread,
};

use super::{
    Garbage,
    garbage::{BAG, BATCH, BATCH_BYTES},
    pin,
};

/// Counts its drop, or panics beside.
struct Counted<'a> {
    drops: &'a AtomicUsize,
    panics: bool,
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Relaxed);
        if self.panics {
            // Without the panic hook.
            panic::resume_unwind(Box::new(()));
        }
    }
}

fn quiet(drops: &AtomicUsize) -> Counted<'_> {
    Counted { drops, panics: false }
}

/// Collects until `done`: pins of other tests in this process pass.
fn collect_until<T>(garbage: &Garbage<T>, done: impl Fn() -> bool) {
    while !done() {
        garbage.collect();
        thread::yield_now();
    }
}

#[test]
fn an_item_waits_for_a_pin_that_began_before_it_was_retired() {
    let drops = AtomicUsize::new(0);
    let garbage = Garbage::new();
    let (pinned, is_pinned) = mpsc::channel();
    let (go, may_go) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let _pin = pin();
            pinned.send(()).unwrap();
            may_go.recv().unwrap();
        });
        is_pinned.recv().unwrap();
        for _ in 0..3 * BATCH {
            garbage.retire(quiet(&drops), 0);
        }
        garbage.collect();
        assert_eq!((drops.load(Relaxed), garbage.waiting()), (0, 3 * BATCH));
        go.send(()).unwrap();
    });
    collect_until(&garbage, || drops.load(Relaxed) == 3 * BATCH);
    assert_eq!(garbage.waiting(), 0);
}

#[test]
fn pins_of_one_thread_end_in_any_order() {
    let drops = AtomicUsize::new(0);
    let garbage = Garbage::new();
    let (first, second) = (pin(), pin());
    garbage.retire(quiet(&drops), 0);
    drop(first);
    garbage.collect();
    assert_eq!(drops.load(Relaxed), 0);
    drop(second);
    collect_until(&garbage, || drops.load(Relaxed) == 1);
}

#[test]
fn what_was_retired_is_dropped_once_with_the_garbage_at_the_latest() {
    let drops = AtomicUsize::new(0);
    let retired = 5 * BATCH + BAG + 7;
    let garbage = Garbage::new();
    let pin = pin();
    for _ in 0..retired {
        garbage.retire(quiet(&drops), 0);
    }
    assert_eq!(drops.load(Relaxed), 0);
    drop(garbage);
    assert_eq!(drops.load(Relaxed), retired);
    drop(pin);
}

#[test]
fn a_panic_in_a_drop_ends_there_and_loses_no_other_item() {
    let drops = AtomicUsize::new(0);
    let garbage = Garbage::new();
    for at in 0..2 * BATCH {
        garbage.retire(Counted { drops: &drops, panics: at % 3 == 0 }, 0);
    }
    collect_until(&garbage, || drops.load(Relaxed) == 2 * BATCH);
    for at in 0..BAG - 1 {
        garbage.retire(Counted { drops: &drops, panics: at % 2 == 0 }, 0);
    }
    drop(garbage);
    assert_eq!(drops.load(Relaxed), 2 * BATCH + BAG - 1);
}

#[test]
fn a_large_item_waits_for_no_others() {
    let drops = AtomicUsize::new(0);
    let garbage = Garbage::new();
    // Pins of other tests may keep the first, but not for ever.
    while drops.load(Relaxed) == 0 {
        garbage.retire(quiet(&drops), BATCH_BYTES);
        thread::yield_now();
    }
}

#[test]
fn threads_that_end_hand_their_bags_on() {
    let drops = AtomicUsize::new(0);
    let garbage = Garbage::new();
    let threads = 4 * BATCH;
    for _ in 0..threads {
        thread::scope(|scope| {
            scope.spawn(|| garbage.retire(quiet(&drops), 0));
        });
    }
    // Other tests' threads hold indices meanwhile, so there may be some bags, but not one for each thread.
    collect_until(&garbage, || drops.load(Relaxed) + garbage.waiting() + 64 * BAG >= threads);
    drop(garbage);
    assert_eq!(drops.load(Relaxed), threads);
}

#[test]
fn a_thread_that_is_ending_may_pin_and_retire() {
    struct AtEnd(Arc<Garbage<Counted<'static>>>, mpsc::Sender<()>);
    impl Drop for AtEnd {
        fn drop(&mut self) {
            static DROPS: AtomicUsize = AtomicUsize::new(0);
            let _pin = pin();
            self.0.retire(quiet(&DROPS), 0);
            self.1.send(()).unwrap();
        }
    }
    thread_local! {
        static BEFORE: RefCell<Option<AtEnd>> = const { RefCell::new(None) };
        static AFTER: RefCell<Option<AtEnd>> = const { RefCell::new(None) };
    }
    let garbage = Arc::new(Garbage::new());
    let (sender, receiver) = mpsc::channel();
    for _ in 0..100 {
        let at_end = || Some(AtEnd(Arc::clone(&garbage), sender.clone()));
        let (before, after) = (at_end(), at_end());
        thread::spawn(move || {
            // Destructors run in an order of the system's, one of them after that of this thread's line.
            BEFORE.with_borrow_mut(|slot| *slot = before);
            drop(pin());
            AFTER.with_borrow_mut(|slot| *slot = after);
        })
        .join()
        .unwrap();
    }
    drop(sender);
    assert_eq!(receiver.into_iter().count(), 200);
}

#[test]
fn a_drop_may_retire_again() {
    struct Chain<'a>(&'a Garbage<Chain<'a>>, usize, &'a AtomicUsize);
    impl Drop for Chain<'_> {
        fn drop(&mut self) {
            self.2.fetch_add(1, Relaxed);
            if let Some(left) = self.1.checked_sub(1) {
                self.0.retire(Chain(self.0, left, self.2), 0);
            }
        }
    }
    let drops = AtomicUsize::new(0);
    // Leaked: its items borrow it.
    let garbage = Box::leak(Box::new(Garbage::new()));
    for _ in 0..BATCH {
        garbage.retire(Chain(garbage, 3, &drops), 0);
    }
    collect_until(garbage, || drops.load(Relaxed) == 4 * BATCH);
}

/// Readers follow a pointer while writers replace and retire what it points to.
#[test]
fn nobody_sees_a_dropped_item_and_every_item_is_dropped_once() {
    const READERS: usize = 3;
    const WRITERS: usize = 2;
    const WRITES: usize = if cfg!(miri) { 200 } else { 60_000 };

    struct Alive(AtomicBool);
    /// Marks the pointee instead of freeing it, so that a mistake is seen rather than undefined.
    struct Kill<'a>(&'a Alive, &'a AtomicUsize);
    impl Drop for Kill<'_> {
        fn drop(&mut self) {
            assert!(self.0.0.swap(false, AcqRel), "dropped twice");
            self.1.fetch_add(1, Relaxed);
        }
    }

    let alive: Vec<Alive> = (0..=WRITERS * WRITES).map(|_| Alive(AtomicBool::new(true))).collect();
    let drops = AtomicUsize::new(0);
    let garbage = Garbage::new();
    let current = AtomicPtr::new(std::ptr::from_ref(&alive[0]).cast_mut());
    let index_of = |pointer: *mut Alive| (pointer.addr() - alive.as_ptr().addr()) / size_of::<Alive>();
    let writing = AtomicUsize::new(WRITERS);
    let start = Barrier::new(READERS + WRITERS);
    let looks = AtomicUsize::new(0);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (alive, current, garbage, drops, start, writing, looks) =
                (&alive, &current, &garbage, &drops, &start, &writing, &looks);
            scope.spawn(move || {
                start.wait();
                for write in 0..WRITES {
                    // Readers may not have had a processor yet.
                    while write == WRITES / 2 && looks.load(Relaxed) < 100 {
                        thread::yield_now();
                    }
                    let next = &alive[1 + writer * WRITES + write];
                    let old = current.swap(std::ptr::from_ref(next).cast_mut(), AcqRel);
                    garbage.retire(Kill(&alive[index_of(old)], drops), 0);
                }
                writing.fetch_sub(1, Release);
            });
        }
        for _ in 0..READERS {
            let (alive, current, start, writing, looks) = (&alive, &current, &start, &writing, &looks);
            scope.spawn(move || {
                start.wait();
                while writing.load(Acquire) > 0 {
                    let _pin = pin();
                    let seen = &alive[index_of(current.load(Acquire))];
                    for _ in 0..20 {
                        assert!(seen.0.load(Acquire), "seen under a pin and dropped");
                    }
                    looks.fetch_add(1, Relaxed);
                }
            });
        }
    });
    drop(garbage);
    assert_eq!(drops.load(Relaxed), WRITERS * WRITES);
}

/// What decided between these epochs and `seize`.
#[test]
#[ignore = "a measurement: cargo test --release -p mapwise --lib pins_cost_less -- --ignored --nocapture"]
#[expect(clippy::print_stderr, reason = "its result")]
fn pins_cost_less_than_those_of_seize() {
    use std::{hint::black_box, time::Instant};

    use seize::Guard;

    /// Stands for the work under a pin: what cannot be overlapped with it would not be seen alone.
    fn time(mut one: impl FnMut(&AtomicUsize)) -> f64 {
        const TURNS: u32 = 1_000_000;
        let word = AtomicUsize::new(0);
        let start = Instant::now();
        (0..TURNS).for_each(|_| one(black_box(&word)));
        start.elapsed().as_secs_f64() / f64::from(TURNS)
    }
    let collector = seize::Collector::new();
    let mut ratios: Vec<f64> = (0..31)
        .map(|_| {
            let theirs = time(|word| {
                let guard = collector.enter();
                black_box(word.load(Relaxed));
                black_box(guard.thread_id());
            });
            let ours = time(|word| {
                let _pin = pin();
                black_box(word.load(Relaxed));
            });
            theirs / ours
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    eprintln!("a pin of seize costs {:.2} of ours ({:.2} to {:.2})", ratios[15], ratios[3], ratios[27]);
    assert!(ratios[15] > 1.1, "own epochs are not worth their code");
}
