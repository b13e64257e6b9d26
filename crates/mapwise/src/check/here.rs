//! What a thread knows of itself: its number, what it is inside of, what it has looked at.
//!
//! - **own**: only its thread touches it, and never while user code runs.
//! - **actor**: what was looked at belongs to the task that the thread runs, or else to the thread.

use std::{
    cell::{Cell, RefCell},
    panic::Location,
};

use super::{
    hold,
    map::MapState,
    order::Node,
    reads::{Iteration, Read, Readings},
    site,
    task::{self, Running},
    thread,
};
use crate::{
    op::{Holds, Op},
    sync::own_thread,
};

/// Call sites that a thread remembers to have met, by their address.
const MET: usize = 256;

/// Tasks are numbered apart from threads.
pub(crate) const TASK: u64 = 1 << 63;

/// An operation that the thread is inside of.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) map: u64,
    pub(crate) type_name: &'static str,
    pub(crate) op: Op,
    pub(crate) site: &'static Location<'static>,
    /// What it keeps others from, if anything.
    pub(crate) node: Option<Node>,
}

struct Here {
    number: u64,
    readings: Readings,
    frames: Vec<Frame>,
    met: Box<[usize; MET]>,
    /// Tasks take turns on it.
    of_pool: bool,
}

impl Drop for Here {
    fn drop(&mut self) {
        thread::end(self.number);
    }
}

crate::sync::thread_local! {
    static HERE: RefCell<Option<Here>> = const { RefCell::new(None) };
    static MEANS: Cell<Option<Op>> = const { Cell::new(None) };
}

/// Who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Actor {
    /// The task, or else the thread.
    pub(crate) id: u64,
    pub(crate) thread: u64,
}

impl Actor {
    /// A thread that is ending and has forgotten who it was; with a thread's number, one that does not say which job it
    /// runs. What it does is held against nobody.
    pub(crate) const NOBODY: Self = Self { id: !TASK, thread: 0 };

    /// Returns the task.
    pub(crate) fn task(self) -> Option<u64> {
        (self.id & TASK != 0).then_some(self.id & !TASK)
    }

    pub(crate) fn is_nobody(self) -> bool {
        self.id == Self::NOBODY.id
    }
}

/// Runs `job` with what this thread knows of itself; not on a thread that is ending and has lost it.
fn with<R>(site: &'static Location<'static>, job: impl FnOnce(&mut Here) -> R) -> Option<R> {
    HERE.try_with(|here| {
        let mut here = here.try_borrow_mut().ok()?;
        let here = here.get_or_insert_with(|| {
            hold::own(|| site::meet(site));
            // What is refused ends the process before its work.
            super::settings::settings();
            super::delay::start();
            let readings = Readings::default();
            let of_pool = task::is_of_pool(own_thread::current().name());
            Here { number: thread::register(site), readings, frames: Vec::new(), met: Box::new([0; MET]), of_pool }
        });
        Some(job(here))
    })
    .ok()
    .flatten()
}

impl Here {
    fn meet(&mut self, site: &'static Location<'static>) {
        let address = std::ptr::from_ref(site).addr();
        let place = &mut self.met[(address >> 3) % MET];
        if *place != address {
            *place = address;
            hold::own(|| site::meet(site));
        }
    }

    fn running(&self) -> Running {
        task::running(self.of_pool)
    }

    fn actor(&self, running: Running) -> Actor {
        let id = match running {
            Running::Thread => self.number,
            Running::Task(task) => task | TASK,
            Running::Unknown => Actor::NOBODY.id,
        };
        Actor { id, thread: self.number }
    }

    /// Lets `job` use what the actor has looked at, if it is known who that is.
    fn readings<R>(&mut self, running: Running, job: impl FnOnce(&mut Readings) -> R) -> Option<R> {
        match running {
            Running::Thread => Some(job(&mut self.readings)),
            Running::Task(task) => Some(task::with_readings(task, job)),
            Running::Unknown => None,
        }
    }
}

/// What a thread that begins an operation learns.
pub(crate) struct Arrival {
    pub(crate) actor: Actor,
    /// What it last saw of the key.
    pub(crate) seen: Option<Read>,
    /// Its removal of the key, if it is about to put it back.
    pub(crate) removal: Option<Read>,
    /// It is inside the same map already.
    pub(crate) inside: Option<Frame>,
    /// What it holds of other maps.
    pub(crate) holding: Vec<Frame>,
    pub(crate) is_inside: bool,
}

