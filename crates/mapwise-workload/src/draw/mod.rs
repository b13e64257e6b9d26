//! Drawing keys: ranks by popularity, and the permutation that turns a rank into a key.
//!
//! - **hot first**: rank 0 is the most popular key; ranks never repeat a key.
//! - **apart**: popular keys are not neighbors, because [`Scramble`] permutes the ranks.
//! - **repeatable**: one seed gives the same sequence. The generator is xoshiro256++ (Blackman and
//!   Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47(4), 2021), named rather
//!   than `SmallRng`, whose algorithm depends on the machine and may change. Zipf ranks can still
//!   differ between systems, whose power functions round differently.

mod ranks;
mod scramble;

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

pub use ranks::{DrawError, Ranks};
pub(crate) use ranks::{check_exponent, check_share};
pub use scramble::Scramble;

/// The generator of every random choice in this crate.
pub type Generator = Xoshiro256PlusPlus;

/// Returns the generator number `stream` of `seed`; streams do not depend on each other.
#[must_use]
pub fn generator(seed: u64, stream: u64) -> Generator {
    // An odd multiplier is a bijection, and `seed_from_u64` mixes what comes of it.
    Generator::seed_from_u64(seed ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}
