//! Causes that the code at the two lines shows: which locks are held there, and over which map.

use crate::assemble::Draft;
use crate::finding::{Access, Cause, CauseKind, CodeExcerpt, Confidence, Evidence, Kind, Operation, Owner, Role};
use crate::source::{self, Held, Site, SourceLookup};

use super::{cause, evidence};

/// How many callers are searched for a lock that they hold.
const CALLERS: usize = 4;

/// One side as the code shows it.
struct Side {
    site: Site,
    held: Vec<Held>,
    writes: bool,
    file: String,
    line: u32,
}

/// Adds the code around the accesses and the causes it shows.
pub(super) fn explain(draft: &mut Draft, lookup: &dyn SourceLookup, causes: &mut Vec<Cause>) {
    let accesses = draft.finding.accesses.clone();
    let mut sides = Vec::new();
    for access in accesses.iter().filter(|access| access.role != Role::Candidate) {
        let Some(side) = side(lookup, access) else {
            continue;
        };
        draft.finding.code.push(CodeExcerpt {
            file: side.file.clone(),
            first: side.site.first,
            marked: side.line,
            lines: side.site.lines.clone(),
            locks: words(&side),
        });
        sides.push(side);
    }
    if draft.finding.kind == Kind::OtherRace {
        return;
    }
    name_owner(draft, &sides);
    match sides.as_slice() {
        [] => {}
        [one] => causes.extend(one_side(one)),
        [one, two, ..] => {
            draft.half_lock = match (one.held.first(), two.held.first()) {
                (Some(held), None) | (None, Some(held)) => Some(held.lock.clone()),
                _ => None,
            };
            causes.extend(both_sides(one, two));
        }
    }
    causes.extend(sides.iter().find_map(|side| escaped(side, &sides)));
    for access in &accesses {
        let Some(created) = &access.created else {
            continue;
        };
        if let Some((line, text)) = source::loop_around(lookup, created) {
            causes.push(cause(
                CauseKind::GoroutinesInLoop,
                "the goroutines that share the map are started in a loop",
                Confidence::Certain,
                vec![quoted("the loop around the go statement", &created.file, line, &text)],
            ));
            break;
        }
    }
}

fn side(lookup: &dyn SourceLookup, access: &Access) -> Option<Side> {
    let site = source::site(lookup, &access.place)?;
    let mut held = site.held.clone();
    let from = access.stack.iter().position(|place| *place == access.place).map_or(0, |at| at + 1);
    for caller in access.stack.iter().skip(from).take(CALLERS) {
        if let Some(caller) = source::site(lookup, caller) {
            held.extend(caller.held);
        }
    }
    let text = site.text.as_str();
    let writes = access.operation.writes() || (access.operation == Operation::Read && text.contains("delete("));
    Some(Side { held, writes, file: access.place.file.clone(), line: access.place.line, site })
}

fn words(side: &Side) -> String {
    if side.held.is_empty() {
        return "no lock is taken here, nor by the callers that the log shows".to_owned();
    }
    let one = |held: &Held| {
        format!("{}.{} held since line {}", held.lock, if held.read { "RLock" } else { "Lock" }, held.line)
    };
    side.held.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn quoted(shows: &str, file: &str, line: u32, text: &str) -> Evidence {
    evidence(shows, format!("{file}:{line}: {text}"), u64::from(line))
}

fn here(shows: &str, side: &Side) -> Evidence {
    quoted(shows, &side.file, side.line, &side.site.text)
}

fn lock_line(shows: &str, side: &Side, held: &Held) -> Evidence {
    quoted(shows, &side.file, held.line, &held.text)
}

fn name_owner(draft: &mut Draft, sides: &[Side]) {
    let maps: Vec<&String> = sides.iter().filter_map(|side| side.site.map.as_ref()).collect();
    let Some(first) = maps.first() else { return };
    let same = maps.len() > 1 && maps.iter().all(|map| map == first);
    let methods = draft.finding.owner.take().map(|owner| owner.methods).unwrap_or_default();
    let confidence = if same { Confidence::Certain } else { Confidence::Likely };
    draft.finding.owner = Some(Owner { name: (*first).clone(), methods, confidence });
}

fn one_side(side: &Side) -> Option<Cause> {
    if let Some(read) = side.held.iter().find(|held| held.read)
        && side.writes
        && !side.held.iter().any(|held| !held.read)
    {
        return Some(wrong_kind(side, read));
    }
    Some(match side.held.first() {
        None => cause(
            CauseKind::Unlocked,
            "this side takes no lock, nor do the callers that the log shows",
            Confidence::Likely,
            vec![here("no Lock or RLock before this line", side)],
        ),
        Some(held) => cause(
            CauseKind::LockedOnOneSide,
            format!("this side holds {}; the other side, not in this log, does not, or holds another lock", held.lock),
            Confidence::Likely,
            vec![lock_line("the lock on this side", side, held)],
        ),
    })
}

fn wrong_kind(side: &Side, read: &Held) -> Cause {
    cause(
        CauseKind::WrongLockKind,
        format!("a write under {}.RLock: read locks let others in", read.lock),
        Confidence::Certain,
        vec![lock_line("a read lock", side, read), here("around a write", side)],
    )
}

fn both_sides(one: &Side, two: &Side) -> Option<Cause> {
    let common = one.held.iter().find_map(|a| two.held.iter().find(|b| b.lock == a.lock).map(|b| (a, b)));
    if let Some((a, b)) = common {
        for (side, held) in [(one, a), (two, b)] {
            if side.writes && held.read {
                return Some(wrong_kind(side, held));
            }
        }
        let says =
            "both sides take a lock of the same name, so they hold it in two different structs: one of them was copied";
        let by_value = one.site.by_value || two.site.by_value;
        let confidence = if by_value { Confidence::Certain } else { Confidence::Possible };
        return Some(cause(
            CauseKind::StructCopy,
            says,
            confidence,
            vec![lock_line("one side", one, a), lock_line("the other side", two, b)],
        ));
    }
    Some(match (one.held.first(), two.held.first()) {
        (None, None) => cause(
            CauseKind::Unlocked,
            "neither side takes a lock",
            Confidence::Certain,
            vec![here("no lock before this line", one), here("nor before this one", two)],
        ),
        (Some(held), None) => half_locked(one, held, two),
        (None, Some(held)) => half_locked(two, held, one),
        (Some(a), Some(b)) => cause(
            CauseKind::LockedOnOneSide,
            format!("the two sides take different locks, {} and {}", a.lock, b.lock),
            Confidence::Certain,
            vec![lock_line("one side", one, a), lock_line("the other side", two, b)],
        ),
    })
}

fn half_locked(locked: &Side, held: &Held, open: &Side) -> Cause {
    cause(
        CauseKind::LockedOnOneSide,
        format!("one side holds {}, the other takes no lock", held.lock),
        Confidence::Certain,
        vec![lock_line("the lock on one side", locked, held), here("none before this line", open)],
    )
}

/// The map left its type through a `return`, and is used elsewhere without the lock.
fn escaped(side: &Side, sides: &[Side]) -> Option<Cause> {
    let (line, text, method) = side.site.returned.as_ref()?;
    let call = format!(".{method}(");
    let elsewhere =
        sides.iter().find(|other| !method.is_empty() && other.site.text.contains(&call) && other.held.is_empty())?;
    Some(cause(
        CauseKind::ReturnedByReference,
        "a method returns the map itself, so its caller uses it after the lock is gone",
        Confidence::Likely,
        vec![
            quoted("the map leaves its type here", &side.file, *line, text),
            here("and is used here without the lock", elsewhere),
        ],
    ))
}
