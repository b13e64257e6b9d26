//! What to change: the fix that suits the cause, the runner-up, and what would decide.

use crate::assemble::Draft;
use crate::finding::{Access, CauseKind, Confidence, Fix, FixKind, Kind, Operation};
use crate::symbol;

/// Adds fixes, best first, and what decides between the first two.
pub(crate) fn propose(draft: &mut Draft) {
    if draft.finding.kind == Kind::OtherRace {
        draft.finding.fixes = vec![fix(FixKind::LockOrAtomic, &names(draft))];
        return;
    }
    if draft.finding.kind == Kind::CheckedMap {
        draft.finding.fixes = vec![checked(draft)];
        return;
    }
    let (kinds, decide) = choose(draft);
    let names = names(draft);
    draft.finding.fixes = kinds.iter().map(|&kind| fix(kind, &names)).collect();
    if let Some(lock) = draft.half_lock.clone()
        && let Some(fix) = draft.finding.fixes.first_mut().filter(|fix| fix.kind == FixKind::Mutex)
    {
        fix.says = format!("take {lock} on the open side too: the other side already holds it");
        fix.snippet =
            format!("{lock}.Lock() // or RLock, if it is an RWMutex and this side only reads\ndefer {lock}.Unlock()");
    }
    let late = draft.finding.causes.iter().any(|cause| cause.kind == CauseKind::LateGoroutine);
    if let Some(fix) = draft.finding.fixes.first_mut().filter(|fix| late && fix.kind == FixKind::CopyUnderLock) {
        fix.says = "give the goroutine a copy made before it starts, and let it send its results back".to_owned();
        fix.snippet = "own := maps.Clone(m) // in the handler, before the go statement\nresults := make(chan result, 1)\ngo func() { results <- work(own) }()".to_owned();
        fix.rust = "mapwise::FrozenMap for the copy; the borrow checker refuses the original".to_owned();
    }
    draft.finding.decide = (kinds.len() > 1).then(|| decide.to_owned());
}

/// What checked mode proposed, in its own words where it has some.
fn checked(draft: &Draft) -> Fix {
    let (kind, says) = match draft.message.as_deref() {
        Some("re-entrancy" | "lock cycle") => {
            (FixKind::ShorterHold, "end one call before the next: call no map inside a closure")
        }
        Some("long hold") => (FixKind::ShorterHold, "compute before the call, and wait after it"),
        Some("overlap") => (FixKind::Mutex, "use a map that threads may share"),
        _ => (FixKind::OneStep, text(FixKind::OneStep).0),
    };
    let mut fix = fix(kind, &names(draft));
    fix.says = says.to_owned();
    if let Some(said) = &draft.said_fix {
        fix.snippet.clone_from(said);
    }
    if kind == FixKind::ShorterHold {
        fix.rust = "the same map".to_owned();
    }
    fix
}

const RATIO: &str = "the share of reads, and whether readers wait at all: count both for a minute with two expvar.Int next to the map \
(reads.Add(1), writes.Add(1); read /debug/vars), and look at runtime.SetMutexProfileFraction(10) with go tool pprof /debug/pprof/mutex; \
a benchmark of both with that mix settles it: go test -bench . -cpu 1,4,16";
const ONCE: &str = "whether keys are written once and then only read: count overwrites of existing keys for a minute; \
none or few speak for sync.Map, otherwise take the lock";
const COST_OF_COPY: &str = "the size of the map against how long one walk holds the lock: time both in a benchmark (go test -bench . -benchmem); \
if writes are rare, an atomic pointer to an immutable map needs no lock in readers";
const NEED_DURING: &str = "whether anybody reads the map before all goroutines are done: if not, a map per goroutine needs no lock at all; \
compare both with go test -bench . -cpu 1,2,4,8";
const LIBRARY: &str =
    "whether a newer version is fixed: go list -m -u MODULE, and its issues; until then serialize the calls into it";
const WAIT: &str = "go tool pprof -top /debug/pprof/mutex names the holders: if one long hold stands out, shorten it; if many short ones do, shard; \
measure the share of reads before taking an RWMutex";

