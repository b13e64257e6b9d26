use std::collections::HashSet;

use mapwise_record::workload::{Distribution, Keys, Kind};
use proptest::prelude::*;

use super::*;

fn workload(mix: Mix, distribution: Distribution, space: u64, prefill: u64) -> Workload {
    Workload {
        name: "custom".into(),
        title: "custom".into(),
        source: None,
        mix,
        keys: Keys { kind: Kind::U64, space, prefill, distribution },
        values: Kind::U64,
        private_keys: false,
        think_ns: 0,
        rate_ops_per_s: None,
        cache_like: false,
    }
}

fn exchange() -> Mix {
    Mix { get: 0.1, insert: 0.4, update: 0.1, remove: 0.4, ..Mix::default() }
}

fn rapid_grow() -> Mix {
    Mix { get: 0.05, insert: 0.8, update: 0.1, remove: 0.05, ..Mix::default() }
}

/// Lengths of a set that all threads work on in turn, at every `every`th step of `passes`.
fn lengths(plan: &Plan, passes: usize, every: usize) -> Vec<usize> {
    let mut present: HashSet<u32> = plan.prefill().collect();
    let mut lengths = vec![present.len()];
    let longest = (0..plan.threads()).map(|t| plan.steps(t).len()).max().unwrap();
    for i in 0..passes * longest {
        for thread in 0..plan.threads() {
            let steps = plan.steps(thread);
            let step = steps[i % steps.len()];
            match step.op() {
                Op::Insert | Op::GetOrInsert | Op::Upsert => _ = present.insert(step.key()),
                Op::Remove => _ = present.remove(&step.key()),
                Op::Get | Op::Update | Op::Scan => {}
            }
        }
        if i % every == 0 {
            lengths.push(present.len());
        }
    }
    lengths
}

#[test]
fn equal_shares_of_inserts_and_removes_keep_the_length() {
    let zipf = Distribution::Zipf { exponent: 1.2 };
    for distribution in [Distribution::Uniform, zipf] {
        let workload = workload(exchange(), distribution, 10_000, 5_000);
        let plan = Plan::synthetic(&workload, 2, 1).unwrap();
        assert_eq!(stationary_share(&workload.mix), Some(0.5));
        for length in lengths(&plan, 3, 1_000) {
            assert!(length.abs_diff(5_000) < 300, "{distribution:?}: {length}");
        }
    }
}

#[test]
fn shares_of_the_mix_are_met() {
    let plan = workload(exchange(), Distribution::Uniform, 1_000, 500);
    let plan = Plan::synthetic(&plan, 1, 5).unwrap();
    let steps = plan.steps(0);
    let share = |op| steps.iter().filter(|s| s.op() == op).count() as f64 / steps.len() as f64;
    assert!((share(Op::Insert) - 0.4).abs() < 0.005);
    assert!((share(Op::Get) - 0.1).abs() < 0.005);
    assert!(share(Op::Scan) == 0.0);
}

#[test]
fn growth_adds_each_key_once_and_in_order() {
    let workload = workload(rapid_grow(), Distribution::Sequential, 50_000, 10_000);
    let plan = Plan::synthetic(&workload, 3, 1).unwrap();
    assert!(plan.grows());
    let mut added = HashSet::new();
    for thread in 0..3 {
        let inserts = plan.steps(thread).iter().filter(|s| s.op() == Op::Insert);
        let keys: Vec<u32> = inserts.map(|s| s.key()).collect();
        assert!(keys.is_sorted());
        assert!(keys.iter().all(|key| added.insert(*key) && *key >= 10_000));
    }
    assert_eq!(added.len(), 40_000);
    // 40,000 added, 40,000 × 5/80 removed.
    let last = *lengths(&plan, 1, 1).last().unwrap();
    assert!(last.abs_diff(50_000 - 2_500) < 300, "{last}");
}

#[test]
fn sequential_reads_go_through_the_keys_in_order() {
    let mix = Mix { get: 1.0, ..Mix::default() };
    let plan = workload(mix, Distribution::Sequential, 100, 100);
    let plan = Plan::synthetic(&plan, 2, 1).unwrap();
    assert!(!plan.grows());
    let start = |thread: usize| plan.steps(thread)[..3].iter().map(|s| s.key());
    assert!(start(0).eq([0, 1, 2]));
    assert!(start(1).eq([50, 51, 52]));
}

#[test]
fn prefilled_keys_are_the_popular_ones_when_nothing_is_removed() {
    let mix = Mix { get: 1.0, ..Mix::default() };
    let plan = workload(mix, Distribution::Zipf { exponent: 1.0 }, 10_000, 1_000);
    let plan = Plan::synthetic(&plan, 1, 1).unwrap();
    let steps = plan.steps(0);
    let hits = steps.iter().filter(|s| plan.prefill().contains(&s.key())).count();
    // H(1000) / H(10000) of Zipf's law with exponent 1.
    assert!((hits as f64 / steps.len() as f64 - 0.765).abs() < 0.01);
}

