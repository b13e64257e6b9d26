//! What kinds of findings there are, and what each is called.

use std::fmt;

/// The kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// A value was read, another thread wrote the key, and the first thread overwrote that write blindly.
    LostUpdate,
    /// A key was found absent, another thread inserted it, and the first thread inserted over that.
    DoubleInit,
    /// A value was read, another thread wrote the key, and the first thread removed it on the strength of the old value.
    StaleRemove,
    /// A key was seen in an iteration, another thread wrote it, and the first thread acted on what it had seen.
    IterateThenAct,
    /// A map was called from inside its own closure.
    Reentrancy,
    /// Two threads hold maps while they take others, in orders that can make them wait for each other.
    LockCycle,
    /// A closure held a map for long, or waited inside.
    LongHold,
    /// Two threads were inside an unsynchronized map at once.
    Overlap,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::LostUpdate,
        Self::DoubleInit,
        Self::StaleRemove,
        Self::IterateThenAct,
        Self::Reentrancy,
        Self::LockCycle,
        Self::LongHold,
        Self::Overlap,
    ];

    /// Returns the name that suppressions use, as `lost_update`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.words().0
    }

    /// Returns the two letters that ids carry, as `lu`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.words().1
    }

    /// Returns the words that people read, as `lost update`.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.words().2
    }

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::LostUpdate => ("lost_update", "lu", "lost update"),
            Self::DoubleInit => ("double_init", "di", "double init"),
            Self::StaleRemove => ("stale_remove", "sr", "stale remove"),
            Self::IterateThenAct => ("iterate_then_act", "ia", "iterate then act"),
            Self::Reentrancy => ("reentrancy", "re", "re-entrancy"),
            Self::LockCycle => ("lock_cycle", "lc", "lock cycle"),
            Self::LongHold => ("long_hold", "lh", "long hold"),
            Self::Overlap => ("overlap", "ov", "overlap"),
        }
    }

    /// The kind that suppressions call `name`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind that an id carries, as `mw-lu-1f09c3ab` does; `None` if that is no id.
    pub(crate) fn of_id(id: &str) -> Option<Self> {
        let (code, digits) = id.strip_prefix("mw-")?.split_once('-')?;
        let hexadecimal = (1..=16).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        Self::ALL.into_iter().find(|kind| kind.code() == code).filter(|_| hexadecimal)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}
