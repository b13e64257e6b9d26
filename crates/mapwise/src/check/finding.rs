//! What checked mode found: data only, in words that a report can print as they are.
//!
//! - **stable**: `id` and `suppression` depend on the kind, the map and the functions only, so that they are the same in
//!   every run: no address, no thread, no line.
//! - **no-keys**: a key is here as its hash; its text only if the user gave a formatter.

use std::{fmt, panic::Location, sync::Arc};

use super::kind::Kind;

/// Which map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapId {
    pub(crate) name: Option<Arc<str>>,
    pub(crate) type_name: &'static str,
    pub(crate) serial: u64,
}

impl MapId {
    /// Returns the name that the program gave the map.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the kind of map, as `ShardedMap`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// Returns the map's number, in the order in which this run made its maps.
    #[must_use]
    pub fn serial(&self) -> u64 {
        self.serial
    }
}

impl fmt::Display for MapId {
    /// Prints the name, or else type and number, as `ShardedMap 3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => f.write_str(name),
            None => write!(f, "{} {}", self.type_name, self.serial),
        }
    }
}

/// A line of the user's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    pub(crate) location: &'static Location<'static>,
    pub(crate) function: Option<Arc<str>>,
}

impl Site {
    /// Returns file, line and column.
    #[must_use]
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }

    /// Returns the function that the line is in, as `app::bump`, where the binary has its symbols.
    #[must_use]
    pub fn function(&self) -> Option<&str> {
        self.function.as_deref()
    }

    /// What a fingerprint takes: the function, or else the file.
    pub(crate) fn stable_name(&self) -> &str {
        self.function().unwrap_or_else(|| self.location.file())
    }
}

/// A thread, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadRef {
    pub(crate) number: u64,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) created: Option<Site>,
    pub(crate) first_seen: Option<Site>,
    pub(crate) task: Option<u64>,
}

impl ThreadRef {
    /// Returns the thread's number, in the order in which this run's threads came to use maps.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Returns the thread's name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns where the thread was created, if it was by `check::spawn` or
    /// `check::scope`.
    #[must_use]
    pub fn created(&self) -> Option<&Site> {
        self.created.as_ref()
    }

    /// Returns the thread's first call of a map.
    #[must_use]
    pub fn first_seen(&self) -> Option<&Site> {
        self.first_seen.as_ref()
    }

    /// Returns the number of the asynchronous task that the thread was running.
    #[must_use]
    pub fn task(&self) -> Option<u64> {
        self.task
    }
}

/// What an access has to do with the finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// Acted on what is no longer so.
    Act,
    /// Read what was so then.
    StaleRead,
    /// Changed it in between.
    Conflict,
    /// Holds a map.
    Holding,
    /// Wants a map, while it holds another.
    Wanting,
}

/// One of the calls that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    pub(crate) role: Role,
    pub(crate) op: &'static str,
    pub(crate) map: MapId,
    pub(crate) site: Site,
    pub(crate) thread: ThreadRef,
    pub(crate) version: Option<u64>,
}

impl Access {
    /// Returns what it has to do with the finding.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// Returns the operation, as `an insertion`.
    #[must_use]
    pub fn op(&self) -> &'static str {
        self.op
    }

    /// Returns the map that was called.
    #[must_use]
    pub fn map(&self) -> &MapId {
        &self.map
    }

    /// Returns the call site.
    #[must_use]
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// Returns the thread that called.
    #[must_use]
    pub fn thread(&self) -> &ThreadRef {
        &self.thread
    }

    /// Returns the version that was read, written or overwritten; versions number the writes of one map.
    #[must_use]
    pub fn version(&self) -> Option<u64> {
        self.version
    }

    /// Returns the line that a report puts above the call site, without the thread: `Stale read of version 5`.
    #[must_use]
    pub fn heading(&self) -> String {
        let version = |of: &str| self.version.map_or_else(String::new, |version| format!("{of} version {version}"));
        match self.role {
            Role::Act if self.op == "a removal" => format!("Removal{}", version(", of")),
            Role::Act => format!("Write{}", version(", overwriting")),
            Role::StaleRead if self.op == "an iteration" => format!("Stale iteration{}", version(", which saw")),
            Role::StaleRead => format!("Stale read{}", version(" of")),
            Role::Conflict => format!("Conflicting write{}", version(" of")),
            Role::Holding => format!("Holding map \"{}\" in {}", self.map, self.op),
            Role::Wanting => format!("Wanting map \"{}\" for {}", self.map, self.op),
        }
    }
}

