//! From what was seen to a finding.
//!
//! - **outside**: a finding is made and told when its thread has let go of the map: names are looked up and text is made.

use std::{
    panic::Location,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Access, Finding, Kind, MapId, Role, Site, ThreadRef, collect,
    here::{Actor, Frame},
    map::MapState,
    order::{self, Way},
    reads::Read,
    report,
    shadow::{Conflict, Write},
    site, thread,
};
use crate::{
    op::{Change, Op, Visitor},
    sync::own_thread as os,
};

/// Lines that places of one function are apart at most, where its name is not known.
const NEAR: u32 = 30;
/// How long a thread that may be ending is waited for.
const ENDING: Duration = Duration::from_millis(2);

/// An act on what had changed.
#[derive(Debug)]
pub(crate) struct Evidence {
    kind: Kind,
    hash: u64,
    read: Read,
    conflict: Conflict,
    act: Write,
    actor: Actor,
}

/// Returns what an act on what had been read is, if it is wrong.
pub(crate) fn judge(read: Read, conflict: Conflict, act: Write, actor: Actor, change: Change) -> Option<Evidence> {
    let kind = kind_of(&read, act.op, change)?;
    Some(Evidence { kind, hash: read.hash, read, conflict, act, actor })
}

/// Returns what it is to act on what had been read, where another's write came between.
fn kind_of(read: &Read, act: Op, change: Change) -> Option<Kind> {
    use Kind::{DoubleInit, IterateThenAct, LostUpdate, StaleRemove};
    let saw_value = !matches!(read.op, Op::Contains | Op::Keys);
    let iterated = matches!(read.op, Op::ForEach | Op::Keys);
    let kind = match (act, change) {
        // Whoever only asked for keys did not care for values: what matters is that the key was removed.
        (Op::Insert, Change::Added) if iterated => IterateThenAct,
        (Op::Insert, _) if iterated && saw_value => IterateThenAct,
        (Op::Remove, Change::Removed) if iterated && saw_value => IterateThenAct,
        (Op::Insert, Change::Replaced) if !read.found => DoubleInit,
        (Op::Insert, _) if read.found && saw_value && !iterated => LostUpdate,
        // Of a key that was only asked for, nothing but its going counts: it was there, and is not.
        (Op::Insert, Change::Added) if read.found && !iterated => LostUpdate,
        (Op::Remove, Change::Removed) if read.found && saw_value && !iterated => StaleRemove,
        _ => return None,
    };
    Some(kind)
}

/// Whether it would be wrong to act now on what had been read, where another's write came between and left the key
/// `present` or not.
pub(crate) fn would_be_wrong(read: &Read, act: Op, present: bool) -> bool {
    let change = match (act, present) {
        (Op::Insert, _) => Change::put(present),
        (_, true) => Change::Removed,
        // There is nothing to remove.
        (_, false) => return false,
    };
    kind_of(read, act, change).is_some()
}

/// Whether the other may have been started and waited for between the read and the act: then nothing was lost.
fn came_and_went(read: &Read, write: &Write) -> bool {
    if let Some(task) = (Actor { id: write.actor, thread: write.thread }).task()
        && read.crowd.may_have_come_and_gone(task)
    {
        return true;
    }
    if write.thread < read.crowd.threads {
        return false;
    }
    // A scope may be left a moment before its threads have ended.
    let start = Instant::now();
    loop {
        if thread::has_ended(write.thread) {
            return true;
        }
        // Under shuttle no time passes while this thread runs.
        if cfg!(shuttle) || start.elapsed() > ENDING {
            return false;
        }
        std::thread::sleep(ENDING / 20);
    }
}

/// Whether two places are in one function, as far as a binary with few symbols can tell.
fn is_one_function(one: &Site, other: &Site) -> bool {
    let (from, to) = (one.location, other.location);
    match (one.function(), other.function()) {
        (Some(one), Some(other)) => one == other,
        // An optimized build may know the name at one of two lines of a function only.
        _ => from.file() == to.file() && from.line().abs_diff(to.line()) < NEAR,
    }
}

/// Tells what follows from the evidence.
#[cold]
#[inline(never)]
pub(crate) fn tell(map: &MapState, evidence: &Evidence) {
    let Evidence { kind, hash, read, conflict, act, actor } = evidence;
    if came_and_went(read, &conflict.write) {
        return;
    }
    let act_site = site::resolve(act.site);
    let read_site = site::resolve(read.site);
    if *kind == Kind::IterateThenAct && !is_one_function(&read_site, &act_site) {
        // Nothing ties an act elsewhere to an iteration that showed every key.
        return;
    }
    let (map, key_text) = (&map.id(), map.key_text(*hash));
    let access = |role, op: Op, site, thread, version| Access {
        role,
        op: op.name(),
        map: map.clone(),
        site,
        thread,
        version: Some(version),
    };
    let other = &conflict.write;
    let reader = thread::describe(read.thread, actor.task());
    let writer = thread::describe(act.thread, actor.task());
    let other_task = Actor { id: other.actor, thread: other.thread }.task();
    let accesses = vec![
        access(Role::Act, act.op, act_site, writer, other.time),
        access(Role::StaleRead, read.op, read_site, reader, read.time),
        access(
            Role::Conflict,
            other.op,
            site::resolve(other.site),
            thread::describe(other.thread, other_task),
            other.time,
        ),
    ];
    let finding = Finding {
        kind: *kind,
        map: map.clone(),
        key_hash: Some(*hash),
        key_text,
        accesses,
        lost: Some(lost(conflict)),
        fix: fix(*kind, act.op, map),
    };
    deliver(finding);
}

