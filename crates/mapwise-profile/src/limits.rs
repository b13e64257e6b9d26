//! How large a profile may be: what a reader accepts, and what a recorder is cut to.
//!
//! - **bounded**: [`Profile::limit`] leaves a profile that [`Profile::from_json`] accepts.

use std::collections::{BTreeMap, HashSet};

use crate::error::ProfileError;
use crate::histogram::Histogram;
use crate::map::{Blocked, MapProfile, Site};
use crate::profile::{Finding, Profile, SCHEMA, SCHEMA_VERSION};

/// The most bytes of a profile as JSON.
pub const BYTES: u64 = 32 << 20;
/// The most maps.
pub const MAPS: usize = 1_000;
/// The most shards of all maps together.
pub const SHARDS: usize = 1 << 16;
/// The most kinds of operations of a map.
pub const OPERATIONS: usize = 64;
/// The most hot keys of a map.
pub const HOT_KEYS: usize = 256;
/// The most rows of all matrices together.
pub const BLOCKED: usize = 10_000;
/// The most calls of a stack.
pub const STACK: usize = 64;
/// The most moments of a map.
pub const POINTS: usize = 1_000;
/// The most findings, accesses of a finding, and notes.
pub const LIST: usize = 256;
/// The most bytes of a text.
pub const TEXT: usize = 1_024;
/// The most buckets of a histogram.
const BUCKETS: usize = 128;

impl Profile {
    /// Cuts what exceeds the limits, and says in [`Profile::notes`] what was cut; gives maps of one name a number.
    pub fn limit(&mut self) {
        let mut cut = Cut::default();
        cut.list("maps", &mut self.maps, MAPS);
        cut.text(&mut self.process.name);
        cut.text(&mut self.mapwise_version);
        let (mut shards, mut blocked) = (SHARDS, BLOCKED);
        for map in &mut self.maps {
            cut.map(map, &mut shards, &mut blocked);
        }
        cut.list("findings", &mut self.findings, LIST);
        self.findings.iter_mut().for_each(|finding| cut.finding(finding));
        number_equal_names(&mut self.maps);
        let room = LIST - cut.lists.len() - 1;
        cut.list("notes", &mut self.notes, room);
        self.notes.iter_mut().for_each(|note| cut.text(note));
        self.notes.extend(cut.notes());
    }

    /// Checks what the types cannot: that lists and texts have a bounded size, names differ and histograms agree with
    /// their buckets.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, with its place.
    pub fn validate(&self) -> Result<(), ProfileError> {
        if self.schema != SCHEMA {
            return refuse("schema", format!("must be {SCHEMA}"));
        }
        if !(1..=SCHEMA_VERSION).contains(&self.schema_version) {
            return refuse("schema_version", format!("must be 1 to {SCHEMA_VERSION}, got {}", self.schema_version));
        }
        length("maps", self.maps.len(), MAPS)?;
        text("process.name", &self.process.name)?;
        text("mapwise_version", &self.mapwise_version)?;
        let mut names = HashSet::new();
        for (index, map) in self.maps.iter().enumerate() {
            let place = format!("maps[{index}]");
            check_map(&place, map)?;
            if !names.insert(&map.name) {
                return refuse(format!("{place}.name"), "must not be another map's".to_owned());
            }
        }
        let sum = |count: fn(&MapProfile) -> usize| self.maps.iter().map(count).sum();
        length("shards of all maps", sum(|map| map.shards.each.len()), SHARDS)?;
        length("matrix of all maps", sum(|map| map.matrix.len()), BLOCKED)?;
        length("findings", self.findings.len(), LIST)?;
        for (index, finding) in self.findings.iter().enumerate() {
            check_finding(&format!("findings[{index}]"), finding)?;
        }
        length("notes", self.notes.len(), LIST)?;
        self.notes.iter().try_for_each(|note| text("notes", note))
    }
}

/// What was cut so far, added up by kind of list.
#[derive(Default)]
struct Cut {
    lists: BTreeMap<&'static str, usize>,
}

impl Cut {
    fn list<T>(&mut self, what: &'static str, list: &mut Vec<T>, most: usize) {
        if list.len() > most {
            *self.lists.entry(what).or_default() += list.len() - most;
            list.truncate(most);
        }
    }

    fn notes(&self) -> impl Iterator<Item = String> {
        self.lists.iter().map(|(what, cut)| format!("there are too many {what}: {cut} are not in this profile"))
    }

    /// A text that was cut shows it by its ellipsis.
    fn text(&mut self, text: &mut String) {
        const ELLIPSIS: &str = "…";
        if text.len() > TEXT {
            text.truncate(text.floor_char_boundary(TEXT - ELLIPSIS.len()));
            text.push_str(ELLIPSIS);
        }
    }

    fn site(&mut self, site: &mut Site) {
        self.text(&mut site.function);
        self.text(&mut site.file);
    }

