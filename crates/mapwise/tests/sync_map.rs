//! What `SyncMap` promises beyond the contract that all maps share: on panics, on re-entry, and on who drops what.

#![cfg(not(loom))]

mod checked;

use std::{
    cell::Cell,
    hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Barrier, Weak,
        atomic::{AtomicIsize, AtomicU64, Ordering::SeqCst},
    },
    thread,
};

use mapwise::{Action, SyncMap};

/// Counts its living copies.
struct Counted<'a> {
    living: &'a AtomicIsize,
    value: u64,
}

impl<'a> Counted<'a> {
    fn new(living: &'a AtomicIsize, value: u64) -> Self {
        living.fetch_add(1, SeqCst);
        Self { living, value }
    }
}

impl Clone for Counted<'_> {
    fn clone(&self) -> Self {
        Self::new(self.living, self.value)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.living.fetch_sub(1, SeqCst);
    }
}

fn panics<R>(body: impl FnOnce() -> R) -> bool {
    catch_unwind(AssertUnwindSafe(body)).is_err()
}

/// A constant of `Is` is the inherent one where the bound holds, else the trait's.
mod bounds {
    use std::{cell::Cell, marker::PhantomData, rc::Rc, sync::MutexGuard};

    use mapwise::{CounterMap, SyncMap};

    struct Is<T>(PhantomData<T>);
    trait Else {
        const SEND: bool = false;
        const SYNC: bool = false;
    }
    impl<T> Else for Is<T> {}
    impl<T: Send> Is<T> {
        const SEND: bool = true;
    }
    impl<T: Sync> Is<T> {
        const SYNC: bool = true;
    }

    #[test]
    fn a_map_is_sent_and_shared_only_if_its_keys_and_values_may_be() {
        type OnlySend = Cell<u64>;
        type OnlySync = MutexGuard<'static, ()>;
        type Neither = Rc<()>;
        const { assert!(Is::<SyncMap<u64, u64>>::SEND && Is::<SyncMap<u64, u64>>::SYNC) }
        const { assert!(Is::<SyncMap<u64, OnlySend>>::SEND && !Is::<SyncMap<u64, OnlySend>>::SYNC) }
        const { assert!(!Is::<SyncMap<u64, OnlySync>>::SEND && !Is::<SyncMap<u64, OnlySync>>::SYNC) }
        const { assert!(!Is::<SyncMap<u64, Neither>>::SEND && !Is::<SyncMap<u64, Neither>>::SYNC) }
        const { assert!(Is::<SyncMap<OnlySend, u64>>::SEND && !Is::<SyncMap<OnlySend, u64>>::SYNC) }
        const { assert!(!Is::<SyncMap<OnlySync, u64>>::SEND && !Is::<SyncMap<OnlySync, u64>>::SYNC) }
        const { assert!(!Is::<SyncMap<u64, u64, Neither>>::SEND && !Is::<SyncMap<u64, u64, Neither>>::SYNC) }
        const { assert!(Is::<CounterMap<u64>>::SEND && Is::<CounterMap<u64>>::SYNC) }
        const { assert!(Is::<CounterMap<OnlySend>>::SEND && !Is::<CounterMap<OnlySend>>::SYNC) }
        const { assert!(!Is::<CounterMap<OnlySync>>::SEND && !Is::<CounterMap<OnlySync>>::SYNC) }
    }
}