/// Begins an operation.
pub(crate) fn arrive(
    map: &MapState,
    op: Op,
    hash: Option<u64>,
    site: &'static Location<'static>,
    takes_scope: bool,
) -> Option<Arrival> {
    with(site, |here| {
        here.meet(site);
        let running = here.running();
        let is_blind = matches!(op, Op::Insert | Op::Remove);
        let seen = here.readings(running, |readings| {
            readings.clock += 1;
            let hash = hash.filter(|_| is_blind)?;
            Some((readings.last(map.serial, hash), readings.removal(map.serial, hash)))
        });
        let (seen, removal) = seen.flatten().unwrap_or_default();
        let is_inside = !here.frames.is_empty();
        let (mut inside, mut holding) = (None, Vec::new());
        if is_inside && takes_scope {
            inside = here.frames.iter().rev().find(|frame| frame.map == map.serial).cloned();
            holding.extend(here.frames.iter().filter(|frame| frame.node.is_some()).cloned());
        }
        Arrival { actor: here.actor(running), seen, removal, inside, holding, is_inside }
    })
}

/// Whether the thread is inside of an operation.
pub(crate) fn is_inside() -> bool {
    HERE.try_with(|here| here.try_borrow().is_ok_and(|here| here.as_ref().is_some_and(|here| !here.frames.is_empty())))
        .unwrap_or(false)
}

/// Goes inside.
pub(crate) fn enter(frame: Frame) {
    let _ = with(frame.site, |here| here.frames.push(frame));
}

/// Comes out of the innermost operation on `map`.
pub(crate) fn leave(map: u64, site: &'static Location<'static>) {
    let _ = with(site, |here| {
        if let Some(at) = here.frames.iter().rposition(|frame| frame.map == map) {
            here.frames.remove(at);
        }
    });
}

/// Notes a look at a key.
pub(crate) fn note(
    map: &MapState,
    hash: u64,
    time: u64,
    op: Op,
    found: bool,
    site: &'static Location<'static>,
) -> Option<Actor> {
    with(site, |here| {
        here.meet(site);
        let running = here.running();
        let thread = here.number;
        let _ = here.readings(running, |readings| {
            readings.clock += 1;
            readings.note(Read::new(map.serial, hash, time, op, found, site, thread));
        });
        here.actor(running)
    })
}

/// Lets `job` use what this thread's actor has looked at, if it is known who that is.
fn with_readings(site: &'static Location<'static>, job: impl FnOnce(&mut Readings)) {
    let _ = with(site, |here| here.readings(here.running(), job));
}

/// Notes an iteration.
pub(crate) fn note_iteration(iteration: Iteration, site: &'static Location<'static>) {
    with_readings(site, |readings| readings.note_iteration(iteration));
}

/// The thread's actor has written the key.
pub(crate) fn forget(map: u64, hash: u64, site: &'static Location<'static>) {
    with_readings(site, |readings| readings.forget(map, hash));
}

/// The thread's actor has removed the key.
pub(crate) fn note_removal(map: &MapState, hash: u64, site: &'static Location<'static>) {
    let _ = with(site, |here| {
        let thread = here.number;
        here.readings(here.running(), |readings| {
            readings.note_removal(Read::new(map.serial, hash, map.now(), Op::Remove, true, site, thread));
        })
    });
}

/// The thread's actor has written more keys of the map than can be listed.
pub(crate) fn forget_map(map: u64, site: &'static Location<'static>) {
    with_readings(site, |readings| readings.forget_map(map));
}

/// Forgets whatever this thread's actor has looked at.
pub(crate) fn forget_all() {
    let _ = HERE.try_with(|here| {
        if let Ok(mut here) = here.try_borrow_mut()
            && let Some(here) = here.as_mut()
        {
            let _ = here.readings(here.running(), |readings| *readings = Readings::default());
        }
    });
}

/// What the next call of a map on this thread means.
pub(crate) fn set_meaning(op: Option<Op>) {
    let _ = MEANS.try_with(|means| means.set(op));
}

/// Takes what the call in progress means, if something else than it says.
pub(crate) fn meaning_of(op: Op) -> Op {
    take_meaning().unwrap_or(op)
}

/// Takes what was set by `set_meaning`.
pub(crate) fn take_meaning() -> Option<Op> {
    MEANS.try_with(Cell::take).ok().flatten()
}

fn looks(op: Op) -> bool {
    matches!(op, Op::View | Op::Contains | Op::ForEach | Op::Keys | Op::Whole)
}

/// Whether an operation waits for the readers of a map who share its lock.
pub(crate) fn takes_alone(map: &MapState, op: Op) -> bool {
    map.of.holds == Holds::SharedLock && !looks(op)
}

/// What an operation waits for, and keeps others from while user code runs in it.
pub(crate) fn node_of(map: &MapState, op: Op, hash: Option<u64>) -> Option<Node> {
    let looks = looks(op);
    match map.of.holds {
        Holds::Nothing => None,
        Holds::Keys if looks => None,
        Holds::Keys => hash.map(|hash| Node { map: map.serial, key: Some(hash), shared: false }),
        Holds::SharedLock => Some(Node { map: map.serial, key: None, shared: looks }),
        Holds::Lock => Some(Node { map: map.serial, key: None, shared: false }),
    }
}
