//! Threads whose creation a report can name, and that schedule exploration can schedule. std has no hook for either on
//! stable Rust, so these stand beside `std::thread`.

use std::{cell::Cell, panic::Location};

use super::{explore, site};
use crate::sync::own_thread as thread;

crate::sync::thread_local! {
    static CREATED: Cell<Option<&'static Location<'static>>> = const { Cell::new(None) };
}

/// Returns where this thread was created, if it was here.
pub(crate) fn created_at() -> Option<&'static Location<'static>> {
    CREATED.try_with(Cell::get).ok().flatten()
}

/// What the new thread does: `work`, in its turn, and it knows where it comes from.
fn wrap<R>(site: &'static Location<'static>, work: impl FnOnce() -> R) -> impl FnOnce() -> R {
    site::meet(site);
    let child = explore::expect_child();
    move || {
        let work = || {
            CREATED.with(|created| created.set(Some(site)));
            work()
        };
        match child {
            Some(child) => child.run(work),
            None => work(),
        }
    }
}

/// Starts a thread as [`std::thread::spawn`] does, and remembers where: reports then say where the thread was created.
///
/// # Panics
///
/// If the system refuses a thread.
///
/// # Examples
///
/// ```
/// let map = std::sync::Arc::new(mapwise::MutexMap::new());
/// let worker = mapwise::check::spawn({
///     let map = map.clone();
///     move || map.insert("started", true)
/// });
/// worker.join().unwrap();
/// assert_eq!(map.get("started"), Some(true));
/// ```
#[track_caller]
pub fn spawn<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
    JoinHandle { inner: thread::spawn(wrap(Location::caller(), work)) }
}

/// A thread that may be waited for, as [`std::thread::JoinHandle`]; its thread goes on when this is dropped.
#[derive(Debug)]
pub struct JoinHandle<R> {
    inner: thread::JoinHandle<R>,
}

impl<R> JoinHandle<R> {
    /// Waits for the thread to end and returns what it returned.
    ///
    /// # Errors
    ///
    /// What the thread panicked with, if it did.
    pub fn join(self) -> std::thread::Result<R> {
        explore::away(|| self.inner.join())
    }
}

/// Lends a [`Scope`] to `work`, as [`std::thread::scope`] does.
///
/// # Panics
///
/// If a thread that was not joined by hand panicked.
///
/// # Examples
///
/// ```
/// let map = mapwise::MutexMap::new();
/// mapwise::check::scope(|scope| {
///     scope.spawn(|| map.insert(1, "one"));
///     scope.spawn(|| map.insert(2, "two"));
/// });
/// assert_eq!(map.len(), 2);
/// ```
pub fn scope<'env, R>(work: impl for<'scope> FnOnce(Scope<'scope, 'env>) -> R) -> R {
    let result = thread::scope(|inner| {
        let result = work(Scope { inner });
        // The scope waits for its threads when this closure has returned.
        explore::leave();
        result
    });
    explore::come_back();
    result
}

/// Starts threads that may borrow, as [`std::thread::Scope`] does, and remembers where.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'scope, 'env: 'scope> {
    inner: &'scope thread::Scope<'scope, 'env>,
}

impl<'scope> Scope<'scope, '_> {
    /// Starts a thread in the scope.
    ///
    /// # Panics
    ///
    /// If the system refuses a thread.
    #[track_caller]
    pub fn spawn<R: Send + 'scope>(self, work: impl FnOnce() -> R + Send + 'scope) -> ScopedJoinHandle<'scope, R> {
        ScopedJoinHandle { inner: self.inner.spawn(wrap(Location::caller(), work)) }
    }
}

/// A thread of a scope that may be waited for, as [`std::thread::ScopedJoinHandle`].
#[derive(Debug)]
pub struct ScopedJoinHandle<'scope, R> {
    inner: thread::ScopedJoinHandle<'scope, R>,
}

impl<R> ScopedJoinHandle<'_, R> {
    /// Waits for the thread to end and returns what it returned.
    ///
    /// # Errors
    ///
    /// What the thread panicked with, if it did.
    pub fn join(self) -> std::thread::Result<R> {
        explore::away(|| self.inner.join())
    }
}
