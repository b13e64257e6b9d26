//! How the time of one thread count is divided.

use std::time::Duration;

use crate::stats::{DEFAULT_ROUNDS, MIN_ROUNDS};

/// Rounds that a verdict should have.
const ENOUGH_ROUNDS: u32 = DEFAULT_ROUNDS;
/// Rounds below which nothing is decided; taken even when time runs over.
pub(super) const FEWEST_ROUNDS: u32 = MIN_ROUNDS as u32;
/// Rounds beyond which longer slices tell more than further rounds.
const MOST_ROUNDS: u32 = 40;
/// Slices shorter than this measure the start of threads.
const SHORTEST_SLICE: Duration = Duration::from_millis(4);
/// Slices of this length measure the map.
const GOOD_SLICE: Duration = Duration::from_millis(60);
/// The share of what is left after the first pass that goes to latency.
const LATENCY_SHARE: f64 = 0.22;

/// The length of the trial in the first pass, out of the whole time of the thread count.
pub(super) fn trial(time: Duration, candidates: usize) -> Duration {
    let share = time.mul_f64(0.06 / candidates.max(1) as f64);
    share.clamp(Duration::from_millis(3), Duration::from_millis(60))
}

/// The length of one of the three slices that price the harness.
pub(super) fn harness(time: Duration) -> Duration {
    time.mul_f64(0.01).clamp(Duration::from_millis(3), Duration::from_millis(100))
}

/// Time for throughput and for latency, out of what is left.
pub(super) fn split(left: Duration) -> (Duration, Duration) {
    let latency = left.mul_f64(LATENCY_SHARE);
    (left - latency, latency)
}

/// The length of one trial of a rate, out of the time for latency.
pub(super) fn probe(latency: Duration, candidates: usize) -> Duration {
    (latency / (4 * candidates.max(1) as u32)).clamp(Duration::from_millis(5), Duration::from_millis(50))
}

/// How many rounds to take.
///
/// `overhead` is what one round spends outside its slices (building and checking maps);
/// `patience` stretches slices where threads outnumber processors and each must have had its turn.
pub(super) fn rounds(time: Duration, candidates: usize, overhead: Duration, patience: f64) -> u32 {
    let slices = GOOD_SLICE.mul_f64(candidates.max(1) as f64 * patience);
    let good = time.as_secs_f64() / (slices + overhead).as_secs_f64();
    if good >= f64::from(ENOUGH_ROUNDS) {
        return (good as u32).min(MOST_ROUNDS);
    }
    // Shorter slices first, fewer rounds only when even the shortest do not fit.
    let shortest = SHORTEST_SLICE.mul_f64(candidates.max(1) as f64);
    let possible = time.as_secs_f64() / (shortest + overhead).as_secs_f64();
    (possible as u32).clamp(FEWEST_ROUNDS, ENOUGH_ROUNDS)
}

/// How many rounds of a known length to take.
pub(super) fn rounds_of(time: Duration, round: Duration) -> u32 {
    let rounds = time.as_secs_f64() / round.as_secs_f64().max(1e-9);
    (rounds as u32).clamp(FEWEST_ROUNDS, MOST_ROUNDS)
}

/// The length of every slice of the next round, so that the rounds end on time.
pub(super) fn slice(left: Duration, rounds_left: u32, candidates: usize, overhead: Duration) -> Duration {
    let round = left / rounds_left.max(1);
    let slices = round.saturating_sub(overhead);
    (slices / candidates.max(1) as u32).max(SHORTEST_SLICE)
}

/// The part of a slice that does not count.
pub(super) fn warm_up(slice: Duration) -> Duration {
    (slice / 8).min(Duration::from_millis(20))
}

/// How much longer slices are where each processor has several threads to run.
pub(super) fn patience(threads: usize, cores: usize) -> f64 {
    (threads as f64 / cores.max(1) as f64).clamp(1.0, 3.0)
}

/// The share of a growing plan that lets every candidate have enough rounds.
///
/// `pass` is how long all candidates take for the whole plan once, `overhead` what they spend
/// outside it.
pub(super) fn share_of_growth(time: Duration, pass: Duration, overhead: Duration) -> f64 {
    let round = time.as_secs_f64() / f64::from(ENOUGH_ROUNDS) - overhead.as_secs_f64();
    let share = round / pass.as_secs_f64().max(1e-9);
    // Less than a hundredth would be growth from almost nothing to almost nothing.
    share.clamp(0.01, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn plenty_of_time_gives_many_rounds_but_not_without_end() {
        assert_eq!(rounds(SECOND * 60, 4, Duration::ZERO, 1.0), MOST_ROUNDS);
    }

    #[test]
    fn little_time_shortens_slices_before_it_takes_rounds_away() {
        assert_eq!(rounds(SECOND, 20, Duration::ZERO, 1.0), ENOUGH_ROUNDS);
        assert_eq!(rounds(SECOND, 20, SECOND, 1.0), FEWEST_ROUNDS);
    }

    #[test]
    fn the_slices_of_all_rounds_add_up_to_the_time() {
        let (time, candidates, overhead) = (SECOND * 10, 10, Duration::from_millis(20));
        let rounds = rounds(time, candidates, overhead, 1.0);
        let slice = slice(time, rounds, candidates, overhead);
        let total = (slice * candidates as u32 + overhead) * rounds;
        let ratio = total.as_secs_f64() / time.as_secs_f64();
        assert!((0.99..1.01).contains(&ratio), "{ratio}");
    }

    #[test]
    fn growth_is_shortened_to_fit_enough_rounds() {
        assert_eq!(share_of_growth(SECOND * 80, SECOND * 5, SECOND), 1.0);
        assert_eq!(share_of_growth(SECOND * 24, SECOND * 4, SECOND), 0.25);
    }
}
