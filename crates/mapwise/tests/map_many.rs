//! Batches of `Map`: insertions and look-ups of many keys in one call.
#![allow(missing_docs)]

use std::{
    collections::HashMap,
    hash::{Hash, Hasher},
    panic::catch_unwind,
    sync::Barrier,
    thread,
};

use mapwise::Map;

/// Stores batches that reach beyond what is asked for ahead, with keys that occur twice, while the map grows.
fn agrees_with_std<K: Hash + Eq + Clone + std::fmt::Debug, V: Clone + PartialEq + std::fmt::Debug>(
    key: impl Fn(u64) -> K,
    value: impl Fn(u64) -> V,
) {
    let (map, mut model) = (Map::new(), HashMap::new());
    for batch in 0..500_u64 {
        // Each second one is of the batch before, or the first of this one again.
        let entries: [(K, V); 40] = std::array::from_fn(|at| {
            let at = at as u64;
            (key(if at % 10 == 9 { batch * 37 } else { batch * 37 + at }), value(batch * 100 + at))
        });
        let expected: Vec<Option<V>> = entries.iter().cloned().map(|(key, value)| model.insert(key, value)).collect();
        assert_eq!(map.insert_many(entries).to_vec(), expected);
    }
    assert_eq!(map.snapshot(), model);
    assert_eq!(map.insert_many([]), []);
}

#[test]
fn a_batch_is_stored_in_its_order_and_returns_what_each_entry_replaced() {
    agrees_with_std(|n| n, |n| n);
    agrees_with_std(|n| n.to_string(), |n| n.to_string());
    agrees_with_std(|n| (n, n.to_string()), |n| vec![n]);
}

#[test]
fn of_batches_of_many_threads_each_entry_is_stored_once_and_replaces_what_was_there() {
    const KEYS: u64 = 4_096;
    let (map, barrier) = (Map::new(), Barrier::new(4));
    // Every value that was stored has been replaced once, or is there at the end.
    let replaced: u64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..4_u64)
            .map(|thread| {
                let (map, barrier) = (&map, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    (0..KEYS / 32)
                        .flat_map(|batch| {
                            let key = |at: u64| (batch * 32 + at + thread * 1_024) % KEYS;
                            map.insert_many(std::array::from_fn::<_, 32, _>(|at| {
                                (key(at as u64), thread * KEYS + key(at as u64))
                            }))
                        })
                        .flatten()
                        .sum::<u64>()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    let left: u64 = map.snapshot().values().sum();
    assert_eq!((map.len() as u64, replaced + left), (KEYS, (0..4 * KEYS).sum()));
}

#[derive(PartialEq, Eq)]
struct Refused(u64);

impl Hash for Refused {
    fn hash<H: Hasher>(&self, state: &mut H) {
        assert!(self.0 != 7, "refused");
        self.0.hash(state);
    }
}

#[test]
fn a_panic_in_a_hash_stores_nothing_of_its_batch() {
    let map = Map::new();
    map.insert_many([(Refused(1), 1), (Refused(2), 2)]);
    let map = std::panic::AssertUnwindSafe(&map);
    let panicked = catch_unwind(|| map.insert_many(std::array::from_fn::<_, 10, _>(|at| (Refused(at as u64), 100))));
    assert!(panicked.is_err());
    assert_eq!((map.len(), map.get(&Refused(1)), map.get(&Refused(3))), (2, Some(1), None));
}

/// From empty to more than is inserted one by one, with each key twice: the later entry stays.
#[test]
fn what_a_map_is_extended_by_is_stored_in_order() {
    const KEYS: u64 = if cfg!(miri) { 200 } else { 150_000 };
    let entries = || (0..2 * KEYS).map(|at| (at * 7 % KEYS, at));
    let model: HashMap<u64, u64> = entries().collect();
    let mut map: Map<u64, u64> = entries().collect();
    assert_eq!(map.snapshot(), model);
    map.extend(model.iter().map(|(&key, &value)| (key, value + 1)));
    assert_eq!(map.len() as u64, KEYS);
    map.for_each(|key, value| assert_eq!(*value, model[key] + 1));
    let strings: Map<String, String> = entries().map(|(key, at)| (key.to_string(), at.to_string())).collect();
    assert_eq!(strings.len() as u64, KEYS);
    strings.for_each(|key, value| assert_eq!(*value, model[&key.parse().unwrap()].to_string()));
}

#[test]
fn a_panic_while_a_map_is_extended_leaves_entries_whole() {
    const KEYS: u64 = 100_000;
    let held = std::sync::Arc::new(());
    let mut map = Map::new();
    let panicked = catch_unwind(std::panic::AssertUnwindSafe(|| {
        map.extend((0..KEYS + 10).map(|at| (Refused(if at == KEYS { 7 } else { at + 8 }), (at, held.clone()))));
    }));
    assert!(panicked.is_err());
    let len = map.len();
    assert!((KEYS - 32..KEYS).contains(&(len as u64)), "{len}");
    map.for_each(|key, (value, _)| assert_eq!(key.0, value + 8));
    assert_eq!(std::sync::Arc::strong_count(&held), len + 1);
}
