//! `Map` with keys and values that own memory, which are read without a lock and retired when they leave.
#![allow(missing_docs)]

mod checked;
#[path = "conformance/linearize.rs"]
#[allow(dead_code, unreachable_pub, reason = "the suite of every map uses the rest")]
mod linearize;

use std::{
    collections::HashMap,
    hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState},
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, AtomicI64, Ordering::Relaxed},
    },
    thread,
    time::Instant,
};

use linearize::{Ask, Event, linearizable};
use mapwise::{Action, Map};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};

fn name(n: u64) -> String {
    format!("a key that is long enough to be allocated: {n}")
}

#[test]
fn what_is_handed_out_is_the_callers_own() {
    let map = Map::new();
    let key: Arc<str> = "key".into();
    let value: Arc<[u8]> = Arc::new([1, 2, 3]);
    map.insert(key.clone(), value.clone());
    let replaced = map.insert(key.clone(), Arc::new([4])).unwrap();
    assert_eq!(*replaced, [1, 2, 3]);
    assert_eq!(map.update(&*key, |value| std::mem::replace(value, Arc::new([5]))).as_deref(), Some(&[4][..]));
    assert_eq!(map.compute(key.clone(), |value| Action::Put(Arc::new([6]), value.cloned())).as_deref(), Some(&[5][..]));
    assert_eq!(map.remove("key").as_deref(), Some(&[6][..]));
    map.insert(key.clone(), value.clone());
    assert_eq!(map.drain(), [(key.clone(), value.clone())]);
    // All that the map held is gone with it, whatever waited for readers.
    drop((map, replaced));
    assert_eq!((Arc::strong_count(&key), Arc::strong_count(&value)), (1, 1));
}

#[test]
fn a_panic_in_a_closure_keeps_what_it_did_and_loses_nothing() {
    let map: Map<Arc<str>, Arc<str>> = Map::new();
    let (key, old, new): (Arc<str>, Arc<str>, Arc<str>) = ("key".into(), "old".into(), "new".into());
    map.insert(key.clone(), old.clone());
    for _ in 0..100 {
        map.insert(key.clone(), old.clone());
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            map.update(&*key, |value| {
                *value = new.clone();
                std::panic::resume_unwind(Box::new(()));
            });
        }));
        assert!(panicked.is_err());
        assert_eq!(map.get(&*key).as_ref(), Some(&new));
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            map.retain(|_, value| {
                *value = old.clone();
                std::panic::resume_unwind(Box::new(()));
            });
        }));
        assert!(panicked.is_err());
        assert_eq!(map.get(&*key).as_ref(), Some(&old));
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            map.transact([&*key], |[value]| {
                *value.unwrap() = new.clone();
                std::panic::resume_unwind(Box::new(()));
            })
        }));
        assert!(panicked.is_err());
        assert_eq!(map.get(&*key).as_ref(), Some(&new));
    }
    drop(map);
    assert_eq!([&key, &old, &new].map(Arc::strong_count), [1, 1, 1]);
}

#[test]
fn borrowed_strings_are_keys_of_any_lifetime() {
    let texts: Vec<String> = (0..1_000).map(name).collect();
    let map: Map<&str, &str> = texts.iter().map(|text| (text.as_str(), text.as_str())).collect();
    assert!(texts.iter().all(|text| map.get(text.as_str()) == Some(text)));
    assert_eq!(map.remove(texts[0].as_str()), Some(texts[0].as_str()));
}

