//! What `Map` must keep apart or let go of, whatever types and closures its users bring.
#![allow(missing_docs)]

mod hashers;

use std::{
    hash::{BuildHasher, Hash, Hasher},
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    thread,
    time::Duration,
};

use equivalent::Equivalent;
use hashers::Identity;
use mapwise::Map;

/// A writer that waits for readers holds new ones back: it must let them in again if it has nothing to write.
#[test]
fn a_removal_of_nothing_beside_a_reader_holds_no_later_reader_back() {
    // Read under a lock, for `Box` is on no list.
    let map: Map<u64, Box<u64>, Identity> = Map::default();
    map.insert(0, Box::new(7));
    thread::scope(|scope| {
        for absent in 1..64 {
            let (entered, is_in) = mpsc::channel();
            let (leave, may_leave) = mpsc::channel::<()>();
            let map = &map;
            let reader = scope.spawn(move || {
                map.view(&0, |value| {
                    entered.send(()).unwrap();
                    may_leave.recv().unwrap();
                    **value
                })
            });
            is_in.recv().unwrap();
            // Its bucket is the only one; whether its tag differs from the other's is up to the hash.
            let remover = scope.spawn(move || map.remove(&absent));
            thread::sleep(Duration::from_millis(1));
            leave.send(()).unwrap();
            assert_eq!((reader.join().unwrap(), remover.join().unwrap()), (Some(7), None));
            let (done, is_done) = mpsc::channel();
            scope.spawn(move || done.send(map.view(&0, |value| **value)).unwrap());
            let seen = is_done.recv_timeout(Duration::from_secs(10));
            if seen.is_err() {
                // So that the test fails, and does not hang: a write lets readers in.
                map.insert(0, Box::new(7));
            }
            assert_eq!(seen, Ok(Some(7)), "a reader waits for nobody");
        }
    });
}

/// Stands for a type whose comparison is sound only for keys that were stored.
struct Pair(u64);

static STRANGE: AtomicU64 = AtomicU64::new(0);

impl Hash for Pair {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

impl Equivalent<u128> for Pair {
    fn equivalent(&self, key: &u128) -> bool {
        if *key == 0 || *key as u64 != (*key >> 64) as u64 {
            STRANGE.fetch_add(1, Relaxed);
        }
        *key as u64 == self.0
    }
}

/// All keys have one hash.
#[derive(Clone, Default)]
struct Constant;

impl BuildHasher for Constant {
    type Hasher = Self;
    fn build_hasher(&self) -> Self {
        Self
    }
}

impl Hasher for Constant {
    fn write(&mut self, _: &[u8]) {}
    fn finish(&self) -> u64 {
        0
    }
}

/// A user's comparison may rest on what the user knows of all keys that were ever stored.
#[test]
fn a_comparison_of_the_users_sees_no_key_that_was_never_stored() {
    let map: Map<u128, u64, Constant> = Map::default();
    let (start, stop) = (Barrier::new(3), AtomicBool::new(false));
    thread::scope(|scope| {
        for step in [1, 2] {
            let (map, start, stop) = (&map, &start, &stop);
            scope.spawn(move || {
                start.wait();
                for round in 0..400_000_u128 {
                    let key = (round % 3) + 3 * step;
                    map.insert(key << 64 | key, 0);
                    map.remove(&(key << 64 | key));
                }
                stop.store(true, Relaxed);
            });
        }
        let (map, start, stop) = (&map, &start, &stop);
        scope.spawn(move || {
            start.wait();
            while !stop.load(Relaxed) {
                map.view(&Pair(4), |_| ());
                map.update(&Pair(4), |value| *value += 1);
                map.remove(&Pair(5));
            }
        });
    });
    assert_eq!(STRANGE.load(Relaxed), 0);
}

struct Injected;

/// Panics when it is dropped, if it is to.
struct Fragile<'a> {
    breaks: bool,
    dropped: &'a AtomicU64,
}

impl Drop for Fragile<'_> {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Relaxed);
        if self.breaks && !thread::panicking() {
            std::panic::panic_any(Injected);
        }
    }
}

