//! The hasher that every candidate uses, where it accepts one.

use std::hash::BuildHasher;

/// Which hasher all candidates use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hasher {
    /// std's `RandomState` (SipHash 1-3): what a user gets who asks for nothing.
    #[default]
    Std,
    /// foldhash's fast `RandomState`: what most of those use who ask for speed.
    Foldhash,
}

impl Hasher {
    /// The name for records and people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Std => "std RandomState (SipHash 1-3)",
            Self::Foldhash => "foldhash 0.2 fast RandomState",
        }
    }
}

/// A hasher that a candidate can be built with.
pub(crate) trait Hashing: BuildHasher + Clone + Default + Send + Sync + 'static {}

impl<H: BuildHasher + Clone + Default + Send + Sync + 'static> Hashing for H {}
