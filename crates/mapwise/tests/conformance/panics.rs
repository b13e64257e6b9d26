//! A panic in user code, wherever it is called, poisons nothing and loses no other key.

use std::{
    collections::HashMap,
    hash::{Hash, Hasher, RandomState},
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Once,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
};

use mapwise::Action;

use crate::subject::{Kind, Subject};

struct Injected;

/// Keeps the expected panics out of the test's output.
fn quiet() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref::<Injected>().is_none() {
                before(info);
            }
        }));
    });
}

fn inject() -> ! {
    std::panic::panic_any(Injected)
}

/// Returns whether `work` panicked, and lets any panic but an injected one through.
fn injected<R>(work: impl FnOnce() -> R) -> bool {
    quiet();
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(_) => false,
        Err(payload) if payload.is::<Injected>() => true,
        Err(payload) => std::panic::resume_unwind(payload),
    }
}

pub fn a_panic_in_a_closure_leaves_the_map_usable<M: Kind>() {
    let map = M::make::<u64, u64, RandomState>();
    for key in 0..100 {
        map.insert(key, key);
    }
    let closures: [(&str, &dyn Fn() -> bool); 14] = [
        ("view", &|| injected(|| map.view(&1, |_| inject()))),
        ("for_each", &|| injected(|| map.for_each(|_, _| inject()))),
        ("try_for_each", &|| injected(|| map.try_for_each(|_, _| -> ControlFlow<()> { inject() }))),
        ("get_or_insert_with", &|| injected(|| map.get_or_insert_with(1_000, || inject()))),
        ("update", &|| injected(|| map.update(&1, |_| inject()))),
        ("upsert, init", &|| injected(|| map.upsert(1_000, || inject(), |_| ()))),
        ("upsert, change", &|| injected(|| map.upsert(1, || 0, |_| inject()))),
        ("compute, present", &|| injected(|| map.compute(1, |_| -> Action<u64, ()> { inject() }))),
        ("compute, absent", &|| injected(|| map.compute(1_000, |_| -> Action<u64, ()> { inject() }))),
        ("remove_if", &|| injected(|| map.remove_if(&1, |_| inject()))),
        ("retain, first", &|| injected(|| map.retain(|_, _| inject()))),
        ("retain, later", &|| {
            let mut left = 30;
            injected(|| {
                map.retain(|_, _| {
                    left -= 1;
                    if left == 0 { inject() } else { true }
                });
            })
        }),
        ("view of another thread's key", &|| injected(|| map.view(&99, |_| inject()))),
        ("update after the change", &|| {
            injected(|| {
                map.update(&2, |value| {
                    *value = 2;
                    inject()
                })
            })
        }),
    ];
    let expected: HashMap<u64, u64> = (0..100).map(|key| (key, key)).collect();
    for (name, panics) in closures {
        assert!(panics(), "{name} did not panic");
        // From another thread too: a lock that leaked would hang here.
        std::thread::scope(|scope| {
            scope.spawn(|| assert_eq!(map.snapshot(), expected, "{name}"));
        });
        for key in [1, 2, 99] {
            assert_eq!(map.update(&key, |value| *value), Some(key), "{name}");
        }
        assert_eq!((map.insert(1_000, 0), map.remove(&1_000)), (None, Some(0)), "{name}");
    }
}

/// A fuse shared by the keys and values of one case, since an owner thread may call their code.
#[derive(Clone, Debug, Default)]
struct Fuse(Arc<AtomicI64>);

impl Fuse {
    const OFF: i64 = -1;

    fn set(&self, calls: i64) {
        self.0.store(calls, Relaxed);
    }

    /// Burns one step; panics when the fuse is down.
    fn burn(&self) {
        if std::thread::panicking() || self.0.load(Relaxed) < 0 {
            return;
        }
        if self.0.fetch_sub(1, Relaxed) == 0 {
            inject()
        }
    }

    fn tricky(&self, number: u64) -> Tricky {
        Tricky { number, fuse: self.clone(), drop_burns: false }
    }
}

/// A key or value whose every trait may panic.
#[derive(Debug)]
struct Tricky {
    number: u64,
    fuse: Fuse,
    drop_burns: bool,
}

impl Hash for Tricky {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.fuse.burn();
        self.number.hash(state);
    }
}

