//! Plans that repeat recorded operations.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use mapwise_record::workload::Workload;

use super::{Op, Plan, PlanError, Step};
use crate::data;
use crate::validate::{WorkloadError, validate};

impl Plan {
    /// Deals recorded operations out to threads.
    ///
    /// With shared keys, operation `i` goes to thread `i` modulo `threads`: threads that advance
    /// at about the same speed then meet at the same keys at about the same time, as the clients
    /// did, and operations on one key are at most a few steps out of the recorded order. With
    /// private keys, all operations on a key go to one thread in their order, the most frequent
    /// keys first to the thread with the least to do; this keeps the order exactly, but a hot key
    /// is then never contended and its thread may have more steps than the others.
    ///
    /// # Errors
    ///
    /// Refuses workloads that [`validate`] refuses, keys outside the workload's space, and traces
    /// with fewer operations (with private keys: fewer keys) than threads.
    pub fn recorded(workload: &Workload, steps: &[(Op, u32)], threads: usize) -> Result<Self, PlanError> {
        validate(workload)?;
        if threads == 0 {
            return Err(PlanError::NoThreads);
        }
        let space = workload.keys.space;
        if let Some(&(_, key)) = steps.iter().find(|(_, key)| u64::from(*key) >= space) {
            return Err(PlanError::KeyOutside { key, space });
        }
        if steps.len() < threads {
            let steps = steps.len();
            return Err(PlanError::TooFewSteps { steps, threads });
        }
        let steps = if workload.private_keys { by_key(steps, threads)? } else { in_turn(steps, threads) };
        Ok(Self {
            workload: data::supported(workload).map_err(WorkloadError::from)?,
            steps,
            prefill: workload.keys.prefill as u32,
            key_count: space as u32,
            grows: false,
        })
    }
}

fn in_turn(steps: &[(Op, u32)], threads: usize) -> Vec<Vec<Step>> {
    let of_thread = |thread| {
        let dealt = steps.iter().skip(thread).step_by(threads);
        dealt.map(|&(op, key)| Step::new(op, key)).collect()
    };
    (0..threads).map(of_thread).collect()
}

fn by_key(steps: &[(Op, u32)], threads: usize) -> Result<Vec<Vec<Step>>, PlanError> {
    let mut counts: HashMap<u32, usize> = HashMap::new();
    for (_, key) in steps {
        *counts.entry(*key).or_default() += 1;
    }
    if counts.len() < threads {
        let keys = counts.len() as u64;
        return Err(PlanError::TooFewKeys { keys, threads });
    }
    let mut keys: Vec<(u32, usize)> = counts.into_iter().collect();
    keys.sort_unstable_by_key(|&(key, count)| (Reverse(count), key));
    let mut loads: BinaryHeap<_> = (0..threads).map(|thread| Reverse((0, thread))).collect();
    let mut owners = HashMap::with_capacity(keys.len());
    for (key, count) in keys {
        if let Some(Reverse((load, thread))) = loads.pop() {
            owners.insert(key, thread);
            loads.push(Reverse((load + count, thread)));
        }
    }
    let mut plan = vec![Vec::new(); threads];
    for &(op, key) in steps {
        plan[owners[&key]].push(Step::new(op, key));
    }
    Ok(plan)
}