/// One thing that checked mode found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub(crate) kind: Kind,
    pub(crate) map: MapId,
    pub(crate) key_hash: Option<u64>,
    pub(crate) key_text: Option<String>,
    pub(crate) accesses: Vec<Access>,
    pub(crate) lost: Option<String>,
    pub(crate) fix: String,
}

impl Finding {
    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the map.
    #[must_use]
    pub fn map(&self) -> &MapId {
        &self.map
    }

    /// Returns the key's hash, where one key is meant.
    #[must_use]
    pub fn key_hash(&self) -> Option<u64> {
        self.key_hash
    }

    /// Returns the key as the user's formatter shows it; `None` without one.
    #[must_use]
    pub fn key_text(&self) -> Option<&str> {
        self.key_text.as_deref()
    }

    /// Returns the calls that it is about: the one that was found out first.
    #[must_use]
    pub fn accesses(&self) -> &[Access] {
        &self.accesses
    }

    /// Returns what was lost, as `2 writes`.
    #[must_use]
    pub fn lost(&self) -> Option<&str> {
        self.lost.as_deref()
    }

    /// Returns what to write instead, as `sessions.update(key, |value| ...)`.
    #[must_use]
    pub fn fix(&self) -> &str {
        &self.fix
    }

    /// Returns a name for this finding that is the same in every run, as `mw-lu-1f09c3ab`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("mw-{}-{:08x}", self.kind.code(), self.fingerprint() >> 32)
    }

    /// Returns a number that is the same in every run: of the kind, the map's name or type, and the functions.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Fnv::new();
        hash.eat(self.kind.name());
        hash.eat(self.map.name().unwrap_or(self.map.type_name));
        for access in &self.accesses {
            hash.eat(access.site.stable_name());
        }
        hash.finish()
    }

    /// Returns the line that suppresses it, as `lost_update:app::bump`.
    #[must_use]
    pub fn suppression(&self) -> String {
        let name = self.accesses.first().map_or("*", |access| access.site.stable_name());
        format!("{}:{name}", self.kind.name())
    }
}

/// FNV-1a (Fowler, Noll and Vo, 1991), whose result will never change, with a final mix so that all bits are good.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn eat(&mut self, text: &str) {
        for byte in text.bytes().chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed ^ (mixed >> 29)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn sample() -> Finding {
        let map = MapId { name: Some("sessions".into()), type_name: "ShardedMap", serial: 3 };
        let thread =
            ThreadRef { number: 8, name: Some("worker-3".into()), created: None, first_seen: None, task: None };
        let access = |role, op, version| Access {
            role,
            op,
            map: map.clone(),
            site: Site { location: Location::caller(), function: Some("app::bump".into()) },
            thread: thread.clone(),
            version: Some(version),
        };
        Finding {
            kind: Kind::LostUpdate,
            map: map.clone(),
            key_hash: Some(7),
            key_text: None,
            accesses: vec![
                access(Role::Act, "an insertion", 7),
                access(Role::StaleRead, "a look-up", 5),
                access(Role::Conflict, "an insertion", 7),
            ],
            lost: Some("2 writes".to_owned()),
            fix: "sessions.update(key, |value| ...)".to_owned(),
        }
    }

    #[test]
    fn the_id_does_not_depend_on_the_run() {
        let first = sample();
        let mut second = sample();
        second.map.serial = 9;
        second.key_hash = Some(8);
        second.accesses[0].thread.number = 1;
        second.accesses[0].version = Some(1);
        assert_eq!(first.id(), second.id());
        // Written down in baselines: a change here breaks them.
        assert_eq!(first.fingerprint(), second.fingerprint());
        assert!(first.id().starts_with("mw-lu-"), "{}", first.id());
        assert_eq!(first.suppression(), "lost_update:app::bump");
    }

    #[test]
    fn other_functions_maps_and_kinds_have_other_ids() {
        let first = sample();
        let mut others = vec![sample(), sample(), sample()];
        others[0].kind = Kind::StaleRemove;
        others[1].map.name = Some("other".into());
        others[2].accesses[1].site.function = Some("app::load".into());
        for other in others {
            assert_ne!(first.id()[6..], other.id()[6..], "{other:?}");
        }
    }

    #[test]
    fn headings_say_which_version_was_lost() {
        let headings: Vec<_> = sample().accesses().iter().map(Access::heading).collect();
        let expected = ["Write, overwriting version 7", "Stale read of version 5", "Conflicting write of version 7"];
        assert_eq!(headings, expected);
    }
}
