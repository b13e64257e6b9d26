//! The one surface that every map shares.
//!
//! - **no-escape**: a value is reached only inside a call; no guard and no reference is ever handed out.
//! - **once**: a closure given to a write runs exactly once.

mod caps;
mod dynamic;
mod errors;
mod merge;
mod read;
mod write;

pub use caps::{Caps, Iteration, Progress};
#[cfg(any(feature = "check", feature = "profile"))]
pub(crate) use dynamic::DYNAMIC;
pub(crate) use dynamic::dyn_methods;
pub use dynamic::{DynMap, InPlace};
pub use errors::{BadShardCount, DuplicateKey, NotSwapped, Occupied};
pub use merge::MapMerge;
pub use read::MapRead;
pub use write::{Action, MapTransact, MapWrite};
