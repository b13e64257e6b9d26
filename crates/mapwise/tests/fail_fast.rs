//! `FailFastMap`: what overlaps ends the process and names both; what does not, does not. Each scenario runs in a child
//! process: this test binary again, with the scenario's name in the environment.

#![cfg(not(loom))]

use std::{
    env,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    process::{Command, Output},
    sync::{Barrier, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use mapwise::FailFastMap;

const fn shared<T: Send + Sync>() {}
const _: () = shared::<FailFastMap<String, Vec<u8>>>();

const CHILD: &str = "MAPWISE_FAIL_FAST_CHILD";

/// Runs `scenario` in a child process that runs only the test `name`.
fn in_child(name: &str, scenario: impl FnOnce()) -> Option<Output> {
    if env::var_os(CHILD).is_some() {
        scenario();
        return None;
    }
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .env_remove("RUST_BACKTRACE")
        .output();
    Some(child.unwrap())
}

/// Asserts that the child was aborted after a report with this title and these two halves.
fn assert_reported(output: &Output, title: &str, halves: [(&str, &str, u32); 2]) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(output.status.signal(), Some(6), "{:?}: {text}", output.status);
    }
    assert!(text.contains(&format!("fatal error: {title}\n\n")), "{text}");
    let mut lines = text.lines().skip_while(|line| !line.starts_with("fatal error:")).skip(2);
    for (what, thread, line) in halves {
        let who = lines.next().unwrap_or_default();
        assert!(who.starts_with(what) && who.contains(&format!("'{thread}'")), "{text}");
        let site = lines.next().unwrap_or_default();
        assert!(site.contains(&format!("{}:{line}:", file!())), "{line}: {text}");
    }
}

/// Runs `first` on a thread of that name up to where it calls its argument, then `second` on another.
fn overlap(map: &FailFastMap<u64, u64>, first: impl FnOnce(&dyn Fn()) + Send, second: impl FnOnce() + Send) {
    map.insert(1, 1);
    let (inside, is_inside) = mpsc::channel();
    thread::scope(|scope| {
        let first = move || {
            first(&|| {
                inside.send(()).unwrap();
                thread::sleep(Duration::from_secs(60));
            });
        };
        thread::Builder::new().name("first".to_owned()).spawn_scoped(scope, first).unwrap();
        is_inside.recv().unwrap();
        thread::Builder::new().name("second".to_owned()).spawn_scoped(scope, second).unwrap();
    });
}

#[test]
fn two_writes_at_once_are_reported() {
    let map = FailFastMap::new();
    let lines = (line!() + 2, line!() + 5);
    let first = |wait: &dyn Fn()| {
        map.update(&1, |_| wait());
    };
    let second = || {
        map.insert(2, 2);
    };
    let output = in_child("two_writes_at_once_are_reported", || overlap(&map, first, second));
    let Some(output) = output else { return };
    let halves = [("an insertion", "second", lines.1), ("while update", "first", lines.0)];
    assert_reported(&output, "concurrent map writes", halves);
}

#[test]
fn a_look_up_beside_a_write_is_reported() {
    let map = FailFastMap::new();
    let lines = (line!() + 2, line!() + 5);
    let first = |wait: &dyn Fn()| {
        map.upsert(1, || 1, |_| wait());
    };
    let second = || {
        map.contains_key(&1);
    };
    let output = in_child("a_look_up_beside_a_write_is_reported", || overlap(&map, first, second));
    let Some(output) = output else { return };
    let halves = [("a look-up", "second", lines.1), ("while compute", "first", lines.0)];
    assert_reported(&output, "concurrent map read and map write", halves);
}

#[test]
fn a_write_beside_an_iteration_is_reported() {
    let map = FailFastMap::new();
    let lines = (line!() + 2, line!() + 5);
    let first = |wait: &dyn Fn()| {
        map.for_each(|_, _| wait());
    };
    let second = || {
        map.remove(&9);
    };
    let output = in_child("a_write_beside_an_iteration_is_reported", || overlap(&map, first, second));
    let Some(output) = output else { return };
    let halves = [("a removal", "second", lines.1), ("while an iteration", "first", lines.0)];
    assert_reported(&output, "concurrent map iteration and map write", halves);
}

#[test]
fn a_write_from_inside_a_look_up_of_the_same_thread_is_reported() {
    let map = FailFastMap::new();
    let line = line!() + 3;
    let output = in_child("a_write_from_inside_a_look_up_of_the_same_thread_is_reported", || {
        map.insert(1, 1);
        map.view(&1, |_| map.clear());
    });
    let Some(output) = output else { return };
    let thread = "a_write_from_inside_a_look_up_of_the_same_thread_is_reported";
    let halves = [("an operation on the whole map", thread, line), ("from inside a look-up", thread, line)];
    assert_reported(&output, "concurrent map read and map write", halves);
}

