//! `PackedMap`: types of the user's that are stored as listed ones.
#![allow(missing_docs)]

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, Hasher},
    net::{Ipv4Addr, SocketAddrV4},
    num::NonZeroU32,
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
};

use mapwise::{Action, DynMap, InPlace, Map, MapRead, NotSwapped, Pack, PackedMap, Stored};
use proptest::{collection::vec, prelude::*};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct UserId(u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Session(UserId);

mapwise::pack!(UserId(u64), Session(UserId));

/// It has padding, and values that are none.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Price {
    cents: u32,
    is_net: bool,
}

impl Pack for Price {
    type Packed = u64;
    fn pack(self) -> u64 {
        u64::from(self.cents) << 1 | u64::from(self.is_net)
    }
    fn unpack(packed: u64) -> Self {
        Self { cents: (packed >> 1) as u32, is_net: packed & 1 != 0 }
    }
}

fn price(cents: u32) -> Price {
    Price { cents, is_net: cents.is_multiple_of(2) }
}

#[derive(Clone, Debug)]
enum Step {
    Get(u64),
    Insert(u64, u32),
    InsertPair(u64, u64, u32),
    InsertIfAbsent(u64, u32),
    GetOrInsert(u64, u32),
    Update(u64, u32),
    Upsert(u64, u32),
    Compute(u64, u32),
    RemoveIfNet(u64),
    CompareAndSwap(u64, u32, u32),
    Retain(u32),
    Drain,
    Compact,
}

fn step() -> impl Strategy<Value = Step> {
    let (key, value) = (0..24_u64, 0..9_u32);
    prop_oneof![
        4 => key.clone().prop_map(Step::Get),
        8 => (key.clone(), value.clone()).prop_map(|(k, v)| Step::Insert(k, v)),
        2 => (key.clone(), key.clone(), value.clone()).prop_map(|(a, b, v)| Step::InsertPair(a, b, v)),
        4 => (key.clone(), value.clone()).prop_map(|(k, v)| Step::InsertIfAbsent(k, v)),
        4 => (key.clone(), value.clone()).prop_map(|(k, v)| Step::GetOrInsert(k, v)),
        4 => (key.clone(), value.clone()).prop_map(|(k, v)| Step::Update(k, v)),
        4 => (key.clone(), value.clone()).prop_map(|(k, v)| Step::Upsert(k, v)),
        4 => (key.clone(), value.clone()).prop_map(|(k, v)| Step::Compute(k, v)),
        4 => key.clone().prop_map(Step::RemoveIfNet),
        4 => (key, value.clone(), value).prop_map(|(k, a, b)| Step::CompareAndSwap(k, a, b)),
        1 => (1..4_u32).prop_map(Step::Retain),
        1 => Just(Step::Drain),
        1 => Just(Step::Compact),
    ]
}