/// Every operation at once: each value tells its key, every `Arc` is counted, and nothing is left in the end.
#[test]
fn readers_see_whole_strings_beside_every_writer_and_nothing_is_lost() {
    const KEYS: u64 = 300;
    const TURNS: u64 = 20_000;
    let map: Map<String, String> = Map::new();
    let (start, writing) = (Barrier::new(5), AtomicI64::new(3));
    let net = AtomicI64::new(0);
    let wrong = AtomicBool::new(false);
    let check = |key: &str, value: &str| {
        // Another's, or half of two.
        if value.split('|').next() != Some(key) || !value.ends_with(" end") {
            wrong.store(true, Relaxed);
        }
    };
    let value = |key: &str, n: u64| format!("{key}|{n}{} end", "x".repeat((n % 200) as usize));
    thread::scope(|scope| {
        for thread in 0..3_u64 {
            let (map, start, writing, net, value) = (&map, &start, &writing, &net, &value);
            scope.spawn(move || {
                start.wait();
                let mut random = thread + 1;
                for turn in 0..TURNS {
                    checked::draw();
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let key = name((random >> 33) % KEYS);
                    match (random >> 20) % 8 {
                        0..=2 => {
                            let old = map.insert(key.clone(), value(&key, turn));
                            net.fetch_add(i64::from(old.is_none()), Relaxed);
                            old.iter().for_each(|old| check(&key, old));
                        }
                        3..=4 => {
                            let old = map.remove(&key);
                            net.fetch_sub(i64::from(old.is_some()), Relaxed);
                            old.iter().for_each(|old| check(&key, old));
                        }
                        5 => {
                            map.update(&key, |old| {
                                check(&key, old);
                                old.insert(old.len() - 4, '+');
                            });
                        }
                        6 => {
                            let change = map.compute(key.clone(), |old| match old {
                                Some(_) if turn % 2 == 0 => Action::Remove(-1),
                                Some(_) => Action::Keep(0),
                                None => Action::Put(value(&key, turn), 1),
                            });
                            net.fetch_add(change, Relaxed);
                        }
                        _ if turn % 500 == 0 => {
                            let mut removed = 0;
                            map.retain(|key, value| {
                                check(key, value);
                                removed += i64::from(value.len() % 3 == 0);
                                value.len() % 3 != 0
                            });
                            net.fetch_sub(removed, Relaxed);
                        }
                        _ => {
                            let other = name((random >> 43) % KEYS);
                            let _ = map.transact([&key, &other], |values| {
                                if let [Some(one), Some(two)] = values {
                                    check(&key, one);
                                    check(&other, two);
                                    *one = value(&key, turn);
                                }
                            });
                        }
                    }
                }
                writing.fetch_sub(1, Relaxed);
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                start.wait();
                while writing.load(Relaxed) > 0 {
                    for n in 0..KEYS {
                        let key = name(n);
                        map.view(&key, |value| check(&key, value));
                        map.get(&key).iter().for_each(|value| check(&key, value));
                    }
                    let all: ControlFlow<()> = map.try_for_each(|key, value| {
                        check(key, value);
                        ControlFlow::Continue(())
                    });
                    assert!(all.is_continue());
                }
            });
        }
    });
    assert!(!wrong.load(Relaxed), "a value of another key, or half of two");
    assert_eq!(net.load(Relaxed), map.len() as i64);
    assert_eq!(map.snapshot().len(), map.len());
}

#[test]
fn every_key_and_value_is_dropped_once() {
    const KEYS: usize = 200;
    let keys: Vec<Arc<str>> = (0..KEYS as u64).map(|n| name(n).into()).collect();
    let map: Map<Arc<str>, Arc<str>> = Map::new();
    let start = Barrier::new(4);
    thread::scope(|scope| {
        for thread in 0..4 {
            let (map, keys, start) = (&map, &keys, &start);
            scope.spawn(move || {
                start.wait();
                for turn in 0..30_000 {
                    let key = &keys[(turn * 7 + thread * 3) % KEYS];
                    match (turn + thread) % 5 {
                        0..=1 => drop(map.insert(key.clone(), key.clone())),
                        2 => drop(map.remove(&**key)),
                        3 => drop(map.update(&**key, |value| *value = value.clone())),
                        _ => assert!(map.get(&**key).is_none_or(|value| value == *key)),
                    }
                    if turn % 10_000 == 0 {
                        map.clear();
                    }
                }
            });
        }
    });
    let held = map.snapshot();
    drop(held);
    let entries: HashMap<Arc<str>, Arc<str>> = map.into_std().into_iter().collect();
    assert!(entries.iter().all(|(key, value)| key == value));
    drop(entries);
    assert!(keys.iter().all(|key| Arc::strong_count(key) == 1));
}

