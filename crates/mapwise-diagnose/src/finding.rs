//! What a diagnosis says: findings, their accesses, causes and fixes.

use std::fmt;

use serde::Serialize;

pub use crate::symbol::Operation;

/// Everything understood of one stream, and how far it was understood.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// What was found: races and crashes on maps first, then lock waits, then unrelated races.
    pub findings: Vec<Finding>,
    /// What the reader should know about the log itself.
    pub notes: Vec<String>,
    /// Lines read.
    pub lines: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Findings dropped because there were more than are kept.
    pub dropped: u64,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// The runtime stopped the process because of a map.
    MapCrash,
    /// The race detector saw two accesses to one map.
    MapRace,
    /// A finding of mapwise's checked mode.
    CheckedMap,
    /// A stack of a mutex profile: who made others wait.
    MutexProfile,
    /// A stack of a block profile: who waited.
    BlockProfile,
    /// A data race whose report shows no map.
    OtherRace,
}

impl Kind {
    /// A stable identifier, as used in SARIF.
    pub fn id(self) -> &'static str {
        match self {
            Self::MapCrash => "go-map-crash",
            Self::MapRace => "go-map-race",
            Self::CheckedMap => "mapwise-checked",
            Self::MutexProfile => "go-mutex-profile",
            Self::BlockProfile => "go-block-profile",
            Self::OtherRace => "go-race",
        }
    }

    /// The kind in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::MapCrash => "crash: a map used by two goroutines at once",
            Self::MapRace => "data race on a map",
            Self::CheckedMap => "finding of mapwise's checked mode",
            Self::MutexProfile => "mutex profile: holders that made others wait",
            Self::BlockProfile => "block profile: where goroutines waited",
            Self::OtherRace => "data race, no map in the report",
        }
    }
}

/// How sure a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Fits, but so do other readings.
    Possible,
    /// The evidence points here and nothing against it was seen.
    Likely,
    /// The log or the code says so itself.
    Certain,
}

impl Confidence {
    /// The confidence in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// A place in Go code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Function as the traceback names it.
    pub function: String,
    /// File as the traceback names it; empty where the log lost it.
    pub file: String,
    /// Line in the file, 0 where the log lost it.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.file.is_empty() {
            return write!(f, "{} (file not in the log)", self.function);
        }
        write!(f, "{}  {}:{}", self.function, self.file, self.line)
    }
}

/// How an access is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Role {
    /// The goroutine that crashed: it noticed the other one.
    Crashed,
    /// The access the race detector stopped at.
    Caught,
    /// The earlier access the race detector remembered.
    Remembered,
    /// Shown in the dump and fits as the other access.
    Other,
    /// Awake in the dump; may or may not be the other access.
    Candidate,
    /// An access of a checked-mode report.
    Checked,
    /// Held the lock that others waited for.
    Holder,
    /// Waited for a lock, channel or other goroutine.
    Waiter,
}

impl Role {
    /// The role in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Crashed => "crashed here",
            Self::Caught => "caught here",
            Self::Remembered => "earlier access",
            Self::Other => "other access",
            Self::Candidate => "candidate for the other access",
            Self::Checked => "access",
            Self::Holder => "the holder that made others wait",
            Self::Waiter => "the goroutine that waited",
        }
    }
}

/// One side of a collision.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Access {
    /// How the access is known.
    pub role: Role,
    /// What was done.
    pub operation: Operation,
    /// First call outside Go itself: the line to look at. Go's own call where the log has no other.
    pub place: Place,
    /// Whether `place` is outside Go itself.
    pub in_user_code: bool,
    /// Whether `place` is in a dependency rather than in the program.
    pub in_library: bool,
    /// First call of the program itself, where `place` is in a library or in Go.
    pub own_code: Option<Place>,
    /// Who did it, in the log's words: `goroutine 18 [running]`, `thread 7 of the race detector`.
    pub actor: String,
    /// Where that goroutine, or thread, was created.
    pub created: Option<Place>,
    /// All calls that led to its creation, innermost first; dumps print only the first.
    pub created_stack: Vec<Place>,
    /// All calls, innermost first.
    pub stack: Vec<Place>,
    /// What is doubtful about this access.
    pub caveat: Option<String>,
    /// Line of the log.
    pub log_line: u64,
}

/// What the log does not say, and the command that would show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Missing {
    /// What is missing and why.
    pub what: String,
    /// The command that would show it.
    pub command: String,
}

/// A statement with the words of the log that carry it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Evidence {
    /// What the quoted words show.
    pub shows: String,
    /// The quoted words; empty where the evidence is an absence.
    pub quote: String,
    /// Line of the log, or of the source for evidence from the code; 0 for neither.
    pub line: u64,
}

