//! Memory comes back when entries go, and no entry is lost or shown twice on the way.
#![allow(missing_docs, clippy::print_stderr)]
#![allow(unsafe_code)]

mod hashers;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    collections::HashMap,
    hash::{BuildHasher, BuildHasherDefault, RandomState},
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use hashers::Four;
use mapwise::Map;

/// Counts what is allocated.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is forwarded to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// What is allocated is the process's: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn alone<R>(test: impl FnOnce() -> R) -> R {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    test()
}

fn allocated() -> usize {
    ALLOCATED.load(Relaxed)
}

/// Bytes of the process that are in memory.
#[cfg(target_os = "linux")]
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

fn exact<V: Clone + PartialEq + std::fmt::Debug, S: BuildHasher>(
    map: &Map<u64, V, S>,
    keys: impl Iterator<Item = u64>,
    value: impl Fn(u64) -> V,
) {
    let mut expected: HashMap<u64, V> = keys.map(|key| (key, value(key))).collect();
    for (key, value) in &expected {
        assert_eq!(map.get(key).as_ref(), Some(value), "{key}");
    }
    assert_eq!(map.len(), expected.len());
    map.for_each(|key, value| assert_eq!(expected.remove(key).as_ref(), Some(value), "{key}, unknown or seen twice"));
    assert!(expected.is_empty());
}

#[test]
#[cfg_attr(feature = "check", ignore = "what checked mode remembers would be counted too")]
fn a_compacted_map_has_the_memory_of_a_small_one() {
    alone(|| {
        for left in [0_u64, 1, 3, 40, 600, 5_000, 60_000] {
            let before = allocated();
            let small: Map<u64, u64> = (0..left).map(|key| (key, key)).collect();
            let needed = allocated() - before;
            let mut map: Map<u64, u64> = (0..200_000).map(|key| (key, key)).collect();
            map.retain(|key, _| *key < left);
            let full = allocated() - before - needed;
            map.compact();
            let now = allocated() - before - needed;
            assert!(now <= 2 * needed && now < full / 2, "{left} entries: {now} bytes of {full}, {needed} are enough");
            exact(&map, 0..left, |key| key);
            // It grows again as if it were new.
            for key in 0..100_000 {
                map.insert(key, key + 1);
            }
            exact(&map, 0..100_000, |key| key + 1);
            drop((map, small));
            assert!(allocated() - before < 4096, "{} bytes leaked", allocated() - before);
        }
    });
}

#[test]
fn compaction_moves_what_is_read_under_the_lock_and_what_owns_memory() {
    alone(|| {
        let mut boxed: Map<u64, Box<u64>> = (0..50_000).map(|key| (key, Box::new(key))).collect();
        boxed.retain(|key, _| key % 7 == 0);
        boxed.compact();
        exact(&boxed, (0..50_000).filter(|key| key % 7 == 0), Box::new);
        let mut text: Map<u64, String> = (0..50_000).map(|key| (key, key.to_string())).collect();
        text.compact();
        exact(&text, 0..50_000, |key| key.to_string());
        text.clear();
        text.compact();
        exact(&text, 0..0, |key| key.to_string());
    });
}

#[test]
fn maps_of_any_shape_are_compacted() {
    alone(|| {
        for entries in (0..40).chain([63, 64, 65, 200, 800, 1_000, 3_300, 3_500, 7_000, 30_000]) {
            let mut map: Map<u64, u64> = (0..entries).map(|key| (key, key)).collect();
            map.compact();
            exact(&map, 0..entries, |key| key);
            map.shrink_to_fit();
            map.reserve(1_000);
            exact(&map, 0..entries, |key| key);
            map.compact();
            map.compact();
            exact(&map, 0..entries, |key| key);
        }
        let mut map: Map<u64, u64, BuildHasherDefault<Four>> = Map::default();
        for key in 0..3_000 {
            map.insert(key, key);
        }
        map.compact();
        exact(&map, 0..3_000, |key| key);
    });
}

#[test]
fn room_that_is_reserved_saves_the_splits() {
    alone(|| {
        let map: Map<u64, u64> = Map::new();
        map.insert(0, 0);
        map.reserve(100_000);
        let before = allocated();
        for key in 0..100_000 {
            map.insert(key, key);
        }
        assert!(allocated() - before < 100_000, "{} bytes more", allocated() - before);
        exact(&map, 0..100_000, |key| key);
    });
}

#[test]
#[cfg(target_os = "linux")]
fn pages_go_back_to_the_system_as_entries_are_removed() {
    alone(|| {
        const KEYS: u64 = 2_000_000;
        let map: Map<u64, u64> = Map::new();
        let empty = resident();
        for key in 0..KEYS {
            map.insert(key, key);
        }
        let full = resident() - empty;
        for key in 1_000..KEYS {
            map.remove(&key);
        }
        let left = resident().saturating_sub(empty);
        assert!(left < full / 2, "{left} of {full} bytes are still in memory");
        exact(&map, 0..1_000, |key| key);
        // What was merged is split again.
        for key in 0..KEYS {
            map.insert(key, key + 1);
        }
        exact(&map, 0..KEYS, |key| key + 1);
        map.clear();
        map.shrink_to_fit();
        let left = resident().saturating_sub(empty);
        assert!(left < full / 2, "{left} of {full} bytes are still in memory");
        eprintln!("{full} bytes full, {left} empty");
    });
}

