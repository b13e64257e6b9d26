//! What is recorded of one map; shared by the map and the registry, so that a profile is taken without touching the map.
//!
//! - **one-writer**: see `stripe`. Threads whose index is above the owned stripes share others, by atomic additions.
//! - **bounded**: nothing here grows but with the number of shards, and that up to [`MOST_SHARDS`].

use std::{
    any::type_name,
    collections::VecDeque,
    panic::Location,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
};

use crossbeam_utils::CachePadded;
use mapwise_profile::Point;
use parking_lot::Mutex;

use super::{
    blocked::{Blocked, Pair},
    options::tier,
    pause, pending,
    places::Places,
    registry::OTHER_MAPS,
    sampling::{Armed, now_and_then},
    sites::Site,
    stripe::{Rare, Stripe},
    times::Times,
};
use crate::{op::Op, thread_index};

/// How many shards are told apart; of a map with more, neighbors are counted together.
const MOST_SHARDS: usize = 1024;

/// How many stripes are shared by threads that own none.
const SHARED: usize = 4;

/// The number of entries of a map that did not tell it.
const UNTOLD: u64 = u64::MAX;

/// How long a name may be.
const NAME_BYTES: usize = 128;

/// What is recorded of one map.
pub(crate) struct Record {
    pub(super) kind: &'static str,
    pub(super) created: &'static Location<'static>,
    pub(super) shape: OnceLock<Shape>,
    pub(super) name: Mutex<Option<Box<str>>>,
    owned: Places,
    shared: Box<[CachePadded<Stripe>]>,
    /// Where the map counts its entries itself, if it does.
    gauge: OnceLock<Box<dyn Gauge>>,
    /// How many entries a map without shards said it has; [`UNTOLD`] before it said so.
    told: AtomicU64,
    /// Every hold is timed, and not a sample.
    pub(super) times_all: AtomicBool,
    pub(super) resizes: Times,
    /// Waits during which a table was replaced.
    pub(super) resize_delay_ns: AtomicU64,
    longest: AtomicU64,
    blocked: OnceLock<Blocked>,
    pub(super) series: Mutex<VecDeque<Point>>,
}

/// Who waited for whom, in which shard of the map.
#[derive(Clone, Copy)]
pub(super) struct Wait {
    pub(super) waiter: Site,
    pub(super) holder: Site,
    pub(super) op: Op,
    /// None if it is not known, or if there were several.
    pub(super) shard: Option<usize>,
    /// A table was replaced meanwhile.
    pub(super) replaced: bool,
}

/// What a look at a call found.
#[derive(Clone, Copy, Default)]
pub(super) struct Looked {
    /// It is a sample.
    pub(super) sample: bool,
    /// It has an entry in `pending`.
    pub(super) pending: bool,
}

/// A count of entries that a map keeps itself.
pub(crate) trait Gauge: Send + Sync {
    fn entries(&self) -> isize;
}

impl Gauge for Arc<CachePadded<crate::sync::AtomicIsize>> {
    fn entries(&self) -> isize {
        // Relaxed: a number that stands for itself.
        self.load(crate::sync::Ordering::Relaxed)
    }
}

impl Gauge for Arc<[CachePadded<crate::sync::AtomicIsize>]> {
    fn entries(&self) -> isize {
        // Relaxed: as above, each.
        self.iter().map(|stripe| stripe.load(crate::sync::Ordering::Relaxed)).sum()
    }
}

/// The shard of a hash in a map with so many of them.
pub(crate) type Locate = fn(usize, u64) -> usize;

/// What a map's constructor knows of its parts.
pub(super) struct Shape {
    pub(super) entries: [&'static str; 2],
    pub(super) shards: Box<[CachePadded<ShardRecord>]>,
    /// How many bits of a shard's number are dropped to find its record.
    fold: u32,
    count: usize,
    locate: Locate,
}

/// What is recorded of one shard.
#[derive(Default)]
pub(super) struct ShardRecord {
    /// Sampled operations.
    pub(super) operations: AtomicU64,
    pub(super) contentions: AtomicU64,
    pub(super) delay_ns: AtomicU64,
    pub(super) len: AtomicU64,
    /// How often its table was replaced.
    replacements: AtomicU64,
    /// The site of the operation that took the lock last.
    holder: AtomicU32,
}

impl Record {
    pub(super) fn new(kind: &'static str, created: &'static Location<'static>) -> Self {
        Self {
            kind,
            created,
            shape: OnceLock::new(),
            name: Mutex::new(None),
            owned: Places::new(),
            shared: (0..SHARED).map(|_| CachePadded::default()).collect(),
            gauge: OnceLock::new(),
            told: AtomicU64::new(UNTOLD),
            times_all: AtomicBool::new(false),
            resizes: Times::default(),
            resize_delay_ns: AtomicU64::new(0),
            longest: AtomicU64::new(0),
            blocked: OnceLock::new(),
            series: Mutex::new(VecDeque::new()),
        }
    }

