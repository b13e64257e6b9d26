//! Whether a map holds what its operations said it holds: a wrong map makes no number.
//!
//! - **balance**: entries filled in + entries added − entries removed = `len`.
//! - **reach**: as many keys are found by looking each of them up.
//! - **sum**: where values only ever change by counting, the sum of their numbers is foretold.
//!
//! Reach and sum look up every key, so they are left out above [`MOST_LOOK_UPS`] keys. None of
//! them holds for a map that may evict.

use mapwise_record::workload::Workload;

use super::driven::{Driven, Tally};
use super::prefill::Filled;
use crate::plan::Plan;

/// The largest key space in which every key is looked up.
const MOST_LOOK_UPS: u32 = 1 << 18;

/// Checks a map that no other thread uses; the error says what is wrong, with the figures.
pub(crate) fn check(plan: &Plan, map: &dyn Driven, filled: Filled, tally: Tally) -> Result<(), String> {
    balance(map, filled, tally)?;
    let expected = i128::from(filled.entries) + i128::from(tally.added) - i128::from(tally.removed);
    if plan.key_count() > MOST_LOOK_UPS {
        return Ok(());
    }
    let (found, sum) = look_up_all(plan, map);
    if found != expected {
        return Err(format!("{found} of its keys are found instead of {expected}"));
    }
    if only_counts(plan.workload()) { check_sum(sum, filled, tally) } else { Ok(()) }
}

/// Checks a map that cannot tell new entries: only the sum is known.
pub(crate) fn check_merged(plan: &Plan, map: &dyn Driven, filled: Filled, tally: Tally) -> Result<(), String> {
    if plan.key_count() > MOST_LOOK_UPS || !only_counts(plan.workload()) {
        return Ok(());
    }
    check_sum(look_up_all(plan, map).1, filled, tally)
}

fn look_up_all(plan: &Plan, map: &dyn Driven) -> (i128, u64) {
    let numbers = (0..plan.key_count()).filter_map(|key| map.find(key));
    numbers.fold((0, 0), |(found, sum): (i128, u64), number| (found + 1, sum.wrapping_add(number)))
}

fn check_sum(sum: u64, filled: Filled, tally: Tally) -> Result<(), String> {
    let numbers = numbers(filled, tally);
    if sum != numbers {
        return Err(format!("its counters add up to {sum} instead of {numbers} after {} increments", tally.changed));
    }
    Ok(())
}

fn balance(map: &dyn Driven, filled: Filled, tally: Tally) -> Result<(), String> {
    if filled.called_new != filled.entries {
        return Err(format!(
            "of {} different keys it called {} new while it was filled",
            filled.entries, filled.called_new
        ));
    }
    let expected = i128::from(filled.entries) + i128::from(tally.added) - i128::from(tally.removed);
    let len = map.len() as i128;
    if len != expected {
        return Err(format!(
            "it holds {len} entries instead of {expected}: {} filled in, {} added, {} removed",
            filled.entries, tally.added, tally.removed
        ));
    }
    Ok(())
}

/// The sum of the numbers of all values: an added entry starts with 1, a change adds 1.
fn numbers(filled: Filled, tally: Tally) -> u64 {
    filled.numbers.wrapping_add(tally.added).wrapping_add(tally.changed)
}

/// Whether no operation overwrites or removes a number.
fn only_counts(workload: &Workload) -> bool {
    workload.mix.insert == 0.0 && workload.mix.remove == 0.0
}
