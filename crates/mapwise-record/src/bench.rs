//! Several runs in one file: what `mapwise bench` writes, one run a workload.

use serde::{Deserialize, Serialize};

use crate::error::Invalid;
use crate::run::Run;
use crate::suite::{self, Row};
use crate::validate::At;

/// The name every bench file carries in its field `schema`.
pub const SCHEMA: &str = "mapwise.bench";

/// The version of the schema that this crate writes.
pub const SCHEMA_VERSION: u32 = 1;

/// The most runs of one file.
const MAX_RUNS: usize = 1_000;

/// Runs that belong together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bench {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The version of the schema, at most [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The runs, in the order they were made; complete in themselves.
    pub runs: Vec<Run>,
    /// For a run of the peers suite: our map against the best of the others, from the cells of `runs`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Row>,
}

impl Bench {
    /// Puts runs together.
    #[must_use]
    pub fn new(runs: Vec<Run>) -> Self {
        Self { schema: SCHEMA.into(), schema_version: SCHEMA_VERSION, runs, rows: Vec::new() }
    }

    /// Checks every run; see [`Run::validate`].
    ///
    /// # Errors
    ///
    /// The first rule that is broken, with its place.
    pub fn validate(&self) -> Result<(), Invalid> {
        let at = At::ROOT;
        at.head((&self.schema, SCHEMA), (self.schema_version, SCHEMA_VERSION))?;
        at.field("runs").each(&self.runs, MAX_RUNS, |at, run| run.validate_at(at))?;
        suite::validate(&self.rows, &at.field("rows"))
    }
}
