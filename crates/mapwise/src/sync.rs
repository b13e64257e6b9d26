//! The synchronization types that protocols are written with: std's and parking_lot's, or a model checker's.
//!
//! `--cfg loom` and `--cfg shuttle` choose; no feature does, so no user can switch one on by accident. loom is for the
//! protocols themselves, in every order that the memory model allows; shuttle is for programs that use the maps, under
//! many schedules. All sides have the same signatures, so that the code that ships is what is checked:
//!
//! - locks do not poison and `lock` returns the guard, as in parking_lot;
//! - `Condvar::wait` takes the guard and gives it back, as in std and loom;
//! - `UnsafeCell` hands its pointer to a closure, as in loom;
//! - `point` is where shuttle may switch threads beside its own types, which have none of std's `from_ptr`;
//! - `Trace` stands beside plain data that is published by an atomic, and tells loom of each access to it.

#![allow(dead_code, unused_imports, reason = "each protocol takes what it needs")]

#[cfg(shuttle)]
mod explored;

#[cfg(shuttle)]
pub(crate) use self::explored::*;
#[cfg(loom)]
pub(crate) use self::model::*;
#[cfg(not(loom))]
pub(crate) use self::plain::*;
#[cfg(not(any(loom, shuttle)))]
pub(crate) use self::real::*;
// What belongs to a thread, and a thread's handle: never loom's, whose models have no thread-local state of ours.
#[cfg(shuttle)]
pub(crate) use shuttle::{thread as own_thread, thread_local};
#[cfg(not(shuttle))]
pub(crate) use std::{thread as own_thread, thread_local};

#[cfg(not(any(loom, shuttle)))]
mod real {
    pub(crate) use std::{
        hint::spin_loop,
        sync::{
            Arc,
            atomic::{
                AtomicBool, AtomicIsize, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
            },
        },
        thread,
    };

    pub(crate) use parking_lot::{Mutex, MutexGuard};

    /// Nothing.
    #[inline(always)]
    pub(crate) fn point() {}

    /// A condition variable.
    #[derive(Debug, Default)]
    pub(crate) struct Condvar(parking_lot::Condvar);

    impl Condvar {
        pub(crate) const fn new() -> Self {
            Self(parking_lot::Condvar::new())
        }

        pub(crate) fn wait<'a, T>(&self, mut guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
            self.0.wait(&mut guard);
            guard
        }

        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }
    }
}

#[cfg(not(loom))]
mod plain {
    /// Stands for the plain data beside it: nothing here, a watched cell in the model.
    #[derive(Debug, Default)]
    pub(crate) struct Trace;

    impl Trace {
        pub(crate) const fn new() -> Self {
            Self
        }

        #[inline(always)]
        pub(crate) fn read(&self) {}

        #[inline(always)]
        pub(crate) fn write(&mut self) {}
    }

    /// A cell whose pointer is lent to a closure.
    #[derive(Debug, Default)]
    #[repr(transparent)]
    pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) const fn new(inner: T) -> Self {
            Self(std::cell::UnsafeCell::new(inner))
        }

        pub(crate) fn into_inner(self) -> T {
            self.0.into_inner()
        }

        #[inline(always)]
        pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
            read(self.0.get())
        }

        #[inline(always)]
        pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
            write(self.0.get())
        }
    }
}

#[cfg(loom)]
mod model {
    pub(crate) use loom::{
        cell::UnsafeCell,
        hint::spin_loop,
        sync::{
            Arc, MutexGuard,
            atomic::{
                AtomicBool, AtomicIsize, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
            },
        },
        thread,
    };

    /// Stands for the plain data beside it: loom reports an access that no synchronization orders after the last write.
    #[derive(Debug)]
    pub(crate) struct Trace(UnsafeCell<()>);

    impl Trace {
        pub(crate) fn new() -> Self {
            Self(UnsafeCell::new(()))
        }

        pub(crate) fn read(&self) {
            self.0.with(|_| ());
        }

        pub(crate) fn write(&mut self) {
            self.0.with_mut(|_| ());
        }
    }

    /// A mutex that ignores poison.
    #[derive(Debug)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(inner: T) -> Self {
            Self(loom::sync::Mutex::new(inner))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
        }

        pub(crate) fn get_mut(&mut self) -> &mut T {
            self.0.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner)
        }

        pub(crate) fn into_inner(self) -> T {
            self.0.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
        }
    }

    /// A condition variable that ignores poison.
    #[derive(Debug)]
    pub(crate) struct Condvar(loom::sync::Condvar);

    impl Condvar {
        pub(crate) fn new() -> Self {
            Self(loom::sync::Condvar::new())
        }

        pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
            self.0.wait(guard).unwrap_or_else(std::sync::PoisonError::into_inner)
        }

        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }
    }
}
