//! `ActorMap`: its surface against std's map.

#![cfg(not(loom))]

use std::{collections::HashMap, ops::ControlFlow};

use mapwise::{Action, ActorMap, DynMap, FrozenMap, NotSwapped};

/// Xorshift: the same numbers every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

#[test]
fn every_operation_does_what_std_does() {
    let map = ActorMap::new();
    let mut model = HashMap::new();
    let mut numbers = Numbers(0x1234_5678_9ABC_DEF1);
    for _ in 0..10_000 {
        let (key, value) = (numbers.below(50), numbers.below(1000));
        match numbers.below(16) {
            0 => assert_eq!(map.insert(key, value), model.insert(key, value)),
            1 => assert_eq!(map.get(&key), model.get(&key).copied()),
            2 => assert_eq!(map.remove(&key), model.remove(&key)),
            3 => assert_eq!(map.contains_key(&key), model.contains_key(&key)),
            4 => {
                let new = map.update(&key, |n| std::mem::replace(n, *n / 2));
                assert_eq!(new, model.get_mut(&key).map(|n| std::mem::replace(n, *n / 2)));
            }
            5 => {
                map.upsert(key, || value, |n| *n += value);
                model.entry(key).and_modify(|n| *n += value).or_insert(value);
            }
            6 => {
                let refused = map.insert_if_absent(key, value).map_err(|refused| (refused.key, refused.value));
                assert_eq!(refused, if model.contains_key(&key) { Err((key, value)) } else { Ok(()) });
                model.entry(key).or_insert(value);
            }
            7 => assert_eq!(map.get_or_insert_with(key, || value), *model.entry(key).or_insert(value)),
            8 => {
                let removed = map.remove_if(&key, |n| n % 2 == 0);
                let expected = model.get(&key).is_some_and(|n| n % 2 == 0).then(|| model.remove(&key)).flatten();
                assert_eq!(removed, expected);
            }
            9 => {
                let swapped = map.compare_and_swap(&key, &500, value);
                let expected = match model.get_mut(&key) {
                    None => Err(NotSwapped::Absent(value)),
                    Some(old) if *old == 500 => Ok(std::mem::replace(old, value)),
                    Some(_) => Err(NotSwapped::Different(value)),
                };
                assert_eq!(swapped, expected);
            }
            10 => {
                map.retain(|key, n| !(key + *n).is_multiple_of(7));
                model.retain(|key, n| !(*key + *n).is_multiple_of(7));
            }
            11 => {
                let answer = map.compute(key, |present| match present {
                    Some(n) if *n < 300 => Action::Remove(1),
                    Some(n) => {
                        *n -= 1;
                        Action::Keep(2)
                    }
                    None => Action::Put(value, 3),
                });
                let expected = match model.get_mut(&key) {
                    Some(n) if *n < 300 => model.remove(&key).map_or(0, |_| 1),
                    Some(n) => {
                        *n -= 1;
                        2
                    }
                    None => model.insert(key, value).map_or(3, |_| 0),
                };
                assert_eq!(answer, expected);
            }
            12 => {
                let other = key + 1;
                let moved = map.transact([&key, &other], |[from, to]| match (from, to) {
                    (Some(from), Some(to)) => std::mem::swap(from, to),
                    _ => assert!(value < 1000),
                });
                assert_eq!(moved, Ok(()));
                if let [Some(from), Some(to)] = model.get_disjoint_mut([&key, &other]) {
                    std::mem::swap(from, to);
                }
            }
            13 => {
                let keys = [&key, &(key / 2), &99];
                assert_eq!(map.get_many(keys), keys.map(|key| model.get(key).copied()));
            }
            14 => assert_eq!((map.len(), map.is_empty()), (model.len(), model.is_empty())),
            _ => assert_eq!(map.snapshot(), model),
        }
    }
    assert_eq!(map.transact([&1, &1], |_| ()).map_err(|same| (same.first, same.second)), Err((0, 1)));
    let mut keys = map.keys();
    keys.sort_unstable();
    assert!(keys.is_sorted() && keys.len() == model.len());
    let first = map.try_for_each(|key, _| ControlFlow::Break(*key));
    assert!(matches!(first, ControlFlow::Break(key) if model.contains_key(&key)));
    assert_eq!(map.drain().into_iter().collect::<HashMap<_, _>>(), model);
    assert!(map.is_empty());
}

#[test]
fn conversions_keep_every_entry() {
    let std_map: HashMap<u64, u64> = (0..1000).map(|n| (n, n * n)).collect();
    let mut map: ActorMap<u64, u64> = std_map.clone().into();
    assert_eq!(map, std_map.iter().map(|(key, value)| (*key, *value)).collect());
    map.extend((1000..5000).map(|n| (n, n)));
    map.reserve(10_000);
    map.shrink_to_fit();
    assert_eq!(map.len(), 5000);
    let frozen: FrozenMap<u64, u64> = map.freeze();
    assert_eq!(frozen.len(), 5000);
    assert_eq!(frozen.get_ref(&31), Some(&961));
    let map: ActorMap<u64, u64> = frozen.into_iter().collect();
    assert_eq!(map.into_iter().map(|(key, _)| key).sum::<u64>(), (0..5000).sum::<u64>());
    let map: ActorMap<_, _> = std_map.clone().into();
    assert_eq!(map.into_std(), std_map);
}

#[test]
fn it_is_reached_through_the_object_safe_face() {
    let map: Box<dyn DynMap<u64, u64>> = Box::new(ActorMap::<u64, u64>::new());
    assert_eq!(map.insert_dyn(1, 1), None);
    map.compute_dyn(1, &mut |present| match present {
        Some(n) => {
            *n += 1;
            Action::Keep(())
        }
        None => Action::Put(0, ()),
    });
    assert!(map.view_dyn(&1, &mut |n| assert_eq!(*n, 2)));
    map.retain_dyn(&mut |_, n| *n == 2);
    let mut count = 0;
    map.for_each_dyn(&mut |_, _| {
        count += 1;
        ControlFlow::Continue(())
    });
    assert_eq!((count, map.len_dyn(), map.get_dyn(&1), map.remove_dyn(&1)), (1, 1, Some(2), Some(2)));
    assert!(map.caps_dyn().exact_len);
}
