use std::time::Duration;

use mapwise_record::run::Sample;
use proptest::prelude::*;

use super::*;

/// Twelve rounds around `level`, up and down by up to `noise` percent in an order of their own.
fn samples(level: f64, noise: f64, order: u32) -> Vec<Sample> {
    let sample = |round: u32| {
        let off = f64::from((round * (2 * order + 1) + order * order) % 7) / 3.0 - 1.0;
        Sample {
            round,
            position: 0,
            operations: (level * (1.0 + off * noise / 100.0) * 1e6) as u64,
            elapsed_ns: 1_000_000_000,
            slowest_thread: 1.0,
        }
    };
    (0..12).map(sample).collect()
}

fn candidate<'a>(id: &'a str, simplicity: u32, samples: &'a [Sample]) -> CandidateSamples<'a> {
    CandidateSamples { id, name: id, baseline: id.starts_with("std"), simplicity, samples, p99_ns: None }
}

fn judge(candidates: &[CandidateSamples<'_>]) -> Verdict {
    decide(candidates, &Settings::default()).unwrap()
}

#[test]
fn a_win_names_ratio_and_latencies() {
    let (lock, shards) = (samples(1.0, 2.0, 1), samples(2.3, 8.0, 2));
    let mut candidates = [candidate("std-lock", 0, &lock), candidate("shards", 5, &shards)];
    candidates[0].p99_ns = Some(19_200);
    candidates[1].p99_ns = Some(4_100);
    let verdict = judge(&candidates);
    assert_eq!(verdict.kind, VerdictKind::Win);
    assert_eq!((verdict.take.as_str(), verdict.baseline.as_str()), ("shards", "std-lock"));
    assert_eq!(
        verdict.text,
        "Take shards: 2.3x [2.2, 2.4] the throughput of std-lock on this workload, \
         p99 4.1 µs against 19 µs."
    );
}

#[test]
fn of_equal_winners_the_simplest_is_taken() {
    let lock = samples(1.0, 1.0, 1);
    let rows = [2.0, 2.04, 1.98, 1.5].map(|level| samples(level, 1.0, 2));
    let verdict = judge(&[
        candidate("std-lock", 0, &lock),
        candidate("complex", 9, &rows[0]),
        candidate("fastest", 7, &rows[1]),
        candidate("simple", 3, &rows[2]),
        candidate("simplest-but-slower", 1, &rows[3]),
    ]);
    assert_eq!(verdict.take, "simple");
    assert!(verdict.text.ends_with("; simpler than fastest, which is not more than 5 % faster."), "{}", verdict.text);
}

#[test]
fn a_tie_keeps_the_simplest_of_the_equal_baselines() {
    let rows = [1.0, 1.01, 1.02, 0.5].map(|level| samples(level, 1.0, 3));
    let verdict = judge(&[
        candidate("std-rwlock", 1, &rows[1]),
        candidate("std-mutex", 0, &rows[0]),
        candidate("shards", 5, &rows[2]),
        candidate("slow", 2, &rows[3]),
    ]);
    assert_eq!(verdict.kind, VerdictKind::Tie);
    assert_eq!((verdict.take.as_str(), verdict.baseline.as_str()), ("std-mutex", "std-mutex"));
    let start = "Keep std-mutex: the best alternative is +2.0 % [";
    assert!(verdict.text.starts_with(start), "{}", verdict.text);
    assert!(verdict.text.ends_with("], no difference."));
}

#[test]
fn alternatives_that_are_all_slower_are_called_so() {
    let rows = [1.0, 0.7].map(|level| samples(level, 1.0, 3));
    let verdict = judge(&[candidate("std", 0, &rows[0]), candidate("shards", 5, &rows[1])]);
    assert_eq!(verdict.kind, VerdictKind::Tie);
    assert!(verdict.text.contains("-30.0 % [") && verdict.text.ends_with("], slower."));
}

#[test]
fn a_winner_has_to_beat_every_baseline() {
    let rows = [1.0, 1.95, 2.0].map(|level| samples(level, 1.0, 3));
    let verdict = judge(&[
        candidate("std-slow", 0, &rows[0]),
        candidate("std-fast", 1, &rows[1]),
        candidate("shards", 5, &rows[2]),
    ]);
    assert_ne!(verdict.kind, VerdictKind::Win);
    assert_eq!(verdict.baseline, "std-fast");
}

#[test]
fn noise_leaves_it_unresolved_and_says_what_would_settle_it() {
    let (lock, shards) = (samples(1.0, 15.0, 1), samples(1.15, 15.0, 3));
    let settings = Settings { elapsed: Some(Duration::from_secs(12)), ..Settings::default() };
    let candidates = [candidate("std", 0, &lock), candidate("shards", 5, &shards)];
    let verdict = decide(&candidates, &settings).unwrap();
    assert_eq!(verdict.kind, VerdictKind::Unresolved);
    assert_eq!(verdict.take, "std");
    let more = verdict.more_rounds.unwrap();
    let end = format!("; {more} more rounds would probably settle it (--time ");
    assert!(verdict.text.starts_with("Unresolved: shards is 1."), "{}", verdict.text);
    assert!(verdict.text.contains(&end), "{}", verdict.text);
}

#[test]
fn few_rounds_settle_nothing() {
    let (lock, shards) = (samples(1.0, 1.0, 1), samples(9.0, 1.0, 2));
    for rounds in 1..MIN_ROUNDS {
        let candidates = [candidate("std", 0, &lock[..rounds]), candidate("shards", 5, &shards[..rounds])];
        let verdict = judge(&candidates);
        assert_eq!(verdict.kind, VerdictKind::Unresolved);
        assert_eq!(verdict.more_rounds, Some(12 - rounds as u32));
        let Interval { median, low, high } = verdict.ratio;
        assert!(low > 0.0 && low < median && median < high && high.is_finite());
    }
}

#[test]
fn what_stands_alone_is_kept() {
    let rows = samples(1.0, 1.0, 1);
    for rounds in [1, 12] {
        let verdict = judge(&[candidate("shards", 5, &rows[..rounds])]);
        assert_eq!(verdict.kind, VerdictKind::Tie);
        assert_eq!(verdict.text, "Keep shards: nothing else was measured.");
    }
}

#[test]
fn without_a_baseline_the_simplest_is_to_beat() {
    let rows = [1.0, 2.0].map(|level| samples(level, 1.0, 3));
    let verdict = judge(&[candidate("shards", 5, &rows[1]), candidate("lock", 1, &rows[0])]);
    assert_eq!((verdict.take.as_str(), verdict.baseline.as_str()), ("shards", "lock"));
}

#[test]
fn nothing_measured_and_senseless_margins_are_refused() {
    let error = decide(&[], &Settings::default()).unwrap_err();
    assert_eq!(error, VerdictError::NoRounds);
    let rows = samples(1.0, 1.0, 1);
    for margin in [0.0, 1.0, f64::NAN] {
        let settings = Settings { margin, elapsed: None };
        assert!(decide(&[candidate("std", 0, &rows)], &settings).is_err());
    }
}

#[test]
fn ratios_leave_out_the_baseline_and_what_was_given_up() {
    let rows = [1.0, 2.0, 3.0].map(|level| samples(level, 1.0, 3));
    let candidates =
        [candidate("std", 0, &rows[0]), candidate("shards", 5, &rows[1]), candidate("given-up", 6, &rows[2][..2])];
    let ratios = ratios(&candidates, "std");
    assert_eq!((ratios[0], ratios[2]), (None, None));
    let ratio = ratios[1].unwrap();
    assert!(ratio.low <= ratio.median && (ratio.median - 2.0).abs() < 0.01);
    assert_eq!(super::ratios(&candidates, "nobody"), [None, None, None]);
}

proptest! {
    #[test]
    fn any_samples_have_a_verdict_with_finite_figures(
        rows in prop::collection::vec(
            prop::collection::vec((0_u32..12, 0..u64::MAX, 0_u64..3), 0..20), 1..6,
        ),
    ) {
        let sample = |&(round, operations, elapsed_ns): &(u32, u64, u64)| Sample {
            round,
            position: 0,
            operations,
            elapsed_ns,
            slowest_thread: 1.0,
        };
        let rows: Vec<Vec<Sample>> =
            rows.iter().map(|row| row.iter().map(sample).collect()).collect();
        let ids = ["std-a", "b", "std-c", "d", "e"];
        let candidates: Vec<_> = rows
            .iter()
            .zip(ids)
            .map(|(row, id)| candidate(id, 0, row))
            .collect();
        match decide(&candidates, &Settings::default()) {
            Ok(verdict) => {
                let Interval { median, low, high } = verdict.ratio;
                prop_assert!(0.0 < low && low <= median && median <= high);
                prop_assert!(high.is_finite(), "{}", verdict.text);
                prop_assert!(ids.contains(&verdict.take.as_str()));
            }
            Err(error) => prop_assert_eq!(error, VerdictError::NoRounds),
        }
    }
}
