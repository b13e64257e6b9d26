//! From figures to places along an axis, as percentages of its length, and round figures to label.

/// Where a picture puts a value along one axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    log: bool,
}

impl Scale {
    /// From zero to a little past the largest of `values`.
    pub(super) fn from_zero(values: impl IntoIterator<Item = f64>) -> Scale {
        let most = values.into_iter().filter(|v| v.is_finite()).fold(0.0, f64::max).min(1e300);
        Scale { low: 0.0, high: if most > 0.0 { most * 1.04 } else { 1.0 }, log: false }
    }

    /// As far to both sides of zero as the farthest of `values`, and at least `least`.
    pub(super) fn around_zero(values: impl IntoIterator<Item = f64>, least: f64) -> Scale {
        let most = values.into_iter().filter(|v| v.is_finite()).map(f64::abs).fold(least, f64::max).min(1e300);
        Scale { low: -most * 1.04, high: most * 1.04, log: false }
    }

    /// From the smallest to the largest of `values`, by powers, with a margin of `margin` (a factor) at both ends.
    pub(super) fn log(values: impl IntoIterator<Item = f64>, margin: f64) -> Scale {
        let known = values.into_iter().filter(|v| v.is_finite() && *v > 0.0).map(|v| v.clamp(1e-9, 1e15));
        let (low, high) = known.fold((f64::MAX, 0.0), |(low, high), v| (v.min(low), v.max(high)));
        let (low, high) = if high > 0.0 { (low / margin, high * margin) } else { (1.0, 10.0) };
        Scale { low, high: high.max(low * 1.01), log: true }
    }

    /// The place of `value` from 0 to 1; what lies outside is put at the end it lies beyond.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = if self.log {
            (value.max(f64::MIN_POSITIVE) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// At most `most` (and at least 2) round values within the scale, ascending.
    pub(super) fn ticks(&self, most: usize) -> Vec<f64> {
        if self.log && self.high / self.low > 4.0 { self.log_ticks(most) } else { self.linear_ticks(most) }
    }

    fn linear_ticks(&self, most: usize) -> Vec<f64> {
        let rough = (self.high - self.low) / most as f64;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|n| n * power).into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(rough);
        let first = (self.low / step).ceil();
        (0..=most).map(|n| (first + n as f64) * step).take_while(|v| *v <= self.high).collect()
    }

    fn log_ticks(&self, most: usize) -> Vec<f64> {
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let within = |multiples: &[f64], every: i32| -> Vec<f64> {
            (first..=last)
                .filter(|power| power.rem_euclid(every) == 0)
                .flat_map(|power| multiples.iter().map(move |n| n * 10f64.powi(power)))
                .filter(|v| *v >= self.low * 0.999 && *v <= self.high * 1.001)
                .collect()
        };
        let fine = [&[1.0, 2.0, 5.0][..], &[1.0, 3.0], &[1.0]].into_iter().map(|multiples| within(multiples, 1));
        let coarse = (2..8).map(|every| within(&[1.0], every));
        fine.chain(coarse).find(|ticks| ticks.len() <= most).unwrap_or_default()
    }
}

/// Moves ascending or unordered places apart until neighbors have `gap` between them, inside `0..=end`.
///
/// The result has the order of the input.
pub(super) fn spread(places: &[f64], gap: f64, end: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|a, b| places[*a].total_cmp(&places[*b]));
    let mut out = places.to_vec();
    let mut least = 0.0;
    for index in &order {
        out[*index] = out[*index].max(least);
        least = out[*index] + gap;
    }
    let mut most = end;
    for index in order.iter().rev() {
        out[*index] = out[*index].min(most);
        most = out[*index] - gap;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(Scale::from_zero([31.0]).ticks(5), [0.0, 10.0, 20.0, 30.0]);
        assert_eq!(Scale::log([80.0, 9e6], 1.0).ticks(6), [100.0, 1e3, 1e4, 1e5, 1e6]);
        let tenths = Scale::log([0.88, 1.22], 1.0).ticks(5).into_iter().map(|v| (v * 10.0).round());
        assert_eq!(tenths.collect::<Vec<_>>(), [9.0, 10.0, 11.0, 12.0]);
    }

    #[test]
    fn labels_move_apart_but_keep_their_order() {
        assert_eq!(spread(&[10.0, 9.0, 50.0], 14.0, 60.0), [23.0, 9.0, 50.0]);
        assert_eq!(spread(&[58.0, 60.0], 14.0, 60.0), [46.0, 60.0]);
    }

    proptest! {
        #[test]
        fn no_value_breaks_a_scale(values in prop::collection::vec(any::<f64>(), 0..5), value in any::<f64>()) {
            let scales = [
                Scale::from_zero(values.iter().copied()),
                Scale::around_zero(values.iter().copied(), 0.05),
                Scale::log(values.iter().copied(), 1.1),
            ];
            for scale in scales {
                prop_assert!((0.0..=1.0).contains(&scale.at(value)));
                prop_assert!(scale.ticks(6).len() <= 7);
            }
        }
    }
}
