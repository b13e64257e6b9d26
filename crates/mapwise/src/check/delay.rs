//! Holds threads back between a check and its act, so that what could come between does.
//!
//! The idea is that of TSVD (Li, Lu, Musuvathi, Nath and Padhye, SOSP 2019): a short delay at the right place finds in one
//! run what otherwise needs thousands, and a delay that finds nothing becomes rarer.
//!
//! - **budget**: with `Delay::Auto` all delays together take at most `SHARE` of wall time, after `ADVANCE` that is given at
//!   once so that short programs have some.
//! - **free-hands**: a thread is held back only while it is inside of no map.
//! - **decays**: a pair of check and act starts with every time, and each delay that finds nothing makes the next one less
//!   likely.

use std::{
    collections::HashMap,
    panic::Location,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::{
    here::Actor, map::MapState, reads::Read, report::options::Delay, settings::settings, shadow, sites, verdict,
};
use crate::op::Op;

const ADVANCE: Duration = Duration::from_millis(50);
/// One in this many: 5 %.
const SHARE: u64 = 20;
/// How long a thread is held back at least and at most.
const SHORTEST: Duration = Duration::from_micros(100);
const LONGEST: Duration = Duration::from_millis(1);
/// How often a held thread looks whether what it waits for has happened.
const LOOK: Duration = Duration::from_micros(50);

/// What a delay that finds nothing leaves of a pair's weight, and what it never goes below.
const DECAY: f32 = 0.85;
const LEAST: f32 = 0.02;
/// The weight of a pair that has been found out.
const FOUND: f32 = 0.3;
/// Pairs that are known.
const PAIRS: usize = 4096;

/// A check and an act that follows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pair {
    /// How likely the next delay is.
    pub(crate) weight: f32,
    /// `src/cache.rs:22:17`, twice.
    pub(crate) check: Arc<str>,
    pub(crate) act: Arc<str>,
}

static PAIRS_MET: LazyLock<Mutex<HashMap<(usize, usize), Pair>>> = LazyLock::new(Mutex::default);
static LEARNED: LazyLock<Vec<Pair>> = LazyLock::new(sites::load);
static START: LazyLock<Instant> = LazyLock::new(Instant::now);
static SPENT: AtomicU64 = AtomicU64::new(0);

/// Delays so far, and the time they took.
static DELAYS: AtomicU64 = AtomicU64::new(0);

/// The clock of the budget begins.
pub(crate) fn start() {
    LazyLock::force(&START);
}

/// Holds this thread back if it is about to act on what it has read and somebody may come between.
pub(crate) fn before_act(map: &MapState, read: &Read, actor: Actor, (op, act): (Op, &'static Location<'static>)) {
    let key = (std::ptr::from_ref(read.site).addr(), std::ptr::from_ref(act).addr());
    let length = match settings().delay {
        Delay::Off => return,
        Delay::Always(length) => {
            // Relaxed: see `take`.
            SPENT.fetch_add(nanos(length), Ordering::Relaxed);
            length
        }
        Delay::Auto => {
            let (weight, learned) = weight_of(key, read.site, act);
            if !(map.is_shared() || learned) || !chance(weight) {
                return;
            }
            let length = SHORTEST + (LONGEST - SHORTEST).mul_f32(fraction());
            if !take(length) {
                return;
            }
            length
        }
    };
    let found = hold_back(map, read, op, actor, length);
    if let Some(pair) = PAIRS_MET.lock().get_mut(&key) {
        pair.weight = if found { FOUND } else { (pair.weight * DECAY).max(LEAST) };
    }
}

/// Sleeps for `length`, which is paid, or until another actor has written the key so that it would be wrong to act; returns whether one
/// has.
///
/// A write that leaves the act right is no reason to stop: the one that does not may follow, as a removal does an insertion.
fn hold_back(map: &MapState, read: &Read, op: Op, actor: Actor, length: Duration) -> bool {
    let start = Instant::now();
    DELAYS.fetch_add(1, Ordering::Relaxed);
    loop {
        let left = length.saturating_sub(start.elapsed());
        thread::sleep(left.min(LOOK));
        let found = shadow::conflict(map, read.hash, actor.id, read.time)
            .is_some_and(|(_, present)| verdict::would_be_wrong(read, op, present));
        if found || start.elapsed() >= length {
            // Gives back what was not needed, or pays for what the scheduler took.
            let took = start.elapsed();
            // Relaxed: see `take`.
            if took > length {
                SPENT.fetch_add(nanos(took - length), Ordering::Relaxed);
            } else {
                SPENT.fetch_sub(nanos(length - took), Ordering::Relaxed);
            }
            return found;
        }
    }
}

/// budget: pays for a delay; returns false if there is not enough.
fn take(length: Duration) -> bool {
    let allowed = nanos(ADVANCE) + nanos(START.elapsed()) / SHARE;
    // Relaxed: a sum; no other data depends on it.
    SPENT
        .try_update(Ordering::Relaxed, Ordering::Relaxed, |spent| {
            let after = spent + nanos(length);
            (after <= allowed).then_some(after)
        })
        .is_ok()
}

pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Returns the weight of a pair, and whether an earlier run knew it.
fn weight_of(key: (usize, usize), check: &Location<'_>, act: &Location<'_>) -> (f32, bool) {
    let mut pairs = PAIRS_MET.lock();
    if let Some(pair) = pairs.get(&key) {
        let learned = LEARNED.iter().any(|known| known.check == pair.check && known.act == pair.act);
        return (pair.weight, learned);
    }
    let (check, act): (Arc<str>, Arc<str>) = (check.to_string().into(), act.to_string().into());
    let learned = LEARNED.iter().find(|known| known.check == check && known.act == act);
    let weight = learned.map_or(1.0, |known| known.weight);
    let is_learned = learned.is_some();
    if pairs.len() < PAIRS {
        pairs.insert(key, Pair { weight, check, act });
    }
    (weight, is_learned)
}

/// Returns the pairs that this run knows, for the next.
pub(crate) fn pairs() -> Vec<Pair> {
    let mut pairs: Vec<_> = PAIRS_MET.lock().values().cloned().collect();
    for known in LEARNED.iter() {
        if !pairs.iter().any(|pair| pair.check == known.check && pair.act == known.act) {
            pairs.push(known.clone());
        }
    }
    pairs.sort_by(|one, other| (&one.check, &one.act).cmp(&(&other.check, &other.act)));
    pairs.dedup_by(|one, other| one.check == other.check && one.act == other.act);
    pairs.truncate(PAIRS);
    pairs
}

fn chance(weight: f32) -> bool {
    weight >= 1.0 || fraction() < weight
}

/// Returns a number from 0 to 1 that is hard to keep in step with.
fn fraction() -> f32 {
    static STATE: AtomicU64 = AtomicU64::new(0x2545_F491_4F6C_DD1D);
    // Weyl's sequence with a final mix (Steele, Lea and Flood, SplitMix, OOPSLA 2014). Relaxed: any order will do.
    let mut bits = STATE.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (bits >> 40) as f32 / (1_u64 << 24) as f32
}

/// Returns how many delays there were, the time they took, and the wall time since the first use of a map.
pub(crate) fn totals() -> (u64, Duration, Duration) {
    // Relaxed: figures for people.
    let spent = Duration::from_nanos(SPENT.load(Ordering::Relaxed));
    (DELAYS.load(Ordering::Relaxed), spent, START.elapsed())
}
