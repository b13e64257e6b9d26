//! Exploration of threads that say themselves when they come to a map.

#![cfg(not(shuttle))]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use super::*;

/// The schedule that `run` fails under, as the message on standard error would name it.
fn failure(schedules: u64, body: &Body) -> Option<(Schedule, u64)> {
    let mut steps = 0;
    (0..schedules).find_map(|number| {
        let schedule = Schedule::nth(0, number, steps);
        let outcome = turns::run(schedule, body);
        steps = outcome.steps;
        assert!(!outcome.unsteady, "only the schedule decides here");
        outcome.panic.map(|_| (schedule, number))
    })
}

fn spawn(work: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    let child = expect_child();
    thread::spawn(move || match child {
        Some(child) => child.run(work),
        None => work(),
    })
}

fn join(threads: Vec<thread::JoinHandle<()>>) {
    for thread in threads {
        away(|| thread.join()).unwrap();
    }
}

/// Two threads count to two; what they share is a number that can be read and written.
fn counting(step: fn(&AtomicU64)) -> Body {
    Arc::new(move || {
        let count = Arc::new(AtomicU64::new(0));
        let threads = (0..2).map(|_| {
            let count = Arc::clone(&count);
            spawn(move || step(&count))
        });
        join(threads.collect());
        assert_eq!(count.load(Ordering::SeqCst), 2, "an increment was lost");
    })
}

fn lossy(count: &AtomicU64) {
    assert!(point());
    let seen = count.load(Ordering::SeqCst);
    assert!(point());
    count.store(seen + 1, Ordering::SeqCst);
}

fn sound(count: &AtomicU64) {
    assert!(point());
    count.fetch_add(1, Ordering::SeqCst);
    assert!(point());
}

#[test]
fn a_lost_update_is_found_and_its_schedule_fails_every_time() {
    let body = counting(lossy);
    let (schedule, number) = failure(100, &body).expect("it is found");
    assert!(number < 50, "schedule {number} was the first");
    let again: Schedule = schedule.to_string().parse().expect("a name");
    for _ in 0..20 {
        assert!(turns::run(again, &body).panic.is_some());
    }
}

#[test]
fn the_repaired_twin_passes_under_every_schedule() {
    assert_eq!(failure(300, &counting(sound)), None);
}

#[test]
fn threads_of_a_session_go_one_at_a_time_in_an_order_that_the_schedule_decides() {
    let trace = |number| {
        let trace = Arc::new(Mutex::new(Vec::new()));
        let inside = Arc::new(AtomicU64::new(0));
        let shared = Arc::clone(&trace);
        let body: Body = Arc::new(move || {
            let threads = (0..3).map(|me| {
                let (trace, inside) = (Arc::clone(&shared), Arc::clone(&inside));
                spawn(move || {
                    for _ in 0..5 {
                        assert!(point());
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
                        trace.lock().unwrap_or_else(PoisonError::into_inner).push(me);
                        thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                })
            });
            join(threads.collect());
        });
        let outcome = turns::run(Schedule::nth(5, number, 20), &body);
        assert!(outcome.panic.is_none() && !outcome.unsteady);
        let trace = trace.lock().unwrap_or_else(PoisonError::into_inner).clone();
        assert_eq!(trace.len(), 15);
        trace
    };
    let traces: Vec<Vec<i32>> = (0..8).map(trace).collect();
    assert_eq!(traces, (0..8).map(trace).collect::<Vec<_>>(), "the same names bring the same orders");
    assert!(traces.windows(2).any(|pair| pair[0] != pair[1]), "and other names others: {traces:?}");
}

#[test]
fn a_thread_that_waits_for_another_in_its_own_way_does_not_stop_the_rest() {
    let body: Body = Arc::new(|| {
        let barrier = Arc::new(std::sync::Barrier::new(2));
        let threads = (0..2).map(|_| {
            let barrier = Arc::clone(&barrier);
            spawn(move || {
                assert!(point());
                barrier.wait();
                assert!(point());
            })
        });
        join(threads.collect());
    });
    let outcome = turns::run(Schedule::nth(1, 0, 1), &body);
    assert!(outcome.panic.is_none() && outcome.unsteady);
}

#[test]
fn a_failing_schedule_fails_the_test_with_what_the_body_panicked_with() {
    let caught = catch_unwind(|| explore(|| assert_eq!(1 + 1, 3, "arithmetic")));
    let text = caught.unwrap_err().downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(text.contains("arithmetic"), "{text}");
    let caught = catch_unwind(AssertUnwindSafe(|| replay("first", || {})));
    let text = caught.unwrap_err().downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(text.contains("must be named as random-1f09 or pct-2-37-1f09, got \"first\""), "{text}");
}
