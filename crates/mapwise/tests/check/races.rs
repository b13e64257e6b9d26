//! Acts on what had changed, on every map that can have them.

use std::{
    sync::{Arc, Mutex, mpsc},
    thread,
};

use mapwise::{
    ActorMap, CounterMap, FailFastMap, Map, MutexMap, RwLockMap, ShardedMap, SyncMap,
    check::{self, Access, Kind, Role},
};

use crate::{kinds, only, turns::between};

/// The same programs on every map of the common surface.
macro_rules! on_every_map {
    ($($module:ident: $map:ident)*) => { $(mod $module {
        use super::*;

        fn map() -> $map<u64, u64> {
            let map = $map::new().named("hits");
            map.insert(1, 10);
            map
        }

        #[test]
        fn a_lost_update_names_what_was_read_lost_and_overwritten() {
            let map = map();
            let findings = check::collect(|| between(
                || map.get(&1).unwrap(),
                || drop(map.insert(1, 20)),
                |seen| drop(map.insert(1, seen + 1)),
            ));
            let finding = only(&findings, Kind::LostUpdate);
            let roles: Vec<_> = finding.accesses().iter().map(Access::role).collect();
            assert_eq!(roles, [Role::Act, Role::StaleRead, Role::Conflict]);
            assert!(finding.accesses().iter().all(|access| access.site().location().file() == file!()));
            assert!(finding.accesses()[0].site().function().is_none_or(|name| name.starts_with("check::races")), "{finding:#?}");
            assert_eq!((finding.lost(), finding.map().name()), (Some("1 write"), Some("hits")));
            assert_eq!((finding.map().type_name(), finding.key_text()), (stringify!($map), None));
            assert_eq!(finding.fix(), "hits.update(&key, |value| ...)");
            assert_ne!(finding.accesses()[0].thread(), finding.accesses()[2].thread());
        }

        #[test]
        fn a_lost_increment_by_update_is_found_too() {
            let map = map();
            let findings = check::collect(|| between(
                || map.view(&1, |n| *n).unwrap(),
                || drop(map.update(&1, |n| *n += 1)),
                |seen| drop(map.insert(1, seen + 1)),
            ));
            only(&findings, Kind::LostUpdate);
        }

        #[test]
        fn writes_that_look_again_lose_nothing() {
            let map = map();
            let findings = check::collect(|| {
                between(|| map.get(&1), || drop(map.insert(1, 20)), |_| drop(map.update(&1, |n| *n += 1)));
                between(|| map.get(&1), || drop(map.insert(1, 20)), |_| map.upsert(1, || 0, |n| *n += 1));
                between(|| map.get(&1), || drop(map.insert(1, 20)), |seen| drop(map.compare_and_swap(&1, &seen.unwrap(), 1)));
                between(|| map.get(&1), || drop(map.insert(1, 20)), |_| drop(map.insert_if_absent(1, 1)));
                between(|| map.get(&1), || drop(map.insert(1, 20)), |_| { map.get(&1); map.insert(1, 30); });
            });
            assert_eq!(kinds(&findings), []);
        }

        #[test]
        fn a_write_of_ones_own_or_of_another_key_is_no_conflict() {
            let map = map();
            map.insert(2, 0);
            let findings = check::collect(|| {
                between(|| map.get(&1), || drop(map.insert(2, 20)), |_| drop(map.insert(1, 2)));
                between(|| { map.insert(1, 3); map.get(&1); }, || drop(map.get(&1)), |()| drop(map.insert(1, 4)));
                // The last one wins, and was never meant to do otherwise.
                between(|| drop(map.insert(1, 5)), || drop(map.insert(1, 6)), |()| drop(map.insert(1, 7)));
            });
            assert_eq!(kinds(&findings), []);
        }

        #[test]
        fn an_outer_lock_makes_it_right() {
            let (map, outer) = (map(), Mutex::new(()));
            let bump = || {
                let _outer = outer.lock().unwrap();
                let seen = map.get(&1).unwrap();
                thread::yield_now();
                map.insert(1, seen + 1);
            };
            let findings = check::collect(|| {
                thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(|| (0..200).for_each(|_| bump())))));
            });
            assert_eq!(kinds(&findings), []);
            assert_eq!(map.get(&1), Some(610));
        }

        #[test]
        fn two_that_find_a_key_absent_both_insert_it() {
            let map = map();
            let findings = check::collect(|| between(
                || map.contains_key(&9),
                || drop(map.insert(9, 1)),
                |present| if !present { map.insert(9, 2); },
            ));
            assert_eq!(only(&findings, Kind::DoubleInit).fix(), "hits.get_or_insert_with(key, || ...)");
            let findings = check::collect(|| between(
                || map.update(&8, |n| *n += 1),
                || drop(map.insert(8, 1)),
                |updated| if updated.is_none() { map.insert(8, 1); },
            ));
            only(&findings, Kind::DoubleInit);
        }

        #[test]
        fn what_was_found_present_and_removed_comes_back() {
            let map = map();
            let findings = check::collect(|| between(
                || map.contains_key(&1),
                || drop(map.remove(&1)),
                |present| if present { map.insert(1, 2); },
            ));
            only(&findings, Kind::LostUpdate);
            // It was there, and is: that is all that was asked.
            let findings = check::collect(|| between(
                || map.contains_key(&1),
                || drop(map.insert(1, 3)),
                |present| if present { map.insert(1, 4); },
            ));
            assert_eq!(kinds(&findings), []);
        }

        #[test]
        fn to_insert_only_what_is_absent_is_right() {
            let map = map();
            let findings = check::collect(|| {
                between(|| map.get(&9), || drop(map.insert(9, 1)), |_| drop(map.get_or_insert_with(9, || 2)));
                between(|| map.get(&8), || drop(map.insert(8, 1)), |_| drop(map.insert_if_absent(8, 2)));
                // It came and went: there is nothing to overwrite.
                between(|| map.get(&7), || { map.insert(7, 1); map.remove(&7); }, |_| drop(map.insert(7, 2)));
            });
            assert_eq!(kinds(&findings), []);
        }

        #[test]
        fn a_removal_of_what_has_changed_is_stale() {
            let map = map();
            let findings = check::collect(|| between(
                || map.get(&1).unwrap() < 15,
                || drop(map.insert(1, 20)),
                |idle| if idle { map.remove(&1); },
            ));
            assert_eq!(only(&findings, Kind::StaleRemove).fix(), "hits.remove_if(&key, |value| ...)");
        }

        #[test]
        fn a_removal_that_looks_again_or_never_cared_is_right() {
            let map = map();
            let findings = check::collect(|| {
                between(|| map.get(&1), || drop(map.insert(1, 20)), |_| drop(map.remove_if(&1, |n| *n < 15)));
                // Only its presence was asked for, and it is present.
                between(|| map.contains_key(&1), || drop(map.insert(1, 20)), |_| drop(map.remove(&1)));
                // Somebody else was faster: nothing is removed.
                map.insert(1, 1);
                between(|| map.get(&1), || drop(map.remove(&1)), |_| drop(map.remove(&1)));
            });
            assert_eq!(kinds(&findings), []);
        }

        #[test]
        fn an_act_on_what_an_iteration_showed_is_found_if_it_changed() {
            let map = map();
            let findings = check::collect(|| between(
                || { let mut idle = Vec::new(); map.for_each(|key, n| if *n < 15 { idle.push(*key) }); idle },
                || drop(map.insert(1, 20)),
                |idle| idle.iter().for_each(|key| drop(map.remove(key))),
            ));
            assert_eq!(only(&findings, Kind::IterateThenAct).fix(), "hits.retain(|key, value| ...)");
        }

        #[test]
        fn an_act_on_what_is_as_it_was_shown_is_right() {
            let map = map();
            let findings = check::collect(|| {
                map.insert(2, 2);
                between(|| map.snapshot(), || drop(map.insert(2, 20)), |_| drop(map.remove(&1)));
                map.insert(1, 1);
                // Whoever asks for keys alone and removes them all wants them gone, whatever they hold.
                between(|| map.keys(), || drop(map.insert(1, 20)), |keys| keys.iter().for_each(|key| drop(map.remove(key))));
                map.insert(1, 1);
                between(|| map.snapshot(), || drop(map.insert(1, 20)), |_| map.retain(|_, n| *n > 15));
            });
            assert_eq!(kinds(&findings), []);
        }

        #[test]
        fn what_a_retain_or_a_clear_removed_is_lost_as_well() {
            let map = map();
            let findings = check::collect(|| between(|| map.get(&1), || map.retain(|_, _| false), |_| drop(map.insert(1, 2))));
            only(&findings, Kind::LostUpdate);
            let findings = check::collect(|| between(|| map.get(&1), || map.retain(|_, _| true), |_| drop(map.insert(1, 2))));
            assert_eq!(kinds(&findings), []);
        }

        #[test]
        fn a_thread_that_was_started_and_waited_for_in_between_lost_nothing() {
            let map = map();
            let findings = check::collect(|| {
                let seen = map.get(&1);
                thread::scope(|scope| drop(scope.spawn(|| map.insert(1, 20))));
                assert_eq!(seen, Some(10));
                map.insert(1, 30);
            });
            assert_eq!(kinds(&findings), []);
        }

        #[test]
        fn what_was_read_long_ago_or_was_let_go_of_is_no_reason() {
            let map = map();
            let findings = check::collect(|| {
                between(|| map.get(&1), || drop(map.insert(1, 20)), |_| { check::forget_reads(); map.insert(1, 2); });
                between(|| map.get(&1), || drop(map.insert(1, 20)), |_| {
                    (100..500).for_each(|key| drop(map.get(&key)));
                    map.insert(1, 2);
                });
            });
            assert_eq!(kinds(&findings), []);
        }

        #[test]
        fn a_panic_in_a_closure_leaves_nothing_behind() {
            let map = Arc::new(map());
            let findings = check::collect(|| {
                for _ in 0..2 {
                    let map = map.clone();
                    let panicked = thread::spawn(move || {
                        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                            map.update(&1, |_| std::panic::resume_unwind(Box::new(())))
                        }));
                        assert!(caught.is_err());
                        map.insert(2, 2);
                    });
                    panicked.join().unwrap();
                }
            });
            assert_eq!(kinds(&findings), []);
        }
    })* };
}

