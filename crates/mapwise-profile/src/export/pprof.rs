//! The format of pprof, for `go tool pprof`, speedscope and others.
//!
//! Format: <https://github.com/google/pprof/blob/main/proto/profile.proto>.

use std::collections::HashMap;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message;

use super::samples::{Blame, Frame, Sample, samples};
use crate::profile::Profile;

/// Writes `profile.pb.gz`: contentions and delay, with delay shown first.
///
/// Labels are `map`, `shard`, `operation`, and `holder` (or `waiter`, where holders are blamed). The innermost frame
/// names the map and its shard.
///
/// # Panics
///
/// Never: writing to memory does not fail.
#[must_use]
pub fn gz(profile: &Profile, blame: Blame) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(&message(profile, blame).encode_to_vec()).expect("a Vec takes everything");
    out.finish().expect("a Vec takes everything")
}

fn message(profile: &Profile, blame: Blame) -> Pprof {
    let mut tables = Tables::default();
    tables.text("");
    let sample_type = vec![tables.value_type("contentions", "count"), tables.value_type("delay", "nanoseconds")];
    let period_type = tables.value_type("contentions", "count");
    let delay = tables.text("delay");
    let comment = vec![tables.text(&format!("mapwise {}", crate::text::plain(&profile.mapwise_version, 40)))];
    let sample = samples(profile, blame).iter().map(|sample| tables.sample(sample)).collect();
    let duration_nanos = signed(profile.span_ns);
    Pprof {
        sample_type,
        sample,
        location: tables.locations,
        function: tables.functions,
        string_table: tables.texts,
        time_nanos: signed(profile.taken_unix_ms.saturating_mul(1_000_000)).saturating_sub(duration_nanos),
        duration_nanos,
        period_type: Some(period_type),
        period: 1,
        comment,
        default_sample_type: delay,
    }
}

/// What samples refer to by number.
#[derive(Default)]
struct Tables {
    texts: Vec<String>,
    text_of: HashMap<String, i64>,
    location_of: HashMap<Frame, u64>,
    locations: Vec<Location>,
    function_of: HashMap<(String, String), u64>,
    functions: Vec<Function>,
}

impl Tables {
    fn text(&mut self, text: &str) -> i64 {
        if let Some(known) = self.text_of.get(text) {
            return *known;
        }
        let number = self.texts.len() as i64;
        self.texts.push(text.to_owned());
        self.text_of.insert(text.to_owned(), number);
        number
    }

    fn value_type(&mut self, kind: &str, unit: &str) -> ValueType {
        ValueType { kind: self.text(kind), unit: self.text(unit) }
    }

    fn sample(&mut self, sample: &Sample) -> PprofSample {
        let label = |(key, value): &(&'static str, String)| (self.text(key), self.text(value));
        let label = sample.labels.iter().map(label).map(|(key, text)| Label { key, text }).collect();
        let location_id = sample.frames.iter().map(|frame| self.location(frame)).collect();
        PprofSample { location_id, value: vec![signed(sample.contentions), signed(sample.delay_ns)], label }
    }

    fn location(&mut self, frame: &Frame) -> u64 {
        if let Some(known) = self.location_of.get(frame) {
            return *known;
        }
        let function_id = self.function(frame);
        let id = self.locations.len() as u64 + 1;
        self.locations.push(Location { id, line: vec![Line { function_id, line: frame.line.into() }] });
        self.location_of.insert(frame.clone(), id);
        id
    }

    fn function(&mut self, frame: &Frame) -> u64 {
        let name = (frame.function.clone(), frame.file.clone());
        if let Some(known) = self.function_of.get(&name) {
            return *known;
        }
        let id = self.functions.len() as u64 + 1;
        let (text, filename) = (self.text(&frame.function), self.text(&frame.file));
        self.functions.push(Function { id, name: text, filename });
        self.function_of.insert(name, id);
        id
    }
}

/// pprof's values have a sign.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[derive(Clone, PartialEq, Message)]
struct Pprof {
    #[prost(message, repeated, tag = "1")]
    sample_type: Vec<ValueType>,
    #[prost(message, repeated, tag = "2")]
    sample: Vec<PprofSample>,
    #[prost(message, repeated, tag = "4")]
    location: Vec<Location>,
    #[prost(message, repeated, tag = "5")]
    function: Vec<Function>,
    #[prost(string, repeated, tag = "6")]
    string_table: Vec<String>,
    #[prost(int64, tag = "9")]
    time_nanos: i64,
    #[prost(int64, tag = "10")]
    duration_nanos: i64,
    #[prost(message, optional, tag = "11")]
    period_type: Option<ValueType>,
    #[prost(int64, tag = "12")]
    period: i64,
    #[prost(int64, repeated, tag = "13")]
    comment: Vec<i64>,
    #[prost(int64, tag = "14")]
    default_sample_type: i64,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct ValueType {
    #[prost(int64, tag = "1")]
    kind: i64,
    #[prost(int64, tag = "2")]
    unit: i64,
}

#[derive(Clone, PartialEq, Message)]
struct PprofSample {
    #[prost(uint64, repeated, tag = "1")]
    location_id: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    value: Vec<i64>,
    #[prost(message, repeated, tag = "3")]
    label: Vec<Label>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Label {
    #[prost(int64, tag = "1")]
    key: i64,
    #[prost(int64, tag = "2")]
    text: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Location {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(message, repeated, tag = "4")]
    line: Vec<Line>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Line {
    #[prost(uint64, tag = "1")]
    function_id: u64,
    #[prost(int64, tag = "2")]
    line: i64,
}

/// Has no system name: pprof would take a name equal to it for a mangled one, and drop what is between `<` and `>`.
#[derive(Clone, Copy, PartialEq, Message)]
struct Function {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(int64, tag = "2")]
    name: i64,
    #[prost(int64, tag = "4")]
    filename: i64,
}
