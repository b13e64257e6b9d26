//! Whose line a call through a pointer is.
//!
//! Through `dyn DynMap` the compiler names a line of this crate as the caller: that of the method behind the pointer. The
//! object's own methods leave their caller's line here for as long as the call lasts.
//!
//! - **ours-only**: a line is replaced only if it is in a file of such methods, so that what a closure calls keeps its own.

use std::panic::Location;

pub(crate) use self::body::called_at;

/// The files of the methods behind the pointer.
#[cfg(any(feature = "check", feature = "profile"))]
const FILES: [&str; 2] = [crate::api::DYNAMIC, crate::actor::DYNAMIC];

/// The line that is meant by the compiler's.
#[inline(always)]
pub(crate) fn line_of(site: &'static Location<'static>) -> &'static Location<'static> {
    #[cfg(any(feature = "check", feature = "profile"))]
    if FILES.contains(&site.file()) {
        // ours-only.
        return body::line().unwrap_or(site);
    }
    site
}

#[cfg(any(feature = "check", feature = "profile"))]
mod body {
    use std::{cell::Cell, panic::Location};

    type Line = Option<&'static Location<'static>>;

    crate::sync::thread_local! {
        static LINE: Cell<Line> = const { Cell::new(None) };
    }

    /// A call in progress.
    #[must_use]
    pub(crate) struct Called(Line);

    /// Says where the call is that goes through a pointer next.
    pub(crate) fn called_at(line: &'static Location<'static>) -> Called {
        Called(LINE.with(|cell| cell.replace(Some(line))))
    }

    pub(super) fn line() -> Line {
        LINE.with(Cell::get)
    }

    impl Drop for Called {
        fn drop(&mut self) {
            LINE.with(|cell| cell.set(self.0));
        }
    }
}

#[cfg(not(any(feature = "check", feature = "profile")))]
mod body {
    use std::panic::Location;

    /// A call that nobody reports.
    #[must_use]
    pub(crate) struct Called;

    #[inline(always)]
    pub(crate) fn called_at(_line: &'static Location<'static>) -> Called {
        Called
    }
}
