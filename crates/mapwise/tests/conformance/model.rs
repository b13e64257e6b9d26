//! Any sequence of operations agrees with std's `HashMap`, whatever the hasher.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher, RandomState},
};

use mapwise::{Action, NotSwapped};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::subject::{Kind, Subject, TestHasher};

/// Every key collides with every other.
#[derive(Default)]
pub struct AllEqual;

impl Hasher for AllEqual {
    fn write(&mut self, _: &[u8]) {}
    fn finish(&self) -> u64 {
        42
    }
}

/// Only three bits of the key count, and all at the low end.
#[derive(Default)]
pub struct Truncated(u64);

impl Hasher for Truncated {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_add(u64::from(*byte));
        }
    }
    fn finish(&self) -> u64 {
        self.0 & 7
    }
}

#[derive(Clone, Debug)]
enum Step {
    Get(u8),
    GetPair(u8, u8),
    Insert(u8, u16),
    InsertPair(u8, u8, u16),
    InsertIfAbsent(u8, u16),
    GetOrInsert(u8, u16),
    Update(u8, u16),
    Upsert(u8, u16),
    Keep(u8, u16),
    Put(u8, u16),
    Take(u8),
    Remove(u8),
    RemoveIfEven(u8),
    CompareAndSwap(u8, u16, u16),
    RetainMultiplesOf(u16),
    Clear,
    Drain,
    Snapshot,
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..24_u8;
    let value = 0..4_u16;
    prop_oneof![
        4 => key.clone().prop_map(Step::Get),
        1 => (key.clone(), key.clone()).prop_map(|(a, b)| Step::GetPair(a, b)),
        8 => (key.clone(), value.clone()).prop_map(|(k, v)| Step::Insert(k, v)),
        2 => (key.clone(), key.clone(), value.clone()).prop_map(|(a, b, v)| Step::InsertPair(a, b, v)),
        4 => (key.clone(), value.clone()).prop_map(|(k, v)| Step::InsertIfAbsent(k, v)),
        4 => (key.clone(), value.clone()).prop_map(|(k, v)| Step::GetOrInsert(k, v)),
        4 => (key.clone(), value.clone()).prop_map(|(k, v)| Step::Update(k, v)),
        4 => (key.clone(), value.clone()).prop_map(|(k, v)| Step::Upsert(k, v)),
        3 => (key.clone(), value.clone()).prop_map(|(k, v)| Step::Keep(k, v)),
        3 => (key.clone(), value.clone()).prop_map(|(k, v)| Step::Put(k, v)),
        3 => key.clone().prop_map(Step::Take),
        6 => key.clone().prop_map(Step::Remove),
        3 => key.clone().prop_map(Step::RemoveIfEven),
        4 => (key, value.clone(), value).prop_map(|(k, a, b)| Step::CompareAndSwap(k, a, b)),
        1 => (1..4_u16).prop_map(Step::RetainMultiplesOf),
        1 => Just(Step::Clear),
        1 => Just(Step::Drain),
        1 => Just(Step::Snapshot),
    ]
}

/// Does `step` on both and says whether every answer was the same.
fn agree(map: &impl Subject<u8, u16>, model: &mut HashMap<u8, u16>, step: &Step) -> bool {
    match *step {
        Step::Get(k) => map.get(&k) == model.get(&k).copied() && map.contains_key(&k) == model.contains_key(&k),
        Step::GetPair(a, b) => map.get_pair([&a, &b]) == [model.get(&a).copied(), model.get(&b).copied()],
        Step::Insert(k, v) => map.insert(k, v) == model.insert(k, v),
        Step::InsertPair(a, b, v) => {
            let replaced = map.insert_pair([(a, v), (b, v + 1)]);
            replaced == [model.insert(a, v), model.insert(b, v + 1)]
        }
        Step::InsertIfAbsent(k, v) => {
            let refused = map.insert_if_absent(k, v).err().map(|refused| (refused.key, refused.value));
            let expected = model.contains_key(&k).then_some((k, v));
            model.entry(k).or_insert(v);
            refused == expected
        }
        Step::GetOrInsert(k, v) => map.get_or_insert_with(k, || v) == *model.entry(k).or_insert(v),
        Step::Update(k, v) => {
            let change = |old: &mut u16| std::mem::replace(old, v);
            map.update(&k, change) == model.get_mut(&k).map(change)
        }
        Step::Upsert(k, v) => {
            map.upsert(k, || v, |old| *old += v);
            model.entry(k).and_modify(|old| *old += v).or_insert(v);
            true
        }
        Step::Keep(k, v) => {
            let change = |old: Option<&mut u16>| old.map(|old| std::mem::replace(old, v));
            map.compute(k, |old| Action::Keep(change(old))) == change(model.get_mut(&k))
        }
        Step::Put(k, v) => map.compute(k, |old| Action::Put(v, old.copied())) == model.insert(k, v),
        Step::Take(k) => map.compute(k, |old| Action::Remove(old.copied())) == model.remove(&k),
        Step::Remove(k) => map.remove(&k) == model.remove(&k),
        Step::RemoveIfEven(k) => {
            let expected = model.get(&k).copied().filter(|v| v % 2 == 0);
            if expected.is_some() {
                model.remove(&k);
            }
            map.remove_if(&k, |v| v % 2 == 0) == expected
        }
        Step::CompareAndSwap(k, old, new) => {
            let expected = match model.get_mut(&k) {
                None => Err(NotSwapped::Absent(new)),
                Some(value) if *value == old => Ok(std::mem::replace(value, new)),
                Some(_) => Err(NotSwapped::Different(new)),
            };
            map.compare_and_swap(&k, &old, new) == expected
        }
        Step::RetainMultiplesOf(n) => {
            let keep = |_: &u8, value: &mut u16| {
                *value += 1;
                value.is_multiple_of(n)
            };
            map.retain(keep);
            model.retain(keep);
            true
        }
        Step::Clear => {
            map.clear();
            model.clear();
            true
        }
        Step::Drain => map.drain().into_iter().collect::<HashMap<_, _>>() == std::mem::take(model),
        Step::Snapshot => map.snapshot() == *model,
    }
}

fn check<M: Kind, S: TestHasher>() {
    // A failing case prints its minimal steps; nothing is written beside the sources.
    let mut runner = TestRunner::new(Config { cases: 128, failure_persistence: None, ..Config::default() });
    runner
        .run(&vec(step(), 0..160), |steps| {
            let map = M::make::<u8, u16, S>();
            let mut model = HashMap::new();
            for step in &steps {
                prop_assert!(agree(&map, &mut model, step), "{step:?}");
                prop_assert_eq!(map.len(), model.len());
            }
            prop_assert_eq!(map.snapshot(), model);
            Ok(())
        })
        .unwrap();
}

pub fn any_sequence_agrees_with_std<M: Kind>() {
    check::<M, RandomState>();
}

pub fn any_sequence_agrees_with_std_when_all_hashes_are_equal<M: Kind>() {
    check::<M, BuildHasherDefault<AllEqual>>();
}

pub fn any_sequence_agrees_with_std_when_hashes_are_truncated<M: Kind>() {
    check::<M, BuildHasherDefault<Truncated>>();
}
