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
    if plan.key_count() > MOST_LOOK_UPS {
        return Ok(());
    }
    let (mut found, mut sum) = (0_i128, 0_u64);
    for number in (0..plan.key_count()).filter_map(|key| map.find(key)) {
        found += 1;
        sum = sum.wrapping_add(number);
    }
    if found != expected {
        return Err(format!("{found} of its keys are found instead of {expected}"));
    }
    let numbers = numbers(filled, tally);
    if only_counts(plan.workload()) && sum != numbers {
        return Err(format!("its counters add up to {sum} instead of {numbers} after {} increments", tally.changed));
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
