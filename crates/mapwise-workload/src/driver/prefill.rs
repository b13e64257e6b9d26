//! Fills a fresh map, as its user would: one insert after the other, with no capacity asked for.

use std::sync::Mutex;
use std::time::Instant;

use super::alloc;
use super::driven::{Driven, Tally};
use super::spin::Think;
use super::team::{self, Control, Phase, Pulse, Trouble};
use crate::plan::{Op, Plan, Step};

/// Inserts between two looks at whether to stop.
const BATCH: usize = 4096;

/// What filling a map showed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Filled {
    /// Entries that were inserted.
    pub(crate) entries: u64,
    /// Sum of the numbers in their values.
    pub(crate) numbers: u64,
    /// The longest single insert, in nanoseconds; with the interruptions of the machine in it.
    pub(crate) longest_ns: u64,
    /// Bytes the process holds for it, keys and values included; `None` without the counting
    /// allocator.
    pub(crate) bytes: Option<i64>,
    /// How many of the keys the map itself called new.
    pub(crate) called_new: u64,
}

/// Builds a map and fills it on a thread of its own.
pub(crate) fn fill(
    plan: &Plan,
    build: &(dyn Fn() -> Box<dyn Driven> + Sync),
    pulse: &Pulse<'_>,
) -> Result<(Box<dyn Driven>, Filled), Trouble> {
    let built = Mutex::new(None);
    let work = |control: &Control| {
        let map = build();
        let filled = insert_all(plan, &*map, control);
        map.leave();
        *built.lock().expect("one thread at a time") = Some(map);
        filled
    };
    let (filled, bytes) = alloc::measured(|| team::alone(pulse, &work));
    let filled = Filled { bytes, ..filled? };
    let built = built.into_inner().ok().flatten();
    Ok((built.expect("built by a thread that is done"), filled))
}

fn insert_all(plan: &Plan, map: &dyn Driven, control: &Control) -> Filled {
    let mut filled = Filled::default();
    let mut tally = Tally::default();
    let mut last = Instant::now();
    for (turn, index) in plan.prefill().enumerate() {
        if turn % BATCH == BATCH - 1 {
            map.rest();
            if control.phase() == Phase::Stop {
                break;
            }
            last = Instant::now();
        }
        // From 1, so that a counter of 1 is one that nobody filled in.
        let number = u64::from(index) + 1;
        map.batch(&[Step::new(Op::Insert, index)], number, Think::NONE, &mut tally);
        let now = Instant::now();
        filled.longest_ns = filled.longest_ns.max((now - last).as_nanos() as u64);
        last = now;
        filled.entries += 1;
        filled.numbers = filled.numbers.wrapping_add(number);
    }
    filled.called_new = tally.added;
    filled
}
