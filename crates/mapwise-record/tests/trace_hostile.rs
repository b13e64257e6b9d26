//! Arbitrary bytes and damaged files: every reader ends, without a panic and within its bounds.

mod common;

use std::io::Cursor;

use common::{every_format, gzip, load_bytes, zstd};
use mapwise_record::trace::{BadRows, Format, Reader};
use proptest::collection::vec;
use proptest::prelude::*;

const FORMATS: [Option<Format>; 4] =
    [None, Some(Format::CacheCsv), Some(Format::BlockCsv), Some(Format::OracleGeneral)];

/// Reads to the end or to the first error, and checks what holds at every point between.
fn read_all(bytes: &[u8], format: Option<Format>) {
    let reader = Reader::new(Cursor::new(bytes.to_vec()), format);
    let mut reader = match reader {
        Ok(reader) => reader,
        Err(error) => return check_text(&error.to_string()),
    };
    let mut good = 0;
    let ended = loop {
        match reader.next_request() {
            Ok(Some(_)) => good += 1,
            ended => break ended.map(|_| ()),
        }
    };
    let skipped = reader.skipped();
    assert!(skipped.first.len() <= BadRows::KEPT);
    skipped.first.iter().for_each(|row| check_text(&row.to_string()));
    assert_eq!(skipped.rows, good + skipped.bad);
    match ended {
        Ok(()) => assert!(skipped.bad * 100 <= skipped.rows * BadRows::MAX_PERCENT && good > 0),
        Err(error) => check_text(&error.to_string()),
    }
}

/// An error is one line of bounded length that a terminal can show.
fn check_text(text: &str) {
    assert!(text.len() < 500, "{} bytes: {text}", text.len());
    assert!(!text.chars().any(char::is_control), "{text:?}");
}

/// One change of a file.
#[derive(Clone, Debug)]
enum Damage {
    Flip(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
    Cut(prop::sample::Index),
    Repeat(prop::sample::Index, usize),
}

impl Damage {
    fn any() -> impl Strategy<Value = Self> {
        let at = any::<prop::sample::Index>;
        prop_oneof![
            4 => (at(), any::<u8>()).prop_map(|(at, bits)| Self::Flip(at, bits)),
            1 => (at(), vec(any::<u8>(), 1..40)).prop_map(|(at, new)| Self::Insert(at, new)),
            1 => (at(), 1..40_usize).prop_map(|(at, count)| Self::Remove(at, count)),
            1 => at().prop_map(Self::Cut),
            1 => (at(), 1..400_usize).prop_map(|(at, count)| Self::Repeat(at, count)),
        ]
    }

    fn apply(self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let length = bytes.len();
        let until = |at: usize, count: usize| length.min(at + count);
        match self {
            Self::Flip(at, bits) => bytes[at.index(length)] ^= bits,
            Self::Insert(at, new) => {
                let at = at.index(length);
                bytes.splice(at..at, new);
            }
            Self::Remove(at, count) => {
                let at = at.index(length);
                bytes.drain(at..until(at, count));
            }
            Self::Cut(at) => bytes.truncate(at.index(length)),
            Self::Repeat(at, count) => {
                let at = at.index(length);
                let again = bytes[at..until(at, count)].to_vec();
                bytes.splice(at..at, again);
            }
        }
    }
}

/// Numbers in text and the bytes between them, which are nearer to a trace than arbitrary bytes.
fn nearly_rows() -> impl Strategy<Value = Vec<u8>> {
    let field = prop_oneof![
        any::<u64>().prop_map(|number| number.to_string()),
        any::<u16>().prop_map(|number| number.to_string()),
        prop::sample::select(vec!["28", "2a", "get", "set", "key", "", "-1", "\"", "1.5"]).prop_map(str::to_owned),
        "[ -~]{0,12}",
    ];
    let row = vec(field, 4..9).prop_map(|fields| fields.join(","));
    let end = prop::sample::select(vec!["\n", "\r\n", "\n\n", "\r", ""]);
    vec((row, end), 0..30).prop_map(|rows| {
        let lines = rows.into_iter().map(|(row, end)| row + end);
        lines.collect::<String>().into_bytes()
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_break_a_reader(bytes in vec(any::<u8>(), 0..2000)) {
        for format in FORMATS {
            read_all(&bytes, format);
        }
    }

    #[test]
    fn arbitrary_bytes_behind_a_magic_number_never_break_a_decoder(
        bytes in vec(any::<u8>(), 0..2000),
    ) {
        for magic in [&b"\x1f\x8b\x08\x00"[..], b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18"] {
            read_all(&[magic, &bytes].concat(), Some(Format::CacheCsv));
        }
    }

    #[test]
    fn nearly_rows_never_break_a_reader(bytes in nearly_rows()) {
        for format in FORMATS {
            read_all(&bytes, format);
            read_all(&gzip(&bytes), format);
        }
    }

    #[test]
    fn damaged_traces_never_break_a_reader(
        damage in vec(Damage::any(), 1..6),
        which in 0..3_usize,
        compress in 0..3_usize,
    ) {
        let (format, plain) = every_format(300)[which].clone();
        let mut file = match compress {
            0 => plain,
            1 => gzip(&plain),
            _ => zstd(&plain),
        };
        for change in damage {
            change.apply(&mut file);
        }
        for format in [None, Some(format)] {
            read_all(&file, format);
            if let Ok(trace) = load_bytes(file.clone(), format) {
                prop_assert_eq!(trace.workload.validate(), Ok(()));
                let space = trace.workload.keys.space;
                prop_assert!(trace.steps.iter().all(|step| u64::from(step.key) < space));
            }
        }
    }
}
