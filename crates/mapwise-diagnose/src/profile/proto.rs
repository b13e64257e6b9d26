//! Reads the `profile.proto` of pprof, as far as a lock profile needs it.
//!
//! A decoder of our own because its memory is bounded: it keeps offsets into the input and a
//! limited number of samples, whatever the message claims. Format:
//! <https://github.com/google/pprof/blob/main/proto/profile.proto>.

use std::collections::HashMap;

use crate::finding::Place;

use super::{Profile, Stack};

const MAX_SAMPLES: usize = 20_000;
const MAX_ENTRIES: usize = 200_000;
const MAX_CALLS: usize = 128;
/// A location is an address and its inlined calls; a longer one is not Go's.
const MAX_LOCATION: usize = 4096;
/// Text of all stacks together.
const MAX_TEXT: usize = 16 << 20;

/// A field of a message: its number and value.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Walks the fields of a message; ends at the first malformed one.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let tag = varint(&mut self.0)?;
        let value = match tag & 7 {
            0 => Value::Number(varint(&mut self.0)?),
            1 => Value::Number(u64::from_le_bytes(self.0.split_off(..8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(varint(&mut self.0)?).ok()?;
                Value::Bytes(self.0.split_off(..length)?)
            }
            5 => Value::Number(u64::from(u32::from_le_bytes(self.0.split_off(..4)?.try_into().ok()?))),
            _ => return None,
        };
        Some((tag >> 3, value))
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.split_off_first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// The numbers of a repeated field, packed or not, appended to `out`.
fn numbers(value: Value<'_>, limit: usize, out: &mut Vec<u64>) {
    match value {
        Value::Number(number) => out.push(number),
        Value::Bytes(mut bytes) => {
            while out.len() < limit
                && let Some(number) = varint(&mut bytes)
            {
                out.push(number);
            }
        }
    }
    out.truncate(limit);
}

#[derive(Default)]
struct Raw<'a> {
    sample_types: Vec<&'a [u8]>,
    samples: Vec<&'a [u8]>,
    locations: HashMap<u64, &'a [u8]>,
    functions: HashMap<u64, (u64, u64)>,
    strings: Vec<&'a [u8]>,
}

/// Whether `bytes` begin like a profile: a sample or period type made of two small numbers.
pub(crate) fn looks_like_one(bytes: &[u8]) -> bool {
    matches!(bytes, [0x0a | 0x5a, length, 0x08, ..] if *length >= 2 && *length <= 12)
}

/// Reads an uncompressed lock profile; `None` if it is not one of contentions and delay.
pub(crate) fn read(bytes: &[u8], log_line: u64) -> Option<Profile> {
    let mut raw = Raw::default();
    for (field, value) in Fields(bytes) {
        let Value::Bytes(inner) = value else { continue };
        match field {
            1 if raw.sample_types.len() < 8 => raw.sample_types.push(inner),
            2 if raw.samples.len() < MAX_SAMPLES => raw.samples.push(inner),
            4 if raw.locations.len() < MAX_ENTRIES && inner.len() <= MAX_LOCATION => {
                let id = number_of(inner, 1);
                raw.locations.insert(id, inner);
            }
            5 if raw.functions.len() < MAX_ENTRIES => {
                raw.functions.insert(number_of(inner, 1), (number_of(inner, 2), number_of(inner, 4)));
            }
            6 if raw.strings.len() < MAX_ENTRIES => raw.strings.push(inner),
            _ => {}
        }
    }
    let kind = |at: usize| raw.sample_types.get(at).map(|inner| raw.string(number_of(inner, 1)));
    if kind(0)? != "contentions" || kind(1)? != "delay" {
        return None;
    }
    let mut text = 0;
    let fits = |stack: &Stack| {
        text += stack.calls.iter().map(|place| place.function.len() + place.file.len() + 64).sum::<usize>();
        text <= MAX_TEXT
    };
    let stacks: Vec<Stack> = raw.samples.iter().map(|sample| raw.stack(sample)).take_while(fits).collect();
    Some(Profile { mutex: Profile::blames_unlockers(&stacks), stacks, log_line })
}

fn number_of(message: &[u8], wanted: u64) -> u64 {
    Fields(message)
        .find_map(|(field, value)| match value {
            Value::Number(number) if field == wanted => Some(number),
            _ => None,
        })
        .unwrap_or(0)
}

impl Raw<'_> {
    fn string(&self, index: u64) -> String {
        let bytes = usize::try_from(index).ok().and_then(|index| self.strings.get(index)).copied();
        let text = String::from_utf8_lossy(bytes.unwrap_or_default());
        crate::text::cut(&text, 512).to_owned()
    }

    fn stack(&self, sample: &[u8]) -> Stack {
        let (mut locations, mut values) = (Vec::new(), Vec::new());
        for (field, value) in Fields(sample) {
            match field {
                1 => numbers(value, MAX_CALLS, &mut locations),
                2 => numbers(value, 4, &mut values),
                _ => {}
            }
        }
        let mut calls = Vec::new();
        for location in locations {
            let Some(location) = self.locations.get(&location) else {
                continue;
            };
            // The lines of one location are inlined calls, innermost first.
            for (field, value) in Fields(location) {
                let (4, Value::Bytes(line)) = (field, value) else {
                    continue;
                };
                if calls.len() < MAX_CALLS {
                    let (name, file) = self.functions.get(&number_of(line, 1)).copied().unwrap_or_default();
                    let number = u32::try_from(number_of(line, 2)).unwrap_or(0);
                    calls.push(Place { function: self.string(name), file: self.string(file), line: number });
                }
            }
        }
        let value = |at: usize| values.get(at).copied().filter(|&value| i64::try_from(value).is_ok()).unwrap_or(0);
        Stack { contentions: value(0), delay_ns: value(1), calls }
    }
}
