//! Every candidate there is, for the types of a plan.
//!
//! A new candidate is an `impl Subject` and one call of [`List::add`]; a new family of them is one
//! line in [`gather`].

use std::sync::Arc;

use crate::data::{Key, Value, WithTypes};
use crate::hasher::{Hasher, Hashing};
use crate::list::{Candidates, List};
use crate::ours;
use crate::peers;
use crate::plan::Plan;

/// Sets up every candidate for a plan, with the types of its workload.
pub(crate) struct Gather {
    pub(crate) plan: Arc<Plan>,
    pub(crate) hasher: Hasher,
}

impl WithTypes for Gather {
    type Output = Candidates;

    fn run<K: Key, V: Value>(self) -> Candidates {
        match self.hasher {
            Hasher::Std => gather::<K, V, std::hash::RandomState>(self.plan),
            Hasher::Foldhash => gather::<K, V, foldhash::fast::RandomState>(self.plan),
        }
    }
}

fn gather<K: Key, V: Value, H: Hashing>(plan: Arc<Plan>) -> Candidates {
    let mut list = List::<K, V>::new(plan);
    ours::add::<K, V, H>(&mut list);
    peers::add::<K, V, H>(&mut list);
    list.finish()
}
