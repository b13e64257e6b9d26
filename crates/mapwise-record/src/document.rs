//! Runs and findings as JSON: what is written can be read back, and what is read is safe to show.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::error::Category;

use crate::bench::{self, Bench};
use crate::error::{Invalid, RecordError};
use crate::findings::{self, Findings};
use crate::run::{self, Run};

/// The most bytes of a file.
const MAX_FILE: u64 = 256 << 20;

/// A kind of document, which says of itself what it is.
trait Document: DeserializeOwned {
    /// What its field `schema` says.
    const SCHEMA: &'static str;
    /// The newest version that is known.
    const VERSION: u32;

    fn check(&self) -> Result<(), Invalid>;
}

macro_rules! document {
    ($document:ident of $kind:ident) => {
        impl Document for $document {
            const SCHEMA: &'static str = $kind::SCHEMA;
            const VERSION: u32 = $kind::SCHEMA_VERSION;

            fn check(&self) -> Result<(), Invalid> {
                self.validate()
            }
        }
    };
}

document! { Run of run }
document! { Bench of bench }
document! { Findings of findings }

impl Run {
    /// Reads a run and checks it; see [`Run::validate`].
    ///
    /// # Errors
    ///
    /// When the text is no JSON, no run, written by a newer mapwise, or invalid.
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self, RecordError> {
        read(json.as_ref())
    }

    /// Writes the run as indented JSON.
    ///
    /// # Errors
    ///
    /// When the run is invalid, so that it could not be read back.
    pub fn to_json(&self) -> Result<String, RecordError> {
        self.validate()?;
        print(self)
    }
}

impl Bench {
    /// Reads a bench file and checks all its runs; see [`Run::from_json`].
    ///
    /// # Errors
    ///
    /// As [`Run::from_json`].
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self, RecordError> {
        read(json.as_ref())
    }

    /// Writes the runs as indented JSON.
    ///
    /// # Errors
    ///
    /// When a run is invalid, so that it could not be read back.
    pub fn to_json(&self) -> Result<String, RecordError> {
        self.validate()?;
        print(self)
    }
}

/// A file that `mapwise report` can show.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// One run.
    Run(Box<Run>),
    /// Several.
    Bench(Bench),
}

impl Record {
    /// Reads the file at `path`, whichever of the two it is.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is larger than 256 MiB, or is refused by
    /// [`Record::from_json`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self, RecordError> {
        let file = File::open(path).map_err(RecordError::Read)?;
        let stated = file.metadata().map_err(RecordError::Read)?.len();
        if stated > MAX_FILE {
            return Err(RecordError::TooLarge { limit: MAX_FILE });
        }
        // What is no regular file states no length.
        let mut json = Vec::new();
        let mut bounded = file.take(MAX_FILE + 1);
        bounded.read_to_end(&mut json).map_err(RecordError::Read)?;
        if json.len() as u64 > MAX_FILE {
            return Err(RecordError::TooLarge { limit: MAX_FILE });
        }
        Self::from_json(json)
    }

    /// Reads a run or a bench file, whichever it is, and checks it.
    ///
    /// # Errors
    ///
    /// As [`Run::from_json`].
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self, RecordError> {
        let json = json.as_ref();
        let expected = [Run::SCHEMA, Bench::SCHEMA];
        let head = Head::of(json, &expected)?;
        if head.is_of::<Run>() {
            Ok(Self::Run(Box::new(head.rest(json)?)))
        } else if head.is_of::<Bench>() {
            Ok(Self::Bench(head.rest(json)?))
        } else {
            Err(foreign(&expected, &head.schema))
        }
    }

    /// The runs of the file: one, or those of a bench file.
    #[must_use]
    pub fn runs(&self) -> &[Run] {
        match self {
            Self::Run(run) => std::slice::from_ref(run),
            Self::Bench(bench) => &bench.runs,
        }
    }
}

impl Findings {
    /// Reads what checked mode wrote and checks it; see [`Findings::validate`].
    ///
    /// # Errors
    ///
    /// When the text is no JSON, no findings, written by a newer mapwise, or invalid.
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self, RecordError> {
        read(json.as_ref())
    }
}

/// What every document of ours begins with; read before the rest, whose shape depends on it.
#[derive(Deserialize)]
struct Head {
    schema: Option<Value>,
    schema_version: Option<Value>,
}

impl Head {
    fn of(json: &[u8], expected: &[&str]) -> Result<Self, RecordError> {
        serde_json::from_slice(json).map_err(|error| match error.classify() {
            Category::Syntax | Category::Eof | Category::Io => RecordError::NotJson(error),
            Category::Data => foreign(expected, &None),
        })
    }

    fn is_of<D: Document>(&self) -> bool {
        self.schema.as_ref().and_then(Value::as_str) == Some(D::SCHEMA)
    }

    /// Reads the rest of a document of this kind.
    fn rest<D: Document>(&self, json: &[u8]) -> Result<D, RecordError> {
        let supported = D::VERSION;
        if let Some(found) = self.schema_version.as_ref().and_then(Value::as_u64)
            && found > supported.into()
        {
            return Err(RecordError::Newer { supported, found });
        }
        let document: D = parse(json)?;
        document.check()?;
        Ok(document)
    }
}

/// Reads a document of a kind that is known beforehand.
fn read<D: Document>(json: &[u8]) -> Result<D, RecordError> {
    let head = Head::of(json, &[D::SCHEMA])?;
    if !head.is_of::<D>() {
        return Err(foreign(&[D::SCHEMA], &head.schema));
    }
    head.rest(json)
}

fn foreign(expected: &[&str], found: &Option<Value>) -> RecordError {
    /// How much of a foreign name is quoted.
    const QUOTED: usize = 40;
    RecordError::Foreign {
        expected: expected.join(" or "),
        found: match found {
            None | Some(Value::Null) => "none".into(),
            Some(Value::String(name)) => {
                format!("{:?}", name.chars().take(QUOTED).collect::<String>())
            }
            Some(_) => "something else than a text".into(),
        },
    }
}

fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, RecordError> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = match error.path().to_string() {
            path if path == "." => "top level".into(),
            path => path,
        };
        RecordError::Field { path: printable(&path), reason: printable(&error.into_inner().to_string()) }
    })
}

/// A text that may quote the file, cut short and unable to steer a terminal.
fn printable(text: &str) -> String {
    /// The most characters that are kept.
    const KEPT: usize = 300;
    let shown = text.chars().take(KEPT);
    shown.map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
}

fn print<T: Serialize>(document: &T) -> Result<String, RecordError> {
    let mut json = serde_json::to_string_pretty(document).map_err(RecordError::NotJson)?;
    json.push('\n');
    Ok(json)
}
