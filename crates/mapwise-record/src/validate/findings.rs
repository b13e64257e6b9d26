//! What findings must obey.

use super::check::At;
use crate::error::Invalid;
use crate::findings::{Access, Finding, Findings, Map, Place, SCHEMA, SCHEMA_VERSION, Thread};

const MAX_FINDINGS: usize = 1_000;
/// The most elements of every other list.
const MAX_LIST: usize = 10_000;

impl Findings {
    /// Checks what the types cannot: that lists and texts have a bounded size, that no text can steer a terminal, and that
    /// every call was made by a thread of its finding.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, with its place.
    pub fn validate(&self) -> Result<(), Invalid> {
        let at = At::ROOT;
        at.head((&self.schema, SCHEMA), (self.schema_version, SCHEMA_VERSION))?;
        at.field("mapwise_version").name(&self.mapwise_version)?;
        at.field("findings").each(&self.findings, MAX_FINDINGS, |at, finding| finding.validate_at(at))?;
        at.field("unused_suppressions").each(&self.unused_suppressions, MAX_LIST, |at, text| at.name(text))?;
        at.field("notes").each(&self.notes, MAX_LIST, |at, text| at.name(text))
    }
}

fn optional(at: &At<'_>, text: Option<&String>) -> Result<(), Invalid> {
    text.map_or(Ok(()), |text| at.text(text))
}

impl Finding {
    fn validate_at(&self, at: &At<'_>) -> Result<(), Invalid> {
        let (id, kind, title) = (at.field("id"), at.field("kind"), at.field("title"));
        id.name(&self.id).and(kind.name(&self.kind)).and(title.name(&self.title))?;
        at.field("fix").name(&self.fix)?;
        at.field("suppress").name(&self.suppress)?;
        optional(&at.field("lost"), self.lost.as_ref())?;
        self.map.validate_at(&at.field("map"))?;
        let key = at.field("key");
        optional(&key.field("mark"), self.key.mark.as_ref())?;
        optional(&key.field("text"), self.key.text.as_ref())?;
        if self.count == 0 {
            return at.field("count").refuse("must be at least 1, got 0");
        }
        at.field("threads").each(&self.threads, MAX_LIST, |at, thread| thread.validate_at(at))?;
        at.field("accesses").each(&self.accesses, MAX_LIST, |at, access| {
            access.validate_at(at)?;
            if self.threads.iter().all(|thread| thread.number != access.thread) {
                return at.field("thread").refuse(format!("must be one of the threads, got {}", access.thread));
            }
            Ok(())
        })
    }
}

impl Map {
    fn validate_at(&self, at: &At<'_>) -> Result<(), Invalid> {
        optional(&at.field("name"), self.name.as_ref())?;
        at.field("type").name(&self.type_name)
    }
}

impl Access {
    fn validate_at(&self, at: &At<'_>) -> Result<(), Invalid> {
        at.field("role").name(&self.role)?;
        at.field("heading").name(&self.heading)?;
        at.field("operation").name(&self.operation)?;
        self.map.validate_at(&at.field("map"))?;
        self.place.validate_at(&at.field("place"))
    }
}

impl Thread {
    fn validate_at(&self, at: &At<'_>) -> Result<(), Invalid> {
        optional(&at.field("name"), self.name.as_ref())?;
        for (name, place) in [("created", &self.created), ("first_seen", &self.first_seen)] {
            place.as_ref().map_or(Ok(()), |place| place.validate_at(&at.field(name)))?;
        }
        Ok(())
    }
}

impl Place {
    fn validate_at(&self, at: &At<'_>) -> Result<(), Invalid> {
        at.field("file").name(&self.file)?;
        at.field("line").count(self.line as usize, 1..=u32::MAX as usize)?;
        at.field("column").count(self.column as usize, 1..=u32::MAX as usize)?;
        optional(&at.field("function"), self.function.as_ref())
    }
}
