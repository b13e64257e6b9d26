//! Requests to a disk as text: `version,time,op,size,lbn`, with that header.
//!
//! `op` is the hex code of a SCSI command, `lbn` the address of the first block and, here, the key. A
//! read is a look-up that inserts what it did not find, as a block cache does; a write is an insert.

use super::fields::{column_refusal, number, refusal, seconds, size};
use super::request::{Row, RowKey, TraceOp};

const HEADER: &[u8] = b"version,time,op,size,lbn";
/// What a block address takes as a key.
const KEY_BYTES: u32 = 8;

pub(super) fn is_header(line: &[u8]) -> bool {
    let named = line.iter().copied().filter(|byte| !b" #\"".contains(byte));
    named.map(|byte| byte.to_ascii_lowercase()).eq(HEADER.iter().copied())
}

pub(super) fn parse(line: &[u8]) -> Result<Row, String> {
    let columns = || column_refusal("5", line);
    let mut split = line.split(|byte| *byte == b',');
    let mut column = || split.next().ok_or_else(columns);
    let (version, time, op) = (column()?, column()?, column()?);
    let (bytes, lbn) = (column()?, column()?);
    if split.next().is_some() {
        return Err(columns());
    }
    if number::<u32>(version).is_none() {
        return Err(refusal("version", "a whole number", version));
    }
    let at = seconds("time", time)?;
    let op = operation(op)?;
    let value_bytes = size("size", bytes)?;
    let lbn = number(lbn).ok_or("lbn must be a whole number below 2^64")?;
    Ok(Row { at, key: RowKey::Number(lbn), key_bytes: KEY_BYTES, value_bytes, op })
}

fn operation(field: &[u8]) -> Result<TraceOp, String> {
    let code = std::str::from_utf8(field.trim_ascii())
        .ok()
        .filter(|code| code.len() <= 4 && !code.starts_with('+'))
        .and_then(|code| u8::from_str_radix(code.strip_prefix("0x").unwrap_or(code), 16).ok())
        .ok_or_else(|| refusal("op", "a hex SCSI code", field))?;
    // The 6, 10, 12 and 16-byte forms of READ and WRITE.
    match code {
        0x08 | 0x28 | 0xa8 | 0x88 => Ok(TraceOp::GetOrInsert),
        0x0a | 0x2a | 0xaa | 0x8a => Ok(TraceOp::Insert),
        _ => Err(refusal("op", "a SCSI read or write", field)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn all_forms_of_read_and_write_are_known() {
        for (codes, op) in
            [(["08", "28", "A8", "0x88"], TraceOp::GetOrInsert), (["0a", "2A", "aa", "8a"], TraceOp::Insert)]
        {
            for code in codes {
                let row = parse(format!("1,5633898,{code},512,42932745").as_bytes());
                assert_eq!(
                    row,
                    Ok(Row {
                        at: Duration::from_secs(5_633_898),
                        key: RowKey::Number(42_932_745),
                        key_bytes: 8,
                        value_bytes: 512,
                        op,
                    })
                );
            }
        }
    }

    #[test]
    fn a_bad_column_is_named_and_no_key_is_quoted() {
        for (line, reason) in [
            ("1,2,28,512", "row must have 5 columns, got 4"),
            ("1,2,28,512,9,9", "row must have 5 columns, got 6"),
            ("v,2,28,512,9", r#"version must be a whole number, got "v""#),
            ("1,,28,512,9", r#"time must be seconds, got """#),
            ("1,2,zz,512,9", r#"op must be a hex SCSI code, got "zz""#),
            ("1,2,+8,512,9", r#"op must be a hex SCSI code, got "+8""#),
            ("1,2,35,512,9", r#"op must be a SCSI read or write, got "35""#),
            ("1,2,28,big,9", r#"size must be a whole number below 4294967296, got "big""#),
            ("1,2,28,512,-9", "lbn must be a whole number below 2^64"),
        ] {
            assert_eq!(parse(line.as_bytes()), Err(reason.into()), "{line}");
        }
    }

    #[test]
    fn the_header_is_known_in_its_common_spellings() {
        assert!(is_header(b"version,time,op,size,lbn"));
        assert!(is_header(b"# Version, Time, Op, Size, LBN"));
        assert!(!is_header(b"version,time,op,size"));
    }
}
