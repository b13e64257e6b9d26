//! Why a run file is refused.

use std::io;

/// Why a file of runs could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The file could not be read.
    #[error("cannot read: {0}")]
    Read(#[source] io::Error),
    /// The file is larger than any that is written.
    #[error("file must be at most {limit} bytes")]
    TooLarge {
        /// The most bytes that a file may have.
        limit: u64,
    },
    /// The text is no JSON.
    #[error("not JSON: {0}")]
    NotJson(#[source] serde_json::Error),
    /// The JSON is not ours, or not of the kind that was asked for.
    #[error("schema must be {expected}, got {found}")]
    Foreign {
        /// The schemas that would do.
        expected: String,
        /// What the field `schema` says, or that it is missing.
        found: String,
    },
    /// A newer mapwise wrote the file.
    #[error("schema_version must be 1 to {supported}, got {found}: a newer mapwise can read it")]
    Newer {
        /// The newest version that this crate reads.
        supported: u32,
        /// The version of the file.
        found: u64,
    },
    /// A field is missing or of a wrong type.
    #[error("{path}: {reason}")]
    Field {
        /// Where, for example `cells[3].samples[0]`.
        path: String,
        /// What is wrong there; without control characters, although the file may have some.
        reason: String,
    },
    /// The fields are there and make no sense.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

/// A value that a run cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct Invalid {
    /// Where, for example `cells[3].ratio`.
    pub path: String,
    /// The rule and the value.
    pub reason: String,
}
