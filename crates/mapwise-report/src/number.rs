//! Figures for people: one unit for a whole column, about three digits, never a bare float.
//!
//! Run files come from outside, so every function here accepts any float and any size.

/// A unit for all figures of one column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Unit {
    /// Divides the raw value.
    pub(crate) divisor: f64,
    /// Shown in the head of the column.
    pub(crate) name: &'static str,
    decimals: usize,
}

const RATES: [(f64, &str); 4] = [(1.0, "op/s"), (1e3, "kop/s"), (1e6, "Mop/s"), (1e9, "Gop/s")];
const TIMES: [(f64, &str); 4] = [(1.0, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s")];
const SIZES: [(f64, &str); 5] =
    [(1.0, "B"), (1024.0, "KiB"), (1048576.0, "MiB"), (1073741824.0, "GiB"), (1099511627776.0, "TiB")];

impl Unit {
    /// The unit for operations per second that suits most of `values`.
    pub(crate) fn of_rates(values: impl IntoIterator<Item = f64>) -> Unit {
        Unit::fitting(&RATES, values)
    }

    /// The unit for nanoseconds that suits most of `values`.
    pub(crate) fn of_times(values: impl IntoIterator<Item = f64>) -> Unit {
        Unit::fitting(&TIMES, values)
    }

    /// The unit for bytes that suits most of `values`.
    pub(crate) fn of_sizes(values: impl IntoIterator<Item = f64>) -> Unit {
        Unit::fitting(&SIZES, values)
    }

    fn fitting(units: &[(f64, &'static str)], values: impl IntoIterator<Item = f64>) -> Unit {
        let mut values: Vec<f64> = values.into_iter().filter(|v| v.is_finite() && *v > 0.0).collect();
        values.sort_by(f64::total_cmp);
        let typical = values.get(values.len() / 2).copied().unwrap_or(0.0);
        let (divisor, name) = units.iter().rev().find(|(divisor, _)| typical >= *divisor).copied().unwrap_or(units[0]);
        let exact = divisor == 1.0 && values.iter().all(|v| v.fract() == 0.0);
        let decimals = if exact { 0 } else { decimals_for(typical / divisor) };
        Unit { divisor, name, decimals }
    }

    /// The figure alone, for a column whose head names the unit.
    pub(crate) fn show(&self, value: f64) -> String {
        let shown = group(&fixed(value / self.divisor, self.decimals));
        let vanishes = value > 0.0 && !shown.contains(|c: char| ('1'..='9').contains(&c));
        if vanishes { format!("<{}", fixed(10f64.powi(-(self.decimals as i32)), self.decimals)) } else { shown }
    }

    /// The figure for an axis: no more decimals than it needs.
    pub(crate) fn tick(&self, value: f64) -> String {
        let text = fixed(value / self.divisor, 2);
        let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        group(short)
    }

    /// The figure with its unit.
    pub(crate) fn full(&self, value: f64) -> String {
        format!("{} {}", self.show(value), self.name)
    }
}

/// A rate with the unit that suits it.
pub(crate) fn rate(ops_per_s: f64) -> String {
    Unit::of_rates([ops_per_s]).full(ops_per_s)
}

/// A duration with the unit that suits it.
pub(crate) fn time(ns: f64) -> String {
    Unit::of_times([ns]).full(ns)
}

/// A size with the unit that suits it.
pub(crate) fn size(bytes: f64) -> String {
    Unit::of_sizes([bytes]).full(bytes)
}

/// A ratio without its sign of multiplication: two decimals where they say something.
pub(crate) fn ratio(value: f64) -> String {
    match value.abs() {
        v if v.is_finite() && v > 0.0 && v < 0.005 => "<0.01".to_owned(),
        v if v < 99.5 => fixed(value, 2),
        _ => group(&fixed(value, 0)),
    }
}

/// A share between 0 and 1 as a percentage without needless zeros.
pub(crate) fn percent(share: f64) -> String {
    let text = fixed(share * 100.0, 2);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "0" && share > 0.0 { "<0.01 %".to_owned() } else { format!("{text} %") }
}

/// A whole number with separators between thousands.
pub(crate) fn count(value: u64) -> String {
    group(&value.to_string())
}

fn decimals_for(value: f64) -> usize {
    match value {
        v if v >= 99.5 => 0,
        v if v >= 9.95 => 1,
        _ => 2,
    }
}

fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "?".to_owned();
    }
    if value.abs() >= 1e15 { format!("{value:.2e}") } else { format!("{value:.decimals$}") }
}

fn group(digits: &str) -> String {
    let whole = digits.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(digits.len());
    let start = digits.find(|c: char| c.is_ascii_digit()).unwrap_or(0).min(whole);
    if whole - start < 5 || digits.contains('e') {
        return digits.to_owned();
    }
    let mut out = digits[..start].to_owned();
    for (index, digit) in digits[start..whole].chars().enumerate() {
        if index > 0 && (whole - start - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + &digits[whole..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_one_unit_chosen_by_its_middle() {
        let unit = Unit::of_rates([900.0, 2.5e6, 31.2e6]);
        assert_eq!((unit.name, unit.show(2.5e6), unit.show(31.2e6)), ("Mop/s", "2.50".into(), "31.20".into()));
        assert_eq!(unit.show(900.0), "<0.01");
    }

    #[test]
    fn whole_nanoseconds_have_no_decimals() {
        let unit = Unit::of_times([80.0, 95.0, 240.0]);
        assert_eq!(unit.full(95.0), "95 ns");
        assert_eq!(time(4_100.0), "4.10 µs");
    }

    #[test]
    fn thousands_are_separated_from_five_digits_on() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(9_999), "9999");
        assert_eq!(group("-12345.5"), "-12,345.5");
    }

    #[test]
    fn shares_lose_needless_zeros() {
        assert_eq!(percent(0.9), "90 %");
        assert_eq!(percent(0.0125), "1.25 %");
        assert_eq!(percent(0.00001), "<0.01 %");
    }

    #[test]
    fn no_float_breaks_a_figure() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, f64::MIN_POSITIVE, -0.0] {
            for text in [rate(value), time(value), size(value), ratio(value), percent(value)] {
                assert!(text.len() < 24, "{value:e} became {text}");
            }
        }
    }
}
