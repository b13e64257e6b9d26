//! Histories of `Map`: operations drawn at random, recorded, and checked for linearizability key by key.

#![allow(dead_code, unreachable_pub, reason = "each test takes what it needs")]

#[path = "../conformance/linearize.rs"]
pub mod linearize;

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash},
};

use linearize::{Ask, Event, linearizable};
use mapwise::Map;

/// How a number is stored: the map reads each type in another way.
pub trait Stored: Clone + PartialEq + Send + Sync + 'static {
    fn new(number: u64) -> Self;
    fn number(&self) -> u64;
}

/// Copied without a lock.
impl Stored for u64 {
    fn new(number: u64) -> Self {
        number
    }
    fn number(&self) -> u64 {
        *self
    }
}

/// Copied without a lock in two pieces, which have to be of one moment.
impl Stored for u128 {
    fn new(number: u64) -> Self {
        Self::from(number) << 64 | Self::from(!number)
    }
    fn number(&self) -> u64 {
        assert_eq!((*self >> 64) as u64, !(*self as u64), "a mixture");
        (*self >> 64) as u64
    }
}

/// Copied without a lock, and retired.
impl Stored for String {
    fn new(number: u64) -> Self {
        format!("{number}, long enough to be on the heap")
    }
    fn number(&self) -> u64 {
        self.split_once(',').and_then(|(number, _)| number.parse().ok()).expect("whole")
    }
}

/// Read under the lock.
impl Stored for Box<u64> {
    fn new(number: u64) -> Self {
        Self::new(number)
    }
    fn number(&self) -> u64 {
        **self
    }
}

/// Draws what to do with one of `keys` keys by `below`, does it, and tells when by `now`; `give_way` is called where others
/// wait, so that operations overlap.
pub fn record<K: Stored + Hash + Eq, V: Stored, S: BuildHasher>(
    map: &Map<K, V, S>,
    keys: u64,
    mut below: impl FnMut(u64) -> u64,
    now: impl Fn() -> u64,
    give_way: impl Fn(),
) -> (u64, Event) {
    let (number, value) = (below(keys), below(3));
    let draw = below(8);
    let ask = match draw {
        0..=2 => Ask::Get,
        3 => Ask::Insert(value),
        4 => Ask::InsertIfAbsent(value),
        5 => Ask::Add(1 + value),
        6 => Ask::Remove,
        _ => Ask::CompareAndSwap(value, below(3)),
    };
    let key = K::new(number);
    let read = |value: V| value.number();
    let start = now();
    let answer = match ask {
        // What is looked at is not dropped meanwhile.
        Ask::Get if draw == 0 => map.view(&key, |value| {
            give_way();
            value.number()
        }),
        Ask::Get => map.get(&key).map(read),
        Ask::Insert(value) => map.insert(key, V::new(value)).map(read),
        Ask::InsertIfAbsent(value) => map.insert_if_absent(key, V::new(value)).err().map(|refused| read(refused.value)),
        Ask::Add(n) => map.update(&key, |value| {
            give_way();
            let old = value.number();
            *value = V::new(old + n);
            old
        }),
        Ask::Remove => map.remove(&key).map(read),
        Ask::CompareAndSwap(old, new) => map.compare_and_swap(&key, &V::new(old), V::new(new)).ok().map(read),
        Ask::GetOrInsert(_) => unreachable!("not asked"),
    };
    (number, Event { start, end: now(), ask, answer })
}

/// Whether any two operations were under way at once.
pub fn overlap(history: &[Event]) -> bool {
    history.iter().enumerate().any(|(at, a)| history[..at].iter().any(|b| a.start < b.end && b.start < a.end))
}

/// Checks the history of each key; returns how many histories had operations that overlapped.
pub fn check(recorded: Vec<(u64, Event)>, case: &str) -> u64 {
    let mut by_key: HashMap<u64, Vec<Event>> = HashMap::new();
    for (key, event) in recorded {
        by_key.entry(key).or_default().push(event);
    }
    let mut overlapping = 0;
    for (key, history) in by_key {
        overlapping += u64::from(history.len() > 200 || overlap(&history));
        assert!(linearizable(&history, None), "{case}, key {key}: {history:#?}");
    }
    overlapping
}
