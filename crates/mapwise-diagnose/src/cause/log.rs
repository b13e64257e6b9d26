//! Causes that the log alone tells or suggests.

use crate::assemble::Draft;
use crate::assemble::access::short;
use crate::finding::{Access, Cause, CauseKind, Confidence, Evidence, Kind, Operation, Place, Role};
use crate::symbol;

use super::{at, cause, evidence, whose};

/// The causes the log gives reason to name.
pub(super) fn explain(draft: &Draft) -> Vec<Cause> {
    let sides: Vec<&Access> = draft.finding.sides().collect();
    if sides.is_empty() {
        return Vec::new();
    }
    let mut causes = Vec::new();
    if draft.inside_sync_map {
        causes.push(whose::copied_sync_map(&sides));
        return causes;
    }
    let candidates = [
        whose::walked_by_encoder(&sides),
        whose::inside_library(&sides),
        whose::writes_behind_read_only_name(&sides),
        late_goroutine(&sides),
        same_creation(draft, &sides),
        one_a_request(&sides),
        lock_exists(draft, &sides),
        iteration(&sides),
        whose::value_receiver(&sides),
        no_common_lock(draft, &sides),
    ];
    causes.extend(candidates.into_iter().flatten());
    if causes.iter().any(|cause| cause.kind == CauseKind::LateGoroutine) {
        // One request's own two goroutines: requests do not share this map.
        causes.retain(|cause| cause.kind != CauseKind::GoroutinesInLoop);
    }
    causes
}

fn serves_request(place: &Place) -> bool {
    let function = place.function.as_str();
    function.ends_with(".ServeHTTP")
        || function == "net/http.(*conn).serve"
        || function.contains("grpc.(*Server).")
        || function.contains("fasthttp.(*Server).")
}

/// A goroutine that a request's handler started still uses the map the handler uses.
fn late_goroutine(sides: &[&Access]) -> Option<Cause> {
    let [one, two] = sides else { return None };
    let handler = |access: &&&Access| access.stack.iter().any(serves_request);
    let started = |access: &&&Access| access.created_stack.iter().any(serves_request) && !handler(access);
    let (handler, late) = [(one, two), (two, one)].into_iter().find(|(a, b)| handler(a) && started(b))?;
    let created = late.created.as_ref()?;
    Some(cause(
        CauseKind::LateGoroutine,
        "a goroutine started by a request's handler still uses the request's map while the handler does",
        Confidence::Likely,
        vec![
            at("the handler's side", handler),
            evidence("the other goroutine was started inside a handler", created.to_string(), late.log_line),
        ],
    ))
}

fn same_creation(draft: &Draft, sides: &[&Access]) -> Option<Cause> {
    let [one, two] = sides else { return None };
    let (first, second) = (one.created.as_ref()?, two.created.as_ref()?);
    let detector = draft.finding.kind == Kind::MapRace;
    // A dump names only the `go` statement, which may serve several callers.
    let same = if detector { one.created_stack == two.created_stack } else { first == second };
    if !same || serves_request(first) || first.function.starts_with("net/http.") {
        return None;
    }
    let says = format!("goroutines started by the same statement, {}, share one map", short(first));
    let confidence = if detector { Confidence::Likely } else { Confidence::Possible };
    Some(cause(
        CauseKind::GoroutinesInLoop,
        says,
        confidence,
        vec![evidence("both goroutines were created here", first.to_string(), one.log_line)],
    ))
}

/// Servers start a goroutine for each connection or call.
fn one_a_request(sides: &[&Access]) -> Option<Cause> {
    let served = |access: &&&Access| {
        access
            .stack
            .iter()
            .chain(&access.created_stack)
            .find(|place| serves_request(place) || place.function == "net/http.(*Server).Serve")
            .cloned()
    };
    let (access, place) = sides.iter().find_map(|access| Some((access, served(&access)?)))?;
    let all = sides.len() > 1 && sides.iter().all(|access| served(&access).is_some());
    Some(cause(
        CauseKind::GoroutinesInLoop,
        "the server runs each request in its own goroutine, and requests share this map",
        if all { Confidence::Likely } else { Confidence::Possible },
        vec![evidence("this side runs inside a request", place.to_string(), access.log_line)],
    ))
}

