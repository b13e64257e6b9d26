//! Crash dumps: the goroutine that noticed, and whether the other one is in the dump.

use crate::event::{Call, Dump, Goroutine, map_operation};
use crate::finding::{Access, Kind, Operation, Role};
use crate::symbol;
use crate::token::FATAL;
use crate::version;

use super::access::{of_goroutine, user_call};
use super::{Draft, draft};

/// Goroutines listed that might be the other side.
const MAX_CANDIDATES: usize = 3;

/// The finding of a dump, or the reason why it is none.
pub(crate) fn finding(dump: &Dump) -> Result<Draft, String> {
    let class = dump.messages.iter().find_map(|message| class(message));
    let operation = dump.crashed.as_ref().and_then(|crashed| map_operation(&crashed.stack));
    let inside_sync_map = dump.crashed.as_ref().is_some_and(|crashed| in_sync_map(&crashed.stack));
    if class.is_none() && !dump.messages.is_empty() && dump.fault.is_none() && !inside_sync_map {
        let message = dump.messages.first().map_or("", String::as_str);
        return Err(format!("line {}: a crash that is not about a map: {message}", dump.at));
    }
    let by_map = dump
        .crashed
        .iter()
        .flat_map(|crashed| crashed.stack.iter().take(8))
        .any(|call| symbol::is_map_throw(&call.symbol));
    if class.is_none() && operation.is_none() && !inside_sync_map && !by_map {
        return Err(format!("line {}: a crash that is not about a map", dump.at));
    }
    let mut out = draft(Kind::MapCrash, dump.at);
    let calls = dump.crashed.iter().chain(&dump.others).flat_map(|goroutine| &goroutine.stack);
    out.version = version::of(calls);
    out.shown = dump.shown;
    out.message = dump.messages.iter().find(|message| self::class(message).is_some()).cloned();
    out.fault = dump.fault.clone().filter(|_| class.is_none());
    out.finding.tests.extend(dump.test.clone());
    out.inside_sync_map = inside_sync_map;
    let Some(crashed) = &dump.crashed else {
        return Ok(out);
    };
    let noticed = operation.or(class).or_else(|| by_length(&crashed.stack)).unwrap_or(Operation::Write);
    out.finding.accesses.push(of_goroutine(crashed, Role::Crashed, noticed));
    out.finding.accesses.extend(others(dump, crashed, noticed));
    out.waiters = dump.others.iter().filter(|other| waits_for_lock(other)).take(3).cloned().collect();
    Ok(out)
}

/// The operation of the noticing side, by the fatal message; text glued behind it is no matter.
pub(crate) fn class(message: &str) -> Option<Operation> {
    FATAL.iter().find(|(text, _)| message.starts_with(text)).map(|&(_, operation)| operation)
}

/// The operation by the length of the message, which old tracebacks pass as `throw`'s argument.
fn by_length(stack: &[Call]) -> Option<Operation> {
    let call = stack.iter().find(|call| call.symbol == "runtime.throw")?;
    let length = call.arguments.rsplit("0x").next()?.trim_end_matches([' ', '}']);
    let length = usize::from_str_radix(length, 16).ok()?;
    FATAL.iter().find(|(text, _)| text.len() == length).map(|&(_, operation)| operation)
}

fn in_sync_map(stack: &[Call]) -> bool {
    stack.iter().take_while(|call| !call.is_user()).any(|call| call.symbol.starts_with("sync.(*Map)."))
}

fn waits_for_lock(goroutine: &Goroutine) -> bool {
    let lock = |call: &Call| call.symbol.starts_with("sync.(*") && call.symbol.contains("Mutex).");
    !goroutine.is_awake() && goroutine.stack.iter().any(lock)
}

