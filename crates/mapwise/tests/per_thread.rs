//! `PerThreadMap`: exact sums, ended threads, drains, panics.

#![cfg(not(loom))]

mod checked;

use std::{
    cell::RefCell,
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    thread,
};

use mapwise::{MapMerge, PerThreadMap};

const fn shared<T: Send + Sync>() {}
const _: () = shared::<PerThreadMap<String, std::cell::Cell<u8>>>();

const THREADS: usize = 4;

fn counts() -> PerThreadMap<u64, u64> {
    PerThreadMap::new(|sum: &mut u64, n| *sum += n)
}

fn sum(collected: impl IntoIterator<Item = (u64, u64)>) -> u64 {
    collected.into_iter().map(|(_, n)| n).sum()
}

fn together(work: impl Fn(usize) + Sync) {
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (start, work) = (&start, &work);
            scope.spawn(move || {
                start.wait();
                work(thread);
            });
        }
    });
}

#[test]
fn sums_are_exact_and_threads_that_ended_are_included() {
    let map = counts();
    for round in 1..=3 {
        together(|_| (0..10_000).for_each(|n| map.merge(n % 10, 1)));
        let collected = map.collect();
        assert!((0..10).all(|key| collected[&key] == round * THREADS as u64 * 1000), "{collected:?}");
    }
    assert_eq!(sum(map.into_std()), 3 * THREADS as u64 * 10_000);
}

#[test]
fn a_collection_sees_what_was_merged_before_it_and_never_more_than_was() {
    let map = counts();
    let merged: [AtomicI64; THREADS] = Default::default();
    together(|thread| {
        if thread == 0 {
            for _ in 0..200 {
                let before: Vec<u64> = merged.iter().map(|n| n.load(Ordering::SeqCst) as u64).collect();
                let collected = map.collect();
                for (thread, before) in before.into_iter().enumerate() {
                    let seen = collected.get(&(thread as u64)).copied().unwrap_or(0);
                    let after = merged[thread].load(Ordering::SeqCst) as u64 + 1;
                    assert!((before..=after).contains(&seen), "{before} <= {seen} <= {after}");
                }
            }
        } else {
            for _ in 0..20_000 {
                map.merge(thread as u64, 1);
                merged[thread].fetch_add(1, Ordering::SeqCst);
            }
        }
    });
}

#[test]
fn each_value_is_in_exactly_one_drain_or_still_there() {
    let map = counts();
    let drained = Mutex::new(0);
    together(|thread| {
        for n in 0..20_000 {
            map.merge(n % 13, 1);
            if thread % 2 == 0 && n % 400 == 0 {
                let taken = sum(map.drain());
                *drained.lock().unwrap() += taken;
            }
        }
    });
    assert_eq!(drained.into_inner().unwrap() + sum(map.collect()), THREADS as u64 * 20_000);
}

#[test]
fn a_drain_returns_each_key_once() {
    let map = counts();
    together(|_| (0..100).for_each(|n| map.merge(n, 1)));
    let mut drained = map.drain();
    drained.sort_unstable();
    assert_eq!(drained, (0..100).map(|n| (n, THREADS as u64)).collect::<Vec<_>>());
    assert!(map.drain().is_empty() && map.collect().is_empty());
}

#[test]
fn ten_thousand_short_threads_share_few_slots() {
    let map = counts();
    for _ in 0..1_250 {
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| map.merge(1, 1));
            }
        });
    }
    assert_eq!(map.collect()[&1], 10_000);
    // Eight threads at a time here, and those of the tests beside this one.
    assert!(map.slots() < 150, "{}", map.slots());
}

#[test]
fn many_short_lived_maps_leave_nothing_behind() {
    let dropped = Arc::new(());
    for n in 0..10_000_u64 {
        let map = PerThreadMap::new(|_: &mut Arc<()>, _| ());
        map.merge(n, Arc::clone(&dropped));
    }
    assert_eq!(Arc::strong_count(&dropped), 1);
}

#[test]
fn a_thread_sees_and_changes_its_own_part() {
    let map = counts();
    map.merge(1, 5);
    map.upsert(1, || 0, |n| *n *= 2);
    map.upsert(2, || 7, |_| ());
    thread::scope(|scope| {
        scope.spawn(|| map.with_local(|table| assert!(table.insert(1, 100).is_none(), "another thread's part")));
    });
    let own = map.with_local(|table| {
        table.insert(3, 3);
        (table.get(&1).copied(), table.len(), table.remove(&2))
    });
    assert_eq!(own, (Some(10), 3, Some(7)));
    assert_eq!(map.collect(), HashMap::from([(1, 110), (3, 3)]));
}

#[test]
fn a_collector_waits_for_a_thread_that_is_inside() {
    let map = counts();
    let inside = Barrier::new(2);
    let left = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            map.with_local(|table| {
                table.insert(1, 1);
                inside.wait();
                (0..100).for_each(|_| thread::yield_now());
                table.insert(1, 2);
                left.store(true, Ordering::SeqCst);
            });
        });
        inside.wait();
        assert_eq!(map.collect()[&1], 2);
        assert!(left.load(Ordering::SeqCst));
    });
}

#[test]
fn a_call_from_inside_is_refused_naming_both_call_sites() {
    let map = counts();
    let calls: [fn(&PerThreadMap<u64, u64>); 3] =
        [|map| map.merge(1, 1), |map| assert!(map.collect().is_empty()), |map| assert!(map.drain().is_empty())];
    for call in calls {
        let outer = line!() + 1;
        let caught = checked::wrong(|| catch_unwind(AssertUnwindSafe(|| map.with_local(|_| call(&map))))).unwrap_err();
        let text = caught.downcast_ref::<String>().cloned().unwrap_or_default();
        assert!(text.starts_with("re-entrant call: ") && text.contains(&format!("{}:{outer}:", file!())), "{text}");
        assert_eq!(text.matches(file!()).count(), 2, "{text}");
    }
    let other = counts();
    map.with_local(|_| other.merge(1, 1));
    assert_eq!((sum(map.collect()), sum(other.collect())), (0, 1));
}