/// A value that knows its key.
trait Value: Clone + PartialEq + std::fmt::Debug + Send + Sync {
    fn new(key: u64) -> Self;
    fn is_of(&self, key: u64) -> bool;
}

impl Value for u64 {
    fn new(key: u64) -> Self {
        !key
    }
    fn is_of(&self, key: u64) -> bool {
        *self == !key
    }
}

impl Value for Box<u64> {
    fn new(key: u64) -> Self {
        Self::new(key)
    }
    fn is_of(&self, key: u64) -> bool {
        **self == key
    }
}

impl Value for String {
    fn new(key: u64) -> Self {
        format!("the value of {key}, on the heap")
    }
    fn is_of(&self, key: u64) -> bool {
        *self == <Self as Value>::new(key)
    }
}

/// Two writers fill and empty the map, each its own keys; a reader finds what is always there, an iteration sees it once.
fn breathes<V: Value>(keys: u64, rounds: u64) {
    const SETTLED: u64 = 500;
    let map: Map<u64, V, RandomState> = Map::default();
    for key in 0..SETTLED {
        map.insert(key, V::new(key));
    }
    let (start, stop, looks) = (Barrier::new(5), AtomicBool::new(false), AtomicI64::new(0));
    thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let (map, start) = (&map, &start);
                scope.spawn(move || {
                    start.wait();
                    for _ in 0..rounds {
                        let own = || (0..keys).map(|n| SETTLED + 2 * n + writer);
                        own().for_each(|key| assert_eq!(map.insert(key, V::new(key)), None));
                        own().for_each(|key| assert!(map.remove(&key).is_some_and(|value| value.is_of(key))));
                    }
                })
            })
            .collect();
        let (map, start, stop, looks) = (&map, &start, &stop, &looks);
        scope.spawn(move || {
            start.wait();
            for key in (0..SETTLED).cycle() {
                assert!(map.get(&key).is_some_and(|value| value.is_of(key)), "{key} is missed");
                assert_eq!(map.get(&(u64::MAX - key)), None);
                looks.fetch_add(1, Relaxed);
                if stop.load(Relaxed) {
                    return;
                }
            }
        });
        scope.spawn(move || {
            start.wait();
            while !stop.load(Relaxed) {
                let mut seen = vec![0; SETTLED as usize];
                map.for_each(|&key, value| {
                    assert!(value.is_of(key));
                    if key < SETTLED {
                        seen[key as usize] += 1;
                    }
                });
                assert!(seen.iter().all(|&times| times == 1), "not seen exactly once");
                // Merges are not made beside it.
                thread::sleep(std::time::Duration::from_millis(5));
            }
        });
        scope.spawn(move || {
            start.wait();
            while !stop.load(Relaxed) {
                map.shrink_to_fit();
                thread::sleep(std::time::Duration::from_millis(1));
            }
        });
        for writer in writers {
            writer.join().unwrap();
        }
        stop.store(true, Relaxed);
    });
    exact(&map, 0..SETTLED, V::new);
    assert!(looks.load(Relaxed) > 0);
}

#[test]
fn entries_stay_exact_while_the_map_grows_and_shrinks() {
    alone(|| {
        breathes::<u64>(100_000, 5);
        breathes::<Box<u64>>(50_000, 5);
        breathes::<String>(30_000, 5);
    });
}

#[test]
fn values_of_a_map_that_shrinks_are_dropped_exactly_once() {
    alone(|| {
        let alive = Arc::new(());
        let mut map: Map<u64, Arc<()>> = Map::new();
        for round in 0..3 {
            for key in 0..50_000 {
                map.insert(key, alive.clone());
            }
            for key in 100..50_000 {
                assert!(map.remove(&key).is_some());
            }
            assert_eq!(Arc::strong_count(&alive), 101, "round {round}");
            map.shrink_to_fit();
            map.compact();
            assert_eq!(Arc::strong_count(&alive), 101, "round {round}");
        }
        drop(map);
        assert_eq!(Arc::strong_count(&alive), 1);
    });
}

#[test]
fn an_owned_iteration_takes_entries_out_as_they_are_asked_for_and_drops_the_rest() {
    alone(|| {
        let (at_first, counted) = (allocated(), Arc::new(()));
        let map: Map<u64, Arc<()>> = (0..50_000).map(|key| (key, counted.clone())).collect();
        // Some overflow, a split that left things behind, and segments that were merged.
        map.retain(|key, _| key % 10 != 3);
        let full = allocated();
        let mut entries = map.into_iter();
        assert_eq!((entries.len(), entries.by_ref().take(20_000).map(|(key, _)| key % 10).max()), (45_000, Some(9)));
        assert!(allocated() < full + 4_096 && entries.len() == 25_000 && Arc::strong_count(&counted) == 25_001);
        drop(entries);
        assert_eq!(Arc::strong_count(&counted), 1);

        let map: Map<String, String> = (0..10_000).map(|key| (key.to_string(), "value".repeat(9))).collect();
        map.insert("7".to_owned(), String::new());
        let mut seen: Vec<u64> = map.into_iter().take(9_000).map(|(key, _)| key.parse().unwrap()).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 9_000);
        drop((seen, counted));
        // What a thread keeps for itself stays; and what checked mode remembers of keys.
        assert!(cfg!(feature = "check") || allocated() < at_first + (256 << 10), "{}", allocated() - at_first);
    });
}