#[test]
fn a_look_up_from_inside_a_write_of_the_same_thread_is_reported() {
    let map = FailFastMap::new();
    let line = line!() + 3;
    let output = in_child("a_look_up_from_inside_a_write_of_the_same_thread_is_reported", || {
        map.insert(1, 1);
        map.retain(|key, _| map.get(key).is_some());
    });
    let Some(output) = output else { return };
    let thread = "a_look_up_from_inside_a_write_of_the_same_thread_is_reported";
    let halves = [("a look-up", thread, line), ("from inside retain", thread, line)];
    assert_reported(&output, "concurrent map read and map write", halves);
}

#[test]
fn threads_that_write_without_order_are_caught_sooner_or_later() {
    let output = in_child("threads_that_write_without_order_are_caught_sooner_or_later", || {
        let map = FailFastMap::new();
        let until = Instant::now() + Duration::from_secs(20);
        let start = Barrier::new(4);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    start.wait();
                    while Instant::now() < until {
                        for n in 0..1000_u64 {
                            map.insert(n, n);
                        }
                    }
                });
            }
        });
    });
    let Some(output) = output else { return };
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{text}");
    assert_eq!(text.matches("fatal error:").count(), 1, "one thread reports: {text}");
    // Checked mode has said so before, in its own words.
    let words = &text[text.find("fatal error:").unwrap()..];
    assert_eq!(words.matches(file!()).count(), 2, "{text}");
}

#[test]
fn threads_that_take_turns_are_never_reported() {
    let map = FailFastMap::new();
    let turn = Mutex::new(());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for n in 0..5_000_u64 {
                    let _turn = turn.lock().unwrap();
                    map.upsert(n % 10, || 1_u64, |sum| *sum += 1);
                }
            });
        }
    });
    assert_eq!(map.into_std().into_values().sum::<u64>(), 20_000);
}

#[test]
fn threads_that_only_read_are_never_reported() {
    let map: FailFastMap<u64, u64> = (0..100).map(|n| (n, n)).collect();
    let start = Barrier::new(4);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                start.wait();
                for n in 0..5_000 {
                    assert_eq!(map.get(&(n % 100)), Some(n % 100));
                    if n % 500 == 0 {
                        // Readers may nest.
                        map.for_each(|key, value| assert_eq!(map.view(key, |other| other == value), Some(true)));
                        assert_eq!((map.len(), map.snapshot().len()), (100, 100));
                    }
                }
            });
        }
    });
}

#[test]
fn a_panic_inside_leaves_the_map_usable() {
    let map = FailFastMap::new();
    map.insert(1, 1);
    for _ in 0..3 {
        let caught = catch_unwind(AssertUnwindSafe(|| {
            map.update(&1, |n| {
                *n += 1;
                resume_unwind(Box::new(()));
            })
        }));
        assert!(caught.is_err());
        let caught = catch_unwind(AssertUnwindSafe(|| map.view(&1, |_| resume_unwind(Box::new(())))));
        assert!(caught.map(|_: Option<()>| ()).is_err());
    }
    assert_eq!(map.drain(), [(1, 4)]);
}

#[test]
fn what_leaves_is_dropped_outside() {
    struct Looks<'a>(&'a std::cell::Cell<Option<&'a FailFastMap<u64, Looks<'a>>>>);
    impl Drop for Looks<'_> {
        fn drop(&mut self) {
            if let Some(map) = self.0.get() {
                // Would end the process if the operation were not over.
                assert!(map.len() < 10);
            }
        }
    }
    let cell = std::cell::Cell::new(None);
    let map = FailFastMap::new();
    // The borrow of `map` ends before `map` does.
    let map: &FailFastMap<u64, Looks<'_>> = Box::leak(Box::new(map));
    let cell: &std::cell::Cell<Option<&FailFastMap<u64, Looks<'_>>>> = Box::leak(Box::new(cell));
    cell.set(Some(map));
    (0..5).for_each(|n| drop(map.insert(n, Looks(cell))));
    drop(map.insert(0, Looks(cell)));
    map.compute(0, |_| mapwise::Action::Put(Looks(cell), ()));
    map.compute(0, |_| mapwise::Action::Remove(()));
    drop(map.remove(&1));
    map.retain(|key, _| *key != 2);
    map.clear();
    assert!(map.is_empty());
}
