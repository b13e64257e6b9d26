//! Requests as 24-byte records, the `oracleGeneral` format of the cache simulator libCacheSim.
//!
//! Little-endian, without padding: time in seconds (`u32`), object (`u64`), size in bytes (`u32`) and
//! the number of the next request for the same object (`i64`, -1 or the largest number for none).
//! There are no operations: each request gets the object or inserts it.

use std::time::Duration;

use super::request::{Row, RowKey, TraceOp};

/// The size of a record in bytes.
pub(super) const RECORD: usize = 24;
/// More requests than any trace has: what is larger is no number of a request.
const MAX_NEXT: i64 = 1 << 48;
/// What an object's number takes as a key.
const KEY_BYTES: u32 = 8;

pub(super) fn parse(record: &[u8; RECORD]) -> Result<Row, String> {
    let fields = Fields::of(record);
    let next = fields.next;
    if !(next == -1 || next == i64::MAX || (1..MAX_NEXT).contains(&next)) {
        return Err(format!("next_access_vtime must be -1 or the number of a request, got {next}"));
    }
    Ok(Row {
        at: Duration::from_secs(fields.seconds.into()),
        key: RowKey::Number(fields.object),
        key_bytes: KEY_BYTES,
        value_bytes: fields.bytes,
        op: TraceOp::GetOrInsert,
    })
}

/// Whether the beginning of a file can be records: all parse and time never runs backwards.
pub(super) fn fits(head: &[u8]) -> bool {
    let mut seconds = 0;
    let (records, _) = head.as_chunks::<RECORD>();
    !records.is_empty()
        && records.iter().all(|record| {
            let before = std::mem::replace(&mut seconds, Fields::of(record).seconds);
            before <= seconds && parse(record).is_ok()
        })
}

struct Fields {
    seconds: u32,
    object: u64,
    bytes: u32,
    next: i64,
}

impl Fields {
    fn of(record: &[u8; RECORD]) -> Self {
        let [a, b, c, d, rest @ ..] = *record;
        let [e, f, g, h, i, j, k, l, rest @ ..] = rest;
        let [m, n, o, p, next @ ..] = rest;
        Self {
            seconds: u32::from_le_bytes([a, b, c, d]),
            object: u64::from_le_bytes([e, f, g, h, i, j, k, l]),
            bytes: u32::from_le_bytes([m, n, o, p]),
            next: i64::from_le_bytes(next),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(seconds: u32, object: u64, bytes: u32, next: i64) -> [u8; RECORD] {
        let mut record = [0; RECORD];
        record[..4].copy_from_slice(&seconds.to_le_bytes());
        record[4..12].copy_from_slice(&object.to_le_bytes());
        record[12..16].copy_from_slice(&bytes.to_le_bytes());
        record[16..].copy_from_slice(&next.to_le_bytes());
        record
    }

    #[test]
    fn the_fields_are_little_endian_and_packed() {
        for next in [-1, 1, 17, i64::MAX] {
            let row = parse(&record(7, u64::MAX - 1, 4096, next)).expect("a good record");
            assert_eq!(row.at, Duration::from_secs(7));
            assert_eq!(row.key, RowKey::Number(u64::MAX - 1));
            assert_eq!((row.value_bytes, row.op), (4096, TraceOp::GetOrInsert));
        }
        for next in [-2, 0, MAX_NEXT] {
            let refusal = format!("next_access_vtime must be -1 or the number of a request, got {next}");
            assert_eq!(parse(&record(7, 1, 1, next)), Err(refusal));
        }
    }

    #[test]
    fn records_whose_time_runs_backwards_are_not_taken_for_a_trace() {
        let forwards = [record(1, 1, 1, 2), record(1, 2, 1, -1)].concat();
        let backwards = [record(2, 1, 1, 2), record(1, 2, 1, -1)].concat();
        assert!(fits(&forwards));
        assert!(!fits(&backwards));
        assert!(!fits(&forwards[..23]));
        assert!(!fits(&[0; 4096]), "zeros are no trace");
    }
}
