//! How the models of whole maps are run; one that explores nothing fails.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// Checks `body` in every interleaving up to three preemptions, or as many as `LOOM_MAX_PREEMPTIONS` says.
pub(crate) fn model(body: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(3);
    builder.max_branches = 20_000;
    let interleavings = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&interleavings);
    builder.check(move || {
        counted.fetch_add(1, Relaxed);
        body();
    });
    let interleavings = interleavings.load(Relaxed);
    assert!(interleavings > 10, "only {interleavings} interleavings: the model does not race");
}
