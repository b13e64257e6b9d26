//! How often the verdict errs; `-- --nocapture` prints the rates.

#![allow(clippy::print_stdout, reason = "the rates are what the decision record quotes")]

mod model;
mod options;

use mapwise_record::run::{Verdict, VerdictKind};
use mapwise_workload::stats::ratios;

use model::{BASELINES, CANDIDATES, ID, ROUNDS, Run, equal_but, rate};

#[test]
fn equal_candidates_are_rarely_told_apart() {
    let run = |trial| Run::new(trial, equal_but(&[])).measure(ROUNDS);
    let wins = rate("all equal, a win is declared", |trial| run(trial).verdict().kind == VerdictKind::Win);
    assert!(wins <= 5.0);
    for (candidates, rounds) in [(22, ROUNDS), (22, 4), (5, ROUNDS), (5, 8), (5, 4), (2, 4)] {
        let what = format!("{candidates} equal, {rounds} rounds, an interval excludes 1");
        let differences = rate(&what, |trial| {
            let run = Run::new(trial, vec![1.0; candidates]).measure(rounds);
            let ratios = ratios(&run.candidates(), ID[0]);
            ratios.iter().flatten().any(|ratio| ratio.low > 1.0 || ratio.high < 1.0)
        });
        assert!(differences <= 5.0, "{what}");
    }
}

#[test]
fn candidates_better_by_just_the_margin_rarely_win() {
    let at_margin: Vec<_> = (BASELINES..CANDIDATES).map(|c| (c, 1.05)).collect();
    let wins = rate("all challengers at the margin, a win is declared", |trial| {
        let run = Run::new(trial, equal_but(&at_margin)).measure(ROUNDS);
        run.verdict().kind == VerdictKind::Win
    });
    assert!(wins <= 5.0);
}

#[test]
fn a_candidate_better_by_30_percent_is_found() {
    let found = rate("one challenger at 1.3x, it is taken", |trial| {
        let verdict = Run::new(trial, equal_but(&[(9, 1.3)])).measure(ROUNDS).verdict();
        verdict.kind == VerdictKind::Win && verdict.take == ID[9]
    });
    assert!(found >= 90.0);
}

#[test]
fn a_candidate_just_beyond_the_margin_is_rarely_called_no_difference() {
    for rounds in [ROUNDS, 4 * ROUNDS] {
        let what = format!("one challenger at 1.06x, {rounds} rounds, a tie is declared");
        let missed = rate(&what, |trial| {
            let run = Run::new(trial, equal_but(&[(9, 1.06)])).measure(rounds);
            run.verdict().kind == VerdictKind::Tie
        });
        assert!(missed <= 5.0);
    }
}

#[test]
fn the_interval_of_the_best_of_many_still_holds_its_truth() {
    let good: Vec<_> = (BASELINES..CANDIDATES).map(|c| (c, 1.3)).collect();
    let covered = rate("18 challengers at 1.3x, the interval of the one taken holds 1.3", |trial| {
        let verdict = Run::new(trial, equal_but(&good)).measure(ROUNDS).verdict();
        verdict.kind != VerdictKind::Win || (verdict.ratio.low..verdict.ratio.high).contains(&1.3)
    });
    assert!(covered >= 95.0);
}

#[test]
fn the_proposed_number_of_rounds_mostly_settles_it() {
    for (what, truth) in [("all equal", 1.0), ("one challenger at 1.15x", 1.15)] {
        let (mut proposed, mut settled, mut hopeless, mut rounds) = (0, 0, 0, Vec::new());
        for trial in 0..100 {
            let run = Run::new(trial, equal_but(&[(9, truth)])).measure(ROUNDS);
            let verdict = run.verdict();
            match (verdict.kind, verdict.more_rounds) {
                (VerdictKind::Unresolved, Some(more)) => {
                    proposed += 1;
                    rounds.push(more);
                    settled += u32::from(run.measure(more).verdict().kind != VerdictKind::Unresolved);
                }
                (VerdictKind::Unresolved, None) => hopeless += 1,
                _ => {}
            }
        }
        rounds.sort_unstable();
        let median = rounds.get(rounds.len() / 2);
        println!(
            "{what}: {settled} of {proposed} proposals settled it (median {median:?} rounds), {hopeless} hopeless"
        );
        assert!(settled * 2 >= proposed);
    }
}

#[test]
fn the_default_rounds_suffice_up_to_the_stated_noise() {
    let trials = 200;
    println!("noise, rounds: 1.3x found, equal called a tie");
    for noise in [0.03, 0.05, 0.08, 0.10] {
        for rounds in [8, ROUNDS, 16] {
            let share = |truth, claim: fn(&Verdict) -> bool| {
                let claimed = |trial: &u64| {
                    let run = Run::with_noise(*trial, equal_but(&[(9, truth)]), noise..noise + 1e-9);
                    claim(&run.measure(rounds).verdict())
                };
                (0..trials).filter(claimed).count() as f64 * 100.0 / trials as f64
            };
            let found = share(1.3, |verdict| verdict.take == ID[9]);
            let tied = share(1.0, |verdict| verdict.kind == VerdictKind::Tie);
            println!("{:.0} %, {rounds}: {found:.1} %, {tied:.1} %", noise * 100.0);
            if (noise <= 0.08 && rounds == ROUNDS) || rounds == 16 {
                assert!(found >= 90.0);
            }
        }
    }
}
