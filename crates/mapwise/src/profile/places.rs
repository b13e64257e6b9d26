//! The stripes of one map, each at its thread's place.
//!
//! - **enough**: there are `thread_index::places()` stripes and one more, the first, which is nobody's; `thread_index::cached`
//!   is at most `places() * SCALE`, a multiple of `SCALE`, and that is the size of a place.
//! - **nobody's**: no thread writes the first stripe, so that its counts have one call left forever (see `count`). A thread
//!   without a place of its own finds that one, and so needs no comparison to be told from the others.

#![allow(unsafe_code)]

use std::sync::Arc;

use super::stripe::Stripe;
use crate::thread_index::{self, SCALE};

/// A stripe with cache lines of its own, and of the same size whatever it is compiled for.
#[derive(Default)]
#[repr(align(512))]
struct Place(Stripe);

// A model's threads all find the first.
const _: () = assert!(cfg!(loom) || size_of::<Place>() == SCALE);

/// The stripes that threads have of their own.
#[derive(Clone)]
pub(super) struct Places(Arc<[Place]>);

impl Places {
    pub(super) fn new() -> Self {
        Self((0..=thread_index::places()).map(|_| Place::default()).collect())
    }

    /// This thread's stripe, or nobody's.
    #[inline(always)]
    pub(super) fn here(&self) -> &Stripe {
        let first = self.0.as_ptr();
        // SAFETY: enough: within the array.
        let here = unsafe { first.byte_add(thread_index::cached()) };
        // SAFETY: enough: at the beginning of an element.
        let place = unsafe { &*here };
        &place.0
    }

    /// This thread's stripe, if it has one.
    #[inline(always)]
    pub(super) fn own(&self) -> Option<&Stripe> {
        (thread_index::cached() != 0).then(|| self.here())
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Stripe> {
        self.0[1..].iter().map(|place| &place.0)
    }
}
