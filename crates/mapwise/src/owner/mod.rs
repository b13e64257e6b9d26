//! A thread that owns a value and does what others ask it to, behind a bounded channel: what `ActorMap` and `Collector`
//! share.
//!
//! - **answered-before-return**: [`Owner::call`] returns or unwinds only after its job is gone, run or refused. The job
//!   may therefore borrow from the caller's stack, as with `std::thread::scope`.
//! - **in-order**: what one thread sends is done in the order in which it was sent.
//! - **owner-lives**: no panic of user code ends the thread: a job's goes to whoever waits for its answer.
//! - **nothing-lost**: the channel's receiver outlives every sender, so whatever was accepted is done before the thread
//!   ends, and no one can ask afterwards: handing the value back consumes the last handle.

#![allow(unsafe_code, reason = "a scoped job's lifetime: answered-before-return")]

mod reply;

use std::{
    cell::Cell,
    fmt, io, mem,
    panic::{AssertUnwindSafe, Location, catch_unwind},
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, SendError, SyncSender, TrySendError},
    },
    thread::{self, JoinHandle},
};

use self::reply::{Answer, Waiter};
use crate::seam::{Op, Tally, line_of};

/// Requests that fit into a queue unless the user says otherwise.
pub(crate) const DEFAULT_QUEUE: usize = 1024;

/// A value owned by a thread that takes jobs on it, and events of type `E`.
pub(crate) struct Owner<T, E> {
    /// `None` once the thread has been told to end.
    sender: Option<SyncSender<Message<T, E>>>,
    /// Hands the value back; `None` as above.
    thread: Option<JoinHandle<Option<T>>>,
    identity: u64,
    tally: Tally,
}

enum Message<T, E> {
    Event(E),
    Job(Box<dyn Job<T> + Send>, Asked),
}

/// What is asked for, and where: for the report of a call that would wait for itself.
#[derive(Clone, Copy)]
struct Asked {
    op: Op,
    site: &'static Location<'static>,
}

/// What an owner thread knows of itself.
#[derive(Clone, Copy)]
struct Duty {
    identity: u64,
    /// The job it is doing or was last doing; `None` for an event.
    asked: Option<Asked>,
    /// The last handle went away on this very thread, so nobody will ask for the value.
    orphaned: bool,
}

thread_local! {
    static DUTY: Cell<Option<Duty>> = const { Cell::new(None) };
}

impl<T: Send + 'static, E: Send + 'static> Owner<T, E> {
    /// Starts a thread that owns `state` and gives each event to `on_event`, which must not panic; `tally` learns how long
    /// it works, and how long others wait for it.
    ///
    /// # Errors
    ///
    /// If the system refuses a thread.
    ///
    /// # Panics
    ///
    /// If `name` contains a zero byte, or memory for `queue` requests cannot be had.
    pub(crate) fn spawn(
        name: String,
        queue: usize,
        state: T,
        on_event: impl FnMut(&mut T, E) + Send + 'static,
        tally: Tally,
    ) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // Relaxed: only uniqueness matters.
        let identity = NEXT.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = mpsc::sync_channel(queue);
        let owners = tally.clone();
        let serve = move || serve(identity, &receiver, state, on_event, &owners);
        let thread = thread::Builder::new().name(name).spawn(serve)?;
        Ok(Self { sender: Some(sender), thread: Some(thread), identity, tally })
    }
}

/// The owner thread: does what it is asked until the last sender is gone, then hands the value back.
fn serve<T, E>(
    identity: u64,
    receiver: &Receiver<Message<T, E>>,
    mut state: T,
    mut on_event: impl FnMut(&mut T, E),
    tally: &Tally,
) -> Option<T> {
    DUTY.set(Some(Duty { identity, asked: None, orphaned: false }));
    while let Ok(message) = receiver.recv() {
        match message {
            Message::Event(event) => {
                change_duty(|duty| duty.asked = None);
                let _working = tally.working(None);
                on_event(&mut state, event);
            }
            Message::Job(job, asked) => {
                change_duty(|duty| duty.asked = Some(asked));
                let _working = tally.working(Some(asked.site));
                job.run(&mut state);
            }
        }
    }
    if DUTY.get().is_some_and(|duty| duty.orphaned) {
        quietly_drop(state);
        return None;
    }
    Some(state)
}

fn change_duty(change: impl FnOnce(&mut Duty)) {
    if let Some(mut duty) = DUTY.get() {
        change(&mut duty);
        DUTY.set(Some(duty));
    }
}

/// Drops on the owner thread what nobody waits for; owner-lives: a panic ends here, reported by the panic hook.
pub(crate) fn quietly_drop<T>(unwanted: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(unwanted))) {
        // Its drop could panic again.
        mem::forget(payload);
    }
}

