//! Runs the operations of a plan on a map and says what they cost.

pub(crate) mod alloc;
pub(crate) mod order;
pub(crate) mod processor;
pub(crate) mod spin;
pub(crate) mod team;

pub(crate) mod driven;

pub(crate) mod closed;
pub(crate) mod open;
pub(crate) mod prefill;

pub(crate) mod conserve;
pub(crate) mod harness;

pub(crate) mod rig;

pub use alloc::CountingAllocator;