    fn map(&mut self, map: &mut MapProfile, shards: &mut usize, blocked: &mut usize) {
        if map.name.is_empty() {
            map.name = "unnamed".to_owned();
        }
        for text in [&mut map.name, &mut map.kind, &mut map.type_text] {
            self.text(text);
        }
        map.created.iter_mut().chain(&mut map.holds.longest).for_each(|site| self.site(site));
        self.list("kinds of operations", &mut map.operations, OPERATIONS);
        map.operations.iter_mut().for_each(|operation| self.text(&mut operation.name));
        if map.shards.each.len() > *shards {
            // A part of the shards would look like an imbalance.
            self.list("shards", &mut map.shards.each, 0);
        }
        *shards -= map.shards.each.len();
        self.list("hot keys", &mut map.hot_keys.keys, HOT_KEYS);
        self.list("waits by site", &mut map.matrix, *blocked);
        *blocked -= map.matrix.len();
        map.matrix.iter_mut().for_each(|row| self.blocked(row));
        let old = map.series.len().saturating_sub(POINTS);
        map.series.drain(..old);
    }

    fn blocked(&mut self, row: &mut Blocked) {
        self.text(&mut row.operation);
        row.stack.truncate(STACK);
        row.stack.iter_mut().chain(&mut row.holder).for_each(|site| self.site(site));
        self.site(&mut row.waiter);
    }

    fn finding(&mut self, finding: &mut Finding) {
        for text in [&mut finding.id, &mut finding.kind, &mut finding.map, &mut finding.text] {
            self.text(text);
        }
        finding.accesses.truncate(LIST);
        for access in &mut finding.accesses {
            self.text(&mut access.thread);
            self.text(&mut access.operation);
            self.site(&mut access.site);
        }
    }
}

/// Two maps of one name would be one to every reader.
fn number_equal_names(maps: &mut [MapProfile]) {
    let mut taken: HashSet<String> = HashSet::new();
    for map in maps {
        let mut name = map.name.clone();
        let mut number = 2;
        while taken.contains(&name) {
            let room = map.name.floor_char_boundary(TEXT - 16);
            name = format!("{} #{number}", &map.name[..room]);
            number += 1;
        }
        map.name.clone_from(&name);
        taken.insert(name);
    }
}

fn check_map(place: &str, map: &MapProfile) -> Result<(), ProfileError> {
    let at = |field: &str| format!("{place}.{field}");
    if map.name.is_empty() {
        return refuse(at("name"), "must not be empty".to_owned());
    }
    for (field, value) in [("name", &map.name), ("kind", &map.kind), ("type_text", &map.type_text)] {
        text(at(field), value)?;
    }
    map.created.iter().try_for_each(|site| check_site(&at("created"), site))?;
    map.holds.longest.iter().try_for_each(|site| check_site(&at("holds.longest"), site))?;
    length(at("operations"), map.operations.len(), OPERATIONS)?;
    map.operations.iter().try_for_each(|operation| text(at("operations"), &operation.name))?;
    length(at("hot_keys.keys"), map.hot_keys.keys.len(), HOT_KEYS)?;
    histogram(&at("waits"), &map.waits)?;
    histogram(&at("holds.times"), &map.holds.times)?;
    histogram(&at("resizes.pauses"), &map.resizes.pauses)?;
    for (index, row) in map.matrix.iter().enumerate() {
        let row_at = at(&format!("matrix[{index}]"));
        text(&row_at, &row.operation)?;
        length(format!("{row_at}.stack"), row.stack.len(), STACK)?;
        let sites = row.stack.iter().chain(&row.holder).chain([&row.waiter]);
        sites.into_iter().try_for_each(|site| check_site(&row_at, site))?;
    }
    length(at("series"), map.series.len(), POINTS)?;
    if map.series.windows(2).any(|pair| pair[1].at_ns < pair[0].at_ns) {
        return refuse(at("series"), "must be in the order of time".to_owned());
    }
    Ok(())
}

fn check_finding(place: &str, finding: &Finding) -> Result<(), ProfileError> {
    for value in [&finding.id, &finding.kind, &finding.map, &finding.text] {
        text(place, value)?;
    }
    length(format!("{place}.accesses"), finding.accesses.len(), LIST)?;
    finding.accesses.iter().try_for_each(|access| {
        text(place, &access.thread)?;
        text(place, &access.operation)?;
        check_site(place, &access.site)
    })
}

fn check_site(place: &str, site: &Site) -> Result<(), ProfileError> {
    text(place, &site.function)?;
    text(place, &site.file)
}

fn histogram(place: &str, histogram: &Histogram) -> Result<(), ProfileError> {
    length(format!("{place}.bounds_ns"), histogram.bounds_ns.len(), BUCKETS)?;
    if !histogram.bounds_ns.is_sorted_by(|low, high| low < high) {
        return refuse(format!("{place}.bounds_ns"), "must be ascending".to_owned());
    }
    let (expected, got) = (histogram.bounds_ns.len() + 1, histogram.counts.len());
    if expected != got {
        let reason = format!("must have one element more than bounds_ns, {expected}, got {got}");
        return refuse(format!("{place}.counts"), reason);
    }
    Ok(())
}

fn length(place: impl Into<String>, length: usize, most: usize) -> Result<(), ProfileError> {
    if length <= most {
        return Ok(());
    }
    refuse(place, format!("must have at most {most} elements, got {length}"))
}

fn text(place: impl Into<String>, text: &str) -> Result<(), ProfileError> {
    if text.len() <= TEXT {
        return Ok(());
    }
    refuse(place, format!("must be at most {TEXT} bytes, got {}", text.len()))
}

fn refuse<T>(place: impl Into<String>, reason: String) -> Result<T, ProfileError> {
    Err(ProfileError::Field { path: place.into(), reason })
}
