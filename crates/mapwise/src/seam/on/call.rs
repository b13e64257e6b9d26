//! What an operation in progress tells, and what its end tells of it.

use std::{
    panic::Location,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};

use super::mark::{Disturbing, Inner, Mark};
use crate::{
    check::{
        here::{self, Actor, Frame},
        hold::{self, Long, Start},
        map::MapState,
        reads::{Iteration, Read},
        shadow,
        verdict::{self, Evidence},
    },
    op::{Change, Op},
};

/// Keys of one operation that are remembered to have been looked at or written beside its own.
pub(super) const KEYS: usize = 16;

pub(super) enum MapRef<'map> {
    Borrowed(&'map MapState),
    Shared(Arc<MapState>),
}

/// What an operation in progress reports, possibly on another thread that does it.
pub(crate) struct Call<'map> {
    map: MapRef<'map>,
    pub(super) op: Op,
    pub(super) hash: Option<u64>,
    pub(super) site: &'static Location<'static>,
    pub(super) actor: Actor,
    /// What the actor last saw of the key.
    pub(super) seen: Option<Read>,
    /// The thread that drops it is the one that called, and knows what it has looked at.
    pub(super) watched: bool,
    /// The thread is inside a frame for it.
    pub(super) inside: bool,
    /// The time of a look at the key, times four, plus two if it was found, plus one; 0 for none.
    saw: AtomicU64,
    pub(super) wrote: AtomicBool,
    /// When the wait was over, as `Start::bits` tells; 0 for never.
    start: AtomicU64,
    more: Mutex<Option<Box<More>>>,
}

/// What few operations need.
#[derive(Default)]
pub(super) struct More {
    pub(super) evidence: Vec<Evidence>,
    iteration: Option<Iteration>,
    /// Hash, time, and whether it was found.
    saw: Vec<(u64, u64, bool)>,
    pub(super) wrote: Vec<u64>,
    /// More keys were written than can be listed.
    pub(super) wrote_many: bool,
    pub(super) long: Option<Long>,
}

impl<'map> Call<'map> {
    pub(super) fn new(map: MapRef<'map>, op: Op, hash: Option<u64>, site: &'static Location<'static>) -> Self {
        Self {
            map,
            op,
            hash,
            site,
            actor: Actor::NOBODY,
            seen: None,
            watched: false,
            inside: false,
            saw: AtomicU64::new(0),
            wrote: AtomicBool::new(false),
            start: AtomicU64::new(0),
            more: Mutex::default(),
        }
    }

    pub(super) fn map(&self) -> &MapState {
        match &self.map {
            MapRef::Borrowed(map) => map,
            MapRef::Shared(map) => map,
        }
    }

