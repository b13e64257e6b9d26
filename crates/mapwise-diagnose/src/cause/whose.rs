//! Causes told by whose code an access is in: a library, an encoder, a method that promised to read.

use crate::assemble::access::short;
use crate::finding::{Access, Cause, CauseKind, Confidence, Place};
use crate::symbol;

use super::{at, cause, evidence, quote};

/// Names that promise not to change anything.
const READ_ONLY: &[&str] = &[
    "Get", "Is", "Has", "Find", "Lookup", "Load", "List", "Read", "Len", "Contains", "Exists", "Peek", "Check",
    "Fetch", "Query", "Search", "Count", "Size", "Keys", "Values", "Describe", "Show", "Print", "String",
];
/// What packages that walk a caller's map are called.
const WALKERS: &[&str] =
    &["json", "yaml", "toml", "xml", "gob", "encode", "encoder", "msgpack", "fmt", "template", "proto", "bson"];

pub(super) fn copied_sync_map(sides: &[&Access]) -> Cause {
    let shows =
        "the crash is inside sync.Map itself, which locks: it happens to a copy that shares the original's inner map";
    let call = sides[0].stack.iter().find(|place| place.function.starts_with("sync.(*Map)."));
    let quoted = call.map_or_else(|| quote(sides[0]), Place::to_string);
    cause(
        CauseKind::StructCopy,
        "a sync.Map, or the struct that holds it, was copied",
        Confidence::Likely,
        vec![evidence(shows, quoted, sides[0].log_line), at("the call that reached it", sides[0])],
    )
}

/// An encoder or formatter walks a map that somebody else still writes.
pub(super) fn walked_by_encoder(sides: &[&Access]) -> Option<Cause> {
    let walker = |access: &&&Access| {
        let reads = !access.operation.writes();
        let last = symbol::parse(&access.place.function)
            .and_then(|parsed| parsed.package.rsplit('/').next().map(str::to_owned));
        let reflected = access.stack.iter().take(4).any(|place| place.function.starts_with("reflect."));
        let encoding = access
            .stack
            .iter()
            .take_while(|place| symbol::is_standard(&place.function, &place.file))
            .any(|place| place.function.starts_with("encoding/") || place.function.starts_with("fmt."));
        let named = access.in_library && last.is_some_and(|last| WALKERS.iter().any(|word| last.contains(word)))
            || last_folder_walks(&access.place);
        reads && (reflected || encoding || named)
    };
    let access = sides.iter().find(walker)?;
    Some(cause(
        CauseKind::ReturnedByReference,
        "the map was handed to an encoder or formatter by reference while its owner still writes to it",
        Confidence::Likely,
        vec![at("this side walks a map it was given, through reflection or an encoder", access)],
    ))
}

fn last_folder_walks(place: &Place) -> bool {
    let package = symbol::parse(&place.function).map_or("", |parsed| parsed.package);
    ["go-json/", "json-iterator/", "yaml.v", "/yaml", "msgpack", "gopkg.in/mgo"]
        .iter()
        .any(|part| package.contains(part))
}

pub(super) fn inside_library(sides: &[&Access]) -> Option<Cause> {
    if !sides.iter().all(|access| access.in_library) {
        return None;
    }
    let walks = sides.iter().any(|access| last_folder_walks(&access.place));
    let confidence = if sides.len() > 1 && !walks { Confidence::Likely } else { Confidence::Possible };
    Some(cause(
        CauseKind::InsideLibrary,
        "the map is used inside a library: it may be the library's own map, or one the program handed to it",
        confidence,
        sides.iter().map(|access| at("the access is in a dependency's file", access)).collect(),
    ))
}

pub(super) fn writes_behind_read_only_name(sides: &[&Access]) -> Option<Cause> {
    let access = sides.iter().find(|access| access.operation.writes() && reads_by_name(&access.place.function))?;
    let name = short(&access.place);
    Some(cause(
        CauseKind::WritesBehindReadOnlyName,
        format!("{name} looks read-only but writes to the map: its callers take no lock, or a read lock"),
        Confidence::Likely,
        vec![at(&format!("a {} in a function named like a read", access.operation.words()), access)],
    ))
}

fn reads_by_name(function: &str) -> bool {
    let Some(parsed) = symbol::parse(function) else {
        return false;
    };
    READ_ONLY.iter().any(|word| {
        let lower = |text: &str| text[..1].to_ascii_lowercase() + &text[1..];
        let rest = parsed.name.strip_prefix(word).or_else(|| parsed.name.strip_prefix(&*lower(word)));
        rest.is_some_and(|rest| {
            !rest.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
                && !rest.contains("Or")
                && !rest.contains("And")
        })
    })
}

pub(super) fn value_receiver(sides: &[&Access]) -> Option<Cause> {
    let by_value = |access: &&&Access| {
        access.in_user_code
            && symbol::parse(&access.place.function).is_some_and(|parsed| parsed.receiver.is_some() && !parsed.pointer)
    };
    let access = sides.iter().find(by_value)?;
    Some(cause(
        CauseKind::StructCopy,
        "the method has a value receiver: a lock inside the struct is copied with each call and excludes nobody, while the map is shared",
        Confidence::Possible,
        vec![at("the receiver is not a pointer", access)],
    ))
}
