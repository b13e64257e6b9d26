//! The figures of a verdict in words.

use std::time::Duration;

use mapwise_record::run::Interval;

/// `2.3x [2.1, 2.6]`, with as many decimals as its size deserves.
pub(super) fn times(ratio: &Interval) -> String {
    let Interval { median, low, high } = ratio;
    let decimals = match median {
        0.0..2.0 => 2,
        2.0..10.0 => 1,
        _ => 0,
    };
    format!("{median:.decimals$}x [{low:.decimals$}, {high:.decimals$}]")
}

/// `+1.8 % [-2.1, +5.6]`: how much more than the baseline.
pub(super) fn percent(ratio: &Interval) -> String {
    let more = |ratio: f64| {
        // Adding 0 turns -0 into 0.
        let tenths = (ratio - 1.0).mul_add(1000.0, 0.0).round() + 0.0;
        format!("{:+.1}", tenths / 10.0)
    };
    let Interval { median, low, high } = *ratio;
    format!("{} % [{}, {}]", more(median), more(low), more(high))
}

/// `19 µs`: two significant digits up to 99, all of them above.
pub(super) fn latency(ns: u64) -> String {
    let (value, unit) = match ns {
        0..1_000 => return format!("{ns} ns"),
        1_000..1_000_000 => (ns as f64 / 1e3, "µs"),
        1_000_000..1_000_000_000 => (ns as f64 / 1e6, "ms"),
        _ => (ns as f64 / 1e9, "s"),
    };
    let decimals = usize::from(value < 9.95);
    format!("{value:.decimals$} {unit}")
}

/// ` (--time 90s)`: the time for all rounds, in steps of five seconds; empty when unknown.
pub(super) fn time_option(elapsed: Option<Duration>, rounds: usize, more: u32) -> String {
    let Some(elapsed) = elapsed else {
        return String::new();
    };
    let of_one = elapsed.as_secs_f64() / rounds.max(1) as f64;
    let seconds = of_one * (rounds as f64 + f64::from(more));
    format!(" (--time {:.0}s)", (seconds / 5.0).ceil().max(1.0) * 5.0)
}

/// `1 more round`, `12 more rounds`.
pub(super) fn more_rounds(more: u32) -> String {
    let plural = if more == 1 { "" } else { "s" };
    format!("{more} more round{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(low: f64, median: f64, high: f64) -> Interval {
        Interval { median, low, high }
    }

    #[test]
    fn ratios_have_the_decimals_they_deserve() {
        assert_eq!(times(&interval(2.08, 2.31, 2.6)), "2.3x [2.1, 2.6]");
        assert_eq!(times(&interval(1.221, 1.342, 1.47)), "1.34x [1.22, 1.47]");
        assert_eq!(times(&interval(10.9, 12.2, 14.0)), "12x [11, 14]");
    }

    #[test]
    fn percentages_carry_their_sign() {
        assert_eq!(percent(&interval(0.979, 1.018, 1.056)), "+1.8 % [-2.1, +5.6]");
        assert_eq!(percent(&interval(0.9, 0.999_99, 1.2)), "+0.0 % [-10.0, +20.0]");
    }

    #[test]
    fn latencies_are_read_at_a_glance() {
        let shown: Vec<String> = [0, 999, 4_120, 9_949, 9_950, 19_400, 1_240_000, 3_000_000_000].map(latency).into();
        let expected = ["0 ns", "999 ns", "4.1 µs", "9.9 µs", "10 µs", "19 µs", "1.2 ms", "3.0 s"];
        assert_eq!(shown, expected);
    }

    #[test]
    fn the_time_for_more_rounds_includes_those_already_run() {
        let option = |more| time_option(Some(Duration::from_secs(30)), 12, more);
        assert_eq!(option(12), " (--time 60s)");
        assert_eq!(option(13), " (--time 65s)");
        assert_eq!(time_option(None, 12, 5), "");
        assert_eq!(more_rounds(1), "1 more round");
    }
}
