//! Requests to a production cache as text: `timestamp,key,key_size,value_size,client,op,ttl`.
//!
//! The format of the traces that belong to Yang, Yue, Rashmi, "A large scale analysis of hundreds of
//! in-memory cache clusters at Twitter", OSDI 2020. There is no header and no quoting, so a comma
//! inside a key is part of the key: the other columns are counted from both ends of the row.
//!
//! The operations are memcached's. Those that only change a present key (`replace`, `cas`, `append`,
//! `prepend`, `incr`, `decr`) are updates, and `add`, which stores only an absent key, is a
//! get-or-insert.

use super::fields::{column_refusal, number, refusal, seconds, size};
use super::request::{Row, RowKey, TraceOp};

pub(super) fn is_header(line: &[u8]) -> bool {
    let named = line.strip_prefix(b"#").unwrap_or(line);
    let first = named.split(|byte| *byte == b',').next();
    first.is_some_and(|name| name.trim_ascii().eq_ignore_ascii_case(b"timestamp"))
}

pub(super) fn parse(line: &[u8]) -> Result<Row, String> {
    let columns = || column_refusal("7", line);
    let mut from_end = line.rsplitn(6, |byte| *byte == b',');
    let mut column = || from_end.next().ok_or_else(columns);
    let (ttl, op, _client) = (column()?, column()?, column()?);
    let (value_size, key_size, rest) = (column()?, column()?, column()?);
    let comma = rest.iter().position(|byte| *byte == b',').ok_or_else(columns)?;

    let at = seconds("timestamp", &rest[..comma])?;
    let key = comma + 1..rest.len();
    if key.is_empty() {
        return Err("key must not be empty".into());
    }
    let key_bytes = size("key_size", key_size)?;
    let value_bytes = size("value_size", value_size)?;
    let op = operation(op.trim_ascii()).ok_or_else(|| refusal("op", "an operation of memcached", op))?;
    let unsigned = ttl.trim_ascii();
    let unsigned = unsigned.strip_prefix(b"-").unwrap_or(unsigned);
    if number::<u64>(unsigned).is_none() {
        return Err(refusal("ttl", "a whole number", ttl));
    }
    Ok(Row { at, key: RowKey::Text(key), key_bytes, value_bytes, op })
}

fn operation(name: &[u8]) -> Option<TraceOp> {
    Some(match name {
        b"get" | b"gets" => TraceOp::Get,
        b"set" => TraceOp::Insert,
        b"add" => TraceOp::GetOrInsert,
        b"replace" | b"cas" | b"append" | b"prepend" | b"incr" | b"decr" => TraceOp::Update,
        b"delete" => TraceOp::Remove,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_memcached_has_its_counterpart() {
        for (name, op) in [
            ("get", TraceOp::Get),
            ("gets", TraceOp::Get),
            ("set", TraceOp::Insert),
            ("add", TraceOp::GetOrInsert),
            ("replace", TraceOp::Update),
            ("cas", TraceOp::Update),
            ("append", TraceOp::Update),
            ("prepend", TraceOp::Update),
            ("incr", TraceOp::Update),
            ("decr", TraceOp::Update),
            ("delete", TraceOp::Remove),
        ] {
            let line = format!("3,nz:u:eeW51,12,34,5,{name},0");
            let row = parse(line.as_bytes()).expect("a good row");
            assert_eq!((row.op, row.key_bytes, row.value_bytes), (op, 12, 34));
            assert_eq!(&line.as_bytes()[2..12], b"nz:u:eeW51");
            assert_eq!(row.key, RowKey::Text(2..12));
        }
    }

    #[test]
    fn a_comma_inside_a_key_belongs_to_the_key() {
        let row = parse(b"0,a,b,c,5,1,2,get,0").expect("a good row");
        assert_eq!(row.key, RowKey::Text(2..7));
    }

    #[test]
    fn a_bad_column_is_named() {
        for (line, reason) in [
            ("1,k,1,2,3,get", "row must have 7 columns, got 6"),
            ("", "row must have 7 columns, got 1"),
            ("x,k,1,2,3,get,0", r#"timestamp must be seconds, got "x""#),
            ("1,,1,2,3,get,0", "key must not be empty"),
            ("1,k,-1,2,3,get,0", r#"key_size must be a whole number below 4294967296, got "-1""#),
            ("1,k,1,4294967296,3,get,0", r#"value_size must be a whole number below 4294967296, got "4294967296""#),
            ("1,k,1,2,3,fetch,0", r#"op must be an operation of memcached, got "fetch""#),
            ("1,k,1,2,3,set,never", r#"ttl must be a whole number, got "never""#),
        ] {
            assert_eq!(parse(line.as_bytes()), Err(reason.into()), "{line}");
        }
    }
}