    /// Learns what the map is made of; the first call decides.
    pub(super) fn shape<K, V>(&self, count: usize, locate: Locate) {
        let fold = (count.max(1).next_power_of_two() / MOST_SHARDS).max(1).trailing_zeros();
        let shards = (0..count.div_ceil(1 << fold)).map(|_| CachePadded::default()).collect();
        let _ = self.shape.set(Shape { entries: [type_name::<K>(), type_name::<V>()], shards, fold, count, locate });
    }

    pub(super) fn counts_in(&self, gauge: impl Gauge + 'static) {
        let _ = self.gauge.set(Box::new(gauge));
    }

    /// Notes how many entries the map has.
    pub(super) fn tell_len(&self, now: usize) {
        let len = self.shard(0).map_or(&self.told, |(_, shard)| &shard.len);
        // Relaxed: a number that stands for itself.
        len.store(now as u64, Ordering::Relaxed);
    }

    /// How many entries the map has, if it can tell without being asked.
    pub(super) fn len(&self) -> Option<u64> {
        if self.kind == OTHER_MAPS {
            // Each tells its own.
            return None;
        }
        // Relaxed: see `tell_len`.
        let told = self.told.load(Ordering::Relaxed);
        if told != UNTOLD {
            return Some(told);
        }
        let shards = || self.shape.get().filter(|shape| !shape.shards.is_empty()).map(Shape::len);
        let len = self.gauge.get().map(|gauge| gauge.entries() as i64).or_else(shards)?;
        // Negative for a moment, if an entry's removal is read and its insertion by another thread is not yet.
        Some(u64::try_from(len).unwrap_or(0))
    }

    pub(super) fn set_name(&self, name: &str) {
        let end = (0..=name.len().min(NAME_BYTES)).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
        *self.name.lock() = Some(name[..end].into());
    }

    /// The stripes that threads have of their own, by the threads' indices.
    pub(super) fn owned(&self) -> Places {
        self.owned.clone()
    }

    /// Counts a call that is not plain, and says what is to be done about it.
    #[cold]
    #[inline(never)]
    pub(super) fn arm(&self, op: Op) -> Armed {
        match self.owned.own() {
            Some(stripe) => stripe.look(op, tier()),
            None => {
                // Asking for the stripe gives this thread its index, for the calls to come.
                self.stripe().count_shared(op);
                Armed::at(tier(), now_and_then())
            }
        }
    }

    /// As `arm`, and leaves what is to be done to the operation's end.
    #[cold]
    #[inline(never)]
    pub(super) fn look(&self, op: Op, hash: Option<u64>) -> Looked {
        let armed = self.arm(op);
        Looked { sample: armed.sample, pending: armed.later() && pending::arm(armed, hash) }
    }

    /// As `arm`, and does at once what is to be done about a call that holds no lock.
    #[cold]
    #[inline(never)]
    pub(super) fn glance(&self, op: Op, hash: u64) {
        if self.arm(op).key {
            self.sampled(hash);
        }
    }

    /// Looks at a call that takes another lock, after it was counted.
    #[cold]
    #[inline(never)]
    pub(super) fn look_again(&self) -> Looked {
        let armed = Armed::again(tier());
        Looked { sample: false, pending: armed.later() && pending::arm(armed, None) }
    }

    /// Counts that the key of a call was absent.
    // Not inlined, so that nothing is kept for it while the lock is taken.
    #[inline(never)]
    pub(super) fn miss(&self, op: Op) {
        match self.owned.own() {
            Some(stripe) => stripe.miss(op),
            None => self.stripe().miss_shared(op),
        }
    }

    /// This thread's stripe, or one that it shares; written by atomic additions only.
    #[cold]
    #[inline(never)]
    fn stripe(&self) -> &Stripe {
        let index = thread_index::with(|index| index);
        self.owned.own().unwrap_or(&self.shared[index % SHARED])
    }

    pub(super) fn stripes(&self) -> impl Iterator<Item = &Stripe> {
        self.owned.all().chain(self.shared.iter().map(|stripe| &**stripe))
    }

    /// How many threads count by themselves, if there were more.
    pub(super) fn crowded(&self) -> Option<usize> {
        let is_used = |stripe: &CachePadded<Stripe>| Op::ALL.iter().any(|op| stripe.counted(*op).0 > 0);
        self.shared.iter().any(is_used).then(thread_index::places)
    }

    /// The record of a shard, and its number among the records.
    pub(super) fn shard(&self, shard: usize) -> Option<(u32, &ShardRecord)> {
        let shape = self.shape.get()?;
        let index = shard >> shape.fold;
        Some((u32::try_from(index).ok()?, shape.shards.get(index)?))
    }