/// Does `step` on both and says whether every answer was the same.
fn agree(map: &mut PackedMap<Session, Price>, model: &mut HashMap<Session, Price>, step: &Step) -> bool {
    let key = |n| Session(UserId(n));
    match *step {
        Step::Get(k) => {
            let k = key(k);
            map.get(&k) == model.get(&k).copied()
                && map.contains_key(&k) == model.contains_key(&k)
                && map.get_many([&k, &key(1)]) == [model.get(&k).copied(), model.get(&key(1)).copied()]
        }
        Step::Insert(k, v) => map.insert(key(k), price(v)) == model.insert(key(k), price(v)),
        Step::InsertPair(a, b, v) => {
            map.insert_many([(key(a), price(v)), (key(b), price(v + 1))])
                == [model.insert(key(a), price(v)), model.insert(key(b), price(v + 1))]
        }
        Step::InsertIfAbsent(k, v) => {
            let refused = map.insert_if_absent(key(k), price(v)).err().map(|refused| (refused.key, refused.value));
            let expected = model.contains_key(&key(k)).then_some((key(k), price(v)));
            model.entry(key(k)).or_insert(price(v));
            refused == expected
        }
        Step::GetOrInsert(k, v) => {
            map.get_or_insert_with(key(k), || price(v)) == *model.entry(key(k)).or_insert(price(v))
        }
        Step::Update(k, v) => {
            let change = |old: &mut Price| std::mem::replace(old, price(v));
            map.update(&key(k), change) == model.get_mut(&key(k)).map(change)
        }
        Step::Upsert(k, v) => {
            map.upsert(key(k), || price(v), |old| old.cents += v);
            model.entry(key(k)).and_modify(|old| old.cents += v).or_insert(price(v));
            true
        }
        Step::Compute(k, v) => {
            let answer = map.compute(key(k), |present| match present {
                Some(old) if old.is_net => Action::Remove(1),
                Some(old) => {
                    old.cents += v;
                    Action::Keep(2)
                }
                None => Action::Put(price(v), 3),
            });
            let expected = match model.get_mut(&key(k)) {
                Some(old) if old.is_net => model.remove(&key(k)).map_or(0, |_| 1),
                Some(old) => {
                    old.cents += v;
                    2
                }
                None => model.insert(key(k), price(v)).map_or(3, |_| 0),
            };
            answer == expected
        }
        Step::RemoveIfNet(k) => {
            let expected = model.get(&key(k)).copied().filter(|price| price.is_net);
            if expected.is_some() {
                model.remove(&key(k));
            }
            map.remove_if(&key(k), |price| price.is_net) == expected
        }
        Step::CompareAndSwap(k, old, new) => {
            let expected = match model.get_mut(&key(k)) {
                None => Err(NotSwapped::Absent(price(new))),
                Some(value) if *value == price(old) => Ok(std::mem::replace(value, price(new))),
                Some(_) => Err(NotSwapped::Different(price(new))),
            };
            map.compare_and_swap(&key(k), &price(old), price(new)) == expected
        }
        Step::Retain(n) => {
            let keep = |_: &Session, price: &mut Price| {
                price.cents += 1;
                price.cents.is_multiple_of(n)
            };
            map.retain(keep);
            model.retain(keep);
            true
        }
        Step::Drain => map.drain().into_iter().collect::<HashMap<_, _>>() == std::mem::take(model),
        Step::Compact => {
            map.compact();
            map.snapshot() == *model
        }
    }
}

proptest! {
    #[test]
    fn any_sequence_agrees_with_std(steps in vec(step(), 0..160)) {
        let (mut map, mut model) = (PackedMap::new(), HashMap::new());
        for step in &steps {
            prop_assert!(agree(&mut map, &mut model, step), "{:?}", step);
            prop_assert_eq!((map.len(), map.is_empty()), (model.len(), model.is_empty()));
        }
        prop_assert_eq!(map.snapshot(), model);
    }
}

#[test]
fn conversions_keep_every_entry() {
    let entries: HashMap<UserId, Price> = (0..1_000).map(|n| (UserId(n), price(n as u32))).collect();
    let map: PackedMap<UserId, Price> = entries.clone().into_iter().collect();
    assert_eq!(map.snapshot(), entries);
    let owned = map.into_iter();
    assert_eq!((owned.len(), format!("{owned:?}").as_str()), (1_000, "Unpacked { left: 1000, .. }"));
    let again: PackedMap<UserId, Price> = owned.collect();
    assert!(again == PackedMap::from(entries.clone()));
    again.remove(&UserId(1));
    assert!(again != PackedMap::from(entries.clone()));
    again.insert(UserId(1), price(1));
    assert_eq!(again.into_std(), entries);
    let mut extended = PackedMap::<UserId, Price>::default();
    extended.extend(entries.clone());
    assert_eq!(extended.freeze().into_std(), entries);
}

#[test]
fn every_listed_type_is_stored_as_it_is_or_as_what_it_is_packed_into() {
    fn keeps<K: Stored<As: Hash + Eq> + Hash + Eq + Clone, V: Stored + Clone + PartialEq>(key: K, value: V, other: V) {
        let map: PackedMap<K, V> = PackedMap::with_capacity(10);
        assert!(map.insert(key.clone(), value.clone()).is_none());
        assert!(map.insert(key.clone(), other.clone()) == Some(value));
        assert!(map.get(&key) == Some(other.clone()) && map.remove(&key) == Some(other));
    }
    keeps(7_u64, 1.5_f64, 2.5);
    keeps([7_u8; 16], (1_u64, 2_u64), (3, 4));
    keeps([7_u8; 32], [1_u32; 3], [2; 3]);
    keeps((1_u32, 2_u32), 'a', 'b');
    keeps((1_u8, 2_u8), [1_u8; 20], [2; 20]);
    keeps([1_u16; 3], (), ());
    keeps(NonZeroU32::MIN, true, false);
    keeps(Ipv4Addr::LOCALHOST, NonZeroU32::MIN, NonZeroU32::MAX);
    keeps(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 80), UserId(1), UserId(2));
    keeps(UserId(7), "a".to_owned(), "b".to_owned());
    keeps("key", UserId(1), UserId(2));
    keeps("key".to_owned(), vec![1_u8], vec![2]);
}

