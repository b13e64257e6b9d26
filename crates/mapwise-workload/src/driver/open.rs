//! Latency: operations are due at a fixed rate, whether or not the last one is done.
//!
//! Each latency counts from the moment its operation was *due*, so that an operation that had to
//! wait behind a slow one shows that wait (no coordinated omission). Operations that were due and
//! not begun when time was up count with the time they had waited until then, which is less than
//! they would have waited.
//!
//! The clock is std's `Instant`: on Linux a call into the vDSO of 20 to 30 ns with a resolution of
//! about as much, and every latency contains about one such call. Differences of less than that
//! between two candidates mean nothing.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mapwise_record::run::Latency;

use super::driven::{Driven, Tally};
use super::spin::Think;
use super::team::{self, Control, Phase, Pulse, Trouble};
use crate::plan::Plan;

/// Longest latency told apart, in nanoseconds; longer ones count as this.
const LONGEST_NS: u64 = 600_000_000_000;
/// Significant decimal digits of a recorded latency.
const DIGITS: u8 = 3;
/// Points of the curve kept for plots.
const CURVE_POINTS: usize = 60;
/// Operations between two rests.
const BATCH: u64 = 64;

/// What is offered to every candidate alike.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer {
    /// Operations per second of all threads together.
    pub(crate) ops_per_s: f64,
    /// What does not count.
    pub(crate) warm: Duration,
    /// What counts.
    pub(crate) measure: Duration,
    /// Whether waiting threads give their processor away, for more threads than processors.
    pub(crate) yields: bool,
    /// Where in its steps each thread begins, as a share of them.
    pub(crate) from: f64,
}

/// An empty histogram for latencies.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_NS, DIGITS).expect("the bounds are valid")
}

/// Offers operations for a while and returns the latencies.
pub(crate) fn latencies(
    plan: &Plan,
    map: &dyn Driven,
    offer: Offer,
    tally: &mut Tally,
    pulse: &Pulse<'_>,
) -> Result<Histogram<u64>, Trouble> {
    let team = plan.threads();
    let body = |thread: usize, control: &Control| {
        let result = serve(plan, map, offer, thread, control);
        map.leave();
        result
    };
    // Each worker keeps to the schedule by itself; waiting here is for the pulse alone.
    let (results, conducted) = team::run(team, &body, |control| control.wait(Duration::MAX, team, pulse))?;
    let mut all = histogram();
    for (latencies, done) in &results {
        *tally += *done;
        all.add(latencies).expect("equal bounds");
    }
    conducted?;
    Ok(all)
}

fn serve(plan: &Plan, map: &dyn Driven, offer: Offer, thread: usize, control: &Control) -> (Histogram<u64>, Tally) {
    let team = plan.threads() as f64;
    let steps = plan.steps(thread);
    let interval_ns = team * 1e9 / offer.ops_per_s;
    let warm_ns = offer.warm.as_nanos() as u64;
    let end_ns = warm_ns + offer.measure.as_nanos() as u64;
    let due = |turn: u64| (interval_ns * (turn as f64 + thread as f64 / team)) as u64;

    let mut latencies = histogram();
    let mut tally = Tally::default();
    // Growth begins at the beginning.
    let from = if plan.grows() { 0.0 } else { offer.from };
    let mut at = ((steps.len() as f64 * from) as usize).min(steps.len() - 1);
    let start = Instant::now();
    let mut now = 0;
    for turn in 0.. {
        let due_ns = due(turn);
        if due_ns >= end_ns || control.phase() == Phase::Stop {
            break;
        }
        if turn % BATCH == 0 {
            map.rest();
        }
        while now < due_ns {
            pause(offer.yields);
            now = start.elapsed().as_nanos() as u64;
        }
        if now >= end_ns {
            let first = due_ns.max(warm_ns);
            count_backlog(&mut latencies, first, end_ns, interval_ns);
            break;
        }
        map.batch(&steps[at..=at], turn, Think::NONE, &mut tally);
        now = start.elapsed().as_nanos() as u64;
        if due_ns >= warm_ns {
            latencies.saturating_record(now - due_ns);
        }
        at += 1;
        if at == steps.len() {
            if plan.grows() {
                break;
            }
            at = 0;
        }
    }
    (latencies, tally)
}

