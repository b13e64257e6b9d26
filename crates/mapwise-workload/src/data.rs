//! The keys and values that a workload is run with.
//!
//! - **distinct**: for one kind, [`Key::make`] maps different indexes to different keys. A string
//!   too short for its index is refused beforehand by [`validate`](crate::validate::validate).
//! - **numbered**: every value carries a number that survives cloning, so that a driver can check
//!   what a map holds, whatever the type.

use std::fmt::Debug;
use std::hash::Hash;

use mapwise_record::workload::{Kind, Workload};

/// Inline sizes of keys that are compiled in, ascending.
pub const KEY_BYTES: [usize; 1] = [32];

/// Inline sizes of values that are compiled in, ascending.
pub const VALUE_BYTES: [usize; 1] = [64];

/// The shortest string value: what the 64-bit number of a value takes in digits.
pub const MIN_STRING_VALUE_BYTES: usize = 11;

/// The longest string value. A map hands out a larger one at the same cost to itself, and copying it would be all that
/// is measured.
pub const MAX_STRING_VALUE_BYTES: usize = 4096;

/// Digits are 64 consecutive printable characters, so that 11 of them hold any `u64`.
const FIRST_DIGIT: u8 = b'0';
const DIGIT_BITS: u32 = 6;
const DIGIT_MASK: u64 = (1 << DIGIT_BITS) - 1;

/// A key a workload can be run with. Deterministic from its index; injective for a kind.
pub trait Key: Hash + Eq + Ord + Clone + Debug + Send + Sync + 'static {
    /// Returns the key number `index`.
    ///
    /// The kind gives the length of a string; other types have theirs fixed and ignore it.
    #[must_use]
    fn make(index: u64, kind: Kind) -> Self;
}

/// A value a workload can be run with, which carries a number.
pub trait Value: Clone + Debug + PartialEq + Send + Sync + 'static {
    /// Returns a value that carries `number`.
    ///
    /// The kind gives the length of a string; other types have theirs fixed and ignore it.
    #[must_use]
    fn make(number: u64, kind: Kind) -> Self;

    /// Returns the number this value carries.
    #[must_use]
    fn number(&self) -> u64;

    /// Adds one to the number, in place and without allocating.
    fn bump(&mut self);
}

/// An inline array of `N` bytes, as key or value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes<const N: usize>([u8; N]);

impl<const N: usize> Bytes<N> {
    const HOLDS_A_NUMBER: () = assert!(N >= 8, "a number takes 8 bytes");

    /// Stores the number big-endian at the end, so that the order of keys is that of their indexes.
    fn with_number(number: u64) -> Self {
        const { Self::HOLDS_A_NUMBER };
        let mut bytes = [b'.'; N];
        bytes[N - 8..].copy_from_slice(&number.to_be_bytes());
        Self(bytes)
    }

    fn stored_number(&self) -> u64 {
        let mut number = [0; 8];
        number.copy_from_slice(&self.0[N - 8..]);
        u64::from_be_bytes(number)
    }
}

impl Key for u64 {
    fn make(index: u64, _: Kind) -> Self {
        index
    }
}

impl Key for String {
    /// Most significant digit first, behind a constant beginning, as most keys of services are
    /// (`user:session:…`): comparing two of them has to look at the end.
    fn make(index: u64, kind: Kind) -> Self {
        let length = string_bytes(kind);
        let mut key = vec![FIRST_DIGIT; length];
        let mut rest = index;
        for digit in key.iter_mut().rev() {
            *digit = to_digit(rest);
            rest >>= DIGIT_BITS;
        }
        from_ascii(key)
    }
}

impl<const N: usize> Key for Bytes<N> {
    fn make(index: u64, _: Kind) -> Self {
        Self::with_number(index)
    }
}

impl Value for u64 {
    fn make(number: u64, _: Kind) -> Self {
        number
    }

    fn number(&self) -> u64 {
        *self
    }

    fn bump(&mut self) {
        *self = self.wrapping_add(1);
    }
}

impl Value for String {
    /// Least significant digit first, so that [`Value::bump`] mostly touches one byte.
    fn make(number: u64, kind: Kind) -> Self {
        let length = string_bytes(kind).max(MIN_STRING_VALUE_BYTES);
        let mut value = vec![FIRST_DIGIT; length];
        let mut rest = number;
        for digit in value.iter_mut().take(MIN_STRING_VALUE_BYTES) {
            *digit = to_digit(rest);
            rest >>= DIGIT_BITS;
        }
        from_ascii(value)
    }