#[test]
fn values_need_not_be_static_and_all_are_dropped_with_the_map() {
    let living = AtomicIsize::new(0);
    {
        let map = SyncMap::new();
        thread::scope(|scope| {
            for thread in 0..4_u64 {
                let (map, living) = (&map, &living);
                scope.spawn(move || {
                    for i in 0..2_000_u64 {
                        checked::draw();
                        let key = (i * 7 + thread) % 64;
                        match i % 5 {
                            0 => map.delete(&key),
                            1 => drop(map.update(&key, |value: &mut Counted<'_>| value.value += 1)),
                            2 => drop(map.load(&key)),
                            _ => map.store(key, Counted::new(living, i)),
                        }
                        if i % 500 == 499 {
                            map.clear();
                        }
                    }
                });
            }
        });
        assert!(living.load(SeqCst) >= isize::try_from(map.len()).unwrap());
    }
    assert_eq!(living.load(SeqCst), 0);
}

#[test]
fn what_waits_to_be_freed_stays_bounded() {
    let living = AtomicIsize::new(0);
    let map = SyncMap::new();
    for i in 0..20_000 {
        map.store(1_u64, Counted::new(&living, i));
    }
    assert!(living.load(SeqCst) <= 130, "{}", living.load(SeqCst));
}

#[test]
fn a_panic_in_a_closure_leaves_the_old_value_and_a_usable_entry() {
    let map = SyncMap::new();
    for promoted in [false, true] {
        map.store("a", 1);
        if promoted {
            map.range(|_, _| true);
        }
        assert!(panics(|| {
            map.update("a", |value| {
                *value = 2;
                panic!("injected");
            });
        }));
        assert!(panics(|| {
            map.compute("a", |_| -> Action<i32, ()> { panic!("injected") });
        }));
        assert!(panics(|| map.remove_if("a", |_| panic!("injected"))));
        assert!(panics(|| map.retain(|_, _| panic!("injected"))));
        assert_eq!(map.load("a"), Some(1));
        assert!(panics(|| {
            map.compute("b", |_| -> Action<i32, ()> { panic!("injected") });
        }));
        assert!(panics(|| map.get_or_insert_with("b", || panic!("injected"))));
        assert_eq!((map.load("b"), map.len()), (None, 1));
        map.store("b", 3);
        assert_eq!(map.update("b", |value| *value + 1), Some(4));
        assert_eq!(map.load_and_delete("b"), Some(3));
    }
}

#[test]
fn waiters_get_their_turn_after_a_panic() {
    let map = SyncMap::new();
    map.store(1, 0_u64);
    let inside = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            assert!(panics(|| {
                map.update(&1, |_| {
                    inside.wait();
                    thread::sleep(std::time::Duration::from_millis(20));
                    panic!("injected");
                });
            }));
        });
        scope.spawn(|| {
            inside.wait();
            assert_eq!(map.load(&1), Some(0), "a reader does not wait");
            map.update(&1, |value| *value += 1);
        });
    });
    assert_eq!(map.load(&1), Some(1));
}

/// Panics when what the switch says is done to it: hashing, comparing or cloning.
struct Touchy<'a>(u64, &'a Cell<&'static str>);

impl Touchy<'_> {
    fn touch(&self, what: &str) {
        assert!(self.1.get() != what, "injected");
    }
}

impl Hash for Touchy<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.touch("hash");
        0_u64.hash(state);
    }
}

impl PartialEq for Touchy<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.touch("eq");
        self.0 == other.0
    }
}

impl Eq for Touchy<'_> {}

impl Clone for Touchy<'_> {
    fn clone(&self) -> Self {
        self.touch("clone");
        Self(self.0, self.1)
    }
}

#[test]
fn a_panic_in_hash_eq_or_clone_loses_no_other_key() {
    let switch = Cell::new("");
    let key = |n| Touchy(n, &switch);
    for promoted in [false, true] {
        let map = SyncMap::with_hasher(BuildHasherDefault::<DefaultHasher>::default());
        for n in 0..20 {
            map.store(key(n), key(n));
        }
        if promoted {
            map.range(|_, _| true);
        }
        let mut caught = 0;
        for what in ["hash", "eq", "clone"] {
            switch.set(what);
            caught += u32::from(panics(|| map.store(key(30), key(30))));
            caught += u32::from(panics(|| map.swap(key(3), key(3))));
            caught += u32::from(panics(|| map.load(&key(3))));
            caught += u32::from(panics(|| map.update(&key(3), |_| ())));
            caught += u32::from(panics(|| map.load_or_store(key(31), key(31))));
            if what == "clone" {
                caught += u32::from(panics(|| map.drain()));
            }
            switch.set("");
            map.delete(&key(30));
        }
        assert!(caught > 8, "{caught}");
        for n in 0..20 {
            assert!(map.view(&key(n), |value| value.0) == Some(n), "{n}");
            map.update(&key(n), |value| value.0 += 1);
        }
        assert_eq!(map.drain().len(), 20);
    }
}

#[test]
fn a_panic_in_a_deferred_drop_ends_there() {
    struct Bomb(#[expect(dead_code, reason = "so that it is no zero-sized type")] u64);
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("injected");
        }
    }
    let map = SyncMap::new();
    for i in 0..300 {
        map.store(1, Bomb(i));
    }
    assert!(map.contains_key(&1));
    // The value in place is dropped by the map's owner, who gets the panic.
    assert!(panics(|| drop(map)));
}

