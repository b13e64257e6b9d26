//! What a trace says, and what a reader says about a bad one.

mod common;

use std::io::{self, Read};

use common::{block_csv, cache_csv, every_format, gzip, load_bytes, oracle_general, zstd};
use mapwise_record::trace::{BadRows, Compression, Format, Limits, Reader, Step, TraceError, TraceOp, load, load_from};
use mapwise_record::workload::Kind;

fn refusal(bytes: impl Into<Vec<u8>>, format: Option<Format>) -> String {
    load_bytes(bytes.into(), format).expect_err("a refusal").to_string()
}

#[test]
fn every_format_is_read_through_every_compression() {
    for (format, plain) in every_format(1000) {
        let expected = load_bytes(plain.clone(), None).expect("a good trace");
        assert_eq!((expected.format, expected.steps.len()), (format, 1000));
        assert_eq!(expected.skipped.bad, 0);
        let half = plain.len() / 2;
        let files = [
            (Compression::Gzip, gzip(&plain)),
            (Compression::Gzip, [gzip(&plain[..half]), gzip(&plain[half..])].concat()),
            (Compression::Zstd, zstd(&plain)),
            (
                Compression::Zstd,
                [
                    zstd(&plain[..half]),
                    b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec(), // a skippable frame
                    zstd(&plain[half..]),
                ]
                .concat(),
            ),
        ];
        for (compression, file) in files {
            let trace = load_bytes(file, None).expect("a good trace");
            assert_eq!(trace.compression, compression);
            assert_eq!((&trace.steps, &trace.workload), (&expected.steps, &expected.workload));
        }
    }
}

#[test]
fn a_file_of_the_reference_compressor_is_read() {
    // `zstd -19 --long=27` of the rows below: a window and tables that our test encoder never makes.
    let file = include_bytes!("data/cache-2000-rows.csv.zst");
    let expected = load_bytes(cache_csv(2000), None).expect("a good trace");
    let trace = load_bytes(file.to_vec(), None).expect("a good trace");
    assert_eq!(trace.compression, Compression::Zstd);
    assert_eq!(trace.steps, expected.steps);
}

#[test]
fn a_cache_trace_states_its_workload() {
    let text = "10,a,4,0,1,get,0\n11,b,6,30,1,get,0\n11,a,4,10,1,set,60\n\
                12,c,5,20,1,incr,0\n13,d,5,0,1,delete,0\n14,e,5,0,1,add,9\n";
    let trace = load_bytes(text.into(), None).expect("a good trace");
    let workload = &trace.workload;
    let shares = workload.mix.shares().map(|(_, share)| (share * 6.0).round() as u32);
    assert_eq!(shares, [2, 1, 1, 1, 0, 1, 0]);
    assert_eq!(workload.keys.kind, Kind::String { bytes: 5 });
    assert_eq!(workload.values, Kind::String { bytes: 20 }, "of those that state a size");
    assert_eq!(workload.rate_ops_per_s, Some(1.5));
    assert!(workload.cache_like);
    assert_eq!(workload.title, "6 requests to 5 keys, recorded (cache-csv)");
}

#[test]
fn keys_that_were_there_before_the_trace_come_first() {
    let text = "0,filled,1,1,1,get,0\n0,filled,1,1,1,set,0\n0,written,1,1,1,set,0\n\
                0,read,1,1,1,get,0\n0,changed,1,1,1,cas,0\n0,removed,1,1,1,delete,0\n\
                0,read,1,1,1,get,0\n0,read,1,1,1,set,0\n";
    let trace = load_bytes(text.into(), None).expect("a good trace");
    assert_eq!((trace.workload.keys.space, trace.workload.keys.prefill), (5, 3));
    let step = |op, key| Step { op, key };
    use TraceOp::{Get, Insert, Remove, Update};
    assert_eq!(
        trace.steps,
        [
            step(Get, 3),
            step(Insert, 3),
            step(Insert, 4),
            step(Get, 0),
            step(Update, 1),
            step(Remove, 2),
            step(Get, 0),
            step(Insert, 0),
        ]
    );
}

