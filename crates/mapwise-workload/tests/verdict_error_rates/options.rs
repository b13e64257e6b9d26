//! What was not chosen, measured on the same samples.

use mapwise_workload::stats::bootstrap::paired_ratio;
use mapwise_workload::stats::ratios;
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::model::{CANDIDATES, ID, ROUNDS, Run, equal_but, rate};

/// The ends of the plain paired t interval of one candidate's ratio to the first, for one of
/// `intervals` that hold together.
fn paired_t(run: &Run, candidate: usize, intervals: usize) -> (f64, f64) {
    let pairs = run.samples[candidate].iter().zip(&run.samples[0]);
    let logs: Vec<f64> = pairs.map(|(a, b)| (a.ops_per_s() / b.ops_per_s()).ln()).collect();
    let count = logs.len() as f64;
    let mean = logs.iter().sum::<f64>() / count;
    let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let t = StudentsT::new(0.0, 1.0, count - 1.0).unwrap();
    let half = t.inverse_cdf(1.0 - 0.025 / intervals as f64) * (variance / count).sqrt();
    ((mean - half).exp(), (mean + half).exp())
}

#[test]
fn a_percentile_bootstrap_of_few_rounds_is_too_narrow() {
    for rounds in [5, ROUNDS] {
        let run = |trial| Run::new(trial, vec![1.0, 1.0]).measure(rounds);
        let excludes = |trial| {
            let run = run(trial);
            let interval = paired_ratio(&run.samples[1], &run.samples[0], trial).unwrap();
            interval.low > 1.0 || interval.high < 1.0
        };
        let what = format!("2 equal, {rounds} rounds, a percentile bootstrap excludes 1");
        assert!(rate(&what, excludes) > 5.0);
    }
}

#[test]
fn plain_paired_t_intervals_find_less() {
    let run = |trial| Run::new(trial, equal_but(&[(9, 1.3)])).measure(ROUNDS);
    let by_t = rate("one challenger at 1.3x, a plain t interval is above 1.05", |trial| {
        paired_t(&run(trial), 9, CANDIDATES - 1).0 > 1.05
    });
    let ours = rate("one challenger at 1.3x, a moderated interval is above 1.05", |trial| {
        let run = run(trial);
        ratios(&run.candidates(), ID[0])[9].unwrap().low > 1.05
    });
    assert!(ours > by_t + 10.0);
}
