//! Why a profile is refused.

use std::io;

/// Why a profile could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// The file could not be read.
    #[error("cannot read: {0}")]
    Read(#[source] io::Error),
    /// The text is larger than any that is written.
    #[error("profile must be at most {limit} bytes")]
    TooLarge {
        /// The most bytes that a profile may have.
        limit: u64,
    },
    /// The text is no JSON.
    #[error("not JSON: {0}")]
    NotJson(#[source] serde_json::Error),
    /// The JSON is not a profile of ours.
    #[error("schema must be mapwise.profile, got {found}")]
    Foreign {
        /// What the field `schema` says, or that it is missing.
        found: String,
    },
    /// A newer mapwise wrote it.
    #[error("schema_version must be 1 to {supported}, got {found}: a newer mapwise can read it")]
    Newer {
        /// The newest version that this crate reads.
        supported: u32,
        /// The version of the file.
        found: u64,
    },
    /// A field is missing, of a wrong type, or makes no sense.
    #[error("{path}: {reason}")]
    Field {
        /// Where, for example `maps[3].waits.counts`.
        path: String,
        /// What is wrong there; without control characters, although the file may have some.
        reason: String,
    },
}
