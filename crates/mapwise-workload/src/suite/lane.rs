//! The only part of the suite that is compiled for each map: loops over a few operations.
//!
//! - **direct**: inside a batch every operation is a direct call that the compiler may inline; the loops around batches
//!   are shared by all maps and reach them through one indirect call a batch.
//! - **consumed**: what look-ups find goes into the tally, so that none can be left out; mixes with a foretold outcome are
//!   checked against it.

use std::borrow::Borrow;
use std::hint::black_box;
use std::marker::PhantomData;
use std::ops::Range;
use std::time::Instant;

use hdrhistogram::Histogram;

use super::contender::{Contender, Ops};
use super::keys::{Batch, SuiteKey};
use crate::plan::Op;

/// The value under every key that is filled in, and of every increment of an absent key.
const FIRST: u64 = 1;

/// What operations said they did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Look-ups.
    pub(super) looked: u64,
    /// Look-ups that found something.
    pub(super) found: u64,
    /// The sum of what they found.
    pub(super) sum: u64,
    /// Entries that came.
    pub(super) added: u64,
    /// Entries that went.
    pub(super) removed: u64,
    /// Changes in place.
    pub(super) changed: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.looked += other.looked;
        self.found += other.found;
        self.sum = self.sum.wrapping_add(other.sum);
        self.added += other.added;
        self.removed += other.removed;
        self.changed += other.changed;
    }
}

/// A contender, its type erased.
pub(super) trait Lane<K>: Send + Sync {
    /// Does a batch of operations.
    fn batch(&self, thread: usize, batch: &Batch<'_, K>, tally: &mut Tally);

    /// Does a batch of operations and records how long each took, with one reading of the clock in it.
    fn timed(&self, thread: usize, batch: &Batch<'_, K>, tally: &mut Tally, times: &mut Histogram<u64>);

    /// Inserts the keys of some numbers; returns how many were new.
    fn fill(&self, thread: usize, numbers: Range<u32>) -> u64;

    /// The sum of the values under the keys of some numbers, and how many are present.
    fn sum(&self, numbers: Range<u32>) -> (u64, u64);

    /// See [`Contender::apart`].
    fn apart(&self) -> Option<usize>;

    /// See [`Contender::len`].
    fn len(&self) -> usize;

    /// See [`Contender::rest`].
    fn rest(&self);

    /// See [`Contender::leave`].
    fn leave(&self);
}

/// A contender with its type.
pub(super) struct Typed<K, C> {
    map: C,
    key: PhantomData<fn() -> K>,
}

impl<K: SuiteKey, C: Contender<K>> Typed<K, C> {
    pub(super) fn new(map: C) -> Self {
        Self { map, key: PhantomData }
    }
}

impl<K: SuiteKey, C: Contender<K>> Lane<K> for Typed<K, C> {
    #[inline(never)]
    fn batch(&self, thread: usize, batch: &Batch<'_, K>, tally: &mut Tally) {
        let mut session = self.map.session(thread);
        // Its own, so that it can live in registers.
        let mut done = Tally::default();
        // A loop of one operation holds nothing of the others in registers.
        match batch.deck {
            [Op::Get] => each(batch, |number, at| perform(&mut session, Op::Get, batch, number, at, &mut done)),
            [Op::Insert] => each(batch, |number, at| perform(&mut session, Op::Insert, batch, number, at, &mut done)),
            [Op::Upsert] => each(batch, |number, at| perform(&mut session, Op::Upsert, batch, number, at, &mut done)),
            deck => {
                let mut turn = batch.turn;
                each(batch, |number, at| {
                    perform(&mut session, deck[turn], batch, number, at, &mut done);
                    turn = if turn + 1 == deck.len() { 0 } else { turn + 1 };
                });
            }
        }
        *tally += done;
    }

    #[inline(never)]
    fn timed(&self, thread: usize, batch: &Batch<'_, K>, tally: &mut Tally, times: &mut Histogram<u64>) {
        let mut session = self.map.session(thread);
        let mut turn = batch.turn;
        each(batch, |number, at| {
            let begin = Instant::now();
            perform(&mut session, batch.deck[turn], batch, black_box(number), at, tally);
            black_box(&mut *tally);
            times.saturating_record(begin.elapsed().as_nanos() as u64);
            turn = if turn + 1 == batch.deck.len() { 0 } else { turn + 1 };
        });
    }

    fn fill(&self, thread: usize, numbers: Range<u32>) -> u64 {
        let mut session = self.map.session(thread);
        numbers.map(|number| u64::from(session.insert(K::owned(number), FIRST))).sum()
    }

    fn sum(&self, numbers: Range<u32>) -> (u64, u64) {
        let threads = self.map.apart().unwrap_or(1);
        let mut total = (0_u64, 0_u64);
        for thread in 0..threads {
            let mut session = self.map.session(thread);
            for value in numbers.clone().filter_map(|number| session.get(&K::owned(number))) {
                total = (total.0.wrapping_add(value), total.1 + 1);
            }
        }
        total
    }

    fn apart(&self) -> Option<usize> {
        self.map.apart()
    }

    fn len(&self) -> usize {
        self.map.len()
    }

    fn rest(&self) {
        self.map.rest();
    }

    fn leave(&self) {
        self.map.leave();
    }
}

#[inline(always)]
fn each<K>(batch: &Batch<'_, K>, mut work: impl FnMut(u32, usize)) {
    for (at, &number) in batch.numbers.iter().enumerate() {
        work(number, at);
    }
}

/// Does one operation. An inserted key is made or cloned, as a user has to bring an owned one.
#[inline(always)]
fn perform<K: SuiteKey>(
    map: &mut impl Ops<K>,
    op: Op,
    batch: &Batch<'_, K>,
    number: u32,
    at: usize,
    tally: &mut Tally,
) {
    let lent = K::lent(number, at, batch.drawn);
    let key: &K = lent.borrow();
    match op {
        Op::Insert => tally.added += u64::from(map.insert(key.clone(), u64::from(number))),
        Op::Update => tally.changed += u64::from(map.update(key, |value| *value = value.wrapping_add(1))),
        Op::Upsert => {
            let new = map.upsert(key, FIRST, |value| *value = value.wrapping_add(1));
            tally.added += u64::from(new);
            tally.changed += u64::from(!new);
        }
        Op::Remove => tally.removed += u64::from(map.remove(key)),
        Op::Get | Op::GetOrInsert | Op::Scan => {
            tally.looked += 1;
            if let Some(value) = map.get(key) {
                tally.found += 1;
                tally.sum = tally.sum.wrapping_add(value);
            }
        }
    }
}
