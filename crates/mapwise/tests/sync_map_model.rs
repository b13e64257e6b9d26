//! `SyncMap` answers as a std map does, whatever is done to it.

#![cfg(not(loom))]

use std::collections::HashMap;

use mapwise::{Action, SyncMap};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Load(u8),
    Store(u8, u16),
    Swap(u8, u16),
    LoadOrStore(u8, u16),
    LoadAndDelete(u8),
    Delete(u8),
    CompareAndSwap(u8, u16, u16),
    CompareAndDelete(u8, u16),
    Update(u8, u16),
    Compute(u8, u8, u16),
    RemoveIf(u8, u16),
    InsertIfAbsent(u8, u16),
    GetOrInsertWith(u8, u16),
    Retain(u16),
    Range,
    Clear,
    Drain,
    Shrink,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = 0..12_u8;
    let value = 0..4_u16;
    let step = prop_oneof![
        8 => key.clone().prop_map(Step::Load),
        4 => (key.clone(), value.clone()).prop_map(|(k, v)| Step::Store(k, v)),
        3 => (key.clone(), value.clone()).prop_map(|(k, v)| Step::Swap(k, v)),
        3 => (key.clone(), value.clone()).prop_map(|(k, v)| Step::LoadOrStore(k, v)),
        4 => key.clone().prop_map(Step::LoadAndDelete),
        3 => key.clone().prop_map(Step::Delete),
        3 => (key.clone(), value.clone(), value.clone()).prop_map(|(k, a, b)| Step::CompareAndSwap(k, a, b)),
        3 => (key.clone(), value.clone()).prop_map(|(k, v)| Step::CompareAndDelete(k, v)),
        3 => (key.clone(), value.clone()).prop_map(|(k, v)| Step::Update(k, v)),
        4 => (key.clone(), 0..3_u8, value.clone()).prop_map(|(k, a, v)| Step::Compute(k, a, v)),
        2 => (key.clone(), value.clone()).prop_map(|(k, v)| Step::RemoveIf(k, v)),
        2 => (key.clone(), value.clone()).prop_map(|(k, v)| Step::InsertIfAbsent(k, v)),
        2 => (key, value.clone()).prop_map(|(k, v)| Step::GetOrInsertWith(k, v)),
        1 => value.prop_map(Step::Retain),
        1 => Just(Step::Range),
        1 => Just(Step::Clear),
        1 => Just(Step::Drain),
        1 => Just(Step::Shrink),
    ];
    prop::collection::vec(step, 1..120)
}

/// Does `step` to both and compares what they answer.
fn apply(map: &SyncMap<u8, u16>, model: &mut HashMap<u8, u16>, step: Step) {
    match step {
        Step::Load(k) => assert_eq!(map.load(&k), model.get(&k).copied()),
        Step::Store(k, v) => {
            map.store(k, v);
            model.insert(k, v);
        }
        Step::Swap(k, v) => assert_eq!(map.swap(k, v), model.insert(k, v)),
        Step::LoadOrStore(k, v) => {
            let loaded = model.contains_key(&k);
            assert_eq!(map.load_or_store(k, v), (*model.entry(k).or_insert(v), loaded));
        }
        Step::LoadAndDelete(k) => assert_eq!(map.load_and_delete(&k), model.remove(&k)),
        Step::Delete(k) => {
            map.delete(&k);
            model.remove(&k);
        }
        Step::CompareAndSwap(k, old, new) => {
            let holds = model.get(&k) == Some(&old);
            assert_eq!(map.compare_and_swap(&k, &old, new).ok(), holds.then_some(old));
            if holds {
                model.insert(k, new);
            }
        }
        Step::CompareAndDelete(k, old) => {
            let holds = model.get(&k) == Some(&old);
            assert_eq!(map.compare_and_delete(&k, &old), holds);
            if holds {
                model.remove(&k);
            }
        }
        Step::Update(k, v) => {
            let change = |value: &mut u16| {
                *value += v;
                *value
            };
            assert_eq!(map.update(&k, change), model.get_mut(&k).map(change));
        }
        Step::Compute(k, action, v) => {
            let seen = map.compute(k, |present| {
                let seen = present.copied();
                match action {
                    0 => Action::Keep(seen),
                    1 => Action::Put(v, seen),
                    _ => Action::Remove(seen),
                }
            });
            assert_eq!(seen, model.get(&k).copied());
            match action {
                0 => None,
                1 => model.insert(k, v),
                _ => model.remove(&k),
            };
        }
        Step::RemoveIf(k, v) => {
            let holds = model.get(&k).is_some_and(|&value| value > v);
            let removed = if holds { model.remove(&k) } else { None };
            assert_eq!(map.remove_if(&k, |&value| value > v), removed);
        }
        Step::InsertIfAbsent(k, v) => {
            assert_eq!(map.insert_if_absent(k, v).is_ok(), !model.contains_key(&k));
            model.entry(k).or_insert(v);
        }
        Step::GetOrInsertWith(k, v) => assert_eq!(map.get_or_insert_with(k, || v), *model.entry(k).or_insert(v)),
        Step::Retain(v) => {
            let keep = |_: &u8, value: &mut u16| {
                *value += 1;
                *value > v
            };
            map.retain(keep);
            model.retain(keep);
        }
        Step::Range => map.range(|_, _| true),
        Step::Clear => {
            map.clear();
            model.clear();
        }
        Step::Drain => assert_eq!(map.drain().into_iter().collect::<HashMap<_, _>>(), std::mem::take(model)),
        Step::Shrink => map.shrink_to_fit(),
    }
}

proptest! {
    #[test]
    fn it_answers_as_a_std_map_does(steps in steps()) {
        let (map, mut model) = (SyncMap::new(), HashMap::new());
        for step in steps {
            apply(&map, &mut model, step);
            assert_eq!(map.len(), model.len());
        }
        assert_eq!(map.snapshot(), model);
        assert_eq!(map.into_std(), model);
    }
}
