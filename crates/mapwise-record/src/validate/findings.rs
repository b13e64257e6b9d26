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
        if self.schema != SCHEMA {
            let reason = format!("must be {SCHEMA:?}, got {:?}", self.schema);
            return at.field("schema").refuse(reason);
        }
        let versions = 1..=SCHEMA_VERSION as usize;
        at.field("schema_version").count(self.schema_version as usize, versions)?;
        at.field("mapwise_version").name(&self.mapwise_version)?;
        let list = at.field("findings");
        list.length(self.findings.len(), MAX_FINDINGS)?;
        for (index, finding) in self.findings.iter().enumerate() {
            finding.validate_at(&list.index(index))?;
        }
        texts(&at.field("unused_suppressions"), &self.unused_suppressions)?;
        texts(&at.field("notes"), &self.notes)
    }
}

fn texts(at: &At<'_>, texts: &[String]) -> Result<(), Invalid> {
    at.length(texts.len(), MAX_LIST)?;
    texts.iter().enumerate().try_for_each(|(index, text)| at.index(index).name(text))
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
        let threads = at.field("threads");
        threads.length(self.threads.len(), MAX_LIST)?;
        for (index, thread) in self.threads.iter().enumerate() {
            thread.validate_at(&threads.index(index))?;
        }
        let accesses = at.field("accesses");
        accesses.length(self.accesses.len(), MAX_LIST)?;
        for (index, access) in self.accesses.iter().enumerate() {
            let at = accesses.index(index);
            access.validate_at(&at)?;
            if self.threads.iter().all(|thread| thread.number != access.thread) {
                return at.field("thread").refuse(format!("must be one of the threads, got {}", access.thread));
            }
        }
        Ok(())
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
