//! Findings as `mapwise.findings`, a document with a schema: `schema/mapwise.findings.v1.schema.json` in `mapwise-record`.

use super::{
    shown::{Place, Shown, ShownMap},
    summary::Summary,
    value::{Value, list, object},
};

/// The name in the field `schema`.
const SCHEMA: &str = "mapwise.findings";
/// The version of the schema.
const SCHEMA_VERSION: u32 = 1;

/// The document.
pub(crate) fn document(findings: &[Shown], summary: &Summary) -> String {
    let document = object([
        ("schema", SCHEMA.into()),
        ("schema_version", SCHEMA_VERSION.into()),
        ("mapwise_version", env!("CARGO_PKG_VERSION").into()),
        ("exit_status", u32::from(summary.status).into()),
        ("findings", list(findings.iter().map(finding))),
        ("dropped", summary.dropped.into()),
        ("suppressed", summary.suppressed.into()),
        ("known", summary.known.into()),
        ("added", summary.added.into()),
        ("unused_suppressions", list(&summary.unused)),
        ("notes", list(&summary.notes)),
    ]);
    format!("{document}\n")
}

fn finding(shown: &Shown) -> Value {
    let accesses = shown.accesses.iter().map(|access| {
        object([
            ("role", access.role_name().into()),
            ("heading", (&access.heading).into()),
            ("operation", (&access.op).into()),
            ("map", map(&access.map)),
            ("place", place(&access.place)),
            ("thread", access.thread.into()),
            ("task", access.task.into()),
            ("version", access.version.into()),
        ])
    });
    let threads = shown.threads.iter().map(|thread| {
        object([
            ("number", thread.number.into()),
            ("name", thread.name.as_ref().into()),
            ("created", thread.created.as_ref().map(place).into()),
            ("first_seen", thread.first_seen.as_ref().map(place).into()),
        ])
    });
    object([
        ("id", (&shown.id).into()),
        ("kind", shown.kind.name().into()),
        ("title", shown.title().into()),
        ("map", map(&shown.map)),
        ("key", object([("mark", shown.key.mark.as_ref().into()), ("text", shown.key.text.as_ref().into())])),
        ("accesses", list(accesses)),
        ("threads", list(threads)),
        ("lost", shown.lost.as_ref().into()),
        ("fix", (&shown.fix).into()),
        ("suppress", (&shown.suppress).into()),
        ("count", shown.count.into()),
    ])
}

fn map(map: &ShownMap) -> Value {
    object([("name", map.name.as_ref().into()), ("type", (&map.type_name).into()), ("serial", map.serial.into())])
}

fn place(place: &Place) -> Value {
    object([
        ("file", (&place.file).into()),
        ("line", place.line.into()),
        ("column", place.column.into()),
        ("function", place.function.as_ref().into()),
    ])
}