/// The map's owner, as far as it can be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Owner {
    /// Type or variable, with its package.
    pub name: String,
    /// Methods of it that took part.
    pub methods: Vec<String>,
    /// How sure that is.
    pub confidence: Confidence,
}

/// Why it happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Cause {
    /// Which of the known causes.
    pub kind: CauseKind,
    /// The cause in one sentence.
    pub says: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// What carries it.
    pub evidence: Vec<Evidence>,
}

/// The causes that can be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CauseKind {
    /// No lock at all around a global or a field.
    Unlocked,
    /// A lock on one side only, or two different locks.
    LockedOnOneSide,
    /// A read lock around a write.
    WrongLockKind,
    /// A method that looks read-only writes.
    WritesBehindReadOnlyName,
    /// Goroutines started in a loop, or one per request, share the map.
    GoroutinesInLoop,
    /// Iterated without the lock that the writer takes, or with none.
    IterationWithoutLock,
    /// The map left its locked method by reference.
    ReturnedByReference,
    /// The struct that holds the map and lock was copied.
    StructCopy,
    /// The map belongs to a library.
    InsideLibrary,
    /// A goroutine outlives the request whose map it uses.
    LateGoroutine,
    /// The operation that read and the one that wrote were not one step.
    NotOneStep,
    /// A lock is held long or wanted by many.
    LockContention,
    /// The log does not tell.
    Unknown,
}

/// The fixes that can be proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FixKind {
    /// `sync.Mutex` on every access.
    Mutex,
    /// `sync.RWMutex`, read lock for reads.
    RwMutex,
    /// `sync.Map`.
    SyncMap,
    /// Several maps, each behind its own lock.
    Sharding,
    /// One goroutine owns the map, others send to it.
    OwnerGoroutine,
    /// A map per goroutine, merged at the end.
    PerGoroutine,
    /// Copy the map under the lock, use the copy outside.
    CopyUnderLock,
    /// An atomic pointer to a map that never changes.
    AtomicPointer,
    /// A newer library, or a report to its authors.
    UpgradeLibrary,
    /// Pass the struct by pointer.
    PassPointer,
    /// Hold the lock for less.
    ShorterHold,
    /// One operation instead of two.
    OneStep,
    /// An atomic, or one lock around both lines, for a variable that is no map.
    LockOrAtomic,
}

/// What to change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Fix {
    /// Which of the known fixes.
    pub kind: FixKind,
    /// The fix in one sentence.
    pub says: String,
    /// The shape of the fix in Go.
    pub snippet: String,
    /// The map of this project that is its counterpart in Rust.
    pub rust: String,
}

/// One thing found, with everything known of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// One line that names it.
    pub title: String,
    /// How sure it is that the collision happened, in words.
    pub certainty: String,
    /// The two sides, as far as the log has them; candidates after them.
    pub accesses: Vec<Access>,
    /// What is missing.
    pub missing: Vec<Missing>,
    /// The map's owner.
    pub owner: Option<Owner>,
    /// Causes, likeliest first; never empty.
    pub causes: Vec<Cause>,
    /// Fixes, best first.
    pub fixes: Vec<Fix>,
    /// What would decide between the first two fixes, with the way to measure it.
    pub decide: Option<String>,
    /// Peculiarities of the Go version that bear on the reading.
    pub traps: Vec<String>,
    /// Go version as far as the log tells, `1.21` or `1.24 to 1.25`.
    pub go: Option<String>,
    /// Source lines around the accesses, where the code was given.
    pub code: Vec<CodeExcerpt>,
    /// Tests that `go test` credits it to.
    pub tests: Vec<String>,
    /// Where it was created: `Global var …` of the race report.
    pub variable: Option<String>,
    /// Waiting that a profile's stack stands for.
    pub delay: Option<Delay>,
    /// How often it was seen.
    pub count: u64,
    /// First line of the log that shows it.
    pub log_line: u64,
}

/// The waiting behind one stack of a lock profile.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Delay {
    /// How often somebody waited.
    pub contentions: u64,
    /// How long in all.
    pub delay_ns: u64,
    /// Share of all waiting in the profile, 0 to 1.
    pub share: f64,
}

/// Lines of source around an access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CodeExcerpt {
    /// File as found.
    pub file: String,
    /// Number of the first line.
    pub first: u32,
    /// The line the log names.
    pub marked: u32,
    /// The lines.
    pub lines: Vec<String>,
    /// What the code says about locks at that line.
    pub locks: String,
}

impl Finding {
    /// The accesses that took part, without mere candidates.
    pub fn sides(&self) -> impl Iterator<Item = &Access> {
        self.accesses.iter().filter(|access| access.role != Role::Candidate)
    }
}
