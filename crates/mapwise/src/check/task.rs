//! Which task a thread runs: several take turns on one thread, and one wanders over several.
//!
//! - **travels**: what a task has looked at is kept by its number, not by its thread, so that it is there wherever the task
//!   goes on.
//! - **bounded**: of `STRIPES * EACH` tasks at most; the one that came first makes room, and is taken to have ended.
//! - **unknown**: a thread of a pool that runs job after job without saying where one ends has no reason for what it does
//!   and is nobody's conflict: its job may have been waited for.

use std::{
    cell::Cell,
    collections::{HashMap, VecDeque},
    future::Future,
    pin::Pin,
    sync::{
        LazyLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use parking_lot::Mutex;

use super::reads::Readings;

const STRIPES: usize = 16;
const EACH: usize = 64;

/// Tasks that another library numbers.
const FOREIGN: u64 = 1 << 62;

/// The number of our next task, and the highest of tokio's that was seen.
static NEXT: AtomicU64 = AtomicU64::new(1);
static LATEST_FOREIGN: AtomicU64 = AtomicU64::new(0);

crate::sync::thread_local! {
    static CURRENT: Cell<Option<u64>> = const { Cell::new(None) };
}

#[derive(Default)]
struct Tasks {
    readings: HashMap<u64, Readings>,
    order: VecDeque<u64>,
}

static TASKS: LazyLock<[Mutex<Tasks>; STRIPES]> = LazyLock::new(Default::default);

fn tasks(task: u64) -> &'static Mutex<Tasks> {
    &TASKS[task as usize % STRIPES]
}

/// What a thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Running {
    /// Its own.
    Thread,
    Task(u64),
    /// One of many jobs.
    Unknown,
}

/// Returns what the calling thread runs; `of_pool` says that it is a thread on which tasks take turns.
pub(crate) fn running(of_pool: bool) -> Running {
    if let Some(task) = CURRENT.try_with(Cell::get).ok().flatten() {
        return Running::Task(task);
    }
    if let Some(task) = foreign() {
        return Running::Task(task);
    }
    if of_pool {
        note_unknown();
        return Running::Unknown;
    }
    if rayon_core::current_thread_index().is_some() { Running::Unknown } else { Running::Thread }
}

/// Says once that tasks were not told apart.
fn note_unknown() {
    static SAID: AtomicBool = AtomicBool::new(false);
    // Relaxed: nothing else depends on it.
    if !SAID.load(Ordering::Relaxed) && !SAID.swap(true, Ordering::Relaxed) {
        super::notes::keep(
            "tasks of a runtime were not told apart, so nothing was reported by key of what they did: wrap them in \
             `check::task`, or for tokio enable mapwise's feature `tokio`"
                .to_owned(),
        );
    }
}

/// Returns the task of tokio that runs.
#[cfg(feature = "tokio")]
fn foreign() -> Option<u64> {
    use std::hash::{Hash, Hasher};

    /// Takes the number out of an id, which has no other way to it than text.
    #[derive(Default)]
    struct Number(u64);

    impl Hasher for Number {
        fn finish(&self) -> u64 {
            self.0
        }

        fn write(&mut self, bytes: &[u8]) {
            for byte in bytes {
                self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
            }
        }

        fn write_u64(&mut self, number: u64) {
            self.0 = number;
        }
    }

    let mut number = Number::default();
    tokio::task::try_id()?.hash(&mut number);
    let task = number.finish() & (FOREIGN - 1);
    // Relaxed: see `Crowd`.
    LATEST_FOREIGN.fetch_max(task, Ordering::Relaxed);
    Some(task | FOREIGN)
}

/// Returns the task of tokio that runs: not known without the feature.
#[cfg(not(feature = "tokio"))]
fn foreign() -> Option<u64> {
    None
}

/// Whether a thread of this name belongs to a runtime whose tasks are not told apart.
pub(crate) fn is_of_pool(name: Option<&str>) -> bool {
    let pools = ["tokio-rt-worker", "tokio-runtime-worker", "async-std/runtime", "smol-"];
    name.is_some_and(|name| pools.iter().any(|pool| name.starts_with(pool)))
}

/// Returns the number that people know a task by.
pub(crate) fn shown(task: u64) -> u64 {
    task & !FOREIGN
}

