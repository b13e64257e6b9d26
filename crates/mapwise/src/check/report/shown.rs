//! A finding as every format shows it: text that is clean, places that are short, threads that are listed once.

use std::fmt::{self, Write};

use super::{clean, options::Options};
use crate::check::{Access, Finding, Kind, MapId, Role, Site, ThreadRef};

/// The most characters of a name.
const MOST_NAME: usize = 200;
/// The most characters of a sentence.
const MOST_TEXT: usize = 500;

/// A finding, ready to print.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) map: ShownMap,
    pub(crate) key: Key,
    pub(crate) accesses: Vec<ShownAccess>,
    pub(crate) threads: Vec<ShownThread>,
    pub(crate) lost: Option<String>,
    pub(crate) fix: String,
    /// The line that suppresses it.
    pub(crate) suppress: String,
    /// How often it was seen.
    pub(crate) count: u64,
}

/// The map of a finding.
#[derive(Clone, Debug)]
pub(crate) struct ShownMap {
    pub(crate) name: Option<String>,
    pub(crate) type_name: String,
    pub(crate) serial: u64,
}

/// The key of a finding.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// Tells keys apart, and says no more of them.
    pub(crate) mark: Option<String>,
    /// The key itself, where its map was told how to show it.
    pub(crate) text: Option<String>,
}

/// A call that took part.
#[derive(Clone, Debug)]
pub(crate) struct ShownAccess {
    /// What it did, without the thread: `Stale read of version 5`.
    pub(crate) heading: String,
    pub(crate) role: Role,
    pub(crate) op: String,
    pub(crate) map: ShownMap,
    pub(crate) place: Place,
    /// The number of its thread.
    pub(crate) thread: u64,
    /// The name of its thread.
    pub(crate) thread_name: Option<String>,
    /// The asynchronous task that its thread was running.
    pub(crate) task: Option<u64>,
    pub(crate) version: Option<u64>,
}

/// A thread that took part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShownThread {
    pub(crate) number: u64,
    pub(crate) name: Option<String>,
    pub(crate) created: Option<Place>,
    pub(crate) first_seen: Option<Place>,
}

/// A line of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// The function that it is in, where it is known.
    pub(crate) function: Option<String>,
}

impl Shown {
    pub(crate) fn new(finding: &Finding, options: &Options) -> Self {
        let prefix = &options.strip_path_prefix;
        let mut threads: Vec<ShownThread> = Vec::new();
        for access in finding.accesses() {
            let thread = ShownThread::new(access.thread(), prefix);
            if !threads.contains(&thread) {
                threads.push(thread);
            }
        }
        Self {
            id: finding.id(),
            kind: finding.kind(),
            map: ShownMap::new(finding.map()),
            key: Key { mark: finding.key_hash().map(mark), text: finding.key_text().map(name) },
            accesses: finding.accesses().iter().map(|access| ShownAccess::new(access, prefix)).collect(),
            threads,
            lost: finding.lost().map(text),
            fix: text(finding.fix()),
            suppress: text(&finding.suppression()),
            count: 1,
        }
    }

    /// One line: kind, map, functions.
    pub(crate) fn title(&self) -> String {
        let mut functions: Vec<&str> =
            self.accesses.iter().filter_map(|access| access.place.function.as_deref()).collect();
        functions.sort_unstable();
        functions.dedup();
        let by = if functions.is_empty() { String::new() } else { format!(": {}", functions.join(", ")) };
        format!("{} on {}{by}", self.kind.title(), self.map.title())
    }

    /// What follows the title in a message: a line for each access, for what was lost and for what to do.
    pub(crate) fn details(&self) -> String {
        let mut out = String::new();
        for access in &self.accesses {
            let _ = write!(out, "\n{}, by {}: {}", access.heading, access.actor(), access.place);
        }
        if let Some(lost) = &self.lost {
            let _ = write!(out, "\nLost: {lost}");
        }
        let _ = write!(out, "\nFix: {}\nSuppress: {}", self.fix, self.suppress);
        out
    }
}

impl ShownMap {
    fn new(map: &MapId) -> Self {
        Self { name: map.name().map(name), type_name: name(map.type_name()), serial: map.serial() }
    }

    /// `map "sessions"`, or its type and serial number.
    pub(crate) fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("map \"{}\"", name.replace('"', "'")),
            None => format!("map \"{} {}\"", self.type_name.replace('"', "'"), self.serial),
        }
    }
}

impl ShownAccess {
    fn new(access: &Access, prefix: &str) -> Self {
        Self {
            heading: text(&access.heading()),
            role: access.role(),
            op: name(access.op()),
            map: ShownMap::new(access.map()),
            place: Place::new(access.site(), prefix),
            thread: access.thread().number(),
            thread_name: access.thread().name().map(name),
            task: access.thread().task(),
            version: access.version(),
        }
    }

    /// `thread 8 'worker-3'`
    pub(crate) fn actor(&self) -> String {
        let task = self.task.map_or_else(String::new, |task| format!(" in task {task}"));
        format!("{}{task}", actor(self.thread, self.thread_name.as_deref()))
    }

    /// The name of the role in documents.
    pub(crate) fn role_name(&self) -> &'static str {
        match self.role {
            Role::Act => "act",
            Role::StaleRead => "stale_read",
            Role::Conflict => "conflict",
            Role::Holding => "holding",
            Role::Wanting => "wanting",
        }
    }
}

impl ShownThread {
    fn new(thread: &ThreadRef, prefix: &str) -> Self {
        Self {
            number: thread.number(),
            name: thread.name().map(name),
            created: thread.created().map(|site| Place::new(site, prefix)),
            first_seen: thread.first_seen().map(|site| Place::new(site, prefix)),
        }
    }

    /// `thread 8 'worker-3'`
    pub(crate) fn actor(&self) -> String {
        actor(self.number, self.name.as_deref())
    }

    /// Where it was created, or else first seen, and which of the two that is.
    pub(crate) fn origin(&self) -> Option<(&'static str, &Place)> {
        let created = self.created.as_ref().map(|place| ("created", place));
        created.or(self.first_seen.as_ref().map(|place| ("first seen", place)))
    }
}

impl Place {
    fn new(site: &Site, prefix: &str) -> Self {
        let location = site.location();
        let file = location.file();
        Self {
            file: text(file.strip_prefix(prefix).unwrap_or(file)),
            line: location.line(),
            column: location.column(),
            function: site.function().map(name),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

fn actor(number: u64, name: Option<&str>) -> String {
    name.map_or_else(|| format!("thread {number}"), |name| format!("thread {number} '{name}'"))
}

fn name(text: &str) -> String {
    clean::line(text, MOST_NAME)
}

fn text(text: &str) -> String {
    clean::line(text, MOST_TEXT)
}

/// A few bits of the hash, mixed: a hasher may hand the key through, and keys are not shown.
fn mark(hash: u64) -> String {
    // The finalizer of SplitMix64 (Steele, Lea, Flood; OOPSLA 2014).
    let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    format!("0x{:04x}…", (mixed ^ (mixed >> 31)) >> 48)
}
