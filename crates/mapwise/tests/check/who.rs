//! Who is said to have done it: threads, where they came from, and tasks.

use std::{
    collections::HashMap,
    future::Future,
    pin::pin,
    sync::{Mutex, mpsc},
    task::{Context, Poll, Waker},
    thread,
};

use mapwise::{
    MutexMap,
    check::{self, Kind},
};

use crate::{kinds, only, turns::between};

#[test]
fn a_thread_started_here_is_named_with_its_line() {
    let map = MutexMap::from(HashMap::from([(1, 1)]));
    let line = line!() + 5;
    let findings = check::collect(|| {
        let ((done, read), (go, written)) = (mpsc::channel(), mpsc::channel());
        check::scope(|scope| {
            let map = &map;
            // The thread that reads and acts:
            scope.spawn(move || {
                map.get(&1);
                done.send(()).unwrap();
                written.recv().unwrap();
                map.insert(1, 2);
            });
            read.recv().unwrap();
            map.insert(1, 3);
            go.send(()).unwrap();
        });
    });
    let finding = only(&findings, Kind::LostUpdate);
    let (actor, other) = (finding.accesses()[0].thread(), finding.accesses()[2].thread());
    let created = actor.created().unwrap();
    assert_eq!((created.location().file(), created.location().line()), (file!(), line + 1));
    // Where debug information is line tables only, a closure may have no path.
    assert!(created.function().is_none_or(|name| name.ends_with("a_thread_started_here_is_named_with_its_line")));
    assert!(other.created().is_none() && other.first_seen().is_some());
    assert_eq!(other.name(), thread::current().name());
}

