//! Concurrent maps that tell you which one to use, catch you when you misuse them, and show you where they wait.

mod actor;
mod api;
#[cfg(feature = "check")]
pub mod check;
mod collector;
mod convert;
mod counter;
mod engine;
mod epoch;
mod fail_fast;
mod frozen;
mod interop;
mod lock_face;
mod locks;
mod map;
#[cfg(feature = "check")]
pub mod mutant;
mod mutex;
mod op;
mod owner;
mod packed;
mod per_index;
mod per_thread;
#[cfg(feature = "profile")]
pub mod profile;
mod reclaim;
mod rw_lock;
mod seam;
mod select;
mod set;
mod sharded;
mod shards;
mod surface;
mod sync;
mod sync_map;
mod table;
mod table_mut;
mod thread_index;
mod two_table;

#[cfg(doctest)]
mod contracts;

pub use actor::{ActorBuilder, ActorMap};
pub use api::*;
pub use collector::{Collector, CollectorBuilder, Overflow};
pub use convert::IntoEntries;
pub use counter::CounterMap;
pub use equivalent::Equivalent;
pub use fail_fast::FailFastMap;
pub use frozen::FrozenMap;
pub use map::Map;
pub use mutex::MutexMap;
pub use owner::Ticket;
pub use packed::{Pack, PackedMap, Plain, Stored, Unpacked};
pub use per_thread::PerThreadMap;
pub use rw_lock::RwLockMap;
pub use set::{IntoElements, Set};
pub use sharded::{Balance, ShardLoad, ShardedMap};
pub use sync_map::SyncMap;
pub use table_mut::TableMut;
