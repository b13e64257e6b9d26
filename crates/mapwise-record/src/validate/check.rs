//! Checks of single values, each told where it is.

use std::fmt;
use std::ops::RangeInclusive;

use crate::error::Invalid;

/// No figure of a run is larger: an operation a femtosecond, a minute of nanoseconds in 10^8 years.
pub(crate) const MAX_NUMBER: f64 = 1e18;
/// The most bytes of a text.
const MAX_TEXT: usize = 16 * 1024;
/// How far two ends of an interval may be out of order by rounding, relative to their size.
const ROUNDING: f64 = 1e-9;

/// A place in a document; written out only when something is wrong there.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Step,
}

#[derive(Clone, Copy)]
enum Step {
    Root,
    Field(&'static str),
    Index(usize),
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let below_root = self.parent.is_some_and(|parent| parent.parent.is_some());
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Field(name) if below_root => write!(f, ".{name}"),
            Step::Field(name) => f.write_str(name),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

impl<'a> At<'a> {
    pub(crate) const ROOT: At<'static> = At { parent: None, step: Step::Root };

    pub(crate) fn field(&'a self, name: &'static str) -> At<'a> {
        At { parent: Some(self), step: Step::Field(name) }
    }

    pub(crate) fn index(&'a self, index: usize) -> At<'a> {
        At { parent: Some(self), step: Step::Index(index) }
    }

    pub(crate) fn refuse<T>(&self, reason: impl Into<String>) -> Result<T, Invalid> {
        Err(Invalid { path: self.to_string(), reason: reason.into() })
    }

    pub(crate) fn number(&self, value: f64, range: RangeInclusive<f64>) -> Result<(), Invalid> {
        // A NaN is in no range.
        if range.contains(&value) {
            return Ok(());
        }
        let (low, high) = range.into_inner();
        self.refuse(format!("must be {low} to {high:e}, got {value}"))
    }

    pub(crate) fn count(&self, value: usize, range: RangeInclusive<usize>) -> Result<(), Invalid> {
        if range.contains(&value) {
            return Ok(());
        }
        let (low, high) = range.into_inner();
        self.refuse(format!("must be {low} to {high}, got {value}"))
    }

    /// Checks each element of a list that has at most `most`.
    pub(crate) fn each<'l, T>(
        &self,
        list: &'l [T],
        most: usize,
        mut check: impl FnMut(&At<'_>, &'l T) -> Result<(), Invalid>,
    ) -> Result<(), Invalid> {
        if list.len() > most {
            return self.refuse(format!("must have at most {most} elements, got {}", list.len()));
        }
        list.iter().enumerate().try_for_each(|(index, one)| check(&self.index(index), one))
    }

    /// Checks what every document begins with: which schema, and which version of it.
    pub(crate) fn head(&self, (schema, expected): (&str, &str), (version, newest): (u32, u32)) -> Result<(), Invalid> {
        if schema != expected {
            return self.field("schema").refuse(format!("must be {expected:?}, got {schema:?}"));
        }
        self.field("schema_version").count(version as usize, 1..=newest as usize)
    }

    /// Refuses values that fall, but for rounding.
    pub(crate) fn ascending(&self, names: &str, values: &[f64]) -> Result<(), Invalid> {
        let falls = |pair: &[f64]| pair[0] - pair[1] > ROUNDING * pair[0].abs();
        if values.windows(2).any(falls) {
            return self.refuse(format!("must be ascending ({names}), got {values:?}"));
        }
        Ok(())
    }

    /// Refuses a text that is too long or could steer a terminal.
    pub(crate) fn text(&self, text: &str) -> Result<(), Invalid> {
        if text.len() > MAX_TEXT {
            let length = text.len();
            return self.refuse(format!("must be at most {MAX_TEXT} bytes, got {length}"));
        }
        match text.chars().find(|char| char.is_control() && !"\n\t".contains(*char)) {
            Some(char) => self.refuse(format!("must have no control characters, got {char:?}")),
            None => Ok(()),
        }
    }

    /// As [`At::text`], and something must be there.
    pub(crate) fn name(&self, text: &str) -> Result<(), Invalid> {
        if text.is_empty() {
            return self.refuse("must not be empty");
        }
        self.text(text)
    }
}
