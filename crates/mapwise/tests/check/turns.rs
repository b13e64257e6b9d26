//! Two threads whose steps are in one order, so that what is tested happens every time.

use std::{sync::Barrier, thread};

/// Runs `check`, then `conflict` on another thread, then `act` on the first; both threads live until all is done.
pub fn between<T: Send>(check: impl FnOnce() -> T + Send, conflict: impl FnOnce() + Send, act: impl FnOnce(T) + Send) {
    let step = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            let checked = check();
            step.wait();
            step.wait();
            act(checked);
            step.wait();
        });
        scope.spawn(|| {
            step.wait();
            conflict();
            step.wait();
            step.wait();
        });
    });
}