/// The fixes for what is known of the cause, with what decides between them.
fn choose(draft: &Draft) -> (Vec<FixKind>, &'static str) {
    use FixKind::*;
    let sides: Vec<&Access> = draft.finding.sides().collect();
    let reads = sides.iter().any(|access| !access.operation.writes());
    let walks = sides.iter().any(|access| matches!(access.operation, Operation::Iterate | Operation::Clone));
    let told = |kind: CauseKind| {
        let likely = |cause: &&crate::finding::Cause| cause.confidence >= Confidence::Likely;
        draft.finding.causes.iter().filter(likely).any(|cause| cause.kind == kind)
    };
    if told(CauseKind::ReturnedByReference) && !told(CauseKind::StructCopy) {
        return (vec![CopyUnderLock, AtomicPointer], COST_OF_COPY);
    }
    // `m[k]++` races with itself as a read and a write of one line.
    let one_line = matches!(sides.as_slice(), [one, two] if one.place == two.place);
    for cause in draft.finding.causes.iter().filter(|cause| cause.confidence >= Confidence::Likely) {
        match cause.kind {
            CauseKind::StructCopy => return (vec![PassPointer], ""),
            CauseKind::WrongLockKind | CauseKind::WritesBehindReadOnlyName => {
                return (vec![Mutex, SyncMap], ONCE);
            }
            CauseKind::InsideLibrary => return (vec![UpgradeLibrary, Mutex], LIBRARY),
            CauseKind::LateGoroutine => {
                return (vec![CopyUnderLock, AtomicPointer], COST_OF_COPY);
            }
            CauseKind::LockContention => return (vec![ShorterHold, Sharding], WAIT),
            CauseKind::GoroutinesInLoop if (!reads || one_line) && !cause.says.contains("request") => {
                return (vec![Mutex, PerGoroutine], NEED_DURING);
            }
            CauseKind::LockedOnOneSide if walks => {
                return (vec![RwMutex, CopyUnderLock], COST_OF_COPY);
            }
            CauseKind::LockedOnOneSide => return (vec![Mutex, RwMutex], RATIO),
            CauseKind::IterationWithoutLock => return (vec![RwMutex, CopyUnderLock], COST_OF_COPY),
            _ => {}
        }
    }
    if reads && !one_line {
        return (vec![RwMutex, Mutex], RATIO);
    }
    (vec![Mutex, RwMutex, OwnerGoroutine], RATIO)
}

/// The names to put into a snippet.
struct Names {
    kind: String,
    map: String,
    method: String,
}

fn names(draft: &Draft) -> Names {
    let owner = draft.finding.owner.as_ref().map(|owner| owner.name.as_str());
    let place = draft.finding.accesses.first().map_or("", |access| access.place.function.as_str());
    let parsed = symbol::parse(place);
    let kind = parsed.and_then(|parsed| parsed.receiver).unwrap_or("Store").to_owned();
    let field = owner.and_then(|owner| owner.rsplit_once('.')).map(|(_, field)| field.to_owned());
    let from_code = !draft.finding.code.is_empty();
    let map = field.filter(|_| from_code).unwrap_or_else(|| "m".to_owned());
    let method = parsed.filter(|parsed| parsed.receiver.is_some()).map_or("Get", |parsed| parsed.name).to_owned();
    Names { kind, map, method }
}

fn fix(kind: FixKind, names: &Names) -> Fix {
    let (says, snippet, rust) = text(kind);
    let snippet = snippet.replace("TYPE", &names.kind).replace("MAP", &names.map).replace("METHOD", &names.method);
    Fix { kind, says: says.to_owned(), snippet, rust: rust.to_owned() }
}

