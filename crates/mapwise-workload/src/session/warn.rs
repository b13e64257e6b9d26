//! What a reader must know before trusting the figures.

use mapwise_record::run::{Cell, HarnessCost, Sample, Warning, WarningKind};
use mapwise_record::workload::{Kind, Workload};

use super::compete::{Outcome, Rate, ns_per_op};
use crate::data::MAX_STRING_VALUE_BYTES;
use crate::driver::processor::Processor;
use crate::machine;
use crate::stats::DEFAULT_ROUNDS;

/// The harness is worth a warning beyond this share of the fastest candidate's operation.
const HARNESS_SHARE: f64 = 0.25;
/// Samples of one cell may differ by this share: the half of them in the middle, over the median.
const NOISE: f64 = 0.10;
/// Threads that have a processor each may wait for it for this share of the time.
const CROWDED: f64 = 0.10;
/// Fewer operations leave less than two beyond p99.99.
const ENOUGH_LATENCIES: u64 = 20_000;
/// This many names are enough in one sentence.
const MOST_NAMES: usize = 3;

/// Warnings about what was measured at one thread count.
pub(super) fn about(cells: &[Cell], harness: &HarnessCost) -> Vec<Warning> {
    [
        oversubscribed(harness.threads, machine::cores()),
        harness_bound(cells, harness),
        noisy(cells, harness.threads),
        few_rounds(cells, harness.threads),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Says so when keys or values are run with another size than stated.
pub(super) fn resized(stated: &Workload, run: &Workload) -> Vec<Warning> {
    let warning = |what: &str, stated: Kind, run: Kind| {
        (stated != run).then(|| Warning {
            kind: WarningKind::Other,
            text: format!("{what} of {} are run as {}: {}", size(stated), size(run), why_resized(run)),
        })
    };
    let keys = warning("keys", stated.keys.kind, run.keys.kind);
    keys.into_iter().chain(warning("values", stated.values, run.values)).collect()
}

fn why_resized(run: Kind) -> &'static str {
    match run {
        Kind::String { bytes: MAX_STRING_VALUE_BYTES } => {
            "a map only moves a pointer to larger ones, and copying them would be all that is measured"
        }
        Kind::String { .. } => "a value must hold a number that is checked",
        Kind::U64 | Kind::Bytes { .. } => "other inline sizes are not compiled in",
    }
}

fn size(kind: Kind) -> String {
    match kind {
        Kind::U64 => "8 bytes".to_owned(),
        Kind::String { bytes } => format!("{bytes} bytes (string)"),
        Kind::Bytes { bytes } => format!("{bytes} bytes (inline)"),
    }
}

/// A number of threads in words.
pub(super) fn threads(count: usize) -> String {
    if count == 1 { "1 thread".to_owned() } else { format!("{count} threads") }
}

fn oversubscribed(threads: usize, cores: usize) -> Option<Warning> {
    (threads > cores).then(|| Warning {
        kind: WarningKind::Oversubscribed,
        text: format!(
            "{threads} threads share {cores} processors: latencies beyond p50 show mostly how long \
             threads wait for a processor"
        ),
    })
}

/// Says so when other programs had the processors that the threads were to run on side by side.
pub(crate) fn crowded(processor: Processor, threads: usize, cores: usize) -> Option<Warning> {
    let share = processor.waited_share();
    (threads <= cores && share > CROWDED).then(|| Warning {
        kind: WarningKind::Noisy,
        text: format!(
            "at {} the threads waited {:.0} % of the time for a processor that something else had: they met less in the \
             maps than they would on an idle machine, so maps look more alike than they are",
            self::threads(threads),
            share * 100.0
        ),
    })
}

fn harness_bound(cells: &[Cell], harness: &HarnessCost) -> Option<Warning> {
    let fastest = cells.iter().max_by(|a, b| median(a).total_cmp(&median(b)))?;
    let whole = ns_per_op(median(fastest), harness.threads);
    let share = harness.ns_per_op / whole;
    (share > HARNESS_SHARE).then(|| Warning {
        kind: WarningKind::HarnessBound,
        text: format!(
            "at {} the measuring loop takes {:.1} ns of the {whole:.1} ns of an operation \
             of {} ({:.0} %), so maps differ by more than these figures say",
            threads(harness.threads),
            harness.ns_per_op,
            fastest.name,
            share * 100.0
        ),
    })
}

fn noisy(cells: &[Cell], threads: usize) -> Option<Warning> {
    let mut noisy: Vec<(&Cell, f64)> =
        cells.iter().map(|cell| (cell, spread(&cell.samples))).filter(|(_, spread)| *spread > NOISE).collect();
    noisy.sort_by(|a, b| b.1.total_cmp(&a.1));
    let (_, worst) = noisy.first()?;
    Some(Warning {
        kind: WarningKind::Noisy,
        text: format!(
            "at {} the middle half of the samples spreads by up to {:.0} % of the \
             median ({}): close other programs, or give it more time",
            self::threads(threads),
            worst * 100.0,
            names(noisy.iter().map(|(cell, _)| &*cell.name))
        ),
    })
}

fn few_rounds(cells: &[Cell], threads: usize) -> Option<Warning> {
    let rounds = cells.iter().map(|cell| cell.samples.len()).max()?;
    ((rounds as u32) < DEFAULT_ROUNDS).then(|| Warning {
        kind: WarningKind::Other,
        text: format!(
            "at {} there was time for {rounds} rounds instead of {DEFAULT_ROUNDS}: \
             give it more time",
            self::threads(threads)
        ),
    })
}

/// A stated rate that nothing can be measured at.
pub(super) fn too_low(rate: Rate) -> Option<Warning> {
    let stated = rate.too_low?;
    Some(Warning {
        kind: WarningKind::Other,
        text: format!(
            "the workload asks for {} operations per second, too few to measure tails in this time: latency was \
             measured at {}",
            number(stated),
            number(rate.ops_per_s)
        ),
    })
}

/// A rate as people write it.
fn number(ops_per_s: f64) -> String {
    match ops_per_s {
        high if high >= 1e6 => format!("{:.2} million", high / 1e6),
        middle if middle >= 1e3 => format!("{:.1} thousand", middle / 1e3),
        low => format!("{low:.1}"),
    }
}

/// A rate that some candidates cannot serve.
pub(super) fn overrun(cells: &[Cell], rate: Rate) -> Option<Warning> {
    let slow = cells.iter().filter(|cell| cell.latency_ns.is_some() && median(cell) < rate.ops_per_s);
    let slow: Vec<&str> = slow.map(|cell| &*cell.name).collect();
    let whose = if rate.stated { "the rate of the workload" } else { "which the best standard choice can serve" };
    (!slow.is_empty()).then(|| Warning {
        kind: WarningKind::Other,
        text: format!(
            "latency was measured at {} operations per second ({whose}), but {} did fewer in all: \
             such latencies grow with the length of the run",
            number(rate.ops_per_s),
            names(slow.into_iter())
        ),
    })
}

/// Tails that rest on too few operations.
pub(super) fn few_latencies(cells: &[Cell], threads: usize) -> Option<Warning> {
    let counts = cells.iter().filter_map(|cell| cell.latency_ns.as_ref());
    let fewest = counts.map(|latency| latency.count).min()?;
    (fewest < ENOUGH_LATENCIES).then(|| Warning {
        kind: WarningKind::Other,
        text: format!(
            "at {} latency rests on {fewest} operations, too few for p99.99: give it \
             more time",
            self::threads(threads)
        ),
    })
}

/// An interrupted run.
pub(super) fn interrupted(counts: &[usize], outcomes: &[(usize, Outcome)]) -> Warning {
    let missing: Vec<String> = counts
        .iter()
        .filter(|&&count| !outcomes.iter().any(|(done, o)| *done == count && o.complete))
        .map(ToString::to_string)
        .collect();
    Warning {
        kind: WarningKind::Interrupted,
        text: format!("interrupted: not everything was measured at {} threads", missing.join(", ")),
    }
}

/// The spread of the middle half of the samples over their median.
fn spread(samples: &[Sample]) -> f64 {
    let mut rates: Vec<f64> = samples.iter().map(Sample::ops_per_s).collect();
    if rates.is_empty() {
        return 0.0;
    }
    rates.sort_by(f64::total_cmp);
    let at = |share: f64| rates[((rates.len() - 1) as f64 * share).round() as usize];
    (at(0.75) - at(0.25)) / at(0.5).max(1.0)
}

fn median(cell: &Cell) -> f64 {
    cell.throughput_ops_per_s.median
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    match names.len() {
        0..=MOST_NAMES => names.join(", "),
        count => format!("{} and {} more", names[..MOST_NAMES].join(", "), count - MOST_NAMES),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presets;

    #[test]
    fn a_value_that_is_run_in_another_size_is_said_with_its_reason() {
        let stated = presets::preset("twitter-4").unwrap();
        let run = |bytes| Workload { values: Kind::String { bytes }, ..stated.clone() };
        assert_eq!(resized(&stated, &stated), []);
        let warnings = resized(&run(36_936), &run(MAX_STRING_VALUE_BYTES));
        assert_eq!(warnings.len(), 1);
        assert!(
            warnings[0].text.starts_with("values of 36936 bytes (string) are run as 4096 bytes (string): a map only")
        );
    }

    #[test]
    fn more_threads_than_processors_are_warned_of() {
        assert_eq!(oversubscribed(4, 4), None);
        let warning = oversubscribed(8, 4).unwrap();
        assert_eq!(warning.kind, WarningKind::Oversubscribed);
        assert!(warning.text.starts_with("8 threads share 4 processors"));
    }

    #[test]
    fn one_outlier_is_no_noise() {
        let sample =
            |operations| Sample { round: 0, position: 0, operations, elapsed_ns: 1_000_000_000, slowest_thread: 1.0 };
        let quiet: Vec<Sample> = [100, 101, 99, 100, 5, 100, 101, 99].map(sample).to_vec();
        let loud: Vec<Sample> = [100, 150, 60, 120, 140, 70, 100, 80].map(sample).to_vec();
        assert!(spread(&quiet) < NOISE);
        assert!(spread(&loud) > NOISE);
    }

    #[test]
    fn long_lists_of_names_are_cut() {
        assert_eq!(names(["a", "b"].into_iter()), "a, b");
        let five = names(["a", "b", "c", "d", "e"].into_iter());
        assert_eq!(five, "a, b, c and 2 more");
    }
}
