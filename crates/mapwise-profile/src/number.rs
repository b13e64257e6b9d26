//! Figures as text, the same in advice, tables and on the terminal.

/// A duration with the unit that suits it, in three digits.
#[must_use]
pub fn duration(ns: u64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")];
    let ns = ns as f64;
    // From 999.5 on three digits round to a thousand, which the next unit says better.
    let (size, unit) = UNITS.into_iter().find(|(size, _)| ns >= size * 0.9995).unwrap_or((1.0, "ns"));
    if size == 1.0 { format!("{ns:.0} ns") } else { format!("{} {unit}", three_digits(ns / size)) }
}

/// A share as a percentage in two or three digits.
#[must_use]
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        p if !p.is_finite() => "? %".to_owned(),
        // Halves go up, as the page's script rounds them.
        p if p >= 9.95 || p == 0.0 => format!("{:.0} %", p.round()),
        p if p >= 0.1 => format!("{:.1} %", (p * 10.0).round() / 10.0),
        _ => "<0.1 %".to_owned(),
    }
}

/// A whole number with separators between thousands, from five digits on.
#[must_use]
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let first = digits.len() % 3;
    let mut out = digits[..first].to_owned();
    for start in (first..digits.len()).step_by(3) {
        if !out.is_empty() {
            out.push(',');
        }
        out.push_str(&digits[start..start + 3]);
    }
    out
}

/// A count with the letter of its magnitude: `950`, `12.3 k`, `4.56 M`.
#[must_use]
pub fn short(value: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    match UNITS.into_iter().find(|(size, _)| value >= size * 0.9995) {
        Some((size, unit)) => format!("{} {unit}", three_digits(value / size)),
        None if value.fract() < 0.05 || value >= 99.5 => format!("{value:.0}"),
        None => format!("{value:.1}"),
    }
}

/// `part` of `whole`, 0 where there is no whole.
#[must_use]
pub fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn three_digits(value: f64) -> String {
    match value {
        v if v >= 99.95 => format!("{v:.0}"),
        v if v >= 9.995 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_change_their_unit_where_three_digits_would_round_to_a_thousand() {
        let shown = [0, 999, 1_000, 12_340, 999_499, 999_600, 41_000_000_000].map(duration);
        assert_eq!(shown, ["0 ns", "999 ns", "1.00 µs", "12.3 µs", "999 µs", "1.00 ms", "41.0 s"]);
    }

    #[test]
    fn counts_have_separators_or_a_letter() {
        assert_eq!([9_999, 12_345, 1_234_567].map(count), ["9999", "12,345", "1,234,567"]);
        assert_eq!([7.0, 0.5, 999.0, 999.6, 45_600.0].map(short), ["7", "0.5", "999", "1.00 k", "45.6 k"]);
    }

    #[test]
    fn a_small_share_is_not_called_nothing() {
        assert_eq!(
            [0.0, 0.0004, 0.02, 0.225, 0.5, f64::NAN].map(percent),
            ["0 %", "<0.1 %", "2.0 %", "23 %", "50 %", "? %"]
        );
    }
}