#[test]
fn line_ends_blank_lines_headers_and_a_missing_last_end_make_no_difference() {
    let expected = load_bytes(cache_csv(200), None).expect("a good trace");
    let text = String::from_utf8(cache_csv(200)).expect("text");
    let header = "timestamp,key,key_size,value_size,client,op,ttl\n";
    for variant in [
        text.replace('\n', "\r\n"),
        text.replace('\n', "\n\n"),
        text.trim_end().to_owned(),
        format!("{header}{text}"),
        format!("\u{feff}{header}{text}"),
    ] {
        let trace = load_bytes(variant.into_bytes(), None).expect("a good trace");
        assert_eq!((&trace.steps, &trace.skipped), (&expected.steps, &expected.skipped));
    }
    let block = String::from_utf8(block_csv(200)).expect("text");
    let trace = load_bytes(block.replace('\n', "\r\n").into(), None).expect("a good trace");
    assert_eq!((trace.skipped.rows, trace.skipped.bad), (200, 0));
}

#[test]
fn the_largest_sizes_of_a_trace_make_a_valid_workload() {
    let text = "0,k,4294967295,4294967295,1,set,0\n";
    let trace = load_bytes(text.into(), None).expect("a good trace");
    assert_eq!(trace.workload.values, Kind::String { bytes: 4_294_967_295 });
    assert_eq!(trace.workload.validate(), Ok(()));
}

#[test]
fn the_name_of_a_workload_cannot_steer_a_terminal() {
    let reader = Reader::new(io::Cursor::new(cache_csv(5)), None).expect("a reader");
    let trace = load_from(reader, "a\u{1b}[2Jb", Limits::default()).expect("a good trace");
    assert_eq!(trace.workload.name, "a\u{fffd}[2Jb");
    assert_eq!(trace.workload.validate(), Ok(()));
}