#[test]
fn a_thread_that_is_ending_can_still_merge() {
    struct AtEnd(Arc<PerThreadMap<u64, u64>>);
    impl Drop for AtEnd {
        fn drop(&mut self) {
            self.0.merge(1, 1);
        }
    }
    thread_local! {
        static AT_END: RefCell<Option<AtEnd>> = const { RefCell::new(None) };
    }
    let map = Arc::new(counts());
    for early in [true, false] {
        let map = Arc::clone(&map);
        let work = move || {
            // What is registered first is dropped last, on most systems.
            if early {
                map.merge(1, 1);
            }
            AT_END.with_borrow_mut(|slot| *slot = Some(AtEnd(Arc::clone(&map))));
            map.merge(1, 1);
        };
        thread::spawn(work).join().unwrap();
    }
    assert_eq!(map.collect()[&1], 5);
}

/// The next calls of user code that do not panic; negative: none does.
static FUSE: AtomicI64 = AtomicI64::new(-1);
/// The tests that light the fuse take turns.
static LIGHTER: Mutex<()> = Mutex::new(());

fn burn() {
    if FUSE.fetch_sub(1, Ordering::SeqCst) == 0 {
        resume_unwind(Box::new("injected"));
    }
    FUSE.fetch_max(-1, Ordering::SeqCst);
}

/// A key that panics when the fuse has burned down.
#[derive(Debug)]
struct Key(u64);

impl std::hash::Hash for Key {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        burn();
        state.write_u64(self.0);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        burn();
        self.0 == other.0
    }
}

impl Eq for Key {}

impl Clone for Key {
    fn clone(&self) -> Self {
        burn();
        Self(self.0)
    }
}

fn calm<R>(work: impl FnOnce() -> R) -> R {
    FUSE.store(-1, Ordering::SeqCst);
    work()
}

#[test]
fn a_panic_at_any_call_of_user_code_in_a_drain_loses_nothing() {
    let _turn = LIGHTER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut panics = 0;
    for fuse in 0..400 {
        let map = PerThreadMap::new(|all: &mut Vec<u64>, mut more: Vec<u64>| all.append(&mut more));
        let all_in = Barrier::new(THREADS);
        together(|thread| {
            (0..20 + 5 * thread as u64).for_each(|n| map.merge(Key(n), vec![n]));
            // Nobody's slot passes to another of them.
            all_in.wait();
        });
        FUSE.store(fuse, Ordering::SeqCst);
        let drained = catch_unwind(AssertUnwindSafe(|| map.drain()));
        let left = calm(|| map.drain());
        panics += u32::from(drained.is_err());
        let all = drained.unwrap_or_default().into_iter().chain(left);
        let mut values: Vec<u64> = all.flat_map(|(_, values)| values).collect();
        values.sort_unstable();
        let mut expected: Vec<u64> = (0..THREADS as u64).flat_map(|thread| 0..20 + 5 * thread).collect();
        expected.sort_unstable();
        assert_eq!(values, expected, "fuse {fuse}");
    }
    assert!((100..400).contains(&panics), "{panics}");
}

#[test]
fn a_panic_at_any_call_of_user_code_leaves_the_map_usable() {
    let _turn = LIGHTER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    for fuse in 0..60 {
        let map = PerThreadMap::new(|sum: &mut u64, n| {
            burn();
            *sum += n;
        });
        (0..28).for_each(|n| map.merge(Key(n), 1));
        let work: [&dyn Fn(); 4] =
            [&|| map.merge(Key(3), 1), &|| map.merge(Key(100), 1), &|| map.upsert(Key(4), || 1, |n| *n += 1), &|| {
                assert!(map.collect().len() > 20)
            }];
        for work in work {
            FUSE.store(fuse, Ordering::SeqCst);
            let _ = catch_unwind(AssertUnwindSafe(work));
            let collected = calm(|| map.collect());
            assert!((28..=29).contains(&collected.len()));
            assert!((0..28).all(|n| (1..=2).contains(&collected[&Key(n)])));
        }
    }
}

#[test]
fn a_panic_in_the_merge_function_reaches_its_caller() {
    let map = PerThreadMap::new(|sum: &mut u64, n| {
        *sum += n;
        if n == 13 {
            resume_unwind(Box::new(13_u8));
        }
    });
    map.merge(1, 13);
    let caught = catch_unwind(AssertUnwindSafe(|| map.merge(1, 13))).unwrap_err();
    assert_eq!(caught.downcast_ref::<u8>(), Some(&13));
    assert_eq!(map.collect()[&1], 26, "as the merge function left it");
}

#[test]
fn generic_code_reaches_it_as_a_map_to_merge() {
    fn count(map: &impl MapMerge<&'static str, u64>) -> HashMap<&'static str, u64> {
        map.merge("a", 1);
        map.merge("a", 2);
        map.collect()
    }
    assert_eq!(count(&PerThreadMap::new(|sum: &mut u64, n| *sum += n)), HashMap::from([("a", 3)]));
}

#[test]
fn keys_may_borrow() {
    let text = String::from("to be or not to be");
    let words = PerThreadMap::new(|sum: &mut u64, n| *sum += n);
    text.split(' ').for_each(|word| words.merge(word, 1));
    assert_eq!(words.into_std()["be"], 2);
}
