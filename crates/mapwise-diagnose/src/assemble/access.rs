//! From stacks to accesses: the user's line, the operation, whose code it is.

use crate::event::{Call, Goroutine, RaceAccess, RaceThread, map_operation};
use crate::finding::{Access, Confidence, Operation, Owner, Place, Role};
use crate::symbol;
use crate::token::Actor;

const MAX_STACK: usize = 40;

pub(crate) fn place(call: &Call) -> Place {
    Place { function: call.symbol.clone(), file: call.file.clone(), line: call.line }
}

/// First call of the user's, else the first that tells more than that a map was used.
pub(crate) fn user_call(stack: &[Call]) -> Option<&Call> {
    const PLUMBING: &[&str] = &["runtime.", "internal/", "reflect.", "sync."];
    let plumbing = |call: &&Call| PLUMBING.iter().any(|start| call.symbol.starts_with(start));
    stack.iter().find(|call| call.is_user()).or_else(|| stack.iter().find(|call| !plumbing(call)))
}

/// Whether a call is in a dependency: a module cache, a vendor folder.
pub(crate) fn is_library(call: &Call) -> bool {
    call.file.contains("/pkg/mod/")
        || call.file.contains("/vendor/")
        || call.file.starts_with("vendor/")
        || call.symbol.contains("/vendor/")
        || has_version(&call.file)
}

/// `name@v1.2.3/`: a module's folder under -trimpath.
fn has_version(file: &str) -> bool {
    file.match_indices("@v").any(|(at, _)| file[at + 2..].starts_with(|c: char| c.is_ascii_digit()))
}

/// Go 1.27 reports a plain `m[k]` read as its caller: `mapaccess2_X` then `mapaccess1_X`.
pub(crate) fn lost_its_frame(stack: &[Call]) -> bool {
    matches!(stack, [first, second, ..]
        if first.symbol.starts_with("runtime.mapaccess2") && second.symbol.starts_with("runtime.mapaccess1"))
}

fn base(stack: &[Call], role: Role, operation: Operation, at: u64) -> Access {
    let user = stack.iter().find(|call| call.is_user());
    let shown = user_call(stack).or_else(|| stack.first());
    let in_library = shown.is_some_and(is_library);
    let own = stack.iter().find(|call| call.is_user() && !is_library(call));
    Access {
        role,
        operation,
        place: shown.map(place).unwrap_or_default(),
        in_user_code: user.is_some(),
        in_library,
        own_code: own.filter(|_| in_library || user.is_none()).map(place),
        actor: String::new(),
        created: None,
        created_stack: Vec::new(),
        stack: stack.iter().take(MAX_STACK).map(place).collect(),
        caveat: None,
        log_line: at,
    }
}

pub(crate) fn of_race(access: &RaceAccess, threads: &[RaceThread]) -> Access {
    let operation = map_operation(&access.stack).unwrap_or(access.operation);
    let role = if access.previous { Role::Remembered } else { Role::Caught };
    let mut out = base(&access.stack, role, operation, access.at);
    match access.actor {
        Actor::Main => out.actor = "main goroutine".to_owned(),
        Actor::Thread(number) => {
            let thread = threads.iter().find(|thread| thread.number == number);
            let state = match thread {
                Some(thread) if thread.finished => ", finished",
                Some(_) => ", running",
                None => "",
            };
            out.actor = format!("goroutine {number} of the race detector{state}");
            out.created = thread.and_then(|thread| creation(&thread.stack));
            let calls = thread.map_or(&[][..], |thread| &thread.stack);
            out.created_stack = calls.iter().take(MAX_STACK).map(place).collect();
        }
    }
    if lost_its_frame(&access.stack) {
        out.caveat =
            Some("Go 1.27 drops the frame of a plain m[k] read: the line shown is that of its caller".to_owned());
    } else if access.no_stack {
        out.caveat =
            Some("the race detector had forgotten this stack; GORACE=\"history_size=7\" keeps more".to_owned());
    }
    out
}

/// The user's line that started a goroutine.
pub(crate) fn creation(stack: &[Call]) -> Option<Place> {
    user_call(stack).or_else(|| stack.first()).map(place)
}

pub(crate) fn of_goroutine(goroutine: &Goroutine, role: Role, operation: Operation) -> Access {
    let mut out = base(&goroutine.stack, role, operation, goroutine.at);
    out.actor = match (goroutine.number, goroutine.state.as_str()) {
        (Some(number), "") => format!("goroutine {number}"),
        (Some(number), state) => format!("goroutine {number} [{state}]"),
        (None, _) => "goroutine without a header in the log".to_owned(),
    };
    out.created = goroutine.created.as_ref().map(place);
    out.created_stack = out.created.iter().cloned().collect();
    if goroutine.unavailable && goroutine.stack.is_empty() {
        out.caveat = Some("it was running on another thread, so its stack is not in the dump".to_owned());
        if let Some(created) = &goroutine.created {
            out.place = place(created);
            out.in_user_code = created.is_user();
        }
    }
    out
}

/// The type whose methods touched the map, if the sides' functions are methods.
pub(crate) fn owner(sides: &[&Access]) -> Option<Owner> {
    let receiver = |access: &&&Access| {
        let parsed = symbol::parse(&access.place.function)?;
        let receiver = parsed.receiver?;
        Some((format!("{}.{receiver}", parsed.package.replace("%2e", ".")), parsed.name.to_owned()))
    };
    let known: Vec<(String, String)> =
        sides.iter().filter(|access| access.in_user_code).collect::<Vec<_>>().iter().filter_map(receiver).collect();
    let (name, _) = known.first()?;
    let all = known.len() == sides.len() && known.len() > 1 && known.iter().all(|(other, _)| other == name);
    let mut methods: Vec<String> =
        known.iter().filter(|(other, _)| other == name).map(|(_, method)| method.clone()).collect();
    methods.sort();
    methods.dedup();
    let confidence = if all { Confidence::Likely } else { Confidence::Possible };
    Some(Owner { name: name.clone(), methods, confidence })
}

/// `(*Cache).Get` of `example.org/app.(*Cache).Get`, with `file:line`.
pub(crate) fn short(place: &Place) -> String {
    let package =
        symbol::parse(&place.function).map_or(0, |parsed| parsed.package.rfind('/').map_or(0, |slash| slash + 1));
    let function = &place.function[package..];
    let file = place.file.rsplit(['/', '\\']).next().unwrap_or("");
    if file.is_empty() { function.to_owned() } else { format!("{function} ({file}:{})", place.line) }
}