#[test]
fn one_seed_gives_one_plan_and_threads_differ() {
    let workload = workload(exchange(), Distribution::Uniform, 1_000, 500);
    let plan = |seed| Plan::synthetic(&workload, 2, seed).unwrap();
    assert_eq!(plan(3).steps(0), plan(3).steps(0));
    assert_ne!(plan(3).steps(0), plan(4).steps(0));
    assert_ne!(plan(3).steps(0), plan(3).steps(1));
}

#[test]
fn what_cannot_be_planned_is_refused() {
    let mut few = workload(exchange(), Distribution::Uniform, 3, 1);
    few.private_keys = true;
    let message = Plan::synthetic(&few, 4, 0).unwrap_err().to_string();
    assert_eq!(message, "private keys need a key for each thread, got 3 keys for 4 threads");
    assert_eq!(Plan::synthetic(&few, 0, 0).unwrap_err(), PlanError::NoThreads);
    let recorded = workload(exchange(), Distribution::Recorded, 3, 1);
    assert_eq!(Plan::synthetic(&recorded, 1, 0).unwrap_err(), PlanError::Recorded);
    let full = workload(rapid_grow(), Distribution::Sequential, 100, 100);
    assert!(Plan::synthetic(&full, 1, 0).is_err());
    let mut slow = workload(rapid_grow(), Distribution::Sequential, 100_000, 0);
    slow.mix = Mix { get: 1.0 - 1e-7, insert: 1e-7, ..Mix::default() };
    let message = Plan::synthetic(&slow, 1, 0).unwrap_err().to_string();
    assert!(message.starts_with("a plan must have at most 134217728 steps"), "{message}");
}

#[test]
fn a_trace_with_shared_keys_is_dealt_in_turn() {
    let workload = workload(exchange(), Distribution::Recorded, 10, 0);
    let trace = [(Op::Insert, 1), (Op::Get, 1), (Op::Remove, 1), (Op::Get, 9)];
    let plan = Plan::recorded(&workload, &trace, 2).unwrap();
    assert_eq!(plan.steps(0), [Step::new(Op::Insert, 1), Step::new(Op::Remove, 1)]);
    assert_eq!(plan.steps(1), [Step::new(Op::Get, 1), Step::new(Op::Get, 9)]);
    assert_eq!(plan.prefill(), 0..0);
    let outside = Plan::recorded(&workload, &[(Op::Get, 10)], 1).unwrap_err();
    assert_eq!(outside, PlanError::KeyOutside { key: 10, space: 10 });
    assert!(Plan::recorded(&workload, &trace, 5).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn private_keys_stay_with_their_thread(
        space in 8_u64..5_000, fill in 0.0_f64..=1.0, threads in 1_usize..8, seed: u64,
    ) {
        let prefill = (space as f64 * fill) as u64;
        let mut workload = workload(exchange(), Distribution::Uniform, space, prefill);
        workload.private_keys = true;
        let plan = Plan::synthetic(&workload, threads, seed).unwrap();
        for thread in 0..threads {
            let steps = plan.steps(thread);
            prop_assert!(steps.iter().all(|s| s.key() as usize % threads == thread));
            prop_assert!(steps.iter().all(|s| s.key() < plan.key_count()));
        }
    }

    #[test]
    fn a_trace_with_private_keys_keeps_the_order_of_each_key(
        keys in prop::collection::vec(0_u32..20, 40..200), threads in 1_usize..4,
    ) {
        let mut workload = workload(exchange(), Distribution::Recorded, 20, 0);
        workload.private_keys = true;
        let ops = [Op::Insert, Op::Get, Op::Remove];
        let trace: Vec<_> = (0..).map(|i: usize| ops[i % 3]).zip(keys).collect();
        let Ok(plan) = Plan::recorded(&workload, &trace, threads) else {
            return Ok(());
        };
        for key in 0..20 {
            let recorded = trace.iter().filter(|(_, k)| *k == key).map(|(op, _)| *op);
            let of_key = |t: usize| plan.steps(t).iter().filter(move |s| s.key() == key);
            let owners: Vec<_> = (0..threads).filter(|t| of_key(*t).count() > 0).collect();
            prop_assert!(owners.len() <= 1);
            let dealt = owners.iter().flat_map(|t| of_key(*t)).map(|s| s.op());
            prop_assert!(recorded.eq(dealt));
        }
    }

    #[test]
    fn growth_never_names_a_key_outside(
        space in 20_u64..2_000, threads in 1_usize..8, private: bool, seed: u64,
    ) {
        let mut workload = workload(rapid_grow(), Distribution::Sequential, space, space / 3);
        workload.private_keys = private;
        let plan = Plan::synthetic(&workload, threads, seed).unwrap();
        for thread in 0..threads {
            prop_assert!(!plan.steps(thread).is_empty());
            prop_assert!(plan.steps(thread).iter().all(|s| s.key() < plan.key_count()));
        }
    }
}