/// Every key collides with every other.
#[derive(Default)]
struct AllEqual;

impl Hasher for AllEqual {
    fn write(&mut self, _: &[u8]) {}
    fn finish(&self) -> u64 {
        42
    }
}

/// Does one step on both and says whether every answer was the same.
fn agree<S: BuildHasher>(
    map: &Map<String, String, S>,
    model: &mut HashMap<String, String>,
    (step, key, number): (u8, u8, u8),
) -> bool {
    let (key, value) = (name(key.into()), name(number.into()));
    let change = |old: &mut String| {
        old.push('+');
        old.len()
    };
    match step {
        0 => {
            map.get(&key).as_ref() == model.get(&key) && map.view(&key, String::len) == model.get(&key).map(String::len)
        }
        1 | 2 => map.insert(key.clone(), value.clone()) == model.insert(key, value),
        3 => {
            map.insert_if_absent(key.clone(), value.clone()).is_err() == {
                let present = model.contains_key(&key);
                model.entry(key).or_insert(value);
                present
            }
        }
        4 => map.update(&key, change) == model.get_mut(&key).map(change),
        5 => map.remove(&key) == model.remove(&key),
        6 => {
            map.remove_if(&key, |old| *old == value) == {
                let same = model.get(&key) == Some(&value);
                if same { model.remove(&key) } else { None }
            }
        }
        7 => map.compute(key.clone(), |old| Action::Put(value.clone(), old.cloned())) == model.insert(key, value),
        8 => map.compute(key.clone(), |old| Action::Keep(old.map(change))) == model.get_mut(&key).map(change),
        9 => {
            map.compute(key.clone(), |old| Action::Remove(old.map(change)))
                == model.remove(&key).map(|mut old| change(&mut old))
        }
        10 => {
            map.compare_and_swap(&key, &value, "new".into()).is_ok() == {
                let old = model.get_mut(&key).filter(|old| **old == value);
                old.map(|old| *old = "new".into()).is_some()
            }
        }
        11 => map.get_or_insert_with(key.clone(), || value.clone()) == *model.entry(key).or_insert(value),
        12 => {
            let keep = |_: &String, value: &mut String| {
                change(value);
                value.len() % 3 != usize::from(number % 3)
            };
            map.retain(keep);
            model.retain(keep);
            true
        }
        13 => map.drain().into_iter().collect::<HashMap<_, _>>() == std::mem::take(model),
        _ => {
            let other = name(number.into());
            let swap = map.transact([&key, &other], |values| match values {
                [Some(one), Some(two)] => std::mem::swap(one, two),
                [one, two] => one.into_iter().chain(two).for_each(|value| value.clear()),
            });
            if key == other {
                return swap.is_err();
            }
            let (one, two) = (model.remove(&key), model.remove(&other));
            let pair = match (one, two) {
                (Some(one), Some(two)) => (Some(two), Some(one)),
                (one, two) => (one.map(|_| String::new()), two.map(|_| String::new())),
            };
            model.extend(pair.0.map(|value| (key, value)));
            model.extend(pair.1.map(|value| (other, value)));
            swap.is_ok()
        }
    }
}

#[test]
fn any_sequence_on_strings_agrees_with_std() {
    fn check<S: BuildHasher + Default>() {
        let mut runner = TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
        let steps = vec((0..=14_u8, 0..24_u8, 0..24_u8), 0..160);
        runner
            .run(&steps, |steps| {
                let map = Map::with_hasher(S::default());
                let mut model = HashMap::new();
                for step in steps {
                    prop_assert!(agree(&map, &mut model, step), "{step:?}");
                    prop_assert_eq!(map.len(), model.len());
                }
                prop_assert_eq!(map.snapshot(), model);
                Ok(())
            })
            .unwrap();
    }
    check::<RandomState>();
    check::<BuildHasherDefault<AllEqual>>();
}