    fn number(&self) -> u64 {
        let digits = self.as_bytes().iter().take(MIN_STRING_VALUE_BYTES);
        digits.rev().fold(0, |number, digit| (number << DIGIT_BITS) | u64::from(digit.wrapping_sub(FIRST_DIGIT)))
    }

    fn bump(&mut self) {
        let number = Value::number(self);
        let next = number.wrapping_add(1);
        for place in 0..MIN_STRING_VALUE_BYTES {
            let shift = DIGIT_BITS * place as u32;
            if number >> shift == next >> shift {
                break;
            }
            let mut buffer = [0; 4];
            let digit = char::from(to_digit(next >> shift)).encode_utf8(&mut buffer);
            self.replace_range(place..=place, digit);
        }
    }
}

impl<const N: usize> Value for Bytes<N> {
    fn make(number: u64, _: Kind) -> Self {
        Self::with_number(number)
    }

    fn number(&self) -> u64 {
        self.stored_number()
    }

    fn bump(&mut self) {
        *self = Self::with_number(self.stored_number().wrapping_add(1));
    }
}

/// Code that needs the types of a workload at compile time; see [`with_types`].
pub trait WithTypes {
    /// What the code returns.
    type Output;

    /// Runs the code for keys of type `K` and values of type `V`.
    fn run<K: Key, V: Value>(self) -> Self::Output;
}

/// Runs `code` with the types that stand for the two kinds.
///
/// # Errors
///
/// Refuses inline sizes that are not compiled in.
pub fn with_types<T: WithTypes>(keys: Kind, values: Kind, code: T) -> Result<T::Output, KindError> {
    match supported_key(keys)? {
        Kind::U64 => with_value_type::<u64, T>(values, code),
        Kind::String { .. } => with_value_type::<String, T>(values, code),
        Kind::Bytes { .. } => with_value_type::<Bytes<{ KEY_BYTES[0] }>, T>(values, code),
    }
}

fn with_value_type<K: Key, T: WithTypes>(values: Kind, code: T) -> Result<T::Output, KindError> {
    Ok(match supported_value(values)? {
        Kind::U64 => code.run::<K, u64>(),
        Kind::String { .. } => code.run::<K, String>(),
        Kind::Bytes { .. } => code.run::<K, Bytes<{ VALUE_BYTES[0] }>>(),
    })
}

/// Returns the kind of key that stands for `kind`: inline sizes are rounded up to [`KEY_BYTES`].
///
/// # Errors
///
/// Refuses inline sizes above the largest one.
pub fn supported_key(kind: Kind) -> Result<Kind, KindError> {
    match kind {
        Kind::Bytes { bytes } => round_up("keys", bytes, &KEY_BYTES),
        other => Ok(other),
    }
}

/// Returns the kind of value that stands for `kind`: inline sizes are rounded up to
/// [`VALUE_BYTES`], strings brought between [`MIN_STRING_VALUE_BYTES`] and [`MAX_STRING_VALUE_BYTES`].
///
/// # Errors
///
/// Refuses inline sizes above the largest one.
pub fn supported_value(kind: Kind) -> Result<Kind, KindError> {
    match kind {
        Kind::Bytes { bytes } => round_up("values", bytes, &VALUE_BYTES),
        Kind::String { bytes } => {
            Ok(Kind::String { bytes: bytes.clamp(MIN_STRING_VALUE_BYTES, MAX_STRING_VALUE_BYTES) })
        }
        Kind::U64 => Ok(Kind::U64),
    }
}

/// Returns the workload as it is really run: with kinds that are compiled in.
///
/// # Errors
///
/// Refuses inline sizes above the largest ones.
pub fn supported(workload: &Workload) -> Result<Workload, KindError> {
    let mut workload = workload.clone();
    workload.keys.kind = supported_key(workload.keys.kind)?;
    workload.values = supported_value(workload.values)?;
    Ok(workload)
}

/// A kind that cannot be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KindError {
    /// The inline size is not compiled in.
    #[error("inline {what} must have at most {limit} bytes, got {bytes}: take a string instead")]
    TooLarge {
        /// `keys` or `values`.
        what: &'static str,
        /// The largest size compiled in.
        limit: usize,
        /// The refused size.
        bytes: usize,
    },
}

