//! How the entries of a map are read: decided by the types of its keys and values, at compile time.
//!
//! Lists are closed because none of what they promise can be asked of a type parameter on stable Rust. A type with a
//! lifetime has the same id as the one with another; so nothing here is ever used as another type than it is.

use std::{
    any::TypeId,
    net::{Ipv4Addr, Ipv6Addr, SocketAddrV4},
    num::{
        NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroIsize, NonZeroU8, NonZeroU16, NonZeroU32,
        NonZeroU64, NonZeroU128, NonZeroUsize,
    },
};

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

/// Whether keys may be compared with a `Q` before it is known that they are not being stored: of these types zeroes are a
/// value, and any mixture of two values is one. Not shown to a comparison of the user's, which may rest on what the user
/// knows of all keys stored.
#[inline(always)]
pub(super) fn compares_early<K, V, Q: ?Sized>() -> bool {
    snapshots::<K, V>()
        && is_plain::<K>()
        && !has_pointers::<K>()
        && !is_nonzero::<K>()
        && typeid::of::<Q>() == typeid::of::<K>()
}

/// Calls a macro with the plain types that have no lifetime, each group with the size of its types.
///
/// They have no padding, no destructor and no interior mutability: a copy of one is another one. Addresses of the internet
/// have as many values as their bytes can tell apart (asserted), so that none of these is padding either.
macro_rules! plain_types {
    ($go:ident) => {
        $go! {
            0 => ();
            1 => u8, i8, bool, [u8; 1];
            2 => u16, i16, [u8; 2], [u16; 1], (u8, u8);
            4 => u32, i32, f32, char, [u8; 4], [u16; 2], [u32; 1], (u16, u16), Ipv4Addr;
            6 => [u8; 6], [u16; 3], (u16, u16, u16), SocketAddrV4;
            8 => u64, i64, f64, [u8; 8], [u16; 4], [u32; 2], [u64; 1], (u32, u32), (i32, i32), (u32, i32), (i32, u32);
            12 => [u8; 12], [u32; 3], (u32, u32, u32);
            16 => u128, i128, [u8; 16], [u16; 8], [u32; 4], [u64; 2], (u64, u64), (i64, i64), (u64, i64), (i64, u64), Ipv6Addr;
            20 => [u8; 20], [u32; 5];
            24 => [u8; 24], [u64; 3], (u64, u64, u64);
            32 => [u8; 32], [u32; 8], [u64; 4], (u128, u128);
            64 => [u8; 64], [u64; 8];
            size_of::<usize>() => usize, isize;
            2 * size_of::<usize>() => (usize, usize);
        }
    };
}
pub(crate) use plain_types;

/// The same with those of which zeroes are no value.
macro_rules! nonzero_types {
    ($go:ident) => {
        $go! {
            1 => NonZeroU8, NonZeroI8;
            2 => NonZeroU16, NonZeroI16;
            4 => NonZeroU32, NonZeroI32;
            8 => NonZeroU64, NonZeroI64;
            16 => NonZeroU128, NonZeroI128;
            size_of::<usize>() => NonZeroUsize, NonZeroIsize;
        }
    };
}
pub(crate) use nonzero_types;

// A tuple that is as large as its parts together has no padding.
const _: () = {
    macro_rules! check {
        ($($size:expr => $($plain:ty),*;)*) => { $($(assert!(size_of::<$plain>() == $size);)*)* };
    }
    plain_types!(check);
    nonzero_types!(check);
};

/// Makes the condition that `T` is one of a list. The sizes are asked first: in builds that are not optimized each type
/// takes time.
macro_rules! is_any {
    ($($size:expr => $($plain:ty),*;)*) => {
        false $(|| size_of::<T>() == $size && {
            let id = typeid::of::<T>();
            false $(|| id == TypeId::of::<$plain>())*
        })*
    };
}

/// Whether `T` is on the list of plain types.
///
/// Not always inlined, here and below: in builds that are not optimized, each of many places would have the whole list.
#[inline]
fn is_plain<T>() -> bool {
    // The model's slots are one word for the key and one for the value.
    let fits = cfg!(not(loom)) || size_of::<T>() <= 8;
    fits && (plain_types!(is_any) || is_nonzero::<T>() || is_borrowed::<T>())
}

#[inline]
fn is_nonzero<T>() -> bool {
    nonzero_types!(is_any)
}

#[inline]
fn is_borrowed<T>() -> bool {
    is_any! { size_of::<&str>() => &str, &[u8]; }
}

/// Whether the words that a `T` on either list consists of are pointers, some of them.
#[inline(always)]
pub(super) fn has_pointers<T>() -> bool {
    is_owned::<T>() || is_borrowed::<T>()
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
        assert!(snapshots::<[u8; 16], (u64, u64)>() && snapshots::<Ipv4Addr, NonZeroU32>() && is_plain::<[u8; 32]>());
        // Padding, a pointer that is no list's, interior mutability, a destructor.
        assert!(
            !is_plain::<(u8, u32)>()
                && !is_plain::<std::time::Duration>()
                && !is_plain::<*const u8>()
                && !is_plain::<std::cell::Cell<u64>>()
        );
        assert!(!is_plain::<Box<u64>>() && !is_plain::<&'static u64>() && !is_plain::<String>());
        assert!(!snapshots::<String, std::sync::Mutex<u64>>() && !snapshots::<Box<str>, u64>());
    }

    #[test]
    fn only_numbers_are_compared_before_they_are_known_to_be_whole() {
        struct Users;
        assert!(compares_early::<u64, u64, u64>() && compares_early::<u128, String, u128>());
        assert!(compares_early::<(u32, u32), u64, (u32, u32)>() && compares_early::<[u8; 16], u64, [u8; 16]>());
        assert!(!compares_early::<NonZeroU64, u64, NonZeroU64>() && is_plain::<NonZeroU64>());
        assert!(!compares_early::<u64, u64, Users>() && !compares_early::<u64, u64, str>());
        assert!(!compares_early::<&str, u64, &str>() && !compares_early::<u64, Box<u64>, u64>());
    }

    #[test]
    fn only_maps_with_memory_of_their_own_retire() {
        assert!(retires::<String, u64>() && retires::<u64, String>() && retires::<&str, Arc<[u8]>>());
        assert!(!retires::<u64, u64>() && !retires::<&str, u64>() && !retires::<String, Box<u64>>());
    }
}
