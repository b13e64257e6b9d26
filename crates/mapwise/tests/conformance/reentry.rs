//! A call that would wait for itself panics in debug builds and names both call sites.

use std::{
    hash::RandomState,
    panic::{AssertUnwindSafe, catch_unwind},
};

use mapwise::Action;

use crate::subject::{Kind, Subject};

type Map<M> = <M as Kind>::Map<u64, u64, RandomState>;

/// A call from inside a closure; the line it is written on is its call site.
type Inner<M> = (&'static str, fn(&Map<M>), u32);

fn writes<M: Kind>() -> Vec<Inner<M>> {
    vec![
        ("insert", |map| drop(map.insert(1, 1)), line!()),
        ("insert another", |map| drop(map.insert(9_999, 1)), line!()),
        ("update", |map| drop(map.update(&1, |_| ())), line!()),
        ("remove", |map| drop(map.remove(&1)), line!()),
        ("retain", |map| map.retain(|_, _| true), line!()),
        ("clear", |map| map.clear(), line!()),
    ]
}

fn reads<M: Kind>() -> Vec<Inner<M>> {
    vec![
        ("get", |map| drop(map.get(&1)), line!()),
        ("get another", |map| drop(map.get(&9_999)), line!()),
        ("for_each", |map| map.for_each(|_, _| ()), line!()),
        ("len", |map| drop(map.len()), line!()),
    ]
}

type Outer<M> = (&'static str, fn(&Map<M>, &(dyn Fn() + Sync)), u32);

fn zero(inner: &(dyn Fn() + Sync)) -> u64 {
    inner();
    0
}

fn keep(inner: &(dyn Fn() + Sync)) -> Action<u64, ()> {
    inner();
    Action::Keep(())
}

fn write_closures<M: Kind>() -> Vec<Outer<M>> {
    vec![
        ("update", |map, inner| drop(map.update(&1, |_| inner())), line!()),
        ("upsert", |map, inner| map.upsert(1, || 0, |_| inner()), line!()),
        ("upsert, init", |map, inner| map.upsert(50, || zero(inner), |_| ()), line!()),
        ("init", |map, inner| drop(map.get_or_insert_with(50, || zero(inner))), line!()),
        ("compute", |map, inner| map.compute(1, |_| keep(inner)), line!()),
    ]
}

fn read_closures<M: Kind>() -> Vec<Outer<M>> {
    vec![
        ("view", |map, inner| drop(map.view(&1, |_| inner())), line!()),
        ("for_each", |map, inner| map.for_each(|_, _| inner()), line!()),
    ]
}

/// Calls `inner` from inside `outer` on a fresh map and returns the message of the panic, if there was one.
fn nest<M: Kind>(outer: &Outer<M>, inner: &Inner<M>, refused: bool) -> Option<String> {
    let map = M::make::<u64, u64, RandomState>();
    map.insert(1, 1);
    let nested = || catch_unwind(AssertUnwindSafe(|| (outer.1)(&map, &|| (inner.1)(&map))));
    let caught = if refused { crate::checked::wrong(nested) } else { nested() };
    let message = caught.err().map(|payload| payload.downcast_ref::<String>().cloned().unwrap_or_default());
    // Whatever happened, nothing is left locked.
    assert_eq!(map.insert(2, 2), None, "{} inside {}", inner.0, outer.0);
    message
}

pub fn a_call_that_would_wait_for_itself_names_both_call_sites<M: Kind>() {
    let mut inside_writes = writes::<M>();
    if !M::REENTRANT_READS {
        inside_writes.extend(reads::<M>());
    }
    let mut outers = write_closures::<M>();
    if !M::REENTRANT_READS {
        outers.extend(read_closures::<M>());
    }
    for outer in &outers {
        for inner in &inside_writes {
            let Some(message) = nest::<M>(outer, inner, true) else {
                panic!("{} inside {} went unnoticed", inner.0, outer.0);
            };
            for (name, line) in [(outer.0, outer.2), (inner.0, inner.2)] {
                assert!(message.contains(&format!("reentry.rs:{line}:")), "{name} is not named in: {message}");
            }
        }
    }
}

pub fn reads_inside_closures_work_where_they_are_promised<M: Kind>() {
    if !M::REENTRANT_READS {
        return;
    }
    for outer in read_closures::<M>().iter().chain(&write_closures::<M>()) {
        for inner in &reads::<M>() {
            assert_eq!(nest::<M>(outer, inner, false), None, "{} inside {}", inner.0, outer.0);
        }
    }
    for outer in &read_closures::<M>() {
        for inner in &writes::<M>() {
            assert_eq!(nest::<M>(outer, inner, false), None, "{} inside {}", inner.0, outer.0);
        }
    }
}
