//! The operations of maps, as messages name them and as checked mode tells them apart.

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
    const ALL: [Self; 15] = [
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_found_by_its_index() {
        for op in Op::ALL {
            assert_eq!(Op::from_index(op as u32), Some(op));
        }
        assert_eq!(Op::from_index(15), None);
    }
}
