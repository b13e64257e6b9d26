//! A profile as JSON: what is written can be read back, and what is read is bounded.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::error::Category;

use crate::advice::{self, Advice};
use crate::error::ProfileError;
use crate::limits;
use crate::profile::{Profile, SCHEMA, SCHEMA_VERSION};

/// The JSON schema (draft 2020-12) of what [`Profile::to_json`] writes.
pub const SCHEMA_V1: &str = include_str!("../schema/mapwise.profile.v1.schema.json");

/// What is written: the profile and what follows from it. A reader draws its own conclusions and ignores these.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    profile: &'a Profile,
    advice: Vec<Advice>,
}

/// What every document of ours begins with; read before the rest, whose shape depends on it.
#[derive(Deserialize)]
struct Head {
    schema: Option<Value>,
    schema_version: Option<Value>,
}

impl Profile {
    /// Writes the profile, and the advice that follows from it, as JSON in one line.
    ///
    /// It can be read back if it keeps the limits; see [`Profile::limit`].
    ///
    /// # Panics
    ///
    /// Never: nothing in a profile is impossible in JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let document = Document { profile: self, advice: advice::advise(self) };
        let mut json = serde_json::to_string(&document).expect("all keys are texts and all numbers whole");
        json.push('\n');
        json
    }

    /// Reads a profile and checks it; see [`Profile::validate`].
    ///
    /// # Errors
    ///
    /// When the text is larger than [`limits::BYTES`], no JSON, no profile, written by a newer mapwise, or invalid.
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self, ProfileError> {
        let json = json.as_ref();
        if json.len() as u64 > limits::BYTES {
            return Err(ProfileError::TooLarge { limit: limits::BYTES });
        }
        Head::of(json)?.check()?;
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let profile: Self =
            serde_path_to_error::deserialize(&mut deserializer).map_err(|error| ProfileError::Field {
                path: printable(&error.path().to_string()),
                reason: printable(&error.into_inner().to_string()),
            })?;
        deserializer.end().map_err(ProfileError::NotJson)?;
        profile.validate()?;
        Ok(profile)
    }

    /// Reads the profile in a file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or as [`Profile::from_json`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ProfileError> {
        let mut json = Vec::new();
        let file = File::open(path).map_err(ProfileError::Read)?;
        file.take(limits::BYTES + 1).read_to_end(&mut json).map_err(ProfileError::Read)?;
        Self::from_json(json)
    }
}

/// Whether a text claims to be a profile, rather than another document of ours or anything else.
#[must_use]
pub fn is_profile(json: impl AsRef<[u8]>) -> bool {
    Head::of(json.as_ref()).is_ok_and(|head| head.schema.is_some_and(|schema| schema == SCHEMA))
}

impl Head {
    fn of(json: &[u8]) -> Result<Self, ProfileError> {
        serde_json::from_slice(json).map_err(|error| match error.classify() {
            Category::Data => ProfileError::Foreign { found: "none".to_owned() },
            _ => ProfileError::NotJson(error),
        })
    }

    fn check(&self) -> Result<(), ProfileError> {
        /// How much of a foreign name is quoted.
        const QUOTED: usize = 40;
        match &self.schema {
            Some(Value::String(name)) if name == SCHEMA => {}
            None | Some(Value::Null) => return Err(ProfileError::Foreign { found: "none".to_owned() }),
            Some(Value::String(name)) => {
                let name: String = name.chars().take(QUOTED).collect();
                return Err(ProfileError::Foreign { found: format!("{name:?}") });
            }
            Some(_) => return Err(ProfileError::Foreign { found: "something else than a text".to_owned() }),
        }
        match self.schema_version.as_ref().and_then(Value::as_u64) {
            Some(found) if found > SCHEMA_VERSION.into() => {
                Err(ProfileError::Newer { supported: SCHEMA_VERSION, found })
            }
            _ => Ok(()),
        }
    }
}

/// A text that may quote the file, cut short and unable to steer a terminal.
fn printable(text: &str) -> String {
    /// The most characters that are kept.
    const KEPT: usize = 300;
    text.chars().take(KEPT).map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
}
