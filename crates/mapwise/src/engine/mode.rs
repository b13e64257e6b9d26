//! How the entries of a map are read: decided by the types of its keys and values, at compile time.
//!
//! Lists are closed because none of what they promise can be asked of a type parameter on stable Rust. A type with a
//! lifetime has the same id as the one with another; so nothing here is ever used as another type than it is.

use std::any::TypeId;

use super::owned::is_owned;

/// Whether the entries of a map of `K` and `V` may be copied while somebody may be storing them (**snapshot**).
///
/// A constant after compilation.
#[inline(always)]
pub(super) fn snapshots<K, V>() -> bool {
    (is_plain::<K>() || is_owned::<K>()) && (is_plain::<V>() || is_owned::<V>())
}

/// Whether such a copy may lead to memory of its own, so that it is used under a pin only, and what leaves the map is
/// retired (**pinned**).
#[inline(always)]
pub(super) fn retires<K, V>() -> bool {
    snapshots::<K, V>() && (is_owned::<K>() || is_owned::<V>())
}

/// Whether a value that leaves the map is handed out as a duplicate.
#[inline(always)]
pub(super) fn hands_out_duplicates<K, V>() -> bool {
    snapshots::<K, V>() && is_owned::<V>()
}

/// Whether keys may be compared with a `Q` before it is known that they are not being stored: any mixture of two is one
/// too, and it is not shown to a comparison of the user's, which may rest on what the user knows of all keys stored.
#[inline(always)]
pub(super) fn compares_early<K, V, Q: ?Sized>() -> bool {
    snapshots::<K, V>() && !has_pointers::<K>() && typeid::of::<Q>() == typeid::of::<K>()
}

/// Whether `T` is one of a closed list of types that have no padding, no destructor and no interior mutability: a copy of
/// one is another one.
#[inline(always)]
fn is_plain<T>() -> bool {
    macro_rules! any {
        ($($plain:ty),* $(,)?) => {{
            let id = typeid::of::<T>();
            false $(|| id == TypeId::of::<$plain>())*
        }};
    }
    // The model's slots are one word for the key and one for the value.
    let wide = cfg!(not(loom)) && any!(u128, i128, &str, &[u8]);
    wide || any!(u64, i64, usize, isize, u32, i32, u16, i16, u8, i8, bool, char, f64, f32, ())
}

/// Whether the words that a `T` on either list consists of are pointers, some of them.
#[inline(always)]
pub(super) fn has_pointers<T>() -> bool {
    let id = typeid::of::<T>();
    is_owned::<T>() || id == TypeId::of::<&str>() || id == TypeId::of::<&[u8]>()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn only_listed_types_are_copied_without_a_lock() {
        assert!(
            snapshots::<u64, u64>() && snapshots::<u8, u128>() && snapshots::<char, ()>() && snapshots::<i32, f64>()
        );
        assert!(snapshots::<&str, u64>() && snapshots::<u64, String>() && snapshots::<Arc<str>, Vec<u8>>());
        // Padding, a pointer that is no list's, interior mutability, a destructor.
        assert!(!is_plain::<(u8, u32)>() && !is_plain::<*const u8>() && !is_plain::<std::cell::Cell<u64>>());
        assert!(!is_plain::<Box<u64>>() && !is_plain::<&'static u64>() && !is_plain::<String>());
        assert!(!snapshots::<String, std::sync::Mutex<u64>>() && !snapshots::<Box<str>, u64>());
    }

    #[test]
    fn only_numbers_are_compared_before_they_are_known_to_be_whole() {
        struct Users;
        assert!(compares_early::<u64, u64, u64>() && compares_early::<u128, String, u128>());
        assert!(!compares_early::<u64, u64, Users>() && !compares_early::<u64, u64, str>());
        assert!(!compares_early::<&str, u64, &str>() && !compares_early::<u64, Box<u64>, u64>());
    }

    #[test]
    fn only_maps_with_memory_of_their_own_retire() {
        assert!(retires::<String, u64>() && retires::<u64, String>() && retires::<&str, Arc<[u8]>>());
        assert!(!retires::<u64, u64>() && !retires::<&str, u64>() && !retires::<String, Box<u64>>());
    }
}