#[test]
fn owned_keys_are_looked_up_by_their_borrowed_form() {
    let map: PackedMap<String, UserId> = PackedMap::new();
    map.insert("a".to_owned(), UserId(1));
    assert_eq!((map.get("a"), map.get("b"), map.view("a", |user| user.0)), (Some(UserId(1)), None, Some(1)));
    assert_eq!(map.try_for_each(|key, user| ControlFlow::Break((key.clone(), *user))).break_value().unwrap().0, "a");
    assert_eq!(map.remove("a"), Some(UserId(1)));
}

#[test]
fn a_panic_in_a_closure_keeps_what_it_did() {
    let map: PackedMap<UserId, Price> = PackedMap::new();
    map.insert(UserId(1), price(1));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        map.update(&UserId(1), |price| {
            price.cents = 7;
            // Without a message, which takes time to print while the bucket is locked.
            std::panic::resume_unwind(Box::new("injected"));
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(map.get(&UserId(1)).map(|price| price.cents), Some(7));
}

/// Its hash is not that of what it is packed into.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Unlike(u64);

impl Hash for Unlike {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.0 + 1).hash(state);
    }
}

mapwise::pack!(Unlike(u64));

#[test]
#[cfg(debug_assertions)]
fn a_key_that_would_not_be_found_is_refused() {
    let map: PackedMap<Unlike, u64> = PackedMap::new();
    let refused = catch_unwind(AssertUnwindSafe(|| map.insert(Unlike(1), 1))).unwrap_err();
    assert_eq!(refused.downcast_ref::<&str>(), Some(&"a key must hash as the packed key does"));
    assert!(map.is_empty());
}

/// Readers never see half of a value, nor half of a key, of any width.
fn copies_are_whole<K: Stored<As: Hash + Eq> + Hash + Eq + Send + Sync>(key: impl Fn(u8) -> K + Sync) {
    let map: PackedMap<K, [u8; 32]> = PackedMap::new();
    let (done, barrier) = (AtomicBool::new(false), Barrier::new(3));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                barrier.wait();
                let mut found = 0_u64;
                while !done.load(Relaxed) || found == 0 {
                    for n in 0..=8 {
                        found += map
                            .view(&key(n), |value| assert!(value.iter().all(|&byte| byte == value[0])))
                            .map_or(0, |()| 1);
                    }
                    map.for_each(|_, value| assert!(value.iter().all(|&byte| byte == value[0])));
                }
            });
        }
        barrier.wait();
        for round in 0..30_000_u32 {
            let n = (round % 8) as u8;
            map.insert(key(n), [round as u8; 32]);
            if round % 3 == 0 {
                map.remove(&key((round % 7) as u8));
            }
        }
        // There is something to be found at the end.
        map.insert(key(8), [8; 32]);
        done.store(true, Relaxed);
    });
}

#[test]
fn copies_of_wide_entries_are_whole_beside_writers() {
    copies_are_whole(|n| [n; 32]);
    copies_are_whole(|n| (u64::from(n), u64::from(n)));
    copies_are_whole(|n| UserId(n.into()));
    copies_are_whole(|n| NonZeroU32::new(u32::from(n) + 1).unwrap());
}

#[test]
fn it_is_a_map_as_others_are() {
    fn is_map<M: MapRead<UserId, Price> + DynMap<UserId, Price> + InPlace>(_: &M) {
        assert!(!M::CAPS.multi_key && M::CAPS.linearizable_per_key);
    }
    let map: PackedMap<UserId, Price> = PackedMap::new().named("prices");
    is_map(&map);
    map.reserve(1_000);
    map.shrink_to_fit();
    assert_eq!(format!("{map:?}"), "PackedMap { len: 0, .. }");
    // The hasher is the one that was given.
    let map: PackedMap<UserId, u64, _> =
        PackedMap::with_capacity_and_hasher(9, foldhash::fast::FixedState::with_seed(7));
    assert_eq!(map.hasher().hash_one(1), foldhash::fast::FixedState::with_seed(7).hash_one(1));
    // A map of listed types has all of this by itself.
    assert!(Map::<u64, u64>::new().is_empty());
}