/// Asks for one of two keys at random, in strings.
fn record(map: &Map<String, String>, random: &mut u64, epoch: &Instant) -> (u64, Event) {
    checked::draw();
    let mut below = |bound: u64| {
        *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*random >> 33) % bound
    };
    let (number, value) = (below(2), below(3));
    let ask = match below(7) {
        0 | 1 => Ask::Get,
        2 => Ask::Insert(value),
        3 => Ask::InsertIfAbsent(value),
        4 => Ask::Add(1 + value),
        5 => Ask::Remove,
        _ => Ask::CompareAndSwap(value, below(3)),
    };
    let key = name(number);
    let read = |text: String| text.parse::<u64>().unwrap();
    let now = || epoch.elapsed().as_nanos() as u64;
    let start = now();
    let answer = match ask {
        Ask::Get => map.get(&key).map(read),
        Ask::Insert(value) => map.insert(key, value.to_string()).map(read),
        Ask::InsertIfAbsent(value) => {
            map.insert_if_absent(key, value.to_string()).err().map(|refused| read(refused.value))
        }
        Ask::Add(n) => map.update(&key, |value| {
            thread::yield_now();
            let old = read(value.clone());
            *value = (old + n).to_string();
            old
        }),
        Ask::Remove => map.remove(&key).map(read),
        Ask::CompareAndSwap(old, new) => map.compare_and_swap(&key, &old.to_string(), new.to_string()).ok().map(read),
        Ask::GetOrInsert(_) => unreachable!("not asked"),
    };
    (number, Event { start, end: now(), ask, answer })
}

#[test]
fn histories_of_strings_are_linearizable() {
    let mut overlapping = 0;
    for round in 0..1_000 {
        let map = Map::new();
        let epoch = Instant::now();
        let start = Barrier::new(3);
        let events: Vec<(u64, Event)> = thread::scope(|scope| {
            let running: Vec<_> = (0..3)
                .map(|thread| {
                    let (map, epoch, start) = (&map, &epoch, &start);
                    scope.spawn(move || {
                        let mut random = round * 3 + thread;
                        start.wait();
                        (0..10).map(|_| record(map, &mut random, epoch)).collect::<Vec<_>>()
                    })
                })
                .collect();
            running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        for key in 0..2 {
            let history: Vec<Event> = events.iter().filter(|(of, _)| *of == key).map(|(_, event)| *event).collect();
            let overlap = |a: &Event, b: &Event| a.start < b.end && b.start < a.end;
            overlapping +=
                usize::from((1..history.len()).any(|at| history[..at].iter().any(|b| overlap(&history[at], b))));
            assert!(linearizable(&history, None), "round {round}, key {key}: {history:#?}");
        }
    }
    assert!(overlapping > 0, "no two operations on a key ever overlapped: nothing was tested");
}

#[test]
fn what_waits_for_a_reader_is_told_and_dropped_later() {
    let map: Map<u64, Arc<str>> = Map::new();
    let value: Arc<str> = "value".into();
    map.insert(0, value.clone());
    map.view(&0, |_| {
        // This look keeps what leaves meanwhile.
        thread::scope(|scope| {
            scope.spawn(|| {
                for key in 1..5_000 {
                    map.insert(key, value.clone());
                    map.remove(&key);
                }
            });
        });
        assert!(map.waiting_drops() > 0 && Arc::strong_count(&value) > 4_000);
    });
    // Later batches take the earlier ones along; other tests' looks pass.
    while Arc::strong_count(&value) > 3_000 {
        map.insert(1, value.clone());
        map.remove(&1);
        thread::yield_now();
    }
}