on_every_map! {
    mutex_map: MutexMap
    rw_lock_map: RwLockMap
    sharded_map: ShardedMap
    map: Map
    sync_map: SyncMap
    actor_map: ActorMap
    fail_fast_map: FailFastMap
}

#[test]
fn the_lines_in_a_finding_are_the_users() {
    let map = SyncMap::new();
    map.insert(1, 10);
    let line = line!() + 3;
    let findings = check::collect(|| {
        between(
            || map.get(&1).unwrap(),
            || drop(map.swap(1, 20)),
            |seen| {
                map.store(1, seen + 1);
            },
        );
    });
    let accesses = only(&findings, Kind::LostUpdate).accesses();
    let lines: Vec<_> = accesses.iter().map(|access| access.site().location().line()).collect();
    assert_eq!(lines, [line + 3, line, line + 1]);
}

#[test]
fn a_clear_that_says_which_keys_it_removed_is_a_conflict() {
    let map = ShardedMap::new();
    map.insert(1, 1);
    let findings = check::collect(|| between(|| map.get(&1), || map.clear(), |_| drop(map.insert(1, 2))));
    only(&findings, Kind::LostUpdate);
}

#[test]
fn a_counter_that_was_counted_up_is_removed_for_an_old_count() {
    let map = CounterMap::new();
    map.add(1, 5);
    let findings = check::collect(|| between(|| map.get(&1), || drop(map.increment(1)), |_| drop(map.remove(&1))));
    only(&findings, Kind::StaleRemove);
    let findings = check::collect(|| between(|| map.get(&1), || drop(map.increment(1)), |_| drop(map.increment(1))));
    assert_eq!(kinds(&findings), []);
}