/// Sentence, snippet and Rust counterpart of a fix.
fn text(kind: FixKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        FixKind::Mutex => (
            "take one sync.Mutex around every access to the map, reads too",
            "type TYPE struct {\n\tmu  sync.Mutex // guards MAP\n\tMAP map[K]V\n}\n\nfunc (s *TYPE) METHOD(/* … */) {\n\ts.mu.Lock()\n\tdefer s.mu.Unlock()\n\t// every use of s.MAP, in every method\n}",
            "mapwise::MutexMap",
        ),
        FixKind::RwMutex => (
            "take a sync.RWMutex: RLock around every read and the whole of every loop, Lock around every write",
            "type TYPE struct {\n\tmu  sync.RWMutex // guards MAP\n\tMAP map[K]V\n}\n\nfunc (s *TYPE) Get(k K) (V, bool) {\n\ts.mu.RLock()\n\tdefer s.mu.RUnlock()\n\tv, ok := s.MAP[k]\n\treturn v, ok\n}\n\nfunc (s *TYPE) Set(k K, v V) {\n\ts.mu.Lock()\n\tdefer s.mu.Unlock()\n\ts.MAP[k] = v\n}",
            "mapwise::RwLockMap",
        ),
        FixKind::SyncMap => (
            "use a sync.Map: for keys written once and read often",
            "type TYPE struct{ MAP sync.Map } // K to V\n\nv, loaded := s.MAP.LoadOrStore(k, newV) // one step, not Load then Store",
            "mapwise::SyncMap",
        ),
        FixKind::Sharding => (
            "split the map into shards, each behind its own lock",
            "type shard struct {\n\tmu sync.Mutex\n\tm  map[K]V\n\t_  [40]byte // keep neighbors off one cache line\n}\n\ntype TYPE [32]shard\n\nfunc (s *TYPE) of(k K) *shard { return &s[maphash.Comparable(seed, k)%32] }",
            "mapwise::ShardedMap",
        ),
        FixKind::OwnerGoroutine => (
            "let one goroutine own the map and send it the operations",
            "ops := make(chan func(map[K]V), 128)\ngo func() {\n\tm := map[K]V{}\n\tfor op := range ops {\n\t\top(m)\n\t}\n}()\nops <- func(m map[K]V) { m[k] = v }",
            "mapwise::ActorMap",
        ),
        FixKind::PerGoroutine => (
            "give each goroutine its own map and merge them when all are done",
            "parts := make([]map[K]V, n)\nvar wg sync.WaitGroup\nfor i := range n {\n\twg.Add(1)\n\tgo func() {\n\t\tdefer wg.Done()\n\t\tparts[i] = work(i)\n\t}()\n}\nwg.Wait()\nfor _, part := range parts {\n\tmaps.Copy(all, part)\n}",
            "mapwise::PerThreadMap",
        ),
        FixKind::CopyUnderLock => (
            "copy the map under the lock and use the copy outside",
            "func (s *TYPE) Snapshot() map[K]V {\n\ts.mu.RLock()\n\tdefer s.mu.RUnlock()\n\treturn maps.Clone(s.MAP) // never return s.MAP itself\n}",
            "mapwise::RwLockMap, with a snapshot of it",
        ),
        FixKind::AtomicPointer => (
            "publish an immutable map through an atomic pointer and replace it whole",
            "var current atomic.Pointer[map[K]V]\n\nv := (*current.Load())[k] // readers: no lock\n\nmu.Lock() // writers, one at a time\nnext := maps.Clone(*current.Load())\nnext[k] = v\ncurrent.Store(&next)\nmu.Unlock()",
            "mapwise::FrozenMap, replaced whole",
        ),
        FixKind::UpgradeLibrary => (
            "upgrade the library; if its newest version has the fault too, report it there with this finding; if the map is yours, do not write to it after handing it over",
            "go list -m -u all   // newer versions\ngo get MODULE@latest\n\nvar libMu sync.Mutex // until then: one call into the library at a time\nlibMu.Lock()\nlib.Call()\nlibMu.Unlock()",
            "none: a Rust library cannot share a map without a lock",
        ),
        FixKind::PassPointer => (
            "pass the struct by pointer and never copy it; go vet -copylocks finds the copies",
            "func (s *TYPE) METHOD(k K) V { … } // not (s TYPE)\n\nb := &a // not b := a\n\n$ go vet ./...   # copylocks",
            "any of our maps: share it by reference or Arc, a copy is a compile error",
        ),
        FixKind::ShorterHold => (
            "hold the lock for less: compute before locking, call nothing slow inside",
            "v := compute(k) // outside the lock\ns.mu.Lock()\ns.MAP[k] = v\ns.mu.Unlock()",
            "mapwise::Map",
        ),
        FixKind::LockOrAtomic => (
            "one sync.Mutex around both lines, or an atomic if it is a single number, flag or pointer",
            "var n atomic.Int64 // or atomic.Bool, atomic.Pointer[T]\n\nn.Add(1)",
            "std::sync::atomic, or a Mutex: the compiler refuses the race",
        ),
        FixKind::OneStep => (
            "make the read and the write one operation on the map",
            "map.update(&key, |value| …)",
            "the same map: update, compute, get_or_insert_with, remove_if",
        ),
    }
}

/// The fixes for a stack of a lock profile.
pub(crate) fn for_profile(read_write: bool) -> (Vec<Fix>, String) {
    let names = Names { kind: "Store".to_owned(), map: "m".to_owned(), method: "Get".to_owned() };
    let second = if read_write { FixKind::AtomicPointer } else { FixKind::Sharding };
    let fixes = vec![fix(FixKind::ShorterHold, &names), fix(second, &names)];
    (fixes, WAIT.to_owned())
}
