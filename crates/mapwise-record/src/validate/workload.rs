//! What a workload must obey.

use super::check::{At, MAX_NUMBER};
use crate::error::Invalid;
use crate::workload::{Distribution, Keys, Kind, Mix, Workload};

/// How far the shares of a mix may be from 1: published figures are rounded.
const SHARES_OFF_BY: f64 = 0.01;
/// The most bytes of one key or value: what a trace can state.
const MAX_BYTES: usize = u32::MAX as usize;

impl Workload {
    /// Checks what the types cannot: finite and bounded numbers, shares that add up to 1.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, with its place.
    pub fn validate(&self) -> Result<(), Invalid> {
        self.validate_at(&At::ROOT)
    }

    pub(super) fn validate_at(&self, at: &At<'_>) -> Result<(), Invalid> {
        at.field("name").name(&self.name)?;
        at.field("title").text(&self.title)?;
        if let Some(source) = &self.source {
            at.field("source").text(source)?;
        }
        mix(&self.mix, &at.field("mix"))?;
        keys(&self.keys, &at.field("keys"))?;
        kind(self.values, &at.field("values"))?;
        if let Some(rate) = self.rate_ops_per_s {
            let at = at.field("rate_ops_per_s");
            at.number(rate, 0.0..=MAX_NUMBER)?;
            if rate == 0.0 {
                return at.refuse("must be above 0, got 0");
            }
        }
        Ok(())
    }
}

fn mix(mix: &Mix, at: &At<'_>) -> Result<(), Invalid> {
    let mut sum = 0.0;
    for (name, share) in mix.shares() {
        at.field(name).number(share, 0.0..=1.0)?;
        sum += share;
    }
    if (sum - 1.0).abs() > SHARES_OFF_BY {
        return at.refuse(format!("shares must add up to 1, got {sum}"));
    }
    Ok(())
}

fn keys(keys: &Keys, at: &At<'_>) -> Result<(), Invalid> {
    kind(keys.kind, &at.field("kind"))?;
    if keys.prefill > keys.space {
        let Keys { prefill, space, .. } = keys;
        let at = at.field("prefill");
        return at.refuse(format!("must be at most the space {space}, got {prefill}"));
    }
    let at = at.field("distribution");
    match keys.distribution {
        Distribution::Zipf { exponent } => {
            let at = at.field("exponent");
            at.number(exponent, 0.0..=100.0)?;
            if exponent == 0.0 {
                return at.refuse("must be above 0, got 0");
            }
        }
        Distribution::HotSet { keys, operations } => {
            at.field("keys").number(keys, 0.0..=1.0)?;
            at.field("operations").number(operations, 0.0..=1.0)?;
        }
        Distribution::Uniform | Distribution::Sequential | Distribution::Recorded => {}
    }
    Ok(())
}

fn kind(kind: Kind, at: &At<'_>) -> Result<(), Invalid> {
    match kind {
        Kind::U64 => Ok(()),
        Kind::String { bytes } | Kind::Bytes { bytes } => at.field("bytes").count(bytes, 0..=MAX_BYTES),
    }
}
