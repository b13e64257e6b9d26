//! Small traces and how to compress them.
#![allow(dead_code)] // Each test file uses a part.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use mapwise_record::trace::{Format, Limits, Reader, Trace, TraceError, load_from};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("writing to memory");
    encoder.finish().expect("writing to memory")
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// Rows of a cache trace: a get, then every tenth time a set, of one of 100 keys.
pub(crate) fn cache_csv(rows: u64) -> Vec<u8> {
    let row = |row: u64| {
        let op = if row % 10 == 9 { "set" } else { "get" };
        format!("{},user:{},7,{},3,{op},0\n", row / 100, row % 100, 100 + row % 3)
    };
    (0..rows).map(row).collect::<String>().into_bytes()
}

/// Rows of a block trace with its header.
pub(crate) fn block_csv(rows: u64) -> Vec<u8> {
    let row = |row: u64| {
        let op = if row.is_multiple_of(3) { "28" } else { "2a" };
        format!("1,{},{op},512,{}\n", 1000 + row / 50, row % 70)
    };
    let rows = (0..rows).map(row).collect::<String>();
    format!("version,time,op,size,lbn\n{rows}").into_bytes()
}

/// Binary records.
pub(crate) fn oracle_general(rows: u64) -> Vec<u8> {
    let record = |row: u64| {
        let mut record = [0; 24];
        record[..4].copy_from_slice(&((row / 20) as u32).to_le_bytes());
        record[4..12].copy_from_slice(&(row % 40).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        record[12..16].copy_from_slice(&4096_u32.to_le_bytes());
        let next = if row + 40 < rows { (row + 41) as i64 } else { -1 };
        record[16..].copy_from_slice(&next.to_le_bytes());
        record
    };
    (0..rows).flat_map(record).collect()
}

/// One valid trace of every format.
pub(crate) fn every_format(rows: u64) -> [(Format, Vec<u8>); 3] {
    [
        (Format::CacheCsv, cache_csv(rows)),
        (Format::BlockCsv, block_csv(rows)),
        (Format::OracleGeneral, oracle_general(rows)),
    ]
}

pub(crate) fn load_bytes(bytes: Vec<u8>, format: Option<Format>) -> Result<Trace, TraceError> {
    let reader = Reader::new(std::io::Cursor::new(bytes), format)?;
    load_from(reader, "trace", Limits::default())
}