/// Lets `job` use what the task has looked at.
pub(crate) fn with_readings<R>(task: u64, job: impl FnOnce(&mut Readings) -> R) -> R {
    let mut tasks = tasks(task).lock();
    let Tasks { readings, order } = &mut *tasks;
    let readings = readings.entry(task).or_insert_with(|| {
        order.push_back(task);
        Readings::default()
    });
    let result = job(readings);
    if order.len() > EACH
        && let Some(oldest) = order.pop_front()
    {
        tasks.readings.remove(&oldest);
    }
    result
}

/// Forgets the task.
fn end(task: u64) {
    let mut tasks = tasks(task).lock();
    tasks.readings.remove(&task);
    tasks.order.retain(|known| *known != task);
}

/// The threads and tasks that there were at a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowd {
    /// Those with lower numbers.
    pub(crate) threads: u64,
    tasks: u64,
    /// The last of tokio's that had used a map.
    foreign: u64,
}

impl Crowd {
    pub(crate) fn now() -> Self {
        Self {
            threads: super::thread::next(),
            // Relaxed: only compared with numbers that this thread learns under a lock later.
            tasks: NEXT.load(Ordering::Relaxed),
            foreign: LATEST_FOREIGN.load(Ordering::Relaxed),
        }
    }

    /// Whether a task may have been started after that moment and waited for since.
    pub(crate) fn may_have_come_and_gone(&self, task: u64) -> bool {
        if task & FOREIGN != 0 {
            // Nothing says when it ends.
            return shown(task) > self.foreign;
        }
        task >= self.tasks && !tasks(task).lock().readings.contains_key(&task)
    }
}

/// Puts another task in the place of the current one until it is dropped.
struct Turn {
    before: Option<u64>,
}

impl Turn {
    fn begin(task: u64) -> Self {
        Self { before: CURRENT.with(|current| current.replace(Some(task))) }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let _ = CURRENT.try_with(|current| current.set(self.before));
    }
}

/// The number of a task; what it has looked at is forgotten when this is dropped.
#[derive(Debug)]
struct Number(u64);

impl Number {
    fn next() -> Self {
        // Relaxed: only uniqueness matters.
        let task = NEXT.fetch_add(1, Ordering::Relaxed);
        with_readings(task, |_| ());
        Self(task)
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        end(self.0);
    }
}

/// Runs `work` as a task of its own: what it looks at is not taken for what its thread looked at before, nor after.
///
/// For jobs that a pool runs one after the other on a thread, as rayon's.
///
/// # Examples
///
/// ```
/// let map = mapwise::MutexMap::new();
/// map.insert("jobs", 0_u64);
/// mapwise::check::job(|| map.update("jobs", |n| *n += 1));
/// ```
pub fn job<R>(work: impl FnOnce() -> R) -> R {
    let number = Number::next();
    let _turn = Turn::begin(number.0);
    work()
}

/// Makes a future a task of its own, wherever it is polled: what it looks at stays with it when it goes over to another
/// thread, and is not taken for what other tasks of the same thread looked at.
///
/// With the feature `tokio` the tasks of tokio are told apart without it. It is still of use there: nothing says when a
/// task of tokio has ended, so one that is younger than a look-up is never its conflict; it may be if it is one of these.
///
/// # Examples
///
/// ```
/// # fn spawn(_: impl Future<Output = ()> + Send + 'static) {}
/// let map = std::sync::Arc::new(mapwise::MutexMap::new());
/// spawn(mapwise::check::task(async move {
///     map.insert("greeting", "hello");
/// }));
/// ```
pub fn task<F: Future>(future: F) -> Task<F> {
    Task { future: Box::pin(future), number: Some(Number::next()) }
}

/// A future that is a task of its own: see [`task`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Task<F> {
    future: Pin<Box<F>>,
    /// `None` when it is done.
    number: Option<Number>,
}

impl<F: Future> Future for Task<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(Number(task)) = self.number else { return self.future.as_mut().poll(context) };
        let turn = Turn::begin(task);
        let poll = self.future.as_mut().poll(context);
        drop(turn);
        if poll.is_ready() {
            // Before whoever waits for it is woken.
            self.number = None;
        }
        poll
    }
}
