//! The two locks that the lock-based maps choose between, behind one face.
//!
//! Both come from parking_lot (or, under `--cfg shuttle`, from shuttle): no poisoning, so a panic in user code leaves the
//! map usable, and a writer that waits holds back new readers, so a stream of readers cannot starve it.

use std::{
    marker::PhantomData,
    ops::{Deref, DerefMut},
};

#[cfg(shuttle)]
pub(crate) use crate::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
#[cfg(not(shuttle))]
pub(crate) use parking_lot::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A lock around a `T`.
pub(crate) trait Lock<T> {
    type Shared<'a>: Deref<Target = T>
    where
        Self: 'a;
    type Exclusive<'a>: DerefMut<Target = T>
    where
        Self: 'a;

    fn new(inner: T) -> Self;
    fn read(&self) -> Self::Shared<'_>;
    fn write(&self) -> Self::Exclusive<'_>;
    /// Takes the lock as `read` does if, when last seen, that needed no waiting.
    fn try_read(&self) -> Option<Self::Shared<'_>>;
    /// Takes the lock as `write` does if that needs no waiting.
    fn try_write(&self) -> Option<Self::Exclusive<'_>>;
    fn get_mut(&mut self) -> &mut T;
    fn into_inner(self) -> T;
}

impl<T> Lock<T> for Mutex<T> {
    type Shared<'a>
        = MutexGuard<'a, T>
    where
        T: 'a;
    type Exclusive<'a>
        = MutexGuard<'a, T>
    where
        T: 'a;

    fn new(inner: T) -> Self {
        Self::new(inner)
    }

    #[inline]
    fn read(&self) -> Self::Shared<'_> {
        self.lock()
    }

    #[inline]
    fn write(&self) -> Self::Exclusive<'_> {
        self.lock()
    }

    #[inline]
    fn try_read(&self) -> Option<Self::Shared<'_>> {
        self.try_lock()
    }

    #[inline]
    fn try_write(&self) -> Option<Self::Exclusive<'_>> {
        self.try_lock()
    }

    fn get_mut(&mut self) -> &mut T {
        self.get_mut()
    }

    fn into_inner(self) -> T {
        self.into_inner()
    }
}

impl<T> Lock<T> for RwLock<T> {
    type Shared<'a>
        = RwLockReadGuard<'a, T>
    where
        T: 'a;
    type Exclusive<'a>
        = RwLockWriteGuard<'a, T>
    where
        T: 'a;

    fn new(inner: T) -> Self {
        Self::new(inner)
    }

    #[inline]
    fn read(&self) -> Self::Shared<'_> {
        self.read()
    }

    #[inline]
    fn write(&self) -> Self::Exclusive<'_> {
        self.write()
    }

    #[inline]
    fn try_read(&self) -> Option<Self::Shared<'_>> {
        // Not its `try_read`, which calls a function where another reader comes between: what is kept on the stack for that
        // call costs more than all else that the recorder does. In exchange, a reader that a writer overtakes just here waits.
        if self.is_locked_exclusive() { None } else { Some(self.read()) }
    }

    #[inline]
    fn try_write(&self) -> Option<Self::Exclusive<'_>> {
        self.try_write()
    }

    fn get_mut(&mut self) -> &mut T {
        self.get_mut()
    }

    fn into_inner(self) -> T {
        self.into_inner()
    }
}

/// One way to take a lock.
pub(crate) trait Take: Copy {
    type Guard;

    /// Takes the lock if that needs no waiting.
    #[cfg_attr(not(feature = "profile"), allow(dead_code, reason = "only the recorder tries first"))]
    fn attempt(self) -> Option<Self::Guard>;

    /// Takes the lock.
    fn wait(self) -> Self::Guard;
}

macro_rules! take {
    ($(#[$doc:meta])* $way:ident: $guard:ident, $attempt:ident, $wait:ident) => {
        $(#[$doc])*
        pub(crate) struct $way<'a, T, L>(&'a L, PhantomData<fn() -> T>);

        impl<'a, T, L> $way<'a, T, L> {
            #[inline(always)]
            pub(crate) fn new(lock: &'a L) -> Self {
                Self(lock, PhantomData)
            }
        }

        impl<T, L> Clone for $way<'_, T, L> {
            #[inline(always)]
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T, L> Copy for $way<'_, T, L> {}

        impl<'a, T, L: Lock<T>> Take for $way<'a, T, L> {
            type Guard = L::$guard<'a>;

            #[inline(always)]
            fn attempt(self) -> Option<Self::Guard> {
                self.0.$attempt()
            }

            #[inline(always)]
            fn wait(self) -> Self::Guard {
                self.0.$wait()
            }
        }
    };
}

take! {
    /// Takes a lock to look at what it guards.
    Reading: Shared, try_read, read
}

take! {
    /// Takes a lock to change what it guards.
    Writing: Exclusive, try_write, write
}
