//! The body of the seam that watches: hands what maps report to `crate::check`.

mod call;
mod keys;
mod mark;

use std::{marker::PhantomData, ops::Deref, panic::Location, sync::Arc};

use super::{Change, MapType, Op, Visitor, line_of};
use crate::check::{
    delay, explore,
    here::{self, Actor, Frame},
    hold,
    map::MapState,
    order::{self, Wanting},
    verdict,
};

pub(crate) use self::{
    call::{Call, Watch},
    keys::{KeyHash, KeyText},
};
use call::MapRef;

/// A map's end of the seam.
#[derive(Debug)]
pub(crate) struct Seam {
    map: Arc<MapState>,
}

impl Seam {
    /// The seam of a map of a kind.
    pub(crate) fn of(kind: MapType) -> Self {
        Self { map: Arc::new(MapState::new(kind)) }
    }

    /// Names the map in reports.
    pub(crate) fn name(&self, name: &str) {
        self.map.set_name(name);
    }

    /// Enters `op`, which may run user code while it blocks others; `hash` is the key's, where one key is meant.
    ///
    /// # Panics
    ///
    /// If this thread is inside an operation of this map already; the finding is told before.
    #[track_caller]
    pub(crate) fn begin(&self, op: Op, hash: Option<u64>) -> Scope<'_> {
        let site = line_of(Location::caller());
        let mut call = self.call(here::meaning_of(op), hash, site, true);
        let node = here::node_of(&self.map, call.op, hash);
        let of = self.map.of;
        here::enter(Frame { map: self.map.serial, type_name: of.name, op: call.op, site, node });
        call.inside = true;
        Scope { call, _not_send: PhantomData }
    }

    /// Begins an operation that waits for nobody and runs no user code while others wait for it: it needs no scope.
    #[track_caller]
    pub(crate) fn look(&self, op: Op, hash: Option<u64>) -> Call<'_> {
        self.call(here::meaning_of(op), hash, line_of(Location::caller()), false)
    }

    fn call(&self, op: Op, hash: Option<u64>, site: &'static Location<'static>, takes_scope: bool) -> Call<'_> {
        let mut call = Call::new(MapRef::Borrowed(&self.map), op, hash, site);
        // A thread that is ending may have lost what it knew: its last calls are not watched.
        let Some(arrival) = here::arrive(&self.map, op, hash, site, takes_scope) else { return call };
        self.map.used_by(arrival.actor.id);
        call.actor = arrival.actor;
        call.watched = true;
        if let Some(outer) = arrival.inside {
            refuse(&self.map, hash, (op, site), &outer, arrival.actor);
        }
        if !arrival.holding.is_empty()
            && let Some(node) = here::node_of(&self.map, op, hash)
        {
            let Actor { thread, .. } = arrival.actor;
            let wanting = Wanting { node, map: &self.map.id(), op, site, thread, task: arrival.actor.task() };
            if let Some(circle) = order::note(&arrival.holding, &wanting) {
                hold::own(|| verdict::tell_circle(&circle));
            }
        }
        if takes_scope
            && here::takes_alone(&self.map, op)
            && let Some(circle) = order::note_writer(&self.map, arrival.actor.thread)
        {
            hold::own(|| verdict::tell_circle(&circle));
        }
        let scheduled = !arrival.is_inside && explore::point();
        call.seen = arrival.seen;
        // Between its removal and an insertion others find a key absent that is meant to be there.
        if let Some(before) = arrival.seen.or(arrival.removal.filter(|_| op == Op::Insert))
            && !arrival.is_inside
            && !scheduled
        {
            delay::before_act(&self.map, &before, arrival.actor, (op, site));
        }
        call
    }

    /// Reports a look-up that took no lock, after it.
    #[track_caller]
    pub(crate) fn saw(&self, op: Op, hash: u64, found: bool) {
        let time = self.map.now();
        let op = here::meaning_of(op);
        let site = line_of(Location::caller());
        if let Some(actor) = here::note(&self.map, hash, time, op, found, site) {
            self.map.used_by(actor.id);
        }
        if !here::is_inside() {
            explore::point();
        }
    }

    /// Reports a write through `&mut` of the map, which nobody else can see.
    #[track_caller]
    pub(crate) fn wrote_owned(&self, op: Op, hash: u64, change: Change) {
        let site = line_of(Location::caller());
        // Not blind, whatever it is: nobody could have come between.
        let op = if matches!(op, Op::Insert | Op::Remove) { Op::Compute } else { op };
        self.call(op, Some(hash), site, false).wrote(hash, change);
    }

    /// Reports that the map was filled with entries that nobody reported.
    pub(crate) fn filled(&self) {
        self.map.set_filled();
    }

    /// Reports that two threads met in a map that takes one, or that one thread was inside twice.
    pub(crate) fn met(&self, arriving: &Visitor, inside: &Visitor) {
        verdict::tell_overlap(&self.map.id(), arriving, inside);
    }

    /// A call that is done later, on another thread.
    #[track_caller]
    pub(crate) fn later(&self, op: Op) -> Call<'static> {
        let site = line_of(Location::caller());
        let here = self.call(op, None, site, true);
        let mut call = Call::new(MapRef::Shared(Arc::clone(&self.map)), op, None, site);
        call.actor = here.actor;
        call
    }
}

/// Tells of a call that would wait for itself, and panics.
#[cold]
#[inline(never)]
fn refuse(
    map: &MapState,
    hash: Option<u64>,
    inner: (Op, &'static Location<'static>),
    outer: &Frame,
    actor: Actor,
) -> ! {
    hold::own(|| verdict::tell_reentrancy(map, hash, inner, outer, actor));
    let (op, site) = inner;
    panic!(
        "re-entrant call: {} at {site} from inside {} at {} on the same map would wait for itself",
        op.name(),
        outer.op.name(),
        outer.site,
    );
}

/// An operation in progress on this thread; ends when dropped, on panic too.
#[must_use]
pub(crate) struct Scope<'map> {
    call: Call<'map>,
    // It stands for a place on this thread's stack.
    _not_send: PhantomData<*const ()>,
}

impl<'map> Deref for Scope<'map> {
    type Target = Call<'map>;

    fn deref(&self) -> &Call<'map> {
        &self.call
    }
}

/// Until it is dropped, the next call on this thread means another operation.
#[must_use]
pub(crate) struct Means(());

/// Says that the next call of a map on this thread means `op`.
pub(crate) fn means(op: Op) -> Means {
    here::set_meaning(Some(op));
    Means(())
}

impl Drop for Means {
    fn drop(&mut self) {
        here::set_meaning(None);
    }
}