/// Refuses a call on the thread of `identity`, which would wait for itself.
#[track_caller]
fn refuse_own_thread(identity: u64, op: Op) {
    let Some(Duty { identity: own, asked, .. }) = DUTY.get() else { return };
    if own != identity {
        return;
    }
    let site = Location::caller();
    match asked {
        Some(asked) => panic!(
            "re-entrant call: {} at {site} from inside {} at {} on the same map would wait for itself",
            op.name(),
            asked.op.name(),
            asked.site,
        ),
        None => panic!("re-entrant call: {} at {site} on the map's own owner thread would wait for itself", op.name()),
    }
}

impl<T, E> Owner<T, E> {
    /// Runs `job` on the owner thread, waits for it, and returns what it returned.
    ///
    /// # Panics
    ///
    /// With the payload of `job` if it panics; on the owner thread itself, naming both call sites.
    #[track_caller]
    pub(crate) fn call<'scope, R: Send + 'scope>(&self, op: Op, job: impl FnOnce(&mut T) -> R + Send + 'scope) -> R {
        refuse_own_thread(self.identity, op);
        let _waiting = self.tally.waiting(op);
        let (answer, waiter) = reply::pair();
        let job: Box<dyn Job<T> + Send + 'scope> = Box::new(Call { work: job, answer });
        // SAFETY: only the lifetime changes. answered-before-return: `waiter` has no answer before `Call` has dropped or
        // consumed everything in it that may borrow, however it ends, and this frame is not left before the answer: not
        // by returning, since `wait` waits, and not by unwinding, since dropping `waiting` waits too.
        let job = unsafe { mem::transmute::<Box<dyn Job<T> + Send + 'scope>, Box<dyn Job<T> + Send>>(job) };
        let waiting = Waiting(Some(waiter));
        self.submit(job, op);
        waiting.wait()
    }

    /// Has `job` run on the owner thread later; waits only for room in the queue.
    ///
    /// # Panics
    ///
    /// On the owner thread itself, naming both call sites: the queue may be full, and then it would wait for itself.
    #[track_caller]
    pub(crate) fn send<R: Send + 'static>(&self, op: Op, job: impl FnOnce(&mut T) -> R + Send + 'static) -> Ticket<R> {
        refuse_own_thread(self.identity, op);
        let (answer, waiter) = reply::pair();
        let asked = Asked { op, site: line_of(Location::caller()) };
        // As in `submit`.
        drop(self.deliver(Message::Job(Box::new(Call { work: job, answer }), asked), op));
        Ticket { waiter, identity: self.identity, op, tally: self.tally.clone() }
    }

    /// Sends an event, and waits for room in the queue.
    #[track_caller]
    pub(crate) fn post(&self, op: Op, event: E) {
        refuse_own_thread(self.identity, op);
        // The receiver is gone only if the owner thread was ended by something other than a panic of user code.
        self.deliver(Message::Event(event), op).unwrap_or_else(|_| ended());
    }

    /// Sends an event if there is room, and hands it back if there is none.
    #[track_caller]
    pub(crate) fn try_post(&self, op: Op, event: E) -> Result<(), E> {
        refuse_own_thread(self.identity, op);
        match self.sender().try_send(Message::Event(event)) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(Message::Event(event))) => Err(event),
            Err(_) => ended(),
        }
    }

    /// Does everything accepted, ends the thread and returns the value.
    #[track_caller]
    pub(crate) fn finish(mut self) -> T {
        refuse_own_thread(self.identity, Op::Whole);
        self.sender = None;
        let thread = self.thread.take().unwrap_or_else(|| ended());
        match thread.join() {
            Ok(Some(state)) => state,
            Ok(None) => ended(),
            Err(payload) => std::panic::resume_unwind(payload),
        }
    }

    /// Sends a job of a caller who waits for its answer anyway. It is gone when this unwinds, before the caller waits.
    #[track_caller]
    fn submit(&self, job: Box<dyn Job<T> + Send>, op: Op) {
        let asked = Asked { op, site: line_of(Location::caller()) };
        // A job that is refused is dropped here, and that is its answer.
        drop(self.sender().send(Message::Job(job, asked)));
    }

    /// Sends a message, and waits for room in the queue.
    #[track_caller]
    fn deliver(&self, message: Message<T, E>, op: Op) -> Result<(), SendError<Message<T, E>>> {
        match self.sender().try_send(message) {
            Err(TrySendError::Full(message)) => {
                let _waiting = self.tally.waiting(op);
                self.sender().send(message)
            }
            Err(TrySendError::Disconnected(message)) => Err(SendError(message)),
            Ok(()) => Ok(()),
        }
    }

    fn sender(&self) -> &SyncSender<Message<T, E>> {
        // `None` only while `self` is consumed or dropped, when nobody else has it.
        self.sender.as_ref().unwrap_or_else(|| ended())
    }
}

