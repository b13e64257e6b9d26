//! The only part of the driver that is compiled for each candidate: a batch of steps on a map.
//!
//! The loops around it are shared by all candidates and reach it through one indirect call a
//! batch; inside a batch every operation is a direct call that the compiler may inline.

use std::hint::black_box;
use std::marker::PhantomData;
use std::sync::Arc;

use mapwise_record::workload::{Kind, Mix};

use super::spin::Think;
use crate::candidate::Subject;
use crate::data::{Key, Value};
use crate::plan::{Op, Plan, Step};

/// The number in every value that an operation makes for an absent key, so that the sum of all
/// numbers can be foretold; see [`super::conserve`].
const FIRST_NUMBER: u64 = 1;

/// A map being driven, its types erased.
pub(crate) trait Driven: Send + Sync {
    /// Does the steps in their order, thinking after each. `number` goes into the value of the
    /// first unconditional write, its successors into those of the next.
    fn batch(&self, steps: &[Step], number: u64, think: Think, tally: &mut Tally);

    /// The number in the value under the key, `None` when it is absent.
    fn find(&self, key: u32) -> Option<u64>;

    /// The number of entries while no other thread uses the map.
    fn len(&self) -> usize;

    /// See [`Subject::rest`].
    fn rest(&self);

    /// See [`Subject::leave`].
    fn leave(&self);
}

/// The keys of a plan, shared by all candidates.
pub(crate) struct Keys<K> {
    keys: Vec<K>,
    values: Kind,
}

/// A map with the keys it is driven with.
pub(crate) struct Drive<K, V, S> {
    map: S,
    keys: Arc<Keys<K>>,
    value: PhantomData<fn() -> V>,
}

impl<K: Key> Keys<K> {
    pub(crate) fn new(plan: &Plan) -> Self {
        let workload = plan.workload();
        let kind = workload.keys.kind;
        let keys = (0..plan.key_count()).map(|index| K::make(u64::from(index), kind)).collect();
        Self { keys, values: workload.values }
    }
}

impl<K: Key, V: Value, S: Subject<K, V>> Driven for Drive<K, V, S> {
    fn batch(&self, steps: &[Step], number: u64, think: Think, tally: &mut Tally) {
        for (turn, &step) in steps.iter().enumerate() {
            self.perform(step, number + turn as u64, tally);
            think.think();
        }
    }

    fn find(&self, key: u32) -> Option<u64> {
        let value = self.map.get(&self.keys.keys[key as usize])?;
        Some(value.number())
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

impl<K: Key, V: Value, S: Subject<K, V>> Drive<K, V, S> {
    pub(crate) fn new(map: S, keys: Arc<Keys<K>>) -> Self {
        Self { map, keys, value: PhantomData }
    }

    /// Does one step. An inserted key is cloned, as a user has to bring an owned one.
    #[inline(always)]
    fn perform(&self, step: Step, number: u64, tally: &mut Tally) {
        let (map, values) = (&self.map, self.keys.values);
        let first = || V::make(FIRST_NUMBER, values);
        let key = &self.keys.keys[step.key() as usize];
        match step.op() {
            Op::Get => {
                black_box(map.get(black_box(key)));
            }
            Op::GetOrInsert => {
                let (value, new) = map.get_or_insert(black_box(key), first);
                black_box(value);
                tally.added += u64::from(new);
            }
            Op::Insert => {
                let value = V::make(number, values);
                tally.added += u64::from(map.insert(black_box(key).clone(), value));
            }
            Op::Update => {
                let changed = map.update(black_box(key), V::bump);
                tally.changed += u64::from(changed);
            }
            Op::Upsert => {
                let new = map.upsert(black_box(key), first, V::bump);
                tally.added += u64::from(new);
                tally.changed += u64::from(!new);
            }
            Op::Remove => {
                tally.removed += u64::from(map.remove(black_box(key)));
            }
            Op::Scan => map.scan(Mix::SCAN_ENTRIES, |key, value| {
                black_box((key, value.number()));
            }),
        }
    }
}

/// What the operations of one map say they did, for conservation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Entries that came.
    pub(crate) added: u64,
    /// Entries that went.
    pub(crate) removed: u64,
    /// Changes in place.
    pub(crate) changed: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.removed += other.removed;
        self.changed += other.changed;
    }
}
