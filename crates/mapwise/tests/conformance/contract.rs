//! What every operation does, one thread at a time.

use std::{collections::HashMap, hash::RandomState, ops::ControlFlow};

use mapwise::{Action, NotSwapped};

use crate::subject::{Kind, Subject};

fn map<M: Kind>() -> M::Map<u64, String, RandomState> {
    M::make()
}

fn text(value: &str) -> String {
    value.to_owned()
}

pub fn insert_returns_the_value_it_replaced<M: Kind>() {
    let map = map::<M>();
    assert_eq!(map.insert(1, text("a")), None);
    assert_eq!(map.insert(1, text("b")), Some(text("a")));
    assert_eq!(map.get(&1), Some(text("b")));
    assert_eq!(map.len(), 1);
}

pub fn reads_find_present_keys_only<M: Kind>() {
    let map = map::<M>();
    assert!(map.is_empty());
    map.insert(1, text("abc"));
    assert_eq!(map.view(&1, String::len), Some(3));
    assert_eq!(map.view(&2, String::len), None);
    assert!(map.contains_key(&1) && !map.contains_key(&2) && !map.is_empty());
    assert_eq!(map.get_pair([&2, &1]), [None, Some(text("abc"))]);
}

pub fn insert_if_absent_hands_back_what_it_refuses<M: Kind>() {
    let map = map::<M>();
    assert!(map.insert_if_absent(1, text("a")).is_ok());
    let refused = map.insert_if_absent(1, text("b")).unwrap_err();
    assert_eq!((refused.key, refused.value), (1, text("b")));
    assert_eq!(map.get(&1), Some(text("a")));
}

pub fn init_runs_only_for_an_absent_key<M: Kind>() {
    let map = map::<M>();
    assert_eq!(map.get_or_insert_with(1, || text("made")), text("made"));
    assert_eq!(map.get_or_insert_with(1, || unreachable!("the key is present")), text("made"));
}

pub fn update_changes_in_place_and_returns_the_result<M: Kind>() {
    let map = map::<M>();
    assert_eq!(map.update(&1, |_| unreachable!("the key is absent")), None::<()>);
    map.insert(1, text("a"));
    let length = map.update(&1, |value| {
        value.push('b');
        value.len()
    });
    assert_eq!((length, map.get(&1)), (Some(2), Some(text("ab"))));
}

pub fn upsert_makes_or_changes<M: Kind>() {
    let map = map::<M>();
    map.upsert(1, || text("a"), |_| unreachable!("the key is absent"));
    map.upsert(1, || unreachable!("the key is present"), |value| value.push('b'));
    assert_eq!(map.get(&1), Some(text("ab")));
}

pub fn compute_does_what_it_is_answered<M: Kind>() {
    let map = map::<M>();
    assert!(map.compute(1, |present| Action::Keep(present.is_none())));
    assert!(map.compute(1, |present| Action::<String, _>::Remove(present.is_none())));
    assert!(map.is_empty());
    assert!(map.compute(1, |present| Action::Put(text("a"), present.is_none())));
    let kept = map.compute(1, |present| {
        let value = present.expect("stored");
        value.push('b');
        Action::Keep(value.clone())
    });
    assert_eq!((kept, map.get(&1)), (text("ab"), Some(text("ab"))));
    assert_eq!(map.compute(1, |present| Action::Put(text("c"), present.cloned())), Some(text("ab")));
    assert_eq!(map.get(&1), Some(text("c")));
    assert_eq!(map.compute(1, |present| Action::Remove(present.cloned())), Some(text("c")));
    assert!(map.is_empty() && !map.contains_key(&1));
}

pub fn remove_returns_the_value<M: Kind>() {
    let map = map::<M>();
    assert_eq!(map.remove(&1), None);
    map.insert(1, text("a"));
    assert_eq!(map.remove_if(&1, |value| value == "b"), None);
    assert_eq!(map.remove_if(&1, |value| value == "a"), Some(text("a")));
    assert_eq!(map.remove_if(&1, |_| unreachable!("the key is absent")), None);
    map.insert(1, text("b"));
    assert_eq!(map.remove(&1), Some(text("b")));
    assert!(map.is_empty());
}

pub fn compare_and_swap_tells_absent_from_different<M: Kind>() {
    let map = map::<M>();
    assert_eq!(map.compare_and_swap(&1, &text("a"), text("b")), Err(NotSwapped::Absent(text("b"))));
    map.insert(1, text("a"));
    assert_eq!(map.compare_and_swap(&1, &text("x"), text("b")), Err(NotSwapped::Different(text("b"))));
    assert_eq!(map.compare_and_swap(&1, &text("a"), text("b")), Ok(text("a")));
    assert_eq!(map.get(&1), Some(text("b")));
}