fn round_up(what: &'static str, bytes: usize, sizes: &[usize]) -> Result<Kind, KindError> {
    let limit = sizes.last().copied().unwrap_or(0);
    let size = sizes.iter().find(|&&size| size >= bytes).copied();
    size.map(|bytes| Kind::Bytes { bytes }).ok_or(KindError::TooLarge { what, limit, bytes })
}

/// Whether strings of `bytes` bytes can name `keys` different keys.
pub(crate) fn can_name(bytes: usize, keys: u64) -> bool {
    let bits = bytes as u64 * u64::from(DIGIT_BITS);
    bits >= 64 || keys <= 1 << bits
}

fn string_bytes(kind: Kind) -> usize {
    match kind {
        Kind::String { bytes } | Kind::Bytes { bytes } => bytes,
        Kind::U64 => MIN_STRING_VALUE_BYTES,
    }
}

fn to_digit(number: u64) -> u8 {
    FIRST_DIGIT + (number & DIGIT_MASK) as u8
}

fn from_ascii(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SHORT: Kind = Kind::String { bytes: 3 };
    const LONG: Kind = Kind::String { bytes: 40 };

    fn keeps_its_number<V: Value>(number: u64, kind: Kind) {
        let mut value = V::make(number, kind);
        assert_eq!(value.number(), number);
        assert_eq!(value, V::make(number, kind));
        value.bump();
        assert_eq!(value, V::make(number.wrapping_add(1), kind));
    }

    proptest! {
        #[test]
        fn values_keep_their_number_and_count(number: u64, nines in 0_u32..64) {
            // Numbers that end in ones carry far.
            for number in [number, number | ((1 << nines) - 1), u64::MAX] {
                keeps_its_number::<u64>(number, Kind::U64);
                keeps_its_number::<String>(number, LONG);
                keeps_its_number::<String>(number, Kind::String { bytes: 0 });
                keeps_its_number::<Bytes<64>>(number, Kind::Bytes { bytes: 64 });
            }
        }

        #[test]
        fn keys_are_in_the_order_of_their_indexes(a: u64, b: u64) {
            let order = a.cmp(&b);
            prop_assert_eq!(<String as Key>::make(a, LONG).cmp(&<String as Key>::make(b, LONG)), order);
            let bytes = |index| <Bytes<32> as Key>::make(index, Kind::U64);
            prop_assert_eq!(bytes(a).cmp(&bytes(b)), order);
        }
    }

    #[test]
    fn short_string_keys_differ_as_long_as_they_can() {
        let keys = 1 << 18;
        assert!(can_name(3, keys) && !can_name(3, keys + 1));
        assert!(can_name(11, u64::MAX) && can_name(0, 1) && !can_name(0, 2));
        let made: std::collections::HashSet<String> = (0..keys).map(|index| Key::make(index, SHORT)).collect();
        assert_eq!(made.len(), keys as usize);
        assert!(made.iter().all(|key| key.len() == 3));
    }

    #[test]
    fn sizes_are_rounded_to_what_is_compiled_in() {
        let bytes = |bytes| Kind::Bytes { bytes };
        assert_eq!(supported_key(bytes(5)), Ok(bytes(32)));
        assert_eq!(supported_value(bytes(64)), Ok(bytes(64)));
        assert!(supported_value(bytes(65)).is_err());
        assert_eq!(supported_value(Kind::String { bytes: 9_999 }), Ok(Kind::String { bytes: 4_096 }));
        assert_eq!(supported_value(Kind::String { bytes: 1 }), Ok(Kind::String { bytes: 11 }));
        assert_eq!(
            supported_key(bytes(33)).unwrap_err().to_string(),
            "inline keys must have at most 32 bytes, got 33: take a string instead"
        );
    }

    #[test]
    fn the_types_are_those_of_the_kinds() {
        struct Sizes;
        impl WithTypes for Sizes {
            type Output = (usize, usize);
            fn run<K: Key, V: Value>(self) -> (usize, usize) {
                (size_of::<K>(), size_of::<V>())
            }
        }
        let string = Kind::String { bytes: 9 };
        let bytes = |bytes| Kind::Bytes { bytes };
        assert_eq!(with_types(bytes(7), bytes(60), Sizes), Ok((32, 64)));
        assert_eq!(with_types(Kind::U64, string, Sizes), Ok((8, size_of::<String>())));
        assert_eq!(with_types(string, bytes(1), Sizes), Ok((size_of::<String>(), 64)));
        assert!(with_types(Kind::U64, bytes(2_000), Sizes).is_err());
    }
}