impl PartialEq for Tricky {
    fn eq(&self, other: &Self) -> bool {
        self.fuse.burn();
        self.number == other.number
    }
}

impl Eq for Tricky {}

impl Clone for Tricky {
    fn clone(&self) -> Self {
        self.fuse.burn();
        Self { number: self.number, fuse: self.fuse.clone(), drop_burns: self.drop_burns }
    }
}

impl Drop for Tricky {
    fn drop(&mut self) {
        if self.drop_burns {
            self.fuse.burn();
        }
    }
}

type Operation<T> = (&'static str, fn(&T, &Fuse));

fn operations<T: Subject<Tricky, Tricky>>() -> Vec<Operation<T>> {
    vec![
        ("get", |map, fuse| drop(map.get(&fuse.tricky(3)))),
        ("get, absent", |map, fuse| drop(map.get(&fuse.tricky(300)))),
        ("insert, present", |map, fuse| drop(map.insert(fuse.tricky(3), fuse.tricky(33)))),
        ("insert, absent", |map, fuse| drop(map.insert(fuse.tricky(300), fuse.tricky(33)))),
        ("insert_if_absent", |map, fuse| drop(map.insert_if_absent(fuse.tricky(301), fuse.tricky(33)))),
        ("get_or_insert_with, present", |map, fuse| drop(map.get_or_insert_with(fuse.tricky(3), || fuse.tricky(33)))),
        ("get_or_insert_with, absent", |map, fuse| drop(map.get_or_insert_with(fuse.tricky(302), || fuse.tricky(33)))),
        ("update", |map, fuse| {
            map.update(&fuse.tricky(3), |value| value.number = 33);
        }),
        ("upsert", |map, fuse| map.upsert(fuse.tricky(303), || fuse.tricky(1), |value| value.number += 1)),
        ("compute, put", |map, fuse| map.compute(fuse.tricky(3), |_| Action::Put(fuse.tricky(33), ()))),
        ("compute, remove", |map, fuse| map.compute(fuse.tricky(3), |_| Action::Remove(()))),
        ("remove", |map, fuse| drop(map.remove(&fuse.tricky(3)))),
        ("compare_and_swap", |map, fuse| {
            drop(map.compare_and_swap(&fuse.tricky(3), &fuse.tricky(3), fuse.tricky(33)));
        }),
        ("snapshot", |map, _| drop(map.snapshot())),
    ]
}

/// Blows at the first, second, ... call of user code inside each operation until the operation gets through.
pub fn a_panic_in_a_trait_of_key_or_value_loses_no_other_key<M: Kind>() {
    for drop_burns in [false, true] {
        for (name, operate) in operations::<M::Map<Tricky, Tricky, RandomState>>() {
            // Just full, so that insertions grow the table.
            for entries in [3_u64, 7, 14, 28] {
                let mut blown = 0;
                for calls in 0.. {
                    let fuse = Fuse::default();
                    fuse.set(Fuse::OFF);
                    let map = M::make::<Tricky, Tricky, RandomState>();
                    for number in 0..entries {
                        map.insert(fuse.tricky(number), Tricky { number, fuse: fuse.clone(), drop_burns });
                    }
                    fuse.set(calls);
                    let panicked = injected(|| operate(&map, &fuse));
                    fuse.set(Fuse::OFF);
                    blown += u32::from(panicked);
                    check_others(&map, &fuse, entries, &format!("{name}, call {calls} of user code"));
                    if !panicked {
                        break;
                    }
                    assert!(calls < 200, "{name} never gets through");
                }
                assert!(blown > 0, "nothing was injected into {name}");
            }
        }
    }
}

/// Every key but the one operated on must be there with its value, and the map must work.
fn check_others(map: &impl Subject<Tricky, Tricky>, fuse: &Fuse, entries: u64, case: &str) {
    for number in (0..entries).filter(|&number| number != 3) {
        let value = map.view(&fuse.tricky(number), |value| value.number);
        assert_eq!(value, Some(number), "{case}: key {number} was lost");
    }
    map.insert(fuse.tricky(3), fuse.tricky(333));
    assert_eq!(map.view(&fuse.tricky(3), |value| value.number), Some(333), "{case}");
    map.insert(fuse.tricky(1_000), fuse.tricky(1));
    assert!(map.remove(&fuse.tricky(1_000)).is_some(), "{case}");
}
