//! Exploration with real threads, which take turns: between two operations on maps only one of them runs, and whenever it
//! comes to the next, the schedule says who goes on.
//!
//! - **one-goes**: of a session's threads only `current` runs, but for those that have waited for something else than a
//!   turn: they are `lost` until they come to a map again, and while one is, the schedule does not decide alone.
//! - **outside**: a thread is never made to wait for its turn while it is inside a map's operation, so who waits for a turn
//!   holds no lock of a map.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::{
    Body, Outcome,
    schedule::{Decider, Schedule},
    watched::Watched,
};
use crate::check::report::Capture;

/// How often it is looked whether the thread that has the turn waits for something else.
const PATIENCE: Duration = Duration::from_millis(5);
/// After so long without a turn nobody will ever go on.
const HUNG: Duration = Duration::from_secs(20);

thread_local! {
    static MEMBER: RefCell<Option<Member>> = const { RefCell::new(None) };
}

/// A thread's place in a session.
#[derive(Clone)]
struct Member {
    session: Arc<Session>,
    index: usize,
}

struct Session {
    state: Mutex<State>,
    changed: Condvar,
    capture: Capture,
}

struct State {
    decider: Decider,
    /// Who waits for a turn.
    able: Vec<usize>,
    current: Option<usize>,
    /// Who waits for something else, although it is not known for what.
    lost: Vec<usize>,
    /// Threads that have not ended.
    live: usize,
    /// The threads of the system, by index; `None` for one that has not started yet.
    threads: Vec<Option<Watched>>,
    last_turn: Instant,
    unsteady: bool,
}

/// Runs `body` once.
pub(super) fn run(schedule: Schedule, body: &Body) -> Outcome {
    let state = State {
        decider: schedule.decider(),
        able: Vec::new(),
        current: None,
        lost: Vec::new(),
        live: 0,
        threads: Vec::new(),
        last_turn: Instant::now(),
        unsteady: false,
    };
    let session = Arc::new(Session { state: Mutex::new(state), changed: Condvar::new(), capture: Capture::default() });
    let first = Child::of(&session);
    let body = Arc::clone(body);
    let name = thread::current().name().unwrap_or("explored").to_owned();
    let spawned = thread::Builder::new().name(name).spawn(move || first.run(|| body()));
    let thread = spawned.unwrap_or_else(|error| panic!("exploration needs a thread: {error}"));
    let finished = session.wait_for_all();
    let panic = match finished {
        true => thread.join().err(),
        false => Some(Box::new(format!("no thread has come to a map for {HUNG:?}: they wait for each other")) as _),
    };
    let state = session.state();
    Outcome { steps: state.decider.steps(), panic, findings: session.capture.reports(), unsteady: state.unsteady }
}

impl Session {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until every thread has ended; returns false if they hang.
    fn wait_for_all(&self) -> bool {
        let mut state = self.state();
        while state.live > 0 {
            if state.last_turn.elapsed() > HUNG {
                return false;
            }
            state = self.changed.wait_timeout(state, HUNG).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Waits until it is the turn of `me`, which is among the able.
    fn wait_for_turn(&self, me: usize, mut state: MutexGuard<'_, State>) {
        while state.current != Some(me) {
            let (woken, waited) = self.changed.wait_timeout(state, PATIENCE).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if waited.timed_out() && state.current_waits() {
                // one-goes: whoever has the turn waits for something that it may get from one of us.
                let current = state.current.take();
                state.lost.extend(current);
                state.unsteady |= current.is_some();
                state.pass(false);
                self.changed.notify_all();
            }
        }
    }
}

impl State {
    /// Whether whoever has the turn, or nobody, waits for something else than the processor.
    fn current_waits(&mut self) -> bool {
        let Some(current) = self.current else { return true };
        let since = self.last_turn.elapsed();
        self.threads[current].as_mut().is_some_and(|thread| thread.waits(since))
    }

    /// Gives the turn to one of the able, if there are any.
    fn pass(&mut self, yields: bool) {
        self.last_turn = Instant::now();
        let before = self.current.take();
        if self.able.is_empty() {
            return;
        }
        // Threads come in the order that the system runs them; the schedule must not depend on it.
        self.able.sort_unstable();
        let chosen = self.decider.choose(&self.able, before, yields);
        self.able.retain(|index| *index != chosen);
        self.current = Some(chosen);
    }
}

impl Member {
    /// Lets the schedule say who goes on.
    fn point(&self) {
        let mut state = self.session.state();
        state.able.push(self.index);
        if state.current == Some(self.index) {
            state.pass(false);
        } else {
            state.lost.retain(|index| *index != self.index);
            if state.current.is_none() {
                state.pass(false);
            }
        }
        self.session.changed.notify_all();
        self.session.wait_for_turn(self.index, state);
    }

    /// Gives the turn away, for good or until the next point.
    fn give_up(&self) {
        let mut state = self.session.state();
        if state.current == Some(self.index) {
            state.pass(false);
            // The one that gives up is not able, so it was not chosen.
            self.session.changed.notify_all();
        }
    }
}

/// This thread is about to use a map, and is inside of none: others may go first. Returns whether a schedule decides.
pub(crate) fn point() -> bool {
    let member = member();
    if let Some(member) = &member {
        member.point();
    }
    member.is_some()
}

/// This thread is about to wait for others: whoever can goes on meanwhile.
pub(crate) fn leave() {
    if let Some(member) = member() {
        member.give_up();
    }
}

/// It has waited.
pub(crate) fn come_back() {
    point();
}

/// Makes room in the session for a thread that this one is about to start, if it is in one.
pub(crate) fn expect_child() -> Option<Child> {
    member().map(|member| Child::of(&member.session))
}

fn member() -> Option<Member> {
    MEMBER.try_with(|member| member.borrow().clone()).ok().flatten()
}

/// A thread of the session that has not run yet.
pub(crate) struct Child(Member);

impl Child {
    fn of(session: &Arc<Session>) -> Self {
        let mut state = session.state();
        let index = state.threads.len();
        state.threads.push(None);
        state.live += 1;
        // It is able although it does not run yet: the schedule must not depend on how soon the system starts it.
        state.able.push(index);
        if state.current.is_none() {
            state.pass(false);
        }
        drop(state);
        Self(Member { session: Arc::clone(session), index })
    }

    /// Runs `work` on the new thread, when its turn comes.
    pub(crate) fn run<R>(self, work: impl FnOnce() -> R) -> R {
        let Self(member) = self;
        let _attached = member.session.capture.attach();
        MEMBER.set(Some(member.clone()));
        let mut state = member.session.state();
        state.threads[member.index] = Some(Watched::this());
        member.session.wait_for_turn(member.index, state);
        let result = catch_unwind(AssertUnwindSafe(work));
        MEMBER.set(None);
        member.give_up();
        let mut state = member.session.state();
        state.lost.retain(|index| *index != member.index);
        state.live -= 1;
        drop(state);
        member.session.changed.notify_all();
        result.unwrap_or_else(|payload| resume_unwind(payload))
    }
}
