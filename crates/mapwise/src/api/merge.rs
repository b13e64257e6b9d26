//! Maps that threads write apart and that are merged when asked.

use std::collections::HashMap;

/// A map that every thread adds to, and whose parts are merged when somebody asks.
///
/// Not a [`MapWrite`](super::MapWrite): no thread can see or decide on what the others wrote before it is merged.
pub trait MapMerge<K, V> {
    /// Adds `value` to what this thread has under `key`, by the merge function of the map.
    fn merge(&self, key: K, value: V);

    /// Returns everything merged so far, all threads together, those that ended included.
    fn collect(&self) -> HashMap<K, V>;
}
