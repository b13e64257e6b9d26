//! The operations of maps, and what they do to keys, as messages name them and as checked mode tells them apart.

use std::panic::Location;

use crate::sync::own_thread::Thread;

/// What a call of a map does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// Looks at one value.
    View,
    /// Asks whether a key is there, and no more.
    Contains,
    ForEach,
    /// Looks at keys, and at no value.
    Keys,
    Compute,
    Update,
    /// Stores whatever is there: a blind write.
    Insert,
    InsertIfAbsent,
    GetOrInsert,
    /// Removes whatever is there: a blind write.
    Remove,
    RemoveIf,
    CompareAndSwap,
    Retain,
    Transact,
    /// Anything else that concerns the whole map.
    Whole,
}

impl Op {
    /// How many there are.
    pub(crate) const COUNT: usize = 15;

    /// All of them, each at its own index.
    pub(crate) const ALL: [Self; Self::COUNT] = [
        Self::View,
        Self::Contains,
        Self::ForEach,
        Self::Keys,
        Self::Compute,
        Self::Update,
        Self::Insert,
        Self::InsertIfAbsent,
        Self::GetOrInsert,
        Self::Remove,
        Self::RemoveIf,
        Self::CompareAndSwap,
        Self::Retain,
        Self::Transact,
        Self::Whole,
    ];

    /// The operation whose place among the variants is `index`.
    pub(crate) fn from_index(index: u32) -> Option<Self> {
        Self::ALL.get(usize::try_from(index).ok()?).copied()
    }

    /// The method that a profile names.
    #[cfg(feature = "profile")]
    pub(crate) fn method(self) -> &'static str {
        match self {
            Self::View => "get",
            Self::Contains => "contains_key",
            Self::ForEach => "for_each",
            Self::Keys => "keys",
            Self::Compute => "compute",
            Self::Update => "update",
            Self::Insert => "insert",
            Self::InsertIfAbsent => "insert_if_absent",
            Self::GetOrInsert => "get_or_insert_with",
            Self::Remove | Self::RemoveIf => "remove",
            Self::CompareAndSwap => "compare_and_swap",
            Self::Retain => "retain",
            Self::Transact => "transact",
            Self::Whole => "whole map",
        }
    }

    /// Whether it never changes the map.
    #[cfg(feature = "profile")]
    pub(crate) fn is_read(self) -> bool {
        matches!(self, Self::View | Self::Contains | Self::ForEach | Self::Keys)
    }

    /// What a message calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::View | Self::Contains => "a look-up",
            Self::ForEach | Self::Keys => "an iteration",
            Self::Compute => "compute",
            Self::Update => "update",
            Self::Insert | Self::InsertIfAbsent => "an insertion",
            Self::GetOrInsert => "get_or_insert_with",
            Self::Remove | Self::RemoveIf => "a removal",
            Self::CompareAndSwap => "compare_and_swap",
            Self::Retain => "retain",
            Self::Transact => "transact",
            Self::Whole => "an operation on the whole map",
        }
    }
}

/// What a write did to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It was absent and is present.
    Added,
    /// It was and is present, with another value.
    Replaced,
    /// It was and is present, and was shown to a closure that may have changed it.
    Changed,
    /// It was present and is absent.
    Removed,
}

impl Change {
    /// What storing a value did.
    #[inline]
    pub(crate) fn put(was_present: bool) -> Self {
        if was_present { Self::Replaced } else { Self::Added }
    }
}

/// What a kind of map makes others wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "check"), allow(dead_code, reason = "only checked mode asks"))]
pub(crate) enum Holds {
    /// Nothing, or nothing while user code runs.
    Nothing,
    /// Writes of a key hold the key against other writes; reads hold nothing.
    Keys,
    /// Every operation holds a lock, and looks share it.
    SharedLock,
    /// Every operation holds a lock alone.
    Lock,
}

/// A kind of map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "check"), allow(dead_code, reason = "only checked mode asks"))]
pub(crate) struct MapType {
    pub(crate) name: &'static str,
    pub(crate) holds: Holds,
}

/// Someone inside a map, or on the way in.
#[cfg_attr(not(feature = "check"), allow(dead_code, reason = "only checked mode asks"))]
pub(crate) struct Visitor {
    pub(crate) op: Op,
    pub(crate) site: Option<&'static Location<'static>>,
    pub(crate) thread: Option<Thread>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_found_by_its_index() {
        for op in Op::ALL {
            assert_eq!(Op::from_index(op as u32), Some(op));
        }
        assert_eq!(Op::from_index(Op::COUNT as u32), None);
    }
}
