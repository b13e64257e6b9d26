//! The stripes of one map, each at its thread's place.
//!
//! - **enough**: there are `thread_index::places()` stripes and one more, the first, which is nobody's; `thread_index::cached`
//!   is at most `places() * SCALE`, a multiple of `SCALE`, and that is the size of a stripe with its padding.
//! - **nobody's**: no thread writes the first stripe, so that its counts have one call left forever (see `count`). A thread
//!   without a place of its own finds that one, and so needs no comparison to be told from the others.

#![allow(unsafe_code)]

use std::sync::Arc;

use crossbeam_utils::CachePadded;

use super::stripe::Stripe;
use crate::thread_index::{self, SCALE};

// A model's threads all find the first.
const _: () = assert!(cfg!(loom) || size_of::<CachePadded<Stripe>>() == SCALE);

/// The stripes that threads have of their own.
#[derive(Clone)]
pub(super) struct Places(Arc<[CachePadded<Stripe>]>);

impl Places {
    pub(super) fn new() -> Self {
        Self((0..=thread_index::places()).map(|_| CachePadded::default()).collect())
    }

    /// This thread's stripe, or nobody's.
    #[inline(always)]
    pub(super) fn here(&self) -> &Stripe {
        let first = self.0.as_ptr();
        // SAFETY: enough: within the array.
        let here = unsafe { first.byte_add(thread_index::cached()) };
        // SAFETY: enough: at the beginning of an element.
        unsafe { &*here }
    }

    /// This thread's stripe, if it has one.
    #[inline(always)]
    pub(super) fn own(&self) -> Option<&Stripe> {
        (thread_index::cached() != 0).then(|| self.here())
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Stripe> {
        self.0[1..].iter().map(|stripe| &**stripe)
    }
}
