//! What mapwise writes to disk and reads back: runs, findings, traces and their schemas.
//!
//! This is the only crate of the workspace with serde types of ours. Files from outside are hostile
//! until parsed: every reader is bounded in memory and answers a bad file with an error that names
//! the place.

pub mod workload;

pub mod run;

mod error;

mod validate;

pub mod suite;

pub mod bench;

pub mod findings;

mod document;

pub mod schema;

pub mod trace;

pub use document::Record;
pub use error::{Invalid, RecordError};