/// As std's vectors do it; and the memory of the map is freed.
#[test]
fn a_panic_in_one_drop_keeps_no_other_entry_from_being_dropped() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref::<Injected>().is_none() {
            before(info);
        }
    }));
    for entries in [1, 10, 1_000, 20_000_u64] {
        for breaks in [0, entries / 2, entries - 1] {
            let dropped = AtomicU64::new(0);
            let map = Map::new();
            for key in 0..entries {
                map.insert(key, Fragile { breaks: key == breaks, dropped: &dropped });
            }
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(map)));
            assert!(caught.is_err_and(|payload| payload.is::<Injected>()));
            assert_eq!(dropped.load(Relaxed), entries);
        }
    }
}

/// On fewer processors than threads: whoever waits gives way to whoever it waits for.
#[test]
fn many_more_threads_than_processors_all_get_on() {
    const THREADS: u64 = 64;
    const OPERATIONS: u64 = 2_000;
    let (map, boxed) = (Map::<u64, u64>::new(), Map::<u64, Box<u64>>::new());
    let start = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                for n in 0..OPERATIONS {
                    // Four keys: everybody meets.
                    map.upsert(n % 4, || 1, |count| *count += 1);
                    boxed.upsert(n % 4, || Box::new(1), |count| **count += 1);
                    assert!(map.get(&(n % 4)) > Some(0) && boxed.view(&(n % 4), |count| **count) > Some(0));
                }
            });
        }
    });
    for key in 0..4 {
        let all = Some(THREADS * OPERATIONS / 4);
        assert_eq!((map.get(&key), boxed.view(&key, |count| **count)), (all, all));
    }
}

#[derive(Clone, Default)]
struct Same;

impl BuildHasher for Same {
    type Hasher = Self;
    fn build_hasher(&self) -> Self {
        Self
    }
}

impl Hasher for Same {
    fn write(&mut self, _: &[u8]) {}
    fn finish(&self) -> u64 {
        7
    }
}

/// What a closure took along may use the map when it is dropped, and the closure is dropped uncalled where there is no value.
#[test]
fn a_closure_that_is_not_called_is_dropped_without_the_lock() {
    struct Writes(std::sync::Arc<Map<u64, Box<u64>, Same>>, mpsc::Sender<bool>);
    impl Drop for Writes {
        fn drop(&mut self) {
            let (wrote, has_written) = mpsc::channel();
            let map = self.0.clone();
            // On another thread: this one is still inside the look-up.
            thread::spawn(move || {
                map.insert(3, Box::new(3));
                wrote.send(()).unwrap();
            });
            self.1.send(has_written.recv_timeout(Duration::from_secs(10)).is_ok()).unwrap();
        }
    }
    let map = std::sync::Arc::new(Map::with_hasher(Same));
    map.insert(1, Box::new(1));
    let (done, is_done) = mpsc::channel();
    let writes = Writes(map.clone(), done);
    // Its tag is the other's.
    let seen = map.view(&2, move |value| {
        let _writes = &writes;
        **value
    });
    assert_eq!((seen, is_done.recv()), (None, Ok(true)));
    assert_eq!(map.len(), 2);
}

#[test]
fn a_capacity_that_is_too_large_is_refused_by_name() {
    let refused = |make: &dyn Fn()| {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(make)).unwrap_err();
        panic.downcast_ref::<String>().unwrap().clone()
    };
    let expected = format!("capacity must be at most 2147483648, got {}", usize::MAX);
    assert_eq!(refused(&|| drop(Map::<u64, u64>::with_capacity(usize::MAX))), expected);
    let map = Map::<u64, u64>::new();
    assert_eq!(refused(&|| map.reserve(usize::MAX)), expected);
    map.insert(1, 1);
    assert_eq!((map.len(), map.get(&1)), (1, Some(1)));
}

#[test]
fn a_clone_is_a_map_of_its_own() {
    let map = Map::from([(1, "a".to_owned()), (2, "b".to_owned())]);
    let clone = map.clone();
    assert!(clone == map);
    clone.insert(3, "c".to_owned());
    assert_eq!((map.len(), clone.len()), (2, 3));
    // A panic leaves a map whole, so it may be used across one.
    assert!(std::panic::catch_unwind(|| map.update(&1, |_| panic!("no"))).is_err());
    assert_eq!(map.len(), 2);
    let set = mapwise::Set::from([1, 2, 2]);
    assert!(mapwise::Set::from(set.clone().freeze()) == set);
}
