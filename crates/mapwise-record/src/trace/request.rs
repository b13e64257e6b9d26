//! One request of a trace, whatever format it was read from.

use std::time::Duration;

/// What a request asks of the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TraceOp {
    /// Looks the key up.
    Get,
    /// Looks the key up and inserts it when it is absent.
    GetOrInsert,
    /// Writes the key whether it is present or not.
    Insert,
    /// Changes the value of a present key.
    Update,
    /// Removes the key.
    Remove,
}

/// The key of a request, as the trace names it.
///
/// One trace has keys of one kind only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key<'a> {
    /// A number: a block address or the hash of an object's name.
    Number(u64),
    /// The bytes of a name.
    Text(&'a [u8]),
}

/// One request of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// When it was made, from an origin that only the trace knows.
    pub at: Duration,
    /// The key asked for.
    pub key: Key<'a>,
    /// Size of the key in bytes, as recorded; it may differ from the length of an anonymized key.
    pub key_bytes: u32,
    /// Size of the value in bytes, 0 when the trace does not say.
    pub value_bytes: u32,
    /// What to do with the key.
    pub op: TraceOp,
}

/// The same for a parser: a key in text is a range of the parsed line, so that the line stays
/// borrowed only while the request is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) at: Duration,
    pub(super) key: RowKey,
    pub(super) key_bytes: u32,
    pub(super) value_bytes: u32,
    pub(super) op: TraceOp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RowKey {
    Number(u64),
    Text(std::ops::Range<usize>),
}

impl Row {
    /// The request, with its key taken from the `line` that this row was parsed from.
    pub(super) fn on(self, line: &[u8]) -> Request<'_> {
        Request {
            at: self.at,
            key: match self.key {
                RowKey::Number(number) => Key::Number(number),
                RowKey::Text(range) => Key::Text(&line[range]),
            },
            key_bytes: self.key_bytes,
            value_bytes: self.value_bytes,
            op: self.op,
        }
    }
}
