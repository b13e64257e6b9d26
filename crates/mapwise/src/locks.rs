//! The two locks that the lock-based maps choose between, behind one face.
//!
//! Both come from parking_lot (or, under `--cfg shuttle`, from shuttle): no poisoning, so a panic in user code leaves the map usable, and a writer that waits
//! holds back new readers, so a stream of readers cannot starve it.

use std::ops::{Deref, DerefMut};

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

    fn get_mut(&mut self) -> &mut T {
        self.get_mut()
    }

    fn into_inner(self) -> T {
        self.into_inner()
    }
}
