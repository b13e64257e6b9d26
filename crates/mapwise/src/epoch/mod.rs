//! What threads say in lines of their own, so that a look-up of the flagship engine writes nothing that others write: that
//! they may hold copies of what leaves a map, which is dropped later for that, and which bucket they read.
//!
//! A look-up copies an entry's bytes without a lock and follows the pointers in them. So long as its thread is pinned,
//! what those pointers lead to stays. Writers do not drop what they take out of a map: they retire it. Epochs after
//! Fraser, *Practical lock-freedom*, 2004; the barrier after RCU's `sys_membarrier`, Desnoyers et al., 2012.
//!
//! Pins are the process's, one line of memory for each thread, so that a pin is one store to a line that nobody else
//! writes. Garbage is the map's, so that it is gone when the map is, and may borrow.
//!
//! A line also says which bucket its thread *visits*, so that readers of one bucket need not all write to that to be counted:
//! after BRAVO, Dice and Kogan, ATC 2019, with lines in place of a table of all locks.
//!
//! - **waits**: an item is dropped only after the end of every pin under which it could still be found. *Stamped*: a
//!   batch is stamped after a heavy barrier that comes after its items left the map. *Looked*: it is dropped only after
//!   a look, later than that barrier, at every line, that found each idle or with an epoch later than the stamp.
//! - **dekker**: of a thread that pins and then reads, and one that unlinks and then looks, either the second sees the
//!   pin or the first sees the unlinking: a light barrier stands in the first, a heavy one in the second.
//! - **seen**: of a thread that says where it is and then looks whether it may be there, and one that forbids it and then
//!   looks at the lines, one sees the other: these stores and looks are in the one order of SeqCst.
//! - **one-thread**: a line, and the bag of its index in each map, belong to one thread at a time; what one owner did
//!   happens before what the next does, since both pass the lock of the list of lines.
//! - **no-unwind**: a panic in the `Drop` of an item ends there: it would surface in a thread that has nothing to do with
//!   the item. The panic hook has reported it by then. The other items are dropped all the same.
//!
//! # How much waits
//!
//! Of each map, as items or as bytes, whichever is fewer: `BAG` or `BAG_BYTES` for each index of a thread that retired
//! anything, which later threads of that index go on with; `BATCH` or `BATCH_BYTES` in one open batch; and what was sealed
//! since the oldest pin of the process began. The last has no bound: a thread that is stopped while it is pinned, in the
//! closure of a look-up say, keeps what all maps retire meanwhile. [`Garbage::waiting`] tells how much.

mod barrier;
mod domain;
mod garbage;
mod line;
mod local;
#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, not(loom)))]
mod tests;

pub(crate) use self::{
    garbage::Garbage,
    local::{Pin, Visit, is_due, is_visited, pin, visit},
};
