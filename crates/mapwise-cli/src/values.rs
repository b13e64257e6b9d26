//! Values on the command line: read as a person writes them, refused with rule and value.

use std::ops::RangeInclusive;
use std::time::Duration;

use mapwise_record::workload::{Distribution, Kind, Mix};

/// A whole number that may end in `k`, `M` or `G` and have `_` between digits.
pub(crate) fn count(text: &str) -> Result<u64, String> {
    let refuse = || format!("must be a whole number such as 5000, 100k or 2M, got {text}");
    let (digits, factor) = match text.char_indices().next_back() {
        Some((at, 'k' | 'K')) => (&text[..at], 1_000),
        Some((at, 'm' | 'M')) => (&text[..at], 1_000_000),
        Some((at, 'g' | 'G')) => (&text[..at], 1_000_000_000),
        _ => (text, 1),
    };
    let number: u64 = digits.replace('_', "").parse().map_err(|_| refuse())?;
    number.checked_mul(factor).ok_or_else(refuse)
}

/// A number of keys of the suite; how few or many are possible is said by what measures them.
pub(crate) fn suite_keys(text: &str) -> Result<u32, String> {
    count(text)?.try_into().map_err(|_| format!("must be less than 2^32 keys, got {text}"))
}

/// A number of threads; how many are possible is said by what starts them.
pub(crate) fn threads(text: &str) -> Result<usize, String> {
    text.trim().parse().map_err(|_| format!("must be a whole number of threads, got {text}"))
}

/// A pause between two requests.
pub(crate) fn every(text: &str) -> Result<Duration, String> {
    const LIMITS: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(3600);
    let every = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if LIMITS.contains(&every) { Ok(every) } else { Err(format!("must be 100ms to 1h, got {text}")) }
}

/// A factor above 0.
pub(crate) fn ratio(text: &str) -> Result<f64, String> {
    let text = text.strip_suffix('x').unwrap_or(text);
    match text.parse() {
        Ok(ratio) if f64::is_finite(ratio) && ratio > 0.0 => Ok(ratio),
        _ => Err(format!("must be a number above 0, got {text}")),
    }
}

/// Shares by operation, `get=0.9,insert=0.1` or `get=90%,insert=10%`.
pub(crate) fn mix(text: &str) -> Result<Mix, String> {
    let mut mix = Mix::default();
    for part in text.split(',').map(str::trim) {
        let (name, value) = part.split_once('=').ok_or_else(|| format!("must be OPERATION=SHARE, got {part:?}"))?;
        let name = name.trim().replace('-', "_");
        let share = share(value)?;
        let slot = match name.as_str() {
            "get" => &mut mix.get,
            "get_or_insert" => &mut mix.get_or_insert,
            "insert" => &mut mix.insert,
            "update" => &mut mix.update,
            "upsert" => &mut mix.upsert,
            "remove" => &mut mix.remove,
            "scan" => &mut mix.scan,
            _ => {
                let known = mix.shares().map(|(name, _)| name.replace('_', "-")).join(", ");
                return Err(format!("operation must be one of {known}, got {name}"));
            }
        };
        if *slot > 0.0 {
            return Err(format!("operations must be named once, got {name} twice"));
        }
        *slot = share;
    }
    Ok(mix)
}

/// `uniform`, `zipf:0.99`, `hot:0.1:0.9` or `sequential`.
pub(crate) fn distribution(text: &str) -> Result<Distribution, String> {
    let parts: Vec<&str> = text.split(':').collect();
    match parts.as_slice() {
        ["uniform"] => Ok(Distribution::Uniform),
        ["sequential"] => Ok(Distribution::Sequential),
        ["zipf", exponent] => match exponent.parse() {
            Ok(exponent) => Ok(Distribution::Zipf { exponent }),
            Err(_) => Err(format!("the Zipf exponent must be a number above 0, got {exponent}")),
        },
        ["hot", keys, operations] => Ok(Distribution::HotSet { keys: share(keys)?, operations: share(operations)? }),
        _ => Err(format!("must be uniform, zipf:EXPONENT, hot:KEYS:OPERATIONS or sequential, got {text}")),
    }
}

/// `u64`, `string:24` or `bytes:16`.
pub(crate) fn kind(text: &str) -> Result<Kind, String> {
    let bytes = |size: &str| size.parse().map_err(|_| format!("the size must be a number of bytes, got {size}"));
    match text.split_once(':') {
        None if text == "u64" => Ok(Kind::U64),
        Some(("string", size)) => Ok(Kind::String { bytes: bytes(size)? }),
        Some(("bytes", size)) => Ok(Kind::Bytes { bytes: bytes(size)? }),
        _ => Err(format!("must be u64, string:BYTES or bytes:SIZE, got {text}")),
    }
}

/// A share from 0 to 1, or a percentage.
fn share(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let parsed = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|percent| percent / 100.0),
        None => text.parse(),
    };
    match parsed {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(format!("a share must be a number from 0 to 1, got {text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_take_suffixes() {
        assert_eq!(count("100k"), Ok(100_000));
        assert_eq!(count("2M"), Ok(2_000_000));
        assert_eq!(count("1_500"), Ok(1_500));
        for bad in ["", "k", "1.5M", "-3", "99999999999999G", "tenµ"] {
            assert!(count(bad).unwrap_err().ends_with(&format!("got {bad}")), "{bad}");
        }
    }

    #[test]
    fn mixes_take_shares_and_percentages() {
        let expected = Mix { get: 0.9, get_or_insert: 0.1, ..Mix::default() };
        assert_eq!(mix("get=0.9,get-or-insert=0.1"), Ok(expected));
        assert_eq!(mix("get=90%, get_or_insert=10%"), Ok(expected));
    }

    #[test]
    fn bad_mixes_are_refused_with_rule_and_value() {
        assert_eq!(mix("get").unwrap_err(), "must be OPERATION=SHARE, got \"get\"");
        assert!(mix("put=1").unwrap_err().ends_with("scan, got put"));
        assert_eq!(mix("get=1.5").unwrap_err(), "a share must be a number from 0 to 1, got 1.5");
        assert!(mix("get=0.5,get=0.5").unwrap_err().contains("twice"));
    }

    #[test]
    fn distributions_and_types_are_read() {
        assert_eq!(distribution("zipf:0.99"), Ok(Distribution::Zipf { exponent: 0.99 }));
        assert_eq!(distribution("hot:10%:0.9"), Ok(Distribution::HotSet { keys: 0.1, operations: 0.9 }));
        assert!(distribution("gauss").is_err() && distribution("zipf:x").is_err());
        assert_eq!(kind("string:24"), Ok(Kind::String { bytes: 24 }));
        assert!(kind("i32").is_err() && kind("bytes:many").is_err());
    }
}
