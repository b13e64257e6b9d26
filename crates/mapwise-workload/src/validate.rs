//! Refuses workloads that say nothing, contradict themselves, or would not fit.

use mapwise_record::workload::{Distribution, Kind, Workload};

use crate::data::{self, KindError};
use crate::draw::{DrawError, check_exponent, check_share};

/// What keys and values of one map may take at most, by [`memory_bytes`].
pub const MEMORY_LIMIT_BYTES: u64 = 4 << 30;

/// The longest time outside the map between two operations: one second.
pub const THINK_LIMIT_NS: u64 = 1_000_000_000;

/// How far the sum of the shares may be from 1, for figures with rounded decimals.
const SUM_TOLERANCE: f64 = 1e-6;

/// What a table takes for each entry besides key and value: control byte, load factor, allocation.
const ENTRY_OVERHEAD_BYTES: u64 = 48;

/// Checks that a workload can be run as it is stated.
///
/// # Errors
///
/// The first rule that is broken, with the value that breaks it.
pub fn validate(workload: &Workload) -> Result<(), WorkloadError> {
    check_mix(workload)?;
    check_keys(workload)?;
    if workload.think_ns > THINK_LIMIT_NS {
        return Err(WorkloadError::Think(workload.think_ns));
    }
    if let Some(rate) = workload.rate_ops_per_s
        && !(rate.is_finite() && rate > 0.0)
    {
        return Err(WorkloadError::Rate(rate));
    }
    data::supported(workload)?;
    let bytes = memory_bytes(workload);
    if bytes > MEMORY_LIMIT_BYTES {
        return Err(WorkloadError::Memory { bytes });
    }
    Ok(())
}

/// Estimates what the keys and values of one full map take in bytes.
#[must_use]
pub fn memory_bytes(workload: &Workload) -> u64 {
    let entry =
        kind_bytes(workload.keys.kind).saturating_add(kind_bytes(workload.values)).saturating_add(ENTRY_OVERHEAD_BYTES);
    entry.saturating_mul(workload.keys.space)
}

fn check_mix(workload: &Workload) -> Result<(), WorkloadError> {
    let shares = workload.mix.shares();
    if let Some(&(what, share)) = shares.iter().find(|(_, s)| !(s.is_finite() && *s >= 0.0)) {
        return Err(WorkloadError::Share { what, share });
    }
    let sum: f64 = shares.iter().map(|(_, share)| share).sum();
    if (sum - 1.0).abs() > SUM_TOLERANCE {
        return Err(WorkloadError::Sum(sum));
    }
    Ok(())
}

fn check_keys(workload: &Workload) -> Result<(), WorkloadError> {
    let keys = &workload.keys;
    if keys.space == 0 || keys.space > u64::from(u32::MAX) {
        return Err(WorkloadError::Space(keys.space));
    }
    if keys.prefill > keys.space {
        return Err(WorkloadError::Prefill { prefill: keys.prefill, space: keys.space });
    }
    if let Kind::String { bytes } = keys.kind
        && !data::can_name(bytes, keys.space)
    {
        let keys = keys.space;
        return Err(WorkloadError::ShortKeys { bytes, keys });
    }
    match keys.distribution {
        Distribution::Zipf { exponent } => check_exponent(exponent)?,
        Distribution::HotSet { keys, operations } => {
            check_share("hot keys", keys)?;
            check_share("operations on hot keys", operations)?;
        }
        Distribution::Uniform | Distribution::Sequential | Distribution::Recorded => {}
    }
    Ok(())
}

fn kind_bytes(kind: Kind) -> u64 {
    match kind {
        Kind::U64 => 8,
        Kind::String { bytes } => (bytes as u64).saturating_add(size_of::<String>() as u64),
        Kind::Bytes { bytes } => bytes as u64,
    }
}

