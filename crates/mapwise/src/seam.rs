//! The one place that every operation passes, so that misuse is seen in every map the same way.
//!
//! - **one-scope**: a thread holds at most one scope of a map at a time. A second one would wait for the first, which is
//!   this thread's own: debug builds and checked mode panic naming both call sites, other builds compile it away.
//!
//! Call sites are the same line in every build; only this file knows whether anything is watched. There are two bodies
//! with the same signatures: `on` (feature `check`) and `off`, which is empty but for **one-scope** in debug builds.
//!
//! # How a map reports
//!
//! ```text
//! let scope = self.seam.begin(Op::Insert, Some(hash));    before the first lock: it may panic, or sleep for a moment
//! let mut shard = self.exclusive(hash);
//! scope.locked();                                         the wait is over
//! let old = shard.insert(...);
//! scope.wrote(hash, Change::put(old.is_some()));          before the lock is let go
//! ```
//!
//! - **write-inside**: a write is reported by `wrote` while nobody else can write the key, and before readers that take
//!   no lock can see it. Under a lock, anywhere inside is right; it is reported even if nothing about the value changed.
//! - **read-after**: a look-up is reported by `saw` after its value was loaded. So the version that it is taken to have
//!   seen is never older than what it returned: a write that it saw was reported before it was visible. Where readers are
//!   validated (a sequence lock), `saw` comes after the validation.
//! - **mark**: a write that is one atomic instruction, with no lock around it, happens between `scope.mark(hash)` and
//!   `mark.wrote(change)`. No user code may run in between: it holds a lock of the seam's.
//! - **blind**: `Op::Insert` and `Op::Remove` write whatever is there; every other write looks first. A method that is
//!   made of another says so to the next call by `seam::means`: `remove` is `remove_if` that means `Op::Remove`.
//! - **no-key**: a write that found nothing to write (`remove` of an absent key) is `saw(false)` and no `wrote`.
//! - **scope-outside**: a scope is made before the guards of locks and dropped after them: that is where findings are
//!   told.
//!
//! A look-up that takes no lock and cannot wait for itself needs no scope: `self.seam.saw(Op::View, hash, found)`.

mod called;
#[cfg(not(feature = "profile"))]
mod clock;
#[cfg(feature = "profile")]
mod metered;
#[cfg(not(feature = "check"))]
mod off;
#[cfg(feature = "check")]
mod on;
#[cfg(not(feature = "profile"))]
mod unmetered;

#[cfg(not(feature = "check"))]
use self::off as body;
#[cfg(feature = "check")]
use self::on as body;

pub(crate) use self::called::{called_at, line_of};
#[cfg(feature = "profile")]
pub(crate) use self::metered::*;
#[cfg(not(feature = "profile"))]
pub(crate) use self::{body::*, unmetered::*};
pub(crate) use crate::op::{Change, Holds, MapType, Op, Visitor};

#[cfg(test)]
mod tests {
    use super::*;

    fn seam() -> Seam {
        Seam::of(MapType { name: "TestMap", holds: Holds::Lock })
    }

    #[test]
    fn two_maps_may_be_nested() {
        let (outer, inner) = (seam(), seam());
        let _outer = outer.begin(Op::Update, None);
        let _inner = inner.begin(Op::Update, None);
    }

    #[test]
    fn a_scope_ends_when_dropped() {
        let seam = seam();
        drop(seam.begin(Op::Update, None));
        drop(seam.begin(Op::Update, None));
    }

    #[cfg(all(debug_assertions, not(feature = "check")))]
    #[test]
    fn a_second_scope_names_both_call_sites() {
        let seam = seam();
        let outer = line!() + 1;
        let _outer = seam.begin(Op::Update, None);
        let inner = line!() + 2;
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _inner = seam.begin(Op::Insert, None);
        }))
        .unwrap_err();
        let text = caught.downcast_ref::<String>().unwrap();
        for line in [outer, inner] {
            assert!(text.contains(&format!("{}:{line}:", file!())), "{text}");
        }
    }

    #[cfg(not(any(feature = "check", feature = "profile", debug_assertions)))]
    #[test]
    fn nothing_is_left_of_it_in_a_release_build() {
        assert_eq!(size_of::<Seam>() + size_of::<Scope<'_>>() + size_of::<Mark<'_>>(), 0);
        assert_eq!(size_of::<KeyHash<String, u64>>() + size_of::<KeyText<String>>() + size_of::<Means>(), 0);
        assert!(!std::mem::needs_drop::<Scope<'_>>() && !std::mem::needs_drop::<Mark<'_>>());
    }
}