fn others(dump: &Dump, crashed: &Goroutine, noticed: Operation) -> Vec<Access> {
    let mut sure = Vec::new();
    let mut maybe = Vec::new();
    let printed = |number: Option<u64>| dump.others.iter().any(|other| other.number == number && !other.unavailable);
    for other in dump.others.iter().filter(|other| !waits_for_lock(other)) {
        let same = other.number.is_some() && other.number == crashed.number;
        if same || (other.unavailable && printed(other.number)) {
            continue;
        }
        let operation = map_operation(&other.stack);
        let fits = fits(dump, crashed, other, noticed, operation);
        match fits {
            Some(caveat) => {
                let mut access = of_goroutine(other, Role::Other, operation.unwrap_or(Operation::Write));
                access.caveat = access.caveat.or_else(|| caveat.map(str::to_owned));
                sure.push(access);
            }
            None if maybe.len() < MAX_CANDIDATES && (other.unavailable || other.is_awake()) => {
                maybe.push(of_goroutine(other, Role::Candidate, operation.unwrap_or(Operation::Write)));
            }
            None => {}
        }
    }
    sure.truncate(MAX_CANDIDATES);
    if sure.is_empty() { maybe } else { sure }
}

/// Whether `other` fits as the other side, and what is doubtful about it.
fn fits(
    dump: &Dump,
    crashed: &Goroutine,
    other: &Goroutine,
    noticed: Operation,
    operation: Option<Operation>,
) -> Option<Option<&'static str>> {
    if other.unavailable || !(other.is_awake() || operation.is_some()) {
        return None;
    }
    let (mine, theirs) = (user_call(&crashed.stack)?, other.user_call()?);
    // Only the innermost calls count: what it did just now, not whence it came.
    let depth = other.stack.iter().position(|call| call.is_user()).unwrap_or(0);
    if operation.is_none() && other.stack[..depth].iter().any(|call| !is_stopping(&call.symbol)) {
        return None;
    }
    // Only writers set the flag that the runtime checks: the other side wrote.
    if operation.is_some_and(|operation| !operation.writes()) {
        return None;
    }
    if operation.is_some() && operation != Some(noticed)
        || dump.messages.len() > 1 && other.state.starts_with("running")
    {
        return Some(None);
    }
    if (&mine.file, mine.line) == (&theirs.file, theirs.line) && noticed.writes() {
        return Some(Some("awake at the same line; the dump shows where it was stopped, not what it was doing then"));
    }
    let owner = |call: &Call| {
        let parsed = symbol::parse(&call.symbol)?;
        Some((parsed.package.to_owned(), parsed.receiver?.to_owned()))
    };
    let same_owner = owner(mine).is_some() && owner(mine) == owner(theirs);
    let other_method = mine.symbol != theirs.symbol;
    let only = dump.others.iter().filter(|other| other.is_awake() && other.user_call().is_some()).count() == 1;
    let package = |call: &Call| symbol::parse(&call.symbol).map(|parsed| parsed.package.to_owned());
    if only && other_method && writes_by_name(&theirs.symbol) && package(mine) == package(theirs) {
        return Some(Some("the only other goroutine awake, in a function named like a write"));
    }
    if operation.is_some() || (same_owner && (other_method || noticed.writes())) {
        return Some(Some(
            "awake in a method of the same type; the dump shows where it was stopped, not what it was doing then",
        ));
    }
    None
}

fn writes_by_name(function: &str) -> bool {
    const WORDS: &[&str] =
        &["Set", "Put", "Add", "Store", "Insert", "Delete", "Remove", "Update", "Write", "Register", "Clear"];
    let name = symbol::parse(function).map_or("", |parsed| parsed.name);
    WORDS.iter().any(|word| {
        name.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && !name[word.len()..].starts_with(|c: char| c.is_ascii_lowercase())
    })
}

/// Runtime calls that merely stop or schedule a goroutine.
fn is_stopping(symbol: &str) -> bool {
    [
        "runtime.asyncPreempt",
        "runtime.gopreempt",
        "runtime.goschedImpl",
        "runtime.mcall",
        "runtime.morestack",
        "runtime.newstack",
        "runtime.gosched",
        "runtime.systemstack",
        "runtime.fatal",
        "runtime.throw",
        "runtime.Gosched",
    ]
    .iter()
    .any(|name| symbol.starts_with(name))
        || symbol::is_map_throw(symbol)
        || symbol::map_operation(symbol).is_some()
}