impl<T, E> Drop for Owner<T, E> {
    fn drop(&mut self) {
        // nothing-lost: the thread does what is queued and then sees that no sender is left.
        self.sender = None;
        let Some(thread) = self.thread.take() else { return };
        if DUTY.get().is_some_and(|duty| duty.identity == self.identity) {
            // The last handle was dropped inside a job. It cannot wait for itself: it ends on its own after the job.
            change_duty(|duty| duty.orphaned = true);
            return;
        }
        // What the thread owned is dropped here. It cannot have panicked: owner-lives.
        drop(thread.join());
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn ended() -> ! {
    panic!("the owner thread of this map has ended")
}

/// Work to be done once on the owner's value.
trait Job<T> {
    fn run(self: Box<Self>, state: &mut T);
}

/// A closure and where its answer goes. The order of the fields matters: dropped unrun, it drops `work` before `answer`,
/// which tells the caller that it may go on.
struct Call<F, R> {
    work: F,
    answer: Answer<R>,
}

impl<T, R, F: FnOnce(&mut T) -> R> Job<T> for Call<F, R> {
    fn run(self: Box<Self>, state: &mut T) {
        let Self { work, answer } = *self;
        // answered-before-return: `work` is consumed here, on a panic too, and only then is the answer given. The map
        // keeps its own invariants through a panic of user code, so nothing broken is looked at afterwards.
        let outcome = catch_unwind(AssertUnwindSafe(|| work(state)));
        answer.give(outcome);
    }
}

/// Waits for an answer even when it is dropped.
struct Waiting<R>(Option<Waiter<R>>);

impl<R> Waiting<R> {
    #[track_caller]
    fn wait(mut self) -> R {
        let Some(waiter) = self.0.take() else { unreachable!("only this and the drop take it") };
        open(waiter.wait())
    }
}

impl<R> Drop for Waiting<R> {
    fn drop(&mut self) {
        if let Some(waiter) = self.0.take() {
            drop(waiter.wait());
        }
    }
}

#[track_caller]
fn open<R>(outcome: Option<thread::Result<R>>) -> R {
    match outcome {
        Some(Ok(result)) => result,
        Some(Err(payload)) => std::panic::resume_unwind(payload),
        None => ended(),
    }
}

/// The answer to come of a request that was sent without waiting for it.
///
/// Dropping it does not undo the request; its result is then dropped on the owner thread.
#[must_use = "drop it where the answer does not matter"]
pub struct Ticket<R> {
    waiter: Waiter<R>,
    identity: u64,
    op: Op,
    tally: Tally,
}

impl<R> Ticket<R> {
    /// Waits for the answer and returns it.
    ///
    /// # Panics
    ///
    /// If the request panicked, with the same payload. On the owner thread itself, if there is no answer yet: it would
    /// wait for itself.
    #[track_caller]
    pub fn wait(self) -> R {
        if !self.waiter.is_ready() {
            refuse_own_thread(self.identity, Op::Whole);
            let _waiting = self.tally.waiting(self.op);
            return open(self.waiter.wait());
        }
        open(self.waiter.wait())
    }

    /// Returns the answer if it is there, and the ticket if it is not.
    ///
    /// # Errors
    ///
    /// Without an answer yet, the ticket is handed back.
    ///
    /// # Panics
    ///
    /// If the request panicked, with the same payload.
    #[track_caller]
    pub fn try_wait(self) -> Result<R, Self> {
        if self.waiter.is_ready() { Ok(open(self.waiter.wait())) } else { Err(self) }
    }
}

impl<R> fmt::Debug for Ticket<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("ready", &self.waiter.is_ready()).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::seam::{Holds, MapType, Seam};

    /// Asserts, where it is dropped, that the caller has no answer yet.
    struct Borrower<'a>(&'a Waiter<()>, &'a Cell<bool>);

    impl Drop for Borrower<'_> {
        fn drop(&mut self) {
            self.1.set(!self.0.is_ready());
            std::panic::resume_unwind(Box::new("a drop that panics"));
        }
    }

    #[test]
    fn a_job_that_is_dropped_unrun_lets_go_of_what_it_borrows_and_then_refuses() {
        let (answer, waiter) = reply::pair();
        let early = Cell::new(false);
        let borrower = Borrower(&waiter, &early);
        let job: Box<dyn Job<()>> = Box::new(Call { work: move |(): &mut ()| drop(borrower), answer });
        assert!(catch_unwind(AssertUnwindSafe(|| drop(job))).is_err());
        assert!(early.get() && waiter.is_ready());
        assert!(waiter.wait().is_none());
    }

    #[test]
    fn a_request_to_a_thread_that_has_ended_panics_and_does_not_wait() {
        let (sender, receiver) = mpsc::sync_channel(1);
        let tally = Seam::of(MapType { name: "TestMap", holds: Holds::Lock }).tally();
        let owner = Owner::<(), u8> { sender: Some(sender), thread: None, identity: u64::MAX, tally };
        drop(receiver);
        let requests: [&dyn Fn(); 3] =
            [&|| owner.call(Op::View, |()| ()), &|| owner.send(Op::View, |()| ()).wait(), &|| owner.post(Op::View, 1)];
        for request in requests {
            let caught = catch_unwind(AssertUnwindSafe(request)).unwrap_err();
            assert_eq!(caught.downcast_ref::<&str>(), Some(&"the owner thread of this map has ended"));
        }
    }
}