/// Others wait for a lock in methods of the same type: a lock exists, and it did not help.
fn lock_exists(draft: &Draft, sides: &[&Access]) -> Option<Cause> {
    let waiter = draft.waiters.first()?;
    let call = waiter.user_call()?;
    let owner = |function: &str| {
        symbol::parse(function).and_then(|parsed| Some((parsed.package.to_owned(), parsed.receiver?.to_owned())))
    };
    if owner(&call.symbol).is_none() || owner(&call.symbol) != owner(&sides[0].place.function) {
        return None;
    }
    let number = waiter.number.map_or_else(String::new, |number| format!("goroutine {number} "));
    Some(cause(
        CauseKind::LockedOnOneSide,
        "a lock exists in this type, but one of the two sides did not take it, or took another",
        Confidence::Likely,
        vec![
            evidence(
                "waits for a lock in a method of the same type",
                format!("{number}[{}]: {}  {}:{}", waiter.state, call.symbol, call.file, call.line),
                call.at,
            ),
            at("and yet this side met another access", sides[0]),
        ],
    ))
}

fn iteration(sides: &[&Access]) -> Option<Cause> {
    let walks = |access: &&&Access| matches!(access.operation, Operation::Iterate | Operation::Clone);
    let access = sides.iter().find(walks)?;
    Some(cause(
        CauseKind::IterationWithoutLock,
        "the map is walked while another goroutine writes to it: a lock must cover the whole loop, not each step",
        Confidence::Likely,
        vec![at(&format!("this side is a {}", access.operation.words()), access)],
    ))
}

fn no_common_lock(draft: &Draft, sides: &[&Access]) -> Option<Cause> {
    if let [one, two] = sides
        && draft.finding.kind == Kind::MapRace
    {
        let same = one.place == two.place;
        let says = if same {
            "this line races with itself: no lock around it, or one that does not exclude (a read lock, a lock per copy)"
        } else {
            "no lock that both sides take orders these two lines: absent on both, or on one"
        };
        return Some(cause(
            CauseKind::Unlocked,
            says,
            Confidence::Likely,
            vec![
                at("the race detector knows of every sync.Mutex and saw none that orders this access", one),
                at("and this one", two),
            ],
        ));
    }
    let other = sides.iter().any(|access| access.role == Role::Other);
    let says = "no lock that both sides take protects this map: absent on both, or on one";
    let message = draft.message.clone().or_else(|| draft.fault.clone()).unwrap_or_default();
    Some(cause(
        CauseKind::Unlocked,
        says,
        if other && sides.len() > 1 && sides[0].place == sides[1].place {
            Confidence::Likely
        } else {
            Confidence::Possible
        },
        vec![evidence("the runtime saw a second access while this one ran", message, draft.finding.log_line)],
    ))
}

/// A race whose report shows no map.
pub(super) fn not_a_map(draft: &Draft) -> Vec<Cause> {
    let sides: Vec<&Access> = draft.finding.sides().collect();
    let Some(first) = sides.first() else {
        return Vec::new();
    };
    let unknown = draft.finding.accesses.iter().any(|access| access.in_user_code && access.place.line > 0);
    let says = if unknown {
        "no map frame in this report: a variable or field, or a value inside a map; not enough in this log to tell which"
    } else {
        "not enough in this log"
    };
    vec![cause(
        CauseKind::Unknown,
        says,
        Confidence::Certain,
        vec![at("the innermost call is the program's own", first)],
    )]
}

/// What checked mode already said.
pub(super) fn checked(draft: &Draft) -> Cause {
    let kind = draft.message.clone().unwrap_or_default();
    let says = match kind.as_str() {
        "lost update" => "a value was read, then written back blindly after another thread had changed it",
        "double init" => "two threads both found the key absent and both inserted",
        "stale remove" => "a key was removed on the strength of a value that had changed",
        "iterate then act" => "a key seen in an iteration had changed when it was acted on",
        "re-entrancy" => "the map was called from inside its own closure",
        "lock cycle" => "two threads take maps or shards in opposite orders",
        "long hold" => "a closure kept others out of its map for long, or waited inside",
        "overlap" => "two threads used a map that only one may use at a time",
        _ => "checked mode saw a conflict",
    };
    let mut evidence: Vec<Evidence> = draft.finding.accesses.iter().map(|access| at(&access.actor, access)).collect();
    evidence
        .extend(draft.fault.iter().map(|lost| super::evidence("as reported", lost.clone(), draft.finding.log_line)));
    let which = match kind.as_str() {
        "re-entrancy" | "lock cycle" | "long hold" => CauseKind::LockContention,
        "overlap" => CauseKind::Unlocked,
        _ => CauseKind::NotOneStep,
    };
    cause(which, says, Confidence::Certain, evidence)
}
