//! What `CounterMap` promises: nothing is lost and nothing counted twice, whoever adds, resets and removes.

#![cfg(not(loom))]

use std::{
    collections::HashMap,
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
};

use mapwise::{CounterMap, MapRead};
use proptest::prelude::*;

const THREADS: u64 = 4;
const ROUNDS: u64 = if cfg!(debug_assertions) { 10_000 } else { 100_000 };

fn together(body: impl Fn(u64) + Sync) {
    let start = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (start, body) = (&start, &body);
            scope.spawn(move || {
                start.wait();
                body(thread);
            });
        }
    });
}

#[test]
fn no_addition_is_lost_or_counted_twice_across_resets() {
    let map = CounterMap::new();
    let taken = AtomicU64::new(0);
    together(|thread| {
        for i in 0..ROUNDS {
            map.increment((i + thread) % 8);
            if i % 64 == thread {
                taken.fetch_add(map.reset().values().sum(), SeqCst);
            }
        }
    });
    let last: u64 = map.reset().values().sum();
    assert_eq!(taken.load(SeqCst) + last, THREADS * ROUNDS);
    assert_eq!(map.snapshot(), (0..8).map(|key| (key, 0)).collect());
}

#[test]
fn no_addition_is_lost_while_keys_come_and_go() {
    let map = CounterMap::new();
    let taken = AtomicU64::new(0);
    together(|thread| {
        for i in 0..ROUNDS {
            let key = i * (thread + 3) % 31;
            if i % 2 == 0 {
                map.increment(key)
            } else {
                map.add_ref(&key, 1)
            };
            match i % 97 {
                0 => _ = taken.fetch_add(map.remove(&key).unwrap_or(0), SeqCst),
                1 => _ = taken.fetch_add(map.drain().values().sum(), SeqCst),
                2 => map.shrink_to_fit(),
                3 => map.for_each(|_, _| ()),
                _ => {}
            }
        }
    });
    let left: u64 = map.snapshot().values().sum();
    assert_eq!(taken.load(SeqCst) + left, THREADS * ROUNDS);
    assert_eq!(map.len(), map.snapshot().len());
}

#[test]
fn an_addition_returns_the_new_count() {
    let map = CounterMap::new();
    let seen = AtomicU64::new(0);
    together(|_| {
        for _ in 0..ROUNDS {
            seen.fetch_add(map.increment("one"), SeqCst);
        }
    });
    let n = THREADS * ROUNDS;
    assert_eq!(seen.load(SeqCst), n * (n + 1) / 2, "each count from 1 to n was returned once");
}

#[test]
fn counts_stop_and_never_wrap() {
    let map = CounterMap::new();
    assert_eq!(map.add("a", u64::MAX), CounterMap::<&str>::MAX);
    together(|_| {
        for _ in 0..1_000 {
            assert_eq!(map.add("a", 1 << 30), CounterMap::<&str>::MAX);
        }
    });
    assert_eq!(map.get("a"), Some(CounterMap::<&str>::MAX));
    assert_eq!(map.reset()["a"], CounterMap::<&str>::MAX);
    assert_eq!(map.increment("a"), 1);
}

#[test]
fn a_borrowed_key_is_owned_once() {
    static OWNED: AtomicU64 = AtomicU64::new(0);
    #[derive(PartialEq, Eq, Hash)]
    struct Name(String);
    #[derive(PartialEq, Eq, Hash)]
    #[repr(transparent)]
    struct Borrowed(str);
    impl std::borrow::Borrow<Borrowed> for Name {
        fn borrow(&self) -> &Borrowed {
            borrowed(&self.0)
        }
    }
    impl ToOwned for Borrowed {
        type Owned = Name;
        fn to_owned(&self) -> Name {
            OWNED.fetch_add(1, SeqCst);
            Name(self.0.to_owned())
        }
    }
    #[expect(unsafe_code, reason = "the usual way to a borrowed newtype of str")]
    fn borrowed(text: &str) -> &Borrowed {
        // SAFETY: `Borrowed` is a transparent wrapper of `str`.
        unsafe { &*(std::ptr::from_ref(text) as *const Borrowed) }
    }
    let map: CounterMap<Name> = CounterMap::new();
    for _ in 0..10 {
        map.add_ref(borrowed("/index"), 2);
    }
    assert_eq!((map.get(borrowed("/index")), OWNED.load(SeqCst)), (Some(20), 1));
}

#[test]
fn generic_code_reads_it_as_any_map() {
    fn total<K>(map: &impl MapRead<K, u64>) -> u64 {
        let mut total = 0;
        map.for_each(|_, count| total += count);
        total
    }
    let map: CounterMap<u8> = [(1, 2), (1, 3), (2, 4)].into_iter().collect();
    assert_eq!((total(&map), map.get(&1), map.len()), (9, Some(5), 2));
    assert_eq!(map.get_many([&2, &3]), [Some(4), None]);
    assert_eq!(format!("{map:?}"), "CounterMap { len: 2, .. }");
}

proptest! {
    #[test]
    fn it_counts_as_a_std_map_does(steps in prop::collection::vec((0..8_u8, 0..10_u8, 0..100_u64), 1..150)) {
        let (map, mut model) = (CounterMap::new(), HashMap::<u8, u64>::new());
        for (what, key, n) in steps {
            match what {
                0 => assert_eq!(map.remove(&key), model.remove(&key)),
                1 if n < 20 => {
                    assert_eq!(map.reset(), model);
                    model.values_mut().for_each(|count| *count = 0);
                }
                2 if n < 20 => assert_eq!(map.drain(), std::mem::take(&mut model)),
                3 if n < 10 => {
                    map.clear();
                    model.clear();
                }
                4 => assert_eq!(map.get(&key), model.get(&key).copied()),
                5 => map.shrink_to_fit(),
                _ => {
                    let count = model.entry(key).or_insert(0);
                    *count += n;
                    assert_eq!(map.add_ref(&key, n), *count);
                }
            }
            assert_eq!(map.len(), model.len());
        }
        assert_eq!(map.snapshot(), model);
    }
}
