//! What is stored as what.
//!
//! Two layers, so that types which own memory are shown in place while types that users pack are plain: [`Pack`] is the
//! user's to implement, [`Stored`] follows from it.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddrV4},
    num::{
        NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroIsize, NonZeroU8, NonZeroU16, NonZeroU32,
        NonZeroU64, NonZeroU128, NonZeroUsize,
    },
    sync::Arc,
};

use crate::engine::{nonzero_types, plain_types};

mod sealed {
    /// Nobody else can list a type.
    pub trait Listed {}
    /// Nobody else can say how a type is stored.
    pub trait Kept {}
}

/// A type of a closed list that owns no memory, which [`Map`](crate::Map) reads without a lock: numbers, `bool`, `char`,
/// `()`, arrays, pairs and triples of numbers, addresses of the internet.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no type that a map reads without a lock",
    note = "see `Map`, \"Which types are read without a lock\"; what is larger or has padding may be packed into one of these"
)]
pub trait Plain: Copy + Send + Sync + sealed::Listed {}

/// A type that is stored in a [`PackedMap`](crate::PackedMap) as a [`Plain`] one.
///
/// For newtypes [`pack!`](crate::pack) implements it.
///
/// * `unpack` returns what `pack` was given, or something equal to it.
/// * Keys have the same hash as what they are packed into, and are equal iff that is. A newtype with a derived `Hash` has;
///   for others, implement `Hash` by `self.pack().hash(state)`. A key for which this does not hold may not be found; in
///   debug builds its insertion panics.
/// * Both are called at every access: they should do little, and not panic.
///
/// # Examples
///
/// ```
/// use mapwise::{Pack, PackedMap};
///
/// // It has padding, so that it could not be read without a lock as it is.
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// struct Price {
///     cents: u32,
///     is_net: bool,
/// }
///
/// impl Pack for Price {
///     type Packed = u64;
///     fn pack(self) -> u64 {
///         u64::from(self.cents) << 1 | u64::from(self.is_net)
///     }
///     fn unpack(packed: u64) -> Self {
///         Self { cents: (packed >> 1) as u32, is_net: packed & 1 != 0 }
///     }
/// }
///
/// let prices: PackedMap<u32, Price> = PackedMap::new();
/// prices.insert(1, Price { cents: 995, is_net: true });
/// prices.update(&1, |price| price.cents += 5);
/// assert_eq!(prices.get(&1), Some(Price { cents: 1_000, is_net: true }));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not packed into a type that `Map` reads without a lock",
    note = "for a newtype of one: `mapwise::pack!({Self}(u64))`; for anything else, implement `Pack`"
)]
pub trait Pack: Sized {
    /// What is stored.
    type Packed: Plain;

    /// Packs a value.
    fn pack(self) -> Self::Packed;

    /// Unpacks a value.
    fn unpack(packed: Self::Packed) -> Self;
}

/// Says of newtypes that they are stored as what is in them: `pack!(UserId(u64), OrderId(u128))`.
///
/// It needs the right to make one and to reach its field; what is in it is [`Pack`] itself.
#[macro_export]
macro_rules! pack {
    ($($newtype:ident($inner:ty)),+ $(,)?) => {$(
        impl $crate::Pack for $newtype {
            type Packed = <$inner as $crate::Pack>::Packed;

            #[inline]
            fn pack(self) -> Self::Packed {
                $crate::Pack::pack(self.0)
            }

            #[inline]
            fn unpack(packed: Self::Packed) -> Self {
                Self($crate::Pack::unpack(packed))
            }
        }
    )+};
}

/// A type that a [`PackedMap`](crate::PackedMap) may have as key or value: one that is [`Pack`], or a listed type that owns
/// or borrows memory, which is stored as it is.
pub trait Stored: Sized + sealed::Kept {
    /// What is stored.
    #[doc(hidden)]
    type As: Send + Sync;

    #[doc(hidden)]
    fn store(self) -> Self::As;

    #[doc(hidden)]
    fn restore(stored: Self::As) -> Self;

    /// Shows it to `read`.
    #[doc(hidden)]
    fn show<R>(stored: &Self::As, read: impl FnOnce(&Self) -> R) -> R;

    /// Lends it to `change`, and keeps what that did, even if it panics.
    #[doc(hidden)]
    fn lend<R>(stored: &mut Self::As, change: impl FnOnce(&mut Self) -> R) -> R;
}

/// Packed again when it is dropped.
struct Lent<'a, T: Pack> {
    packed: &'a mut T::Packed,
    value: Option<T>,
}

impl<T: Pack> Drop for Lent<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            *self.packed = value.pack();
        }
    }
}

impl<T: Pack> sealed::Kept for T {}

impl<T: Pack> Stored for T {
    type As = T::Packed;

    #[inline(always)]
    fn store(self) -> T::Packed {
        self.pack()
    }

    #[inline(always)]
    fn restore(packed: T::Packed) -> T {
        T::unpack(packed)
    }

    #[inline(always)]
    fn show<R>(packed: &T::Packed, read: impl FnOnce(&T) -> R) -> R {
        read(&T::unpack(*packed))
    }

    #[inline(always)]
    fn lend<R>(packed: &mut T::Packed, change: impl FnOnce(&mut T) -> R) -> R {
        let value = Some(T::unpack(*packed));
        let mut lent = Lent { packed, value };
        match &mut lent.value {
            Some(value) => change(value),
            None => unreachable!("it was just put there"),
        }
    }
}

macro_rules! plain {
    ($($size:expr => $($plain:ty),*;)*) => {$($(
        impl sealed::Listed for $plain {}

        impl Plain for $plain {}

        impl Pack for $plain {
            type Packed = Self;

            #[inline(always)]
            fn pack(self) -> Self {
                self
            }

            #[inline(always)]
            fn unpack(packed: Self) -> Self {
                packed
            }
        }
    )*)*};
}

plain_types!(plain);
nonzero_types!(plain);

macro_rules! as_they_are {
    ($([$($lifetime:lifetime)?] $listed:ty),*) => {$(
        impl$(<$lifetime>)? sealed::Kept for $listed {}

        impl$(<$lifetime>)? Stored for $listed {
            type As = Self;

            #[inline(always)]
            fn store(self) -> Self {
                self
            }

            #[inline(always)]
            fn restore(stored: Self) -> Self {
                stored
            }

            #[inline(always)]
            fn show<R>(stored: &Self, read: impl FnOnce(&Self) -> R) -> R {
                read(stored)
            }

            #[inline(always)]
            fn lend<R>(stored: &mut Self, change: impl FnOnce(&mut Self) -> R) -> R {
                change(stored)
            }
        }
    )*};
}

as_they_are!([] String, [] Vec<u8>, [] Arc<str>, [] Arc<[u8]>, ['a] &'a str, ['a] &'a [u8]);