#[test]
fn a_bad_row_is_reported_with_its_line() {
    let mut text = String::from_utf8(block_csv(200)).expect("text");
    text = text.replacen(",28,", ",zz,", 2);
    let trace = load_bytes(text.into_bytes(), None).expect("one percent may be bad");
    assert_eq!((trace.skipped.rows, trace.skipped.bad), (200, 2));
    let first = trace.skipped.first.iter().map(ToString::to_string);
    assert_eq!(
        first.collect::<Vec<_>>(),
        [r#"line 2: op must be a hex SCSI code, got "zz""#, r#"line 5: op must be a hex SCSI code, got "zz""#,]
    );
}

#[test]
fn a_bad_record_is_reported_with_its_number() {
    let mut bytes = oracle_general(150);
    bytes[24 * 60 + 16..24 * 61].copy_from_slice(&(-9_i64).to_le_bytes());
    let trace = load_bytes(bytes, Some(Format::OracleGeneral)).expect("one percent may be bad");
    assert_eq!(
        trace.skipped.first[0].to_string(),
        "record 61: next_access_vtime must be -1 or the number of a request, got -9"
    );
}

#[test]
fn more_than_one_percent_of_bad_rows_are_refused() {
    let bad = "1,2,zz,512,9\n";
    let good = String::from_utf8(block_csv(99)).expect("text");
    let format = Some(Format::BlockCsv);
    assert!(load_bytes(format!("{good}{bad}").into(), format).is_ok(), "1 of 100");
    assert_eq!(
        refusal(format!("{good}{bad}{bad}"), format),
        "at most 1 % of the rows may be bad, got 2 of 101; \
         first line 101: op must be a hex SCSI code, got \"zz\""
    );
    assert_eq!(
        refusal(format!("{bad}1,2,28,512,9\n"), format),
        "at most 1 % of the rows may be bad, got 1 of 2; \
         first line 1: op must be a hex SCSI code, got \"zz\"",
        "a short trace is judged at its end"
    );
    let endless = io::Cursor::new(bad.repeat(1000));
    let mut reader = Reader::new(endless, format).expect("a reader");
    assert!(matches!(reader.next_request(), Err(TraceError::TooManyBadRows { rows: BadRows::JUDGED_FROM, .. })));
}

#[test]
fn a_loaded_beginning_is_judged_too() {
    let text = "1,2,zz,512,9\n1,2,28,512,9\n1,2,28,512,9\n";
    let reader = Reader::new(text.as_bytes(), Some(Format::BlockCsv)).expect("a reader");
    let limits = Limits { max_requests: 1, ..Limits::default() };
    let error = load_from(reader, "trace", limits).expect_err("half of it is bad");
    assert!(matches!(error, TraceError::TooManyBadRows { bad: 1, rows: 2, .. }));
}

#[test]
fn kept_bad_rows_are_bounded() {
    let mut text = String::from_utf8(block_csv(3000)).expect("text");
    text = text.replacen(",28,", ",zz,", 30);
    // The good rows come first, so that the share is never too large.
    let (header, rows) = text.split_once('\n').expect("a header");
    let reversed = rows.lines().rev().collect::<Vec<_>>().join("\n");
    let trace = load_bytes(format!("{header}\n{reversed}").into(), None).expect("1 % is bad");
    assert_eq!(trace.skipped.bad, 30);
    assert_eq!(trace.skipped.first.len(), BadRows::KEPT);
}

#[test]
fn damaged_files_are_refused_with_their_place() {
    let plain = cache_csv(20_000);
    for (name, mut file) in [("gzip", gzip(&plain)), ("zstd", zstd(&plain))] {
        let cut = file[..file.len() * 3 / 4].to_vec();
        let text = refusal(cut, None);
        assert!(text.starts_with("after line "), "{text}");
        assert!(text.ends_with(&format!(": {name} data end early")), "{text}");
        assert_eq!(refusal(&file[..8], None), format!("at the start: {name} data end early"));

        let middle = file.len() / 2;
        file[middle..middle + 64].fill(0xff);
        let text = refusal(file, None);
        let damaged = format!(": cannot read {name} data: ");
        assert!(text.contains(&damaged) || text.contains("rows may be bad"), "{text}");
    }
    assert_eq!(refusal(&oracle_general(9)[..200], None), "record 9: must be 24 bytes, got 8");
}

#[test]
fn a_wrong_checksum_is_refused() {
    for mut file in [gzip(&cache_csv(50)), zstd(&cache_csv(50))] {
        let at = file.len() - if file.starts_with(b"\x1f\x8b") { 8 } else { 4 };
        file[at] ^= 1;
        let text = refusal(file, None);
        assert!(text.starts_with("after line 50: cannot read "), "{text}");
    }
}

#[test]
fn a_file_without_requests_is_refused() {
    for format in [None, Some(Format::CacheCsv), Some(Format::OracleGeneral)] {
        assert_eq!(refusal("", format), "trace is empty");
        assert_eq!(refusal(gzip(b""), format), "trace is empty");
    }
    assert_eq!(refusal("version,time,op,size,lbn\n", None), "trace has no requests");
    assert_eq!(refusal("\n\n", Some(Format::CacheCsv)), "trace has no requests");
    let missing = load("no/such/file", None, Limits::default()).expect_err("no file");
    assert!(missing.to_string().starts_with("cannot open trace: "));
}

#[test]
fn an_endless_line_is_refused_in_bounded_memory() {
    let gigabyte = || io::repeat(b'x').take(1 << 30);
    for format in [Format::CacheCsv, Format::BlockCsv] {
        let mut reader = Reader::new(gigabyte(), Some(format)).expect("a reader");
        let error = reader.next_request().expect_err("no request");
        assert_eq!(error.to_string(), "line 1: must be at most 65536 bytes");
    }
    let error = Reader::new(gigabyte(), None).err().expect("no format");
    assert_eq!(error.to_string(), "no known trace format fits: no row ends in the first 65536 bytes");
    let bomb = gzip(&[b"version,time,op,size,lbn\n".to_vec(), vec![b'0'; 50 << 20]].concat());
    assert_eq!(refusal(bomb, None), "line 2: must be at most 65536 bytes");
}
