//! Values in the columns of a text row, and how a bad one is named.

use std::time::Duration;

/// How much of a bad value is quoted.
const QUOTED: usize = 24;

/// `name must be rule, got "value"`, with the value cut short and escaped.
pub(super) fn refusal(name: &str, rule: &str, value: &[u8]) -> String {
    let shown = String::from_utf8_lossy(&value[..value.len().min(QUOTED)]);
    let more = if value.len() > QUOTED { "..." } else { "" };
    format!("{name} must be {rule}, got {:?}", format!("{shown}{more}"))
}

/// The refusal of a row with a wrong number of columns.
pub(super) fn column_refusal(want: &str, line: &[u8]) -> String {
    let got = 1 + line.iter().filter(|byte| **byte == b',').count();
    format!("row must have {want} columns, got {got}")
}

/// A whole number, without a sign.
pub(super) fn number<T: TryFrom<u64>>(value: &[u8]) -> Option<T> {
    let value = value.trim_ascii();
    if value.is_empty() {
        return None;
    }
    let mut number = 0_u64;
    for byte in value {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        number = number.checked_mul(10)?.checked_add(digit.into())?;
    }
    T::try_from(number).ok()
}

/// A size in bytes.
pub(super) fn size(name: &str, value: &[u8]) -> Result<u32, String> {
    number(value).ok_or_else(|| refusal(name, "a whole number below 4294967296", value))
}

/// A point in time in seconds, with or without a fraction.
pub(super) fn seconds(name: &str, value: &[u8]) -> Result<Duration, String> {
    parse_seconds(value.trim_ascii()).ok_or_else(|| refusal(name, "seconds", value))
}

fn parse_seconds(value: &[u8]) -> Option<Duration> {
    let (whole, fraction) = match value.iter().position(|byte| *byte == b'.') {
        Some(dot) => (&value[..dot], &value[dot + 1..]),
        None => (value, &b""[..]),
    };
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // What is finer than a nanosecond is cut off, what is missing is zero.
    let digits = fraction.iter().chain(std::iter::repeat(&b'0')).take(9);
    let nanoseconds = digits.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    Some(Duration::new(number(whole)?, nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_may_have_a_fraction() {
        assert_eq!(seconds("time", b"7"), Ok(Duration::from_secs(7)));
        assert_eq!(seconds("time", b" 7.25 "), Ok(Duration::from_millis(7250)));
        assert_eq!(seconds("time", b"0.0000000019"), Ok(Duration::from_nanos(1)));
        for bad in ["", ".", ".5", "-1", "1e3", "1.2.3", "1.x", "1.-3456789", "18446744073709551616"] {
            assert!(seconds("time", bad.as_bytes()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn numbers_are_whole_and_fit() {
        assert_eq!(number::<u64>(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(number::<u64>(b"18446744073709551616"), None);
        assert_eq!(number::<u32>(b"4294967296"), None);
        assert_eq!(number::<u32>(b"+1"), None);
        assert_eq!(number::<u32>(b""), None);
    }

    #[test]
    fn a_refused_value_is_cut_short_and_escaped() {
        assert_eq!(refusal("op", "a hex SCSI code", b"zz"), r#"op must be a hex SCSI code, got "zz""#);
        let long = refusal("op", "short", &[0x1b; 1000]);
        assert!(long.len() < 200 && !long.contains('\x1b'), "{long}");
    }
}