    pub(super) fn more(&self) -> MappedMutexGuard<'_, More> {
        MutexGuard::map(self.more.lock(), |more| &mut **more.get_or_insert_default())
    }

    /// The operation has what it waited for.
    pub(crate) fn locked(&self) {
        if hold::may_be_long(self.op) {
            // Relaxed: see `saw`.
            self.start.store(hold::begin().bits(), Ordering::Relaxed);
        }
    }

    /// **read-after**: the operation looked at its key.
    pub(crate) fn saw(&self, found: bool) {
        let saw = self.map().now() << 2 | u64::from(found) << 1 | 1;
        // Relaxed: read where the call is dropped, after whoever did the operation has answered.
        self.saw.store(saw, Ordering::Relaxed);
    }

    /// The operation looked at the key that hashes to this, one of several.
    pub(crate) fn saw_key(&self, hash: u64, found: bool) {
        let time = self.map().now();
        let mut more = self.more();
        if more.saw.len() < KEYS {
            more.saw.push((hash, time, found));
        }
    }

    /// An iteration is about to show an entry, whose key hashes to what `hash` returns, if that is known.
    pub(crate) fn saw_entry(&self, hash: impl FnOnce() -> Option<u64>) {
        // The user's `Hash`: before any lock.
        let Some(hash) = hash() else { return };
        let time = self.map().now();
        let (serial, op, site, thread) = (self.map().serial, self.op, self.site, self.actor.thread);
        let mut more = self.more();
        more.iteration.get_or_insert_with(|| Iteration::begun(serial, op, site, thread)).show(hash, time);
    }

    /// **write-inside**: the operation wrote the key that hashes to this.
    pub(crate) fn wrote(&self, hash: u64, change: Change) {
        match (self.op, change) {
            // It was shown, and nothing says that it was changed.
            (Op::Retain, Change::Changed) => {}
            (Op::GetOrInsert, Change::Changed) => self.saw(true),
            _ => self.mark(hash).wrote(change),
        }
    }

    /// **write-inside**: the operation decided on a key; `None` if it wrote nothing.
    pub(crate) fn decided(&self, hash: u64, change: Option<Change>) {
        match change {
            Some(change) => self.wrote(hash, change),
            // Its caller learned that there is nothing to change.
            None if self.op == Op::Update && self.hash == Some(hash) => self.saw(false),
            None => {}
        }
    }

    /// **write-inside**: the operation is about to remove an entry whose key hashes to what `hash` returns, if that is
    /// known.
    pub(crate) fn removed(&self, hash: impl FnOnce() -> Option<u64>) {
        match hash() {
            Some(hash) => self.wrote(hash, Change::Removed),
            None => drop(self.disturb()),
        }
    }

    /// **write-inside**: the operation is about to remove entries; `all` tells the hash of each, if that is known.
    pub(crate) fn removed_all(&self, all: impl FnOnce(&mut dyn FnMut(Option<u64>))) {
        all(&mut |hash| self.removed(|| hash));
    }

    /// Until the result is dropped, the operation writes keys that it does not report.
    pub(crate) fn disturb(&self) -> Disturbing<'_> {
        Disturbing::begin(self.map())
    }

    /// **mark**: keeps others from writing the key until the write is reported.
    pub(crate) fn mark(&self, hash: u64) -> Mark<'_> {
        let held = shadow::hold(self.map(), hash);
        Mark { call: self, time: self.map().tick(), held }
    }

    /// The thread that does the operation begins to.
    pub(crate) fn enter(&self) -> Inner<'_> {
        let map = self.map();
        let node = here::node_of(map, Op::Transact, None);
        let frame = Frame { map: map.serial, type_name: map.of.name, op: self.op, site: self.site, node };
        here::enter(frame);
        Inner { call: self, start: hold::may_be_long(self.op).then(hold::begin) }
    }

    /// What the calling thread has learned.
    fn commit(&mut self) {
        let map = self.map().serial;
        if *self.wrote.get_mut()
            && let Some(hash) = self.hash
        {
            here::forget(map, hash, self.site);
            if self.op == Op::Remove {
                here::note_removal(self.map(), hash, self.site);
            }
        }
        let saw = *self.saw.get_mut();
        if saw != 0
            && let Some(hash) = self.hash
        {
            let _ = here::note(self.map(), hash, saw >> 2, self.op, saw & 2 != 0, self.site);
        }
    }

    /// What the calling thread has learned of keys beside the operation's own.
    fn commit_more(&self, more: More) {
        let map = self.map().serial;
        let More { iteration, saw, wrote, wrote_many, .. } = more;
        if wrote_many {
            here::forget_map(map, self.site);
        }
        for hash in wrote {
            here::forget(map, hash, self.site);
        }
        for (hash, time, found) in saw {
            let _ = here::note(self.map(), hash, time, Op::View, found, self.site);
        }
        if let Some(iteration) = iteration {
            here::note_iteration(iteration, self.site);
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        // Before anything of the checker's own, which may take long.
        let mine = Start::from_bits(*self.start.get_mut()).and_then(|start| hold::judge(self.op, start));
        if self.inside {
            here::leave(self.map().serial, self.site);
        }
        if self.watched {
            self.commit();
        }
        let (mut evidence, mut long) = (Vec::new(), None);
        if let Some(mut more) = self.more.get_mut().take() {
            (evidence, long) = (std::mem::take(&mut more.evidence), more.long);
            if self.watched {
                self.commit_more(*more);
            }
        }
        for evidence in evidence {
            hold::own(|| verdict::tell(self.map(), &evidence));
        }
        if let Some(long) = long.or(mine) {
            let Long { held, blocked } = long;
            verdict::tell_long_hold(&self.map().id(), self.op, self.site, self.actor, held, blocked);
        }
    }
}

/// Where a table in somebody's hands reports to, if anywhere.
#[derive(Clone, Copy)]
pub(crate) struct Watch<'a>(Option<&'a Call<'a>>);

impl<'a> Watch<'a> {
    /// Nowhere: the table is no map's, or one thread's alone.
    pub(crate) const NONE: Self = Self(None);

    /// To the operation that lends the table.
    pub(crate) fn by(call: &'a Call<'_>) -> Self {
        Self(Some(call))
    }

    pub(super) fn call(self) -> Option<&'a Call<'a>> {
        self.0
    }

    /// The key that hashes to this was looked at.
    pub(crate) fn saw(self, hash: u64, found: bool) {
        if let Some(call) = self.0 {
            call.saw_key(hash, found);
        }
    }

    /// The key that hashes to this was decided on; `None` if nothing was written.
    pub(crate) fn decided(self, hash: u64, change: Option<Change>) {
        if let Some(call) = self.0 {
            call.decided(hash, change);
        }
    }

    /// Until the result is dropped, keys are written that are not reported.
    pub(crate) fn disturb(self) -> Option<Disturbing<'a>> {
        self.0.map(Call::disturb)
    }
}