/// Polls once.
fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Is pending once.
async fn pause() {
    let mut paused = false;
    std::future::poll_fn(|_| if std::mem::replace(&mut paused, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

#[test]
fn what_a_task_read_goes_with_it_to_another_thread() {
    let map = MutexMap::from(HashMap::from([(1, 1)]));
    let findings = check::collect(|| {
        let task = Mutex::new(Box::pin(check::task(async {
            let seen = map.get(&1).unwrap();
            pause().await;
            map.insert(1, seen + 1);
        })));
        let step = || poll(task.lock().unwrap().as_mut()).is_ready();
        thread::scope(|scope| {
            assert!(!scope.spawn(step).join().unwrap());
            let (wrote, written) = mpsc::channel();
            let (end, ended) = mpsc::channel::<()>();
            let map = &map;
            scope.spawn(move || {
                map.insert(1, 9);
                wrote.send(()).unwrap();
                let _ = ended.recv();
            });
            written.recv().unwrap();
            assert!(scope.spawn(step).join().unwrap());
            drop(end);
        });
    });
    let finding = only(&findings, Kind::LostUpdate);
    let [act, read, _] = finding.accesses() else { panic!("{finding:#?}") };
    assert!(act.thread().task().is_some() && act.thread().task() == read.thread().task());
    assert_ne!(act.thread().number(), read.thread().number());
}

#[test]
fn what_one_task_read_is_no_reason_for_another_on_its_thread() {
    let map = MutexMap::from(HashMap::from([(1, 1)]));
    let findings = check::collect(|| {
        between(
            || drop(poll(pin!(check::task(async { map.get(&1) })))),
            || drop(map.insert(1, 2)),
            |()| drop(poll(pin!(check::task(async { map.insert(1, 3) })))),
        );
        between(|| check::job(|| map.get(&1)), || drop(map.insert(1, 2)), |_| drop(check::job(|| map.insert(1, 3))));
        between(|| check::job(|| map.get(&1)), || drop(map.insert(1, 2)), |_| drop(map.insert(1, 3)));
    });
    assert_eq!(kinds(&findings), []);
}

#[test]
fn a_job_that_acts_on_what_it_read_is_found() {
    let map = MutexMap::from(HashMap::from([(1, 1)]));
    let findings = check::collect(|| {
        let ((done, read), (go, written)) = (mpsc::channel(), mpsc::channel());
        thread::scope(|scope| {
            let map = &map;
            scope.spawn(move || {
                check::job(|| {
                    map.get(&1);
                    done.send(()).unwrap();
                    written.recv().unwrap();
                    map.insert(1, 2);
                });
            });
            read.recv().unwrap();
            map.insert(1, 3);
            go.send(()).unwrap();
        });
    });
    only(&findings, Kind::LostUpdate);
}

/// One that outlives the local storage that maps use, if it is made first, and writes then.
struct Late<'a>(std::cell::Cell<Option<&'a MutexMap<u64, u64>>>);

impl Drop for Late<'_> {
    fn drop(&mut self) {
        if let Some(map) = self.0.get() {
            map.insert(1, 2);
        }
    }
}

thread_local! {
    static LATE: Late<'static> = const { Late(std::cell::Cell::new(None)) };
}

#[test]
fn what_a_thread_writes_while_it_ends_is_no_conflict_for_whoever_waited() {
    let map: &MutexMap<u64, u64> = Box::leak(Box::new(MutexMap::from(HashMap::from([(1, 1)]))));
    let findings = check::collect(|| {
        map.get(&1);
        let ends = thread::spawn(|| {
            LATE.with(|late| late.0.set(Some(map)));
            map.get(&1);
        });
        ends.join().unwrap();
        map.insert(1, 3);
    });
    assert_eq!(kinds(&findings), []);
}

#[test]
fn a_job_that_came_and_went_is_no_conflict() {
    let map = MutexMap::from(HashMap::from([(1, 1)]));
    let findings = check::collect(|| {
        map.get(&1);
        check::job(|| map.insert(1, 2));
        map.insert(1, 3);
        // One that was there before is.
        let mut task = pin!(check::task(async {
            pause().await;
            map.insert(1, 4);
        }));
        map.get(&1);
        assert!(poll(task.as_mut()).is_pending());
        assert!(poll(task.as_mut()).is_ready());
        map.insert(1, 5);
    });
    only(&findings, Kind::LostUpdate);
}

#[test]
fn jobs_of_rayon_are_not_taken_for_one_another() {
    use rayon::prelude::*;

    let map = MutexMap::from(HashMap::from([(1, 1)]));
    let findings = check::collect(|| {
        let jobs = |round: u64| {
            (0..200).into_par_iter().for_each(|n| {
                if n % 2 == 0 {
                    map.get(&1);
                } else {
                    map.insert(1, round);
                }
                thread::yield_now();
            });
        };
        jobs(0);
        // And who waits for all of them knows what they did.
        for round in 1..20 {
            map.get(&1);
            jobs(round);
            map.insert(1, 0);
        }
    });
    assert_eq!(kinds(&findings), []);
}

mod tokio_tasks {
    use std::sync::Arc;

    use tokio::{
        runtime::{Builder, Runtime},
        sync::Notify,
    };

    use super::*;

    fn runtime() -> Runtime {
        Builder::new_multi_thread().worker_threads(2).build().unwrap()
    }

    fn map() -> Arc<MutexMap<u64, u64>> {
        Arc::new(MutexMap::from(HashMap::from([(1, 1)])))
    }

    #[test]
    fn requests_that_read_and_requests_that_write_are_not_taken_for_one_another() {
        let (runtime, map) = (runtime(), map());
        let findings = check::collect(|| {
            for n in 0..400 {
                let map = Arc::clone(&map);
                runtime.spawn(async move {
                    if n % 2 == 0 {
                        map.get(&1);
                    } else {
                        map.insert(1, n);
                    }
                });
            }
            drop(runtime);
        });
        assert_eq!(kinds(&findings), []);
    }

    #[test]
    fn a_task_that_was_waited_for_is_no_conflict() {
        let (runtime, map) = (runtime(), map());
        let findings = check::collect(|| {
            for _ in 0..20 {
                let (one, other) = (Arc::clone(&map), Arc::clone(&map));
                let parent = async move {
                    one.get(&1);
                    tokio::spawn(async move { other.insert(1, 2) }).await.unwrap();
                    one.insert(1, 3);
                };
                runtime.block_on(runtime.spawn(parent)).unwrap();
                let other = Arc::clone(&map);
                map.get(&1);
                runtime.block_on(runtime.spawn(async move { other.insert(1, 4) })).unwrap();
                map.insert(1, 5);
            }
        });
        assert_eq!(kinds(&findings), []);
    }

    type Work = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

    /// One task reads, another that was there before writes, the first writes.
    fn lose_an_update<T>(task: fn(Work) -> T) -> Vec<Kind>
    where
        T: Future<Output = ()> + Send + 'static,
    {
        let (runtime, map) = (runtime(), map());
        let findings = check::collect(|| {
            let [begun, read, written]: [Arc<Notify>; 3] = std::array::from_fn(|_| Arc::default());
            let other: Work = {
                let (map, begun, read, written) = (map.clone(), begun.clone(), read.clone(), written.clone());
                Box::pin(async move {
                    map.get(&2);
                    begun.notify_one();
                    read.notified().await;
                    map.insert(1, 9);
                    written.notify_one();
                    std::future::pending().await
                })
            };
            let one: Work = Box::pin(async move {
                begun.notified().await;
                let seen = map.get(&1).unwrap_or(0);
                read.notify_one();
                written.notified().await;
                map.insert(1, seen + 1);
            });
            drop(runtime.spawn(task(other)));
            runtime.block_on(runtime.spawn(task(one))).unwrap();
        });
        kinds(&findings)
    }

    #[test]
    fn tasks_that_are_wrapped_are_told_apart() {
        assert_eq!(lose_an_update(check::task), [Kind::LostUpdate]);
    }

    #[test]
    fn tasks_as_they_are_are_told_apart_where_tokio_says_which_is_which() {
        let found = lose_an_update(|work| work);
        assert_eq!(found, if cfg!(feature = "tokio") { &[Kind::LostUpdate][..] } else { &[] });
    }
}