#[inline(always)]
fn pause(yields: bool) {
    if yields {
        std::thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}

/// Counts what was due from `first_ns` on and never begun with the time it had waited when time
/// was up.
///
/// A long backlog is counted in groups: a rate far beyond anything must not take longer to count
/// than it was offered.
fn count_backlog(latencies: &mut Histogram<u64>, first_ns: u64, end_ns: u64, interval_ns: f64) {
    const MOST_GROUPS: u64 = 10_000;
    let waiting = ((end_ns.saturating_sub(first_ns)) as f64 / interval_ns).ceil() as u64;
    let group = waiting.div_ceil(MOST_GROUPS).max(1);
    let mut counted = 0;
    while counted < waiting {
        let waited = (end_ns - first_ns) as f64 - counted as f64 * interval_ns;
        let count = group.min(waiting - counted);
        latencies.saturating_record_n(waited as u64, count);
        counted += count;
    }
}

/// The percentiles of a histogram; `None` when nothing was recorded.
pub(crate) fn percentiles(latencies: &Histogram<u64>, offered_ops_per_s: f64) -> Option<Latency> {
    if latencies.is_empty() {
        return None;
    }
    // No percentile exceeds the maximum: a bucket's upper end may lie above what fell into it.
    let at = |share: f64| latencies.value_at_quantile(share).min(latencies.max());
    Some(Latency {
        p50: at(0.5),
        p99: at(0.99),
        p999: at(0.999),
        p9999: at(0.9999),
        max: latencies.max(),
        offered_ops_per_s,
        count: latencies.len(),
        curve: curve(latencies.len(), at),
    })
}

/// Points evenly spaced in the number of nines, where tails are read, ending at the maximum.
fn curve(count: u64, at: impl Fn(f64) -> u64) -> Vec<(f64, u64)> {
    let nines = (count as f64).log10().max(1.0);
    let last = CURVE_POINTS - 1;
    let mut points: Vec<(f64, u64)> = (0..last)
        .map(|point| {
            let share = 1.0 - 10_f64.powf(-nines * point as f64 / last as f64);
            (share, at(share))
        })
        .collect();
    points.push((1.0, at(1.0)));
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_never_fall_and_end_at_the_maximum() {
        let mut latencies = histogram();
        for ns in 0..100_000_u64 {
            latencies.saturating_record(20 + ns * ns / 1000);
        }
        let found = percentiles(&latencies, 1.0).unwrap();
        let ladder = [found.p50, found.p99, found.p999, found.p9999, found.max];
        assert!(ladder.is_sorted(), "{ladder:?}");
        assert_eq!(found.curve.len(), CURVE_POINTS);
        assert!(found.curve.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1));
        assert_eq!(found.curve.last(), Some(&(1.0, found.max)));
    }

    #[test]
    fn an_empty_histogram_has_no_percentiles() {
        assert_eq!(percentiles(&histogram(), 1.0), None);
    }

    #[test]
    fn operations_still_waiting_at_the_end_count_with_their_wait() {
        let mut latencies = histogram();
        count_backlog(&mut latencies, 400, 1000, 100.0);
        // Due at 400, 500, ... 900.
        assert_eq!(latencies.len(), 6);
        assert_eq!((latencies.min(), latencies.max()), (100, 600));
    }

    #[test]
    fn a_backlog_without_bounds_is_counted_in_bounded_time() {
        let mut latencies = histogram();
        count_backlog(&mut latencies, 0, 1_000_000_000, 1e-3);
        assert!(latencies.len() >= 1_000_000_000_000);
    }
}
