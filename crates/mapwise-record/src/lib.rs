//! What mapwise writes to disk and reads back: runs, findings, traces and their schemas; profiles are `mapwise-profile`'s.
//!
//! Files from outside are hostile until parsed: every reader is bounded in memory and answers a bad file with an error that
//! names the place.

pub mod bench;
mod document;
mod error;
pub mod findings;
pub mod run;
pub mod schema;
pub mod suite;
pub mod trace;
mod validate;
pub mod workload;

pub use document::Record;
pub use error::{Invalid, RecordError};