    fn rare(&self) -> &Rare {
        self.stripe().rare()
    }

    pub(super) fn count_slow_path(&self) {
        self.stripe().count_slow_path();
    }

    /// The shard in which a hash is.
    pub(super) fn shard_of(&self, hash: u64) -> Option<usize> {
        let shape = self.shape.get().filter(|shape| shape.count > 0)?;
        Some((shape.locate)(shape.count, hash))
    }

    /// The number of the shard's record in which a hash is.
    pub(super) fn locate(&self, hash: u64) -> Option<u32> {
        self.shard(self.shard_of(hash)?).map(|(number, _)| number)
    }

    /// Notes another number of entries in a shard, whose lock is held.
    pub(super) fn shard_len(&self, shard: usize, before: usize, now: usize) {
        let folded = self.shape.get().is_some_and(Shape::folded);
        let Some((_, shard)) = self.shard(shard) else { return };
        // Relaxed: numbers that stand for themselves.
        if folded {
            shard.len.fetch_add((now as u64).wrapping_sub(before as u64), Ordering::Relaxed);
        } else {
            // The lock lets in one at a time.
            shard.len.store(now as u64, Ordering::Relaxed);
        }
    }

    /// Counts a key that was sampled.
    pub(super) fn sampled(&self, hash: u64) {
        self.rare().hot_keys.lock().offer(hash);
        let shards = self.shape.get().map(|shape| &shape.shards);
        if let (Some(shards), Some(number)) = (shards, self.locate(hash)) {
            // Relaxed: a count.
            shards[number as usize].operations.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a wait.
    pub(super) fn waited(&self, wait: Wait, ns: u64) {
        let rare = self.rare();
        rare.waits.add(ns);
        // Relaxed, here and below: counts stand for themselves.
        rare.contentions[wait.op as usize].fetch_add(1, Ordering::Relaxed);
        rare.delay_ns[wait.op as usize].fetch_add(ns, Ordering::Relaxed);
        if wait.replaced {
            self.resize_delay_ns.fetch_add(ns, Ordering::Relaxed);
        }
        let mut number = Pair::NO_SHARD;
        if let Some((index, shard)) = wait.shard.and_then(|shard| self.shard(shard)) {
            shard.contentions.fetch_add(1, Ordering::Relaxed);
            shard.delay_ns.fetch_add(ns, Ordering::Relaxed);
            number = index;
        }
        let pair = Pair { waiter: wait.waiter, holder: wait.holder, op: wait.op, shard: number };
        self.blocked.get_or_init(Blocked::new).add(pair, ns);
    }

    /// Counts the replacement of a shard's table by this thread, which holds the shard's lock.
    #[cold]
    #[inline(never)]
    pub(super) fn replaced(&self, shard: usize) {
        self.resizes.add(pause::take());
        if let Some((_, shard)) = self.shard(shard) {
            // Relaxed: those who look got the lock since.
            shard.replacements.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a hold that was timed.
    pub(super) fn held(&self, site: Site, ns: u64) {
        self.rare().holds.add(ns);
        // The duration above the site, so that the largest word is the longest hold.
        let ns = ns.min(u64::MAX >> super::sites::BITS);
        self.longest.fetch_max(ns << super::sites::BITS | u64::from(site.number()), Ordering::Relaxed);
    }

    /// Who held a lock the longest.
    pub(super) fn longest(&self) -> Site {
        Site::from_number((self.longest.load(Ordering::Relaxed) & ((1 << super::sites::BITS) - 1)) as u32)
    }

    pub(super) fn blocked(&self) -> Option<&Blocked> {
        self.blocked.get()
    }
}

impl Shape {
    fn len(&self) -> i64 {
        // Relaxed: a number that stands for itself.
        self.shards.iter().map(|shard| shard.len.load(Ordering::Relaxed) as i64).fold(0, i64::wrapping_add)
    }

    /// Whether several shards share a record.
    pub(super) fn folded(&self) -> bool {
        self.fold > 0
    }
}

impl ShardRecord {
    /// Shows who holds the lock to those who will wait.
    pub(super) fn show(&self, holder: Site) {
        // Relaxed: a number that stands for itself. A waiter that reads it late blames the holder before.
        self.holder.store(holder.number(), Ordering::Relaxed);
    }

    /// How often the table was replaced.
    pub(super) fn replacements(&self) -> u64 {
        // Relaxed: see `Record::replaced`.
        self.replacements.load(Ordering::Relaxed)
    }

    /// Who holds the lock, as shown last.
    pub(super) fn holder(&self) -> Site {
        Site::from_number(self.holder.load(Ordering::Relaxed))
    }
}
