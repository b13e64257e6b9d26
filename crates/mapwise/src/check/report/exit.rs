//! The end of the process, and the status it ends with.
//!
//! - **handler-safe**: what runs at exit is a plain function without arguments that does not unwind, as C asks of it.
//! - **any-thread**: the calls of C made here may be made by any thread at any time.
//!
//! A status can be set in one way only that works for a program, for libtest and for a runner with a process a test: by
//! a handler of `atexit` that ends the process itself.

#![allow(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Arranges for `finish` to run when the process exits; the status it returns replaces the process's own unless it is 0.
/// Returns whether that could be arranged.
pub(crate) fn at_exit() -> bool {
    // SAFETY: handler-safe: `handler` never unwinds.
    let refused = unsafe { libc::atexit(handler) };
    refused == 0
}

extern "C" fn handler() {
    // handler-safe: a panic here would abort, and hide the status.
    if let Ok(status @ 1..) = catch_unwind(AssertUnwindSafe(super::finish)) {
        leave(status);
    }
}

/// Ends the process from within `exit`.
fn leave(status: u8) -> ! {
    // glibc goes on with the handlers that are left, such as the one that writes a coverage profile, and ends with the new
    // status. Elsewhere a second `exit` is undefined.
    #[cfg(target_env = "gnu")]
    // SAFETY: any-thread; glibc allows `exit` in a handler (atexit(3), notes).
    unsafe {
        libc::exit(status.into())
    };
    #[cfg(not(target_env = "gnu"))]
    now(status)
}

/// Ends the process at once: no handler and no destructor runs, so that nothing waits for a map that is in use.
pub(crate) fn now(status: u8) -> ! {
    // SAFETY: any-thread; null means every stream of C.
    unsafe { libc::fflush(std::ptr::null_mut()) };
    // SAFETY: any-thread.
    unsafe { libc::_exit(status.into()) }
}
