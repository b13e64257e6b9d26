//! `Mutant`: a map that makes the mistakes which checked mode is there to find.
//!
//! - **torn**: an operation that is split does what the whole one does, as long as no other thread comes between its
//!   look-up and its write.
//! - **users-line**: both halves are called from the line that called the mutant, so that reports name it.

mod face;
mod torn;

/// The operations that a [`Mutant`] can split, to be combined by `|`.
pub mod split {
    /// None: the mutant is the map inside.
    pub const NONE: u16 = 0;
    /// `get_or_insert_with` into a look-up and an insertion.
    pub const GET_OR_INSERT: u16 = 1;
    /// `insert_if_absent` into a look-up and an insertion.
    pub const INSERT_IF_ABSENT: u16 = 1 << 1;
    /// `update` into a look-up and a write that is as blind as an insertion.
    pub const UPDATE: u16 = 1 << 2;
    /// `upsert` into a look-up and an insertion.
    pub const UPSERT: u16 = 1 << 3;
    /// `compute` into a look-up and an insertion or a removal.
    pub const COMPUTE: u16 = 1 << 4;
    /// `remove_if` into a look-up and a removal.
    pub const REMOVE_IF: u16 = 1 << 5;
    /// `compare_and_swap` into a look-up and a write that is as blind as an insertion.
    pub const COMPARE_AND_SWAP: u16 = 1 << 6;
    /// `retain` into an iteration, and an insertion or a removal for each entry.
    pub const RETAIN: u16 = 1 << 7;
    /// `drain` into an iteration, and a removal of each key.
    pub const DRAIN: u16 = 1 << 8;
    /// `transact` into a look-up of each key, and then a write of each.
    pub const TRANSACT: u16 = 1 << 9;
    /// All of them.
    pub const ALL: u16 = (1 << 10) - 1;
}

/// A map whose operations come in two halves, so that other threads can come between: seeded bugs, by a type alias.
///
/// Put it in the place of the map of a program that is correct, and run the program's tests in checked mode: if nothing
/// is reported, the tests do not exercise what the map's operations protect. `SPLIT` chooses operations of [`split`].
///
/// # Concurrency
///
/// Each half is an operation of the map inside; the two together are none.
///
/// # Examples
///
/// ```
/// use mapwise::mutant::{Mutant, split};
///
/// // In a test build, in the place of `use mapwise::ShardedMap`:
/// type ShardedMap<K, V> = Mutant<mapwise::ShardedMap<K, V>, { split::UPDATE | split::UPSERT }>;
///
/// let hits: ShardedMap<&str, u64> = ShardedMap::new();
/// hits.upsert("/index", || 1, |n| *n += 1);
/// assert_eq!(hits.get("/index"), Some(1));
/// ```
#[derive(Debug, Default)]
pub struct Mutant<M, const SPLIT: u16 = { split::ALL }> {
    map: M,
}

impl<M: Default, const SPLIT: u16> Mutant<M, SPLIT> {
    /// Makes an empty map.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<M, const SPLIT: u16> Mutant<M, SPLIT> {
    /// Makes a mutant of `map`.
    #[must_use]
    pub fn of(map: M) -> Self {
        Self { map }
    }

    /// Returns the map inside.
    #[must_use]
    pub fn into_inner(self) -> M {
        self.map
    }
}

impl<K, V, M: FromIterator<(K, V)>, const SPLIT: u16> FromIterator<(K, V)> for Mutant<M, SPLIT> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self::of(entries.into_iter().collect())
    }
}

/// Whether `operation` is among `splits`.
const fn splits(splits: u16, operation: u16) -> bool {
    splits & operation != 0
}