#[test]
fn what_a_batch_of_an_owner_read_and_wrote_counts() {
    let map = ActorMap::new();
    map.insert(1, 1);
    let findings = check::collect(|| {
        between(
            || map.batch(|table| table.get(&1).copied()),
            || drop(map.batch(|table| table.insert(1, 5))),
            |_| drop(map.insert(1, 2)),
        );
    });
    only(&findings, Kind::LostUpdate);
    let findings = check::collect(|| {
        between(|| map.get(&1), || drop(map.send(|table| table.insert(1, 5)).wait()), |_| drop(map.insert(1, 2)))
    });
    only(&findings, Kind::LostUpdate);
}

#[test]
fn several_lost_writes_are_counted() {
    let map = MutexMap::new();
    map.insert(1, 0);
    for (writes, lost) in [(2, "2 writes"), (3, "3 writes"), (9, "at least 4 writes")] {
        let conflict = || (0..writes).for_each(|n| drop(map.insert(1, n)));
        let findings = check::collect(|| between(|| map.get(&1), conflict, |_| drop(map.insert(1, 0))));
        assert_eq!(only(&findings, Kind::LostUpdate).lost(), Some(lost));
    }
}

#[test]
fn an_id_is_the_same_whoever_ran_into_it() {
    let map = MutexMap::new().named("ids");
    let lose = || {
        map.insert(1, 0);
        check::collect(|| between(|| map.get(&1), || drop(map.insert(1, 1)), |_| drop(map.insert(1, 2))))
    };
    let (first, second) = (lose(), lose());
    assert_eq!(only(&first, Kind::LostUpdate).id(), only(&second, Kind::LostUpdate).id());
    assert!(first[0].id().starts_with("mw-lu-"));
    assert!(first[0].suppression().starts_with("lost_update:"));
}

