//! The body of the seam that watches: hands what maps report to `crate::check`.

use std::{
    hash::{BuildHasher, Hash},
    marker::PhantomData,
    ops::Deref,
    panic::Location,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};

use super::{Change, MapType, Op, Visitor};
use crate::check::{
    delay, explore,
    here::{self, Actor, Frame},
    hold::{self, Long, Start},
    map::MapState,
    order::{self, Wanting},
    reads::{Iteration, Read},
    shadow::{self, Held, Write},
    verdict::{self, Evidence},
};

/// Keys of one operation that are remembered to have been looked at or written beside its own.
const KEYS: usize = 16;

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
        let site = Location::caller();
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
        self.call(here::meaning_of(op), hash, Location::caller(), false)
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
        let site = Location::caller();
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
        let site = Location::caller();
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
        let site = Location::caller();
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

enum MapRef<'map> {
    Borrowed(&'map MapState),
    Shared(Arc<MapState>),
}

/// What an operation in progress reports, possibly on another thread that does it.
pub(crate) struct Call<'map> {
    map: MapRef<'map>,
    op: Op,
    hash: Option<u64>,
    site: &'static Location<'static>,
    actor: Actor,
    /// What the actor last saw of the key.
    seen: Option<Read>,
    /// The thread that drops it is the one that called, and knows what it has looked at.
    watched: bool,
    /// The thread is inside a frame for it.
    inside: bool,
    /// The time of a look at the key, times four, plus two if it was found, plus one; 0 for none.
    saw: AtomicU64,
    wrote: AtomicBool,
    /// When the wait was over.
    start: OnceLock<Start>,
    more: Mutex<Option<Box<More>>>,
}

/// What few operations need.
#[derive(Default)]
struct More {
    evidence: Vec<Evidence>,
    iteration: Option<Iteration>,
    /// Hash, time, and whether it was found.
    saw: Vec<(u64, u64, bool)>,
    wrote: Vec<u64>,
    /// More keys were written than can be listed.
    wrote_many: bool,
    long: Option<Long>,
}

impl<'map> Call<'map> {
    fn new(map: MapRef<'map>, op: Op, hash: Option<u64>, site: &'static Location<'static>) -> Self {
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
            start: OnceLock::new(),
            more: Mutex::default(),
        }
    }

    fn map(&self) -> &MapState {
        match &self.map {
            MapRef::Borrowed(map) => map,
            MapRef::Shared(map) => map,
        }
    }

    fn more(&self) -> MappedMutexGuard<'_, More> {
        MutexGuard::map(self.more.lock(), |more| &mut **more.get_or_insert_default())
    }

    /// The operation has what it waited for.
    pub(crate) fn locked(&self) {
        if hold::may_be_long(self.op) {
            let _ = self.start.set(hold::begin());
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
        let mine = self.start.get().and_then(|start| hold::judge(self.op, *start));
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

/// Keeps others from writing a key.
#[must_use]
pub(crate) struct Mark<'a> {
    call: &'a Call<'a>,
    held: Held<'a>,
    time: u64,
}

impl Mark<'_> {
    /// Reports the write and lets others write.
    pub(crate) fn wrote(self, change: Change) {
        let Self { call, held, time } = self;
        let Actor { id: actor, thread } = call.actor;
        let write = Write { time, actor, thread, op: call.op, site: call.site };
        let hash = held.hash();
        let read = call.seen.filter(|_| call.hash == Some(hash));
        let conflict = held.note(write, change, read.map(|read| read.time));
        if call.hash == Some(hash) {
            // Relaxed: see `saw`.
            call.wrote.store(true, Ordering::Relaxed);
        } else if call.watched {
            let mut more = call.more();
            if more.wrote.len() < KEYS {
                more.wrote.push(hash);
            } else {
                more.wrote_many = true;
            }
        }
        if let (Some(read), Some(conflict)) = (read, conflict)
            && let Some(evidence) = verdict::judge(read, conflict, write, call.actor, change)
        {
            call.more().evidence.push(evidence);
        }
    }

    /// Nothing was written.
    pub(crate) fn unused(self) {}
}

/// Keys of a map are being written that nobody reports.
#[must_use]
pub(crate) struct Disturbing<'a>(&'a MapState);

impl<'a> Disturbing<'a> {
    fn begin(map: &'a MapState) -> Self {
        map.begin_disturbing();
        Self(map)
    }
}

impl Drop for Disturbing<'_> {
    fn drop(&mut self) {
        self.0.end_disturbing();
    }
}

/// The thread that does an operation for another is inside it.
#[must_use]
pub(crate) struct Inner<'a> {
    call: &'a Call<'a>,
    start: Option<Start>,
}

impl Drop for Inner<'_> {
    fn drop(&mut self) {
        // On the thread that did it: whoever asked has only waited.
        let long = self.start.and_then(|start| hold::judge(self.call.op, start));
        here::leave(self.call.map().serial, self.call.site);
        if let Some(long) = long {
            self.call.more().long = Some(long);
        }
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

/// How keys of a map are hashed, for iterations, which know no more of a key than that it is one.
#[derive(Debug)]
pub(crate) struct KeyHash<K, S>(OnceLock<fn(&S, &K) -> u64>);

impl<K, S> KeyHash<K, S> {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// Told by every operation that can hash.
    pub(crate) fn learn(&self)
    where
        K: Hash,
        S: BuildHasher,
    {
        self.0.get_or_init(|| |hasher, key| hasher.hash_one(key));
    }

    /// Returns the hash of `key`, if any operation told how.
    pub(crate) fn of(&self, hasher: &S, key: &K) -> Option<u64> {
        Some(self.0.get()?(hasher, key))
    }
}

/// How keys of a map are shown in findings: not at all, unless the program says how.
pub(crate) struct KeyText<K>(Option<fn(&K) -> String>);

impl<K> KeyText<K> {
    /// Keys are not shown.
    pub(crate) const NONE: Self = Self(None);

    /// Keys are shown as `show` returns.
    pub(crate) fn by(show: fn(&K) -> String) -> Self {
        Self(Some(show))
    }

    /// Told by every operation that can add a key, outside its scope: this may run user code.
    pub(crate) fn learn(self, seam: &Seam, hash: u64, key: &K) {
        if let Some(show) = self.0 {
            seam.map.keep_text(hash, || show(key));
        }
    }

    /// Told by a table in somebody's hands, which has no outside.
    pub(crate) fn learn_within(self, watch: Watch<'_>, hash: u64, key: &K) {
        if let (Some(show), Some(call)) = (self.0, watch.0) {
            call.map().keep_text(hash, || show(key));
        }
    }
}

impl<K> Clone for KeyText<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for KeyText<K> {}
