//! `Set` agrees with std's, and is one when threads share it.
#![allow(missing_docs)]

use std::{collections::HashSet, ops::ControlFlow, sync::Barrier, thread};

use mapwise::Set;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Insert(u8),
    Remove(u8),
    Retain(u8),
    Drain,
    Clear,
    Reserve,
    Shrink,
    Compact,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => any::<u8>().prop_map(Step::Insert),
        4 => any::<u8>().prop_map(Step::Remove),
        1 => (1..5_u8).prop_map(Step::Retain),
        1 => Just(Step::Drain),
        1 => Just(Step::Clear),
        1 => Just(Step::Reserve),
        1 => Just(Step::Shrink),
        1 => Just(Step::Compact),
    ]
}

proptest! {
    #[test]
    fn any_sequence_agrees_with_std(steps in prop::collection::vec(step(), 0..400)) {
        let (mut set, mut model) = (Set::new(), HashSet::new());
        for step in steps {
            match step {
                Step::Insert(n) => prop_assert_eq!(set.insert(n.to_string()), model.insert(n.to_string())),
                Step::Remove(n) => prop_assert_eq!(set.remove(&n.to_string()), model.remove(&n.to_string())),
                Step::Retain(n) => {
                    set.retain(|element| element.len() != usize::from(n));
                    model.retain(|element| element.len() != usize::from(n));
                }
                Step::Drain => prop_assert_eq!(set.drain().into_iter().collect::<HashSet<_>>(), std::mem::take(&mut model)),
                Step::Clear => {
                    set.clear();
                    model.clear();
                }
                Step::Reserve => set.reserve(5_000),
                Step::Shrink => set.shrink_to_fit(),
                Step::Compact => set.compact(),
            }
            prop_assert_eq!((set.len(), set.is_empty()), (model.len(), model.is_empty()));
            prop_assert_eq!(set.contains("7"), model.contains("7"));
        }
        prop_assert_eq!(set.snapshot(), model);
    }
}

#[test]
fn conversions_keep_every_element() {
    let elements: HashSet<u64> = (0..1_000).collect();
    let set: Set<u64> = elements.iter().copied().collect();
    assert!(set == Set::from(elements.clone()));
    assert_eq!(set.contains_many([&1, &1_000, &999]), [true, false, true]);
    let mut seen = HashSet::new();
    set.for_each(|element| assert!(seen.insert(*element)));
    assert_eq!(seen, elements);
    assert_eq!(set.try_for_each(|&element| ControlFlow::Break(element < 1_000)), ControlFlow::Break(true));
    assert_eq!(format!("{set:?}"), "Set { len: 1000, .. }");
    assert_eq!(set.into_iter().len(), 1_000);
    let mut extended: Set<u64> = Set::with_capacity(10);
    extended.extend(elements.clone());
    assert_eq!(extended.into_std(), elements);
}

proptest! {
    #[test]
    fn what_two_sets_have_agrees_with_std(one in prop::collection::hash_set(0..12_u8, 0..8), other in prop::collection::hash_set(0..12_u8, 0..8)) {
        let sets: [Set<u8>; 2] = [one.clone().into(), Set::new()];
        let absent = sets[1].insert_many([1, 2, 1]);
        prop_assert_eq!(absent, [true, true, false]);
        sets[1].clear();
        other.iter().for_each(|&element| assert!(sets[1].insert(element)));
        let [a, b] = &sets;
        prop_assert_eq!(a.union(b), &one | &other);
        prop_assert_eq!(a.intersection(b), &one & &other);
        prop_assert_eq!(a.difference(b), &one - &other);
        prop_assert_eq!(a.symmetric_difference(b), &one ^ &other);
        prop_assert_eq!(
            (a.is_subset(b), a.is_superset(b), a.is_disjoint(b)),
            (one.is_subset(&other), one.is_superset(&other), one.is_disjoint(&other))
        );
        prop_assert!(a.is_subset(a) && a.difference(a).is_empty() && a.union(a) == one);
        let [a, _] = sets;
        let frozen = a.freeze();
        prop_assert!((0..12).all(|element| frozen.contains_key(&element) == one.contains(&element)));
    }
}

#[test]
fn of_many_that_insert_or_remove_an_element_one_wins() {
    let (set, barrier) = (Set::new(), Barrier::new(4));
    let wins = |act: fn(&Set<u64>, u64) -> bool| -> usize {
        thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    let (set, barrier) = (&set, &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        (0..20_000).filter(|&element| act(set, element)).count()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        })
    };
    assert_eq!((wins(Set::insert), set.len()), (20_000, 20_000));
    assert_eq!((wins(|set, element| set.remove(&element)), set.len()), (20_000, 0));
}