fn bump(map: &MutexMap<u64, u64>, seen: impl FnOnce()) {
    let n = map.get(&1).unwrap_or(0);
    seen();
    map.insert(1, n + 1);
}

#[test]
fn a_finding_names_the_function_and_the_line_that_suppresses_it() {
    let map = MutexMap::new();
    let ((read, is_read), (write, is_written)) = (mpsc::channel(), mpsc::channel());
    let findings = check::collect(|| {
        thread::scope(|scope| {
            scope.spawn(|| {
                bump(&map, move || {
                    read.send(()).unwrap();
                    is_written.recv().unwrap();
                });
            });
            is_read.recv().unwrap();
            bump(&map, || ());
            write.send(()).unwrap();
        });
    });
    let finding = only(&findings, Kind::DoubleInit);
    assert_eq!(finding.accesses()[0].site().function(), Some("check::races::bump"));
    assert_eq!(finding.suppression(), "double_init:check::races::bump");
}

#[test]
fn whoever_has_emptied_the_map_since_does_not_act_on_what_was_there() {
    let map = MutexMap::new();
    let findings = check::collect(|| {
        let ways: [fn(&MutexMap<u64, u64>); 3] =
            [|map| map.clear(), |map| drop(map.drain()), |map| map.retain(|_, _| false)];
        for whole in ways {
            (0..100).for_each(|key| drop(map.insert(key, 0)));
            between(
                || (0..10).for_each(|key| drop(map.get(&key))),
                || (0..10).for_each(|key| drop(map.insert(key, 1))),
                |()| {
                    whole(&map);
                    (0..10).for_each(|key| drop(map.insert(key, 2)));
                },
            );
        }
    });
    assert_eq!(kinds(&findings), []);
}

#[test]
fn a_map_that_is_born_where_another_died_has_no_past() {
    let mut findings = Vec::new();
    let mut addresses = std::collections::HashSet::new();
    for _ in 0..20 {
        findings.extend(check::collect(|| {
            between(
                || {
                    let map = Box::new(MutexMap::<u64, u64>::new());
                    map.insert(1, 1);
                    map.get(&1);
                    addresses.insert((&raw const *map).addr());
                },
                || {
                    let map = Box::new(MutexMap::<u64, u64>::new());
                    map.insert(1, 2);
                },
                |()| {
                    let map = Box::new(MutexMap::<u64, u64>::new());
                    map.insert(1, 3);
                },
            );
        }));
    }
    assert_eq!(kinds(&findings), []);
}

#[test]
fn a_key_that_went_and_came_again_is_what_it_is_now() {
    let map = MutexMap::from(std::collections::HashMap::from([(1_u64, 1_u64)]));
    let findings = check::collect(|| {
        // Absent when seen, there and gone since: nothing is lost.
        between(
            || map.get(&2),
            || {
                map.insert(2, 1);
                map.remove(&2);
            },
            |_| drop(map.insert(2, 2)),
        );
    });
    assert_eq!(kinds(&findings), []);
    // There when seen, another since.
    let findings = check::collect(|| {
        between(
            || map.get(&1),
            || {
                map.remove(&1);
                map.insert(1, 7);
            },
            |_| drop(map.insert(1, 2)),
        );
    });
    assert_eq!(only(&findings, Kind::LostUpdate).lost(), Some("2 writes"));
}

#[test]
fn a_panic_inside_leaves_nothing_behind() {
    let map = MutexMap::from(std::collections::HashMap::from([(1_u64, 1_u64)]));
    let other = MutexMap::from(std::collections::HashMap::from([(1_u64, 1_u64)]));
    let findings = check::collect(|| {
        for _ in 0..3 {
            let inside = || other.update(&1, |_| map.update(&1, |_| std::panic::resume_unwind(Box::new("out"))));
            assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(inside)).is_err());
            // Neither re-entrancy nor an order of the two.
            map.update(&1, |_| other.update(&1, |n| *n += 1));
            other.get(&1);
        }
    });
    assert_eq!(kinds(&findings), []);
}
