//! Concurrent maps that tell you which one to use, catch you when you misuse them, and show you where they wait.

mod api;
#[cfg(doctest)]
mod contracts;
mod convert;
mod frozen;
mod interop;
mod lock_face;
mod locks;
mod mutex;
mod rw_lock;
mod seam;
mod sharded;
mod shards;
mod surface;
mod table;

pub use api::*;
pub use convert::IntoEntries;
pub use frozen::FrozenMap;
pub use mutex::MutexMap;
pub use rw_lock::RwLockMap;
pub use sharded::{Balance, ShardLoad, ShardedMap};
