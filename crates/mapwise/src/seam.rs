//! The one place that every blocking operation passes, so that misuse is seen in every map the same way.
//!
//! - **one-scope**: a thread holds at most one scope of a map at a time. A second one would wait for the first, which is
//!   this thread's own: debug builds panic naming both call sites, release builds compile the scope away.
//!
//! Call sites are the same line in every build; only this file knows whether anything is watched.

#[cfg(debug_assertions)]
use std::{cell::RefCell, panic::Location};

/// The operations a map can be inside of, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    View,
    ForEach,
    Compute,
    Update,
    Insert,
    Remove,
    Retain,
    Transact,
    Whole,
}

impl Op {
    /// The operation whose place among the variants is `index`.
    pub(crate) fn from_index(index: u32) -> Option<Self> {
        const ALL: [Op; 9] = [
            Op::View,
            Op::ForEach,
            Op::Compute,
            Op::Update,
            Op::Insert,
            Op::Remove,
            Op::Retain,
            Op::Transact,
            Op::Whole,
        ];
        ALL.get(usize::try_from(index).ok()?).copied()
    }

    /// What a message calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::View => "a look-up",
            Self::ForEach => "an iteration",
            Self::Compute => "compute",
            Self::Update => "update",
            Self::Insert => "an insertion",
            Self::Remove => "a removal",
            Self::Retain => "retain",
            Self::Transact => "transact",
            Self::Whole => "an operation on the whole map",
        }
    }
}

#[cfg(debug_assertions)]
#[derive(Clone, Copy)]
struct Inside {
    map: usize,
    op: Op,
    site: &'static Location<'static>,
}

#[cfg(debug_assertions)]
thread_local! {
    static INSIDE: RefCell<Vec<Inside>> = const { RefCell::new(Vec::new()) };
}

/// A map's end of the seam. Its address is the map's identity while an operation runs.
#[derive(Debug, Default)]
pub(crate) struct Seam {
    // Gives every map an address of its own; a zero-sized field could share one.
    #[cfg(debug_assertions)]
    _identity: u8,
}

impl Seam {
    pub(crate) const fn new() -> Self {
        Self {
            #[cfg(debug_assertions)]
            _identity: 0,
        }
    }

    /// Enters `op`, which may run user code while it blocks others; `hash` is the key's, where one key is meant.
    ///
    /// # Panics
    ///
    /// In debug builds, if this thread is inside an operation of this map already.
    #[inline]
    #[track_caller]
    pub(crate) fn begin(&self, op: Op, hash: Option<u64>) -> Scope<'_> {
        let _ = hash;
        #[cfg(debug_assertions)]
        enter(Inside { map: std::ptr::from_ref(self).addr(), op, site: Location::caller() });
        #[cfg(not(debug_assertions))]
        let _ = op;
        Scope { _map: std::marker::PhantomData, _not_send: std::marker::PhantomData }
    }
}

#[cfg(debug_assertions)]
fn enter(now: Inside) {
    let find = |inside: &RefCell<Vec<Inside>>| inside.borrow().iter().rev().find(|scope| scope.map == now.map).copied();
    // A thread that is ending may have lost the list: its last calls are not watched.
    let Ok(before) = INSIDE.try_with(find) else { return };
    if let Some(before) = before {
        panic!(
            "re-entrant call: {} at {} from inside {} at {} on the same map would wait for itself",
            now.op.name(),
            now.site,
            before.op.name(),
            before.site,
        );
    }
    let _ = INSIDE.try_with(|inside| inside.borrow_mut().push(now));
}

/// An operation in progress on this thread; ends when dropped, on panic too.
#[must_use]
pub(crate) struct Scope<'map> {
    _map: std::marker::PhantomData<&'map Seam>,
    // It stands for a place on this thread's stack.
    _not_send: std::marker::PhantomData<*const ()>,
}

#[cfg(debug_assertions)]
impl Drop for Scope<'_> {
    fn drop(&mut self) {
        // Scopes nest as calls do, so the last one is this one. A thread that is ending may have lost the list.
        let _ = INSIDE.try_with(|inside| inside.borrow_mut().pop());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_maps_may_be_nested() {
        let (outer, inner) = (Seam::new(), Seam::new());
        let _outer = outer.begin(Op::Update, None);
        let _inner = inner.begin(Op::Update, None);
    }

    #[test]
    fn a_scope_ends_when_dropped() {
        let seam = Seam::new();
        drop(seam.begin(Op::Update, None));
        drop(seam.begin(Op::Update, None));
    }

    #[cfg(debug_assertions)]
    #[test]
    fn a_second_scope_names_both_call_sites() {
        let seam = Seam::new();
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
}