/// A workload that cannot be run.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WorkloadError {
    /// A share that is no share.
    #[error("the share of {what} must be a number from 0 to 1, got {share}")]
    Share {
        /// The operation.
        what: &'static str,
        /// The refused share.
        share: f64,
    },
    /// Shares that leave something out or count something twice.
    #[error("the shares of the operations must add up to 1, got {0}")]
    Sum(f64),
    /// No keys, or more than an index can number.
    #[error("the key space must be from 1 to 4294967295 keys, got {0}")]
    Space(u64),
    /// More keys present than there are.
    #[error("the prefill must be at most the key space of {space} keys, got {prefill}")]
    Prefill {
        /// The refused prefill.
        prefill: u64,
        /// The key space.
        space: u64,
    },
    /// Strings that run out before the keys do.
    #[error("string keys of {bytes} bytes cannot be {keys} different keys")]
    ShortKeys {
        /// Length of the strings.
        bytes: usize,
        /// The key space.
        keys: u64,
    },
    /// A distribution with a parameter outside its range.
    #[error(transparent)]
    Distribution(#[from] DrawError),
    /// An inline size that is not compiled in.
    #[error(transparent)]
    Kind(#[from] KindError),
    /// Spinning for longer than anything can be measured.
    #[error("the think time must be at most 1000000000 ns, got {0} ns")]
    Think(u64),
    /// A rate that is no rate.
    #[error("the rate must be a number of operations per second above 0, got {0}")]
    Rate(f64),
    /// A map that is unlikely to fit.
    #[error("keys and values must take at most {MEMORY_LIMIT_BYTES} bytes, got about {bytes}")]
    Memory {
        /// The estimate.
        bytes: u64,
    },
}

#[cfg(test)]
mod tests {
    use mapwise_record::workload::{Keys, Mix};

    use super::*;

    fn sound() -> Workload {
        Workload {
            name: "custom".into(),
            title: "custom".into(),
            source: None,
            mix: Mix { get: 0.9, insert: 0.1, ..Mix::default() },
            keys: Keys {
                kind: Kind::String { bytes: 20 },
                space: 1_000,
                prefill: 500,
                distribution: Distribution::Uniform,
            },
            values: Kind::U64,
            private_keys: false,
            think_ns: 0,
            rate_ops_per_s: None,
            cache_like: false,
        }
    }

    /// The message for a sound workload after `spoil`.
    fn refusal(spoil: impl FnOnce(&mut Workload)) -> String {
        let mut workload = sound();
        spoil(&mut workload);
        validate(&workload).unwrap_err().to_string()
    }

    #[test]
    fn a_sound_workload_passes() {
        assert_eq!(validate(&sound()), Ok(()));
    }

    #[test]
    fn shares_that_do_not_add_up_are_refused_with_their_sum() {
        let message = refusal(|w| w.mix.get = 0.5);
        assert_eq!(message, "the shares of the operations must add up to 1, got 0.6");
    }

    #[test]
    fn shares_that_are_no_shares_are_refused_by_name() {
        let message = refusal(|w| w.mix.scan = -0.1);
        assert_eq!(message, "the share of scan must be a number from 0 to 1, got -0.1");
        assert!(refusal(|w| w.mix.upsert = f64::NAN).ends_with("got NaN"));
        assert!(refusal(|w| w.mix.remove = f64::INFINITY).ends_with("got inf"));
    }

    #[test]
    fn impossible_key_spaces_are_refused() {
        assert!(refusal(|w| w.keys.space = 0).ends_with("got 0"));
        assert!(refusal(|w| w.keys.space = 1 << 32).ends_with("got 4294967296"));
        let message = refusal(|w| w.keys.prefill = 1_001);
        assert_eq!(message, "the prefill must be at most the key space of 1000 keys, got 1001");
    }

    #[test]
    fn strings_too_short_to_differ_are_refused() {
        let message = refusal(|w| w.keys.kind = Kind::String { bytes: 0 });
        assert_eq!(message, "string keys of 0 bytes cannot be 1000 different keys");
        assert!(refusal(|w| w.keys.kind = Kind::String { bytes: 1 }).contains("1 bytes"));
        let mut two = sound();
        two.keys.kind = Kind::String { bytes: 2 };
        assert_eq!(validate(&two), Ok(()));
    }

    #[test]
    fn distributions_outside_their_range_are_refused() {
        let zipf = |exponent| refusal(move |w| w.keys.distribution = Distribution::Zipf { exponent });
        assert_eq!(zipf(0.0), "the Zipf exponent must be a number above 0, got 0");
        assert!(zipf(f64::INFINITY).ends_with("got inf"));
        let hot = Distribution::HotSet { keys: 0.1, operations: 1.1 };
        assert!(refusal(|w| w.keys.distribution = hot).ends_with("from 0 to 1, got 1.1"));
    }

    #[test]
    fn absurd_sizes_are_refused() {
        let message = refusal(|w| w.values = Kind::String { bytes: 1 << 40 });
        assert!(message.contains("at most 4294967296 bytes"), "{message}");
        assert!(refusal(|w| w.values = Kind::String { bytes: usize::MAX }).contains("got about"));
        let message = refusal(|w| w.values = Kind::Bytes { bytes: 5_000 });
        assert_eq!(message, "inline values must have at most 64 bytes, got 5000: take a string instead");
        assert!(refusal(|w| w.think_ns = u64::MAX).contains("think time"));
        assert!(refusal(|w| w.rate_ops_per_s = Some(0.0)).ends_with("above 0, got 0"));
    }
}