/// Takes a finding to whoever collects, or else to the report.
fn deliver(finding: Finding) {
    if let Some(finding) = collect::divert(finding) {
        report::emit(finding);
    }
}

fn lost(conflict: &Conflict) -> String {
    let Conflict { count, more, .. } = conflict;
    let least = if *more { "at least " } else { "" };
    let plural = if *count == 1 { "" } else { "s" };
    format!("{least}{count} write{plural}")
}

fn fix(kind: Kind, act: Op, map: &MapId) -> String {
    let map = map.name().unwrap_or("map");
    match (kind, act) {
        (Kind::LostUpdate, _) => format!("{map}.update(&key, |value| ...)"),
        (Kind::DoubleInit, _) => format!("{map}.get_or_insert_with(key, || ...)"),
        (Kind::StaleRemove, _) => format!("{map}.remove_if(&key, |value| ...)"),
        (Kind::IterateThenAct, Op::Remove) => format!("{map}.retain(|key, value| ...)"),
        _ => format!("{map}.update(&key, |value| ...) looks again before it writes"),
    }
}

/// Someone at a place.
fn party(role: Role, op: Op, map: &MapId, at: &'static Location<'static>, thread: ThreadRef) -> Access {
    Access { role, op: op.name(), map: map.clone(), site: site::resolve(at), thread, version: None }
}

/// A finding about a map and no key, in which nothing was lost.
fn of_map(kind: Kind, map: &MapId, accesses: Vec<Access>, fix: impl Into<String>) -> Finding {
    Finding { kind, map: map.clone(), key_hash: None, key_text: None, accesses, lost: None, fix: fix.into() }
}

/// Tells of a call from inside a closure of the same map.
#[cold]
#[inline(never)]
pub(crate) fn tell_reentrancy(
    map: &MapState,
    hash: Option<u64>,
    inner: (Op, &'static Location<'static>),
    outer: &Frame,
    actor: Actor,
) {
    let me = thread::describe(actor.thread, actor.task());
    let (map, key_text) = (&map.id(), hash.and_then(|hash| map.key_text(hash)));
    let accesses = vec![
        party(Role::Wanting, inner.0, map, inner.1, me.clone()),
        party(Role::Holding, outer.op, map, outer.site, me),
    ];
    let fix = "return what is needed from the closure and make the call after it";
    deliver(Finding { key_hash: hash, key_text, ..of_map(Kind::Reentrancy, map, accesses, fix) });
}

/// Tells of orders in which threads can wait for each other.
#[cold]
#[inline(never)]
pub(crate) fn tell_circle(circle: &[Way]) {
    let Some(first) = circle.first() else { return };
    let mut accesses = Vec::new();
    for way in circle {
        let thread = thread::describe(way.thread, way.task);
        accesses.push(party(Role::Wanting, way.wanted.op, &way.wanted.map, way.wanted.site, thread.clone()));
        accesses.push(party(Role::Holding, way.held.op, &way.held.map, way.held.site, thread));
    }
    let how = if order::has_readers(circle) { "; readers wait where a writer waits before them" } else { "" };
    let names: Vec<_> = circle.iter().map(|way| format!("\"{}\"", way.held.map)).collect();
    let names = names.join(" and ");
    let fix = format!("take {names} in one order everywhere, or copy out of one before calling the other{how}");
    deliver(of_map(Kind::LockCycle, &first.wanted.map, accesses, fix));
}

/// Tells of a closure that kept others waiting.
#[cold]
#[inline(never)]
pub(crate) fn tell_long_hold(
    map: &MapId,
    op: Op,
    at: &'static Location<'static>,
    actor: Actor,
    held: Duration,
    blocked: bool,
) {
    let access = party(Role::Holding, op, map, at, thread::describe(actor.thread, actor.task()));
    let how = if blocked { "most of them waiting" } else { "working" };
    let lost = Some(format!("{} ms in which others could not get in, {how}", held.as_millis()));
    let fix = "copy the value out, work on it outside, then write it with `update` or `compare_and_swap`";
    deliver(Finding { lost, ..of_map(Kind::LongHold, map, vec![access], fix) });
}

/// Tells of two threads inside of a map that takes one, or of one that is inside twice.
#[cold]
#[inline(never)]
pub(crate) fn tell_overlap(map: &MapId, arriving: &Visitor, inside: &Visitor) {
    let id = |visitor: &Visitor| visitor.thread.as_ref().map(os::Thread::id);
    let nested = id(arriving).is_some() && id(arriving) == id(inside);
    let access = |role, visitor: &Visitor| {
        let name = visitor.thread.as_ref().and_then(os::Thread::name);
        let number = id(visitor).map_or(0, thread::number_of);
        let known = ThreadRef { name: name.map(Arc::from), ..thread::describe(number, None) };
        Some(party(role, visitor.op, map, visitor.site?, known))
    };
    let kind = if nested { Kind::Reentrancy } else { Kind::Overlap };
    let accesses = access(Role::Wanting, arriving).into_iter().chain(access(Role::Holding, inside)).collect();
    deliver(of_map(kind, map, accesses, "let threads take turns, or use MutexMap"));
}