#[test]
fn a_drop_may_call_the_map() {
    static BEGUN: AtomicU64 = AtomicU64::new(0);
    static ENDED: AtomicU64 = AtomicU64::new(0);
    #[derive(Clone)]
    struct Calls(Weak<SyncMap<u64, Option<Calls>>>);
    impl Drop for Calls {
        fn drop(&mut self) {
            BEGUN.fetch_add(1, SeqCst);
            if let Some(map) = self.0.upgrade() {
                map.store(1, None);
                map.delete(&2);
            }
            ENDED.fetch_add(1, SeqCst);
        }
    }
    let map = Arc::new(SyncMap::new());
    for _ in 0..500 {
        map.store(2, Some(Calls(Arc::downgrade(&map))));
        map.store(2, None);
        map.swap(3, Some(Calls(Arc::downgrade(&map))));
        map.update(&3, |_| ());
        map.remove(&3);
        map.insert(3, Some(Calls(Arc::downgrade(&map))));
        map.clear();
        map.insert(3, Some(Calls(Arc::downgrade(&map))));
        map.drain();
    }
    assert!(ENDED.load(SeqCst) > 1_000);
    assert_eq!(BEGUN.load(SeqCst), ENDED.load(SeqCst), "none was refused as a re-entrant call");
}

#[test]
fn reads_inside_closures_and_writes_inside_iterations_are_fine() {
    let map: SyncMap<u64, u64> = (0..10).map(|key| (key, key)).collect();
    map.store(100, 100);
    map.update(&1, |value| {
        // A miss, which takes the lock, and an iteration, which promotes.
        *value = map.load(&100).unwrap() + map.load(&1).unwrap() + map.load(&77).unwrap_or(0);
        map.for_each(|_, _| ());
    });
    assert_eq!(map.load(&1), Some(101));
    map.for_each(|key, _| {
        map.update(key, |value| *value += 1);
        map.store(key + 1_000, 0);
    });
    assert_eq!(map.load(&1), Some(102));
    map.view(&1, |_| map.clear());
    assert!(map.is_empty());
}

#[cfg(debug_assertions)]
#[test]
fn a_write_inside_a_write_closure_names_both_call_sites() {
    let map: SyncMap<u64, u64> = [(1, 1)].into_iter().collect();
    let outer = line!() + 3;
    let caught = checked::wrong(|| {
        catch_unwind(AssertUnwindSafe(|| {
            map.update(&1, |_| map.store(2, 2));
        }))
    });
    let text = *caught.unwrap_err().downcast::<String>().unwrap();
    assert!(text.matches(&format!("{}:{outer}:", file!())).count() == 2, "{text}");
    map.store(1, 3);
    assert_eq!(map.load(&1), Some(3));
}

#[test]
fn values_of_no_size_and_of_one_byte_are_kept_apart_from_the_tags() {
    let units = SyncMap::new();
    units.store(1, ());
    assert_eq!((units.load(&1), units.load(&2)), (Some(()), None));
    assert_eq!(units.load_and_delete(&1), Some(()));
    let bytes: SyncMap<u8, u8> = (0..=255).map(|byte| (byte, byte)).collect();
    for byte in 0..=255_u8 {
        bytes.update(&byte, |value| *value = !*value);
    }
    assert!((0..=255_u8).all(|byte| bytes.load(&byte) == Some(!byte)));
}

#[test]
fn an_initializer_runs_once_however_many_threads_ask() {
    for round in 0..200_u64 {
        let (map, runs, start) = (SyncMap::new(), AtomicU64::new(0), Barrier::new(4));
        thread::scope(|scope| {
            for thread in 0..4_u64 {
                let (map, runs, start) = (&map, &runs, &start);
                scope.spawn(move || {
                    start.wait();
                    let got = map.get_or_insert_with(round, || {
                        runs.fetch_add(1, SeqCst);
                        thread
                    });
                    assert_eq!(map.load(&round), Some(got));
                });
            }
        });
        assert_eq!(runs.load(SeqCst), 1);
    }
}

#[test]
fn removed_keys_are_given_back_on_request() {
    let living = AtomicIsize::new(0);
    let map = SyncMap::new();
    for n in 0..1_000 {
        map.store(n, Counted::new(&living, n));
    }
    map.range(|_, _| true);
    for n in 0..1_000 {
        map.delete(&n);
    }
    map.shrink_to_fit();
    assert!(map.is_empty());
    assert!(living.load(SeqCst) < 130, "{}", living.load(SeqCst));
    assert_eq!(map.freeze().len(), 0);
}
