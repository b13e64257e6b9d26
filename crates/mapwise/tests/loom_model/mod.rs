//! How models are run; one that explores nothing fails.

#![allow(dead_code, reason = "each file of models takes what it needs")]

// std's: it counts, and is no part of the model.
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use loom::model::Builder;

/// Checks `body` in every interleaving up to as many preemptions as `LOOM_MAX_PREEMPTIONS` says, `default` without it.
pub(crate) fn model(default: usize, body: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound.get_or_insert(default);
    check(builder, body);
}

/// Likewise with so many preemptions, whatever is said: with one more, these take hours.
pub(crate) fn bounded(preemptions: usize, body: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    check(builder, body);
}

/// Likewise with so many preemptions, or more if that is said: with fewer, these do not show what they are for.
pub(crate) fn at_least(preemptions: usize, body: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = builder.preemption_bound.max(Some(preemptions));
    check(builder, body);
}

/// Checks `body` as `builder` says.
pub(crate) fn check(mut builder: Builder, body: impl Fn() + Send + Sync + 'static) {
    builder.max_branches = 100_000;
    let interleavings = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&interleavings);
    builder.check(move || {
        counted.fetch_add(1, Relaxed);
        body();
    });
    let interleavings = interleavings.load(Relaxed);
    assert!(interleavings > 10, "only {interleavings} interleavings: the model does not race");
}
