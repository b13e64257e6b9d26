//! Every map of the suite, with what its own documentation recommends; all with one hasher.

mod apart;
mod empty;
mod held;
mod leap;
mod shards;

use mapwise::Map;

use super::contender::{About, Contender, Role, Shared};
use super::keys::SuiteKey;
use super::lane::{Lane, Typed};
use super::mix::Mix;
use crate::candidate::Simplicity;
use crate::ours::Written;
use crate::peers::{Dash, Flurry, Horde, Papaya, SccIndex, SccMap};

use apart::Apart;
use empty::Empty;
use held::HeldPapaya;
use leap::Leap;
use shards::{MutexShards, RwLockShards};

/// The hasher of every map: what most of those use who ask for speed.
pub(super) type Hash = foldhash::fast::RandomState;

/// Its name, for the record.
pub(super) const HASHER: &str = "foldhash 0.2 fast RandomState";

/// Shards of the hand-made maps: few for many readers, many for many writers.
const RWLOCK_SHARDS: usize = 64;
const MUTEX_SHARDS: usize = 512;

/// The map that memory is compared with.
pub(super) const MEMORY_PEER: &str = "rwlock-64";

/// The map that is measured: this is the line to change when another one is.
type Ours<K> = Map<K, u64, Hash>;
/// Its identifier and its name.
const OURS: (&str, &str) = ("map", "Map");

/// A contender that can be built again and again.
pub(super) struct Entry<K> {
    pub(super) about: About,
    pub(super) build: Box<dyn Fn() -> Box<dyn Lane<K>>>,
}

/// Contenders being gathered.
pub(super) struct List<K> {
    /// For how many threads there are maps of their own.
    apart: usize,
    entries: Vec<Entry<K>>,
}

/// Every contender for keys of this type.
pub(super) fn all<K: SuiteKey>(apart: usize) -> Vec<Entry<K>> {
    let mut list = List { apart, entries: Vec::new() };
    list.add(About::new(OURS.0, OURS.1, Role::Ours, Simplicity::LockFree), || Shared(Written(Ours::<K>::default())));
    list.add_general();
    list.add_specialists();
    K::add_special(&mut list);
    list.add_yardsticks();
    list.entries
}

impl<K: SuiteKey> List<K> {
    fn add<C: Contender<K>>(&mut self, about: About, build: impl Fn() -> C + 'static) {
        let build = move || -> Box<dyn Lane<K>> { Box::new(Typed::new(build())) };
        self.entries.push(Entry { about, build: Box::new(build) });
    }

    fn add_general(&mut self) {
        use Simplicity::{LockFree, Sharded};
        let about = |id, name, simplicity| About::new(id, name, Role::General, simplicity);
        self.add(about("dashmap", "dashmap 6 (default shards)", Sharded), || Shared(Dash::<K, u64, Hash>::new(hash())));
        self.add(about("dashmap-256", "dashmap 6 (256 shards)", Sharded), || {
            Shared(Dash::<K, u64, Hash>::with_shards(256, hash()))
        });
        self.add(about("papaya", "papaya 0.2 (pin per call)", LockFree), || {
            Shared(Papaya::<K, u64, Hash>::new(hash()))
        });
        self.add(about("papaya-held", "papaya 0.2 (held pin)", LockFree), || HeldPapaya::<K>::new(hash()));
        self.add(about("scc-hashmap", "scc 3 HashMap", Sharded), || Shared(SccMap::<K, u64, Hash>::new(hash())));
        self.add(about("flurry", "flurry 0.5", LockFree), || Shared(Flurry::<K, u64, Hash>::new(hash())));
        self.add(about("rwlock-64", "64 RwLock shards of hashbrown", Sharded), || {
            RwLockShards::<K>::new(RWLOCK_SHARDS)
        });
        self.add(about("mutex-512", "512 Mutex shards of hashbrown", Sharded), || MutexShards::<K>::new(MUTEX_SHARDS));
    }

    fn add_specialists(&mut self) {
        let about = |id, name| About::new(id, name, Role::Specialist, Simplicity::Special);
        let reads = |mix| matches!(mix, Mix::ReadHit | Mix::ReadZipf | Mix::Absent | Mix::ReadHeavy);
        // Its insert leaves a present value as it is: no overwrite, which in 98/1/1 is one operation in two hundred.
        let horde = About {
            serves: |mix| !matches!(mix, Mix::YcsbA | Mix::YcsbB | Mix::Exchange | Mix::Counters),
            ground: reads,
            ..about("horde", "horde 0.1 (one writer at a time)")
        };
        self.add(horde, || Shared(Horde::<K, u64, Hash>::new(hash())));
        let index = About {
            ground: |mix| matches!(mix, Mix::ReadHit | Mix::ReadZipf | Mix::Absent | Mix::ReadHeavy | Mix::YcsbB),
            ..about("scc-hashindex", "scc 3 HashIndex (for reads)")
        };
        self.add(index, || Shared(SccIndex::<K, u64, Hash>::new(hash())));
    }

    fn add_yardsticks(&mut self) {
        let apart = self.apart;
        let hashbrown = About::new("hashbrown", "hashbrown, one table a thread", Role::Yardstick, Simplicity::Mutex);
        self.add(hashbrown, move || Apart::<K>::new(apart));
        let nothing = About { keeps_all: false, ..About::new("nothing", "no map", Role::Nothing, Simplicity::Mutex) };
        self.add(nothing, || Empty);
    }
}

impl List<u64> {
    /// Adds the maps that take only keys that can be copied bit by bit.
    pub(super) fn add_copy_only(&mut self) {
        let name = "leapfrog 0.3 (loses updates)";
        let leapfrog = About {
            keeps_all: false,
            // Two threads that grow small tables were seen to wait for ever, in `cleanup_stale_table`.
            serves: |mix| mix != Mix::Grow,
            ..About::new("leapfrog", name, Role::Yardstick, Simplicity::LockFree)
        };
        self.add(leapfrog, Leap::new);
    }
}

fn hash() -> Hash {
    Hash::default()
}
