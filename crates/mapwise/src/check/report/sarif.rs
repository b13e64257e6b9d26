//! Findings as SARIF 2.1.0 (OASIS, 2020): a result a finding, a thread flow a thread.

use std::fmt::Write;

use super::{
    shown::{Place, Shown, ShownAccess, ShownThread},
    summary::Summary,
    value::{Value, list, message, object},
};
use crate::check::{Kind, Role};

/// The log.
pub(crate) fn document(findings: &[Shown], summary: &Summary) -> String {
    let rules = Kind::ALL.iter().map(|kind| {
        object([
            ("id", kind.name().into()),
            ("shortDescription", message(kind.title())),
            ("help", message(format!("mapwise explain {}", kind.name()))),
            ("defaultConfiguration", object([("level", "error".into())])),
        ])
    });
    let notes = summary.lines().into_iter().map(|line| object([("level", "note".into()), ("message", message(line))]));
    let driver =
        object([("name", "mapwise".into()), ("version", env!("CARGO_PKG_VERSION").into()), ("rules", list(rules))]);
    let invocation = object([("executionSuccessful", Value::True), ("toolExecutionNotifications", list(notes))]);
    let run = object([
        ("tool", object([("driver", driver)])),
        ("columnKind", "unicodeCodePoints".into()),
        ("invocations", list([invocation])),
        ("results", list(findings.iter().map(result))),
    ]);
    let document = object([
        ("$schema", "https://json.schemastore.org/sarif-2.1.0.json".into()),
        ("version", "2.1.0".into()),
        ("runs", list([run])),
    ]);
    format!("{document}\n")
}

fn result(shown: &Shown) -> Value {
    let flows = shown.threads.iter().map(|thread| flow(shown, thread));
    object([
        ("ruleId", shown.kind.name().into()),
        ("ruleIndex", Kind::ALL.iter().position(|kind| *kind == shown.kind).into()),
        ("level", "error".into()),
        ("message", message(format!("{}{}", shown.title(), shown.details()))),
        ("locations", list(shown.accesses.iter().take(1).map(location))),
        ("relatedLocations", list(shown.accesses.iter().skip(1).map(location))),
        ("codeFlows", list((flows.len() > 0).then(|| object([("threadFlows", list(flows))])))),
        ("occurrenceCount", shown.count.into()),
        ("partialFingerprints", object([("mapwiseId/v1", (&shown.id).into())])),
    ])
}

/// What one thread did, in the order of the events.
fn flow(shown: &Shown, thread: &ShownThread) -> Value {
    let start = thread.origin().map(|(what, place)| {
        let location = [("physicalLocation", physical(place)), ("message", message(format!("{what} here")))];
        object([("location", object(location))])
    });
    let mut steps: Vec<&ShownAccess> = shown.accesses.iter().filter(|access| access.thread == thread.number).collect();
    steps.sort_by_key(|access| order(access.role));
    let steps = steps
        .into_iter()
        .map(|access| object([("location", location(access)), ("executionOrder", order(access.role).into())]));
    object([
        ("id", format!("thread-{}", thread.number).into()),
        ("message", message(thread.actor())),
        ("locations", list(start.into_iter().chain(steps))),
    ])
}

/// When an access came, among those of its finding: a report starts with the last.
fn order(role: Role) -> u32 {
    match role {
        Role::StaleRead | Role::Holding => 1,
        Role::Conflict | Role::Wanting => 2,
        Role::Act => 3,
    }
}

fn location(access: &ShownAccess) -> Value {
    let function = access
        .place
        .function
        .as_ref()
        .map(|function| object([("fullyQualifiedName", function.into()), ("kind", "function".into())]));
    object([
        ("physicalLocation", physical(&access.place)),
        ("logicalLocations", list(function)),
        ("message", message(format!("{}, by {}", access.heading, access.actor()))),
    ])
}

fn physical(place: &Place) -> Value {
    object([
        ("artifactLocation", object([("uri", uri(&place.file).into())])),
        ("region", object([("startLine", place.line.max(1).into()), ("startColumn", place.column.max(1).into())])),
    ])
}

/// A path as a URI: what a URI reserves is escaped.
fn uri(file: &str) -> String {
    let mut out = String::new();
    let file = file.replace('\\', "/");
    if file.get(1..2) == Some(":") {
        out.push_str("file:///");
    }
    for byte in file.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~:@".contains(&byte) {
            out.push(byte as char);
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_uri() {
        assert_eq!(uri("src/a b#1?.rs"), "src/a%20b%231%3F.rs");
        assert_eq!(uri(r"C:\src\größe.rs"), "file:///C:/src/gr%C3%B6%C3%9Fe.rs");
    }
}