pub fn retain_shows_each_entry_once_and_keeps_what_it_is_told<M: Kind>() {
    let map = M::make::<u64, u64, RandomState>();
    for key in 0..1_000 {
        map.insert(key, 0);
    }
    let mut shown = vec![0; 1_000];
    map.retain(|key, value| {
        shown[*key as usize] += 1;
        *value = key + 1;
        key % 3 == 0
    });
    assert!(shown.iter().all(|&times| times == 1));
    let left: HashMap<u64, u64> = (0..1_000).filter(|key| key % 3 == 0).map(|key| (key, key + 1)).collect();
    assert_eq!(map.snapshot(), left);
    assert_eq!(map.len(), left.len());
}

pub fn clear_and_drain_leave_nothing<M: Kind>() {
    let map = M::make::<u64, u64, RandomState>();
    for round in 0..3 {
        for key in 0..500 {
            map.insert(key, key + round);
        }
        let mut drained = map.drain();
        drained.sort_unstable();
        assert!(drained.into_iter().eq((0..500).map(|key| (key, key + round))));
        assert!(map.is_empty() && map.get(&1).is_none());
        map.insert(1, 1);
        map.clear();
        assert!(map.is_empty() && map.drain().is_empty() && map.get(&1).is_none());
    }
}

pub fn iteration_sees_every_entry_once<M: Kind>() {
    let map = M::make::<u64, u64, RandomState>();
    for key in 0..777 {
        map.insert(key, key * 2);
    }
    map.remove(&5);
    let expected: HashMap<u64, u64> = (0..777).filter(|&key| key != 5).map(|key| (key, key * 2)).collect();
    let mut seen = HashMap::new();
    map.for_each(|key, value| assert_eq!(seen.insert(*key, *value), None, "{key} was seen twice"));
    assert_eq!(seen, expected);
    assert_eq!(map.snapshot(), expected);
    let mut keys = map.keys();
    keys.sort_unstable();
    let mut expected: Vec<u64> = expected.into_keys().collect();
    expected.sort_unstable();
    assert_eq!(keys, expected);
}

pub fn iteration_stops_when_told<M: Kind>() {
    let map = M::make::<u64, u64, RandomState>();
    for key in 0..100 {
        map.insert(key, key);
    }
    let mut visits = 0;
    let broke = map.try_for_each(|key, _| {
        visits += 1;
        if visits == 10 { ControlFlow::Break(*key) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(broke, ControlFlow::Break(key) if key < 100));
    assert_eq!(visits, 10);
}

pub fn growth_and_mass_removal_keep_every_entry<M: Kind>() {
    let map = M::make::<u64, u64, RandomState>();
    for round in 1..4 {
        for key in 0..20_000 {
            assert_eq!(map.insert(key, key * round), None);
        }
        assert_eq!(map.len(), 20_000);
        assert!((0..20_000).all(|key| map.get(&key) == Some(key * round)));
        assert!((0..20_000).all(|key| map.remove(&key) == Some(key * round)));
        assert!(map.is_empty() && (0..20_000).all(|key| !map.contains_key(&key)));
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(align(128))]
struct Wide(u8);

pub fn sizes_and_alignments_do_not_matter<M: Kind>() {
    let unit = M::make::<(), (), RandomState>();
    assert_eq!((unit.insert((), ()), unit.insert((), ()), unit.len()), (None, Some(()), 1));
    assert_eq!((unit.remove(&()), unit.get(&())), (Some(()), None));

    let set = M::make::<u64, (), RandomState>();
    assert!((0..100).all(|key| set.insert(key, ()).is_none()) && set.len() == 100);

    let wide = M::make::<Wide, Wide, RandomState>();
    for byte in 0..=255 {
        wide.insert(Wide(byte), Wide(!byte));
    }
    for byte in 0..=255 {
        let aligned = wide.view(&Wide(byte), |value| (std::ptr::from_ref(value).addr() % 128, value.0));
        assert_eq!(aligned, Some((0, !byte)));
    }

    let large = M::make::<u64, [u64; 512], RandomState>();
    for key in 0..50 {
        large.insert(key, [key; 512]);
    }
    assert!((0..50).all(|key| large.get(&key) == Some([key; 512])));
}

pub fn every_value_is_dropped_exactly_once<M: Kind>() {
    use std::sync::Arc;
    let witness = Arc::new(());
    let map = M::make::<u64, Arc<()>, RandomState>();
    for round in 0..3 {
        for key in 0..200 {
            map.insert(key, witness.clone());
            map.upsert(key, || unreachable!("present"), |value| *value = witness.clone());
            map.compute(key, |_| Action::Put(witness.clone(), ()));
        }
        for key in 0..50 {
            map.remove(&key);
            map.compute(key + 50, |_| Action::<Arc<()>, ()>::Remove(()));
        }
        match round {
            0 => map.clear(),
            1 => drop(map.drain()),
            _ => map.retain(|key, _| key % 2 == 0),
        }
    }
    drop(map);
    assert_eq!(Arc::strong_count(&witness), 1);
}
