//! What other crates' traits mean for our maps; each behind the feature of that crate's name.

#[cfg(feature = "rayon")]
mod rayon;
#[cfg(feature = "serde")]
mod serde;
