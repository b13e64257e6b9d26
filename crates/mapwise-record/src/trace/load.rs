//! A trace as a workload: what was asked, of how many keys, in which order.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher;
use std::path::Path;
use std::time::Duration;

use super::error::{BadRows, TraceError};
use super::format::Format;
use super::input::Compression;
use super::reader::Reader;
use super::request::{Key, Request, TraceOp};
use crate::workload::{Distribution, Keys, Kind, Mix, Workload};

/// How much of a trace is loaded.
///
/// A request takes 8 bytes and a key about 25, before the spare room of growing collections: with
/// the default limits loading stays below 1 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most requests.
    pub max_requests: usize,
    /// The most different keys.
    pub max_keys: u32,
}

impl Default for Limits {
    /// 20 million requests to 10 million keys.
    fn default() -> Self {
        Self { max_requests: 20_000_000, max_keys: 10_000_000 }
    }
}

/// Where loading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// At the end of the trace: all of it was loaded.
    Trace,
    /// At [`Limits::max_requests`].
    MaxRequests,
    /// Before the first request to a key beyond [`Limits::max_keys`].
    MaxKeys,
}

/// One operation of a loaded trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What to do.
    pub op: TraceOp,
    /// The number of the key, below `workload.keys.space`.
    pub key: u32,
}

/// A loaded trace; everything in it is about the requests that were loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// The trace as a statement, with [`Distribution::Recorded`].
    ///
    /// Keys that must have been there before the trace began come first: the first
    /// `workload.keys.prefill` numbers are theirs. Which ones these are is inferred, since no format
    /// records whether a request found its key. A key was there if its first request only makes
    /// sense on a present key (update, remove), or is a get that is not followed by a write of the
    /// same key (a get that is followed by one was a miss that the client then filled).
    ///
    /// Sizes are means, and the rate is requests over [`Trace::duration`].
    pub workload: Workload,
    /// The operations, in the order of the trace.
    pub steps: Vec<Step>,
    /// Time between the earliest and the latest request.
    pub duration: Duration,
    /// The format it was read from.
    pub format: Format,
    /// How the file was compressed.
    pub compression: Compression,
    /// The rows that were skipped.
    pub skipped: BadRows,
    /// Whether it was loaded to its end.
    pub end: End,
}

/// Loads the trace at `path`, in the given format or in the one that its content shows.
///
/// # Errors
///
/// As [`Reader::open`] and [`Reader::next_request`]. Reaching a limit is no error: see
/// [`Trace::end`].
pub fn load(path: impl AsRef<Path>, format: Option<Format>, limits: Limits) -> Result<Trace, TraceError> {
    let path = path.as_ref();
    let name = path.file_name().unwrap_or(path.as_os_str());
    load_from(Reader::open(path, format)?, &name.to_string_lossy(), limits)
}

/// Loads what `reader` has left, as a workload of that name; see [`load`].
///
/// # Errors
///
/// As [`Reader::next_request`].
pub fn load_from(mut reader: Reader, name: &str, limits: Limits) -> Result<Trace, TraceError> {
    let mut loading = Loading::default();
    let end = loop {
        if loading.steps.len() >= limits.max_requests {
            break End::MaxRequests;
        }
        let Some(request) = reader.next_request()? else {
            break End::Trace;
        };
        if !loading.take(&request, limits.max_keys) {
            break End::MaxKeys;
        }
    };
    if loading.steps.is_empty() {
        return Err(TraceError::NoRequests);
    }
    let (format, compression) = (reader.format(), reader.compression());
    let skipped = reader.finish()?;
    let prefill = loading.number_present_keys_first();
    Ok(Trace {
        workload: loading.workload(name, format, prefill),
        duration: loading.duration(),
        steps: loading.steps,
        format,
        compression,
        skipped,
        end,
    })
}

/// What the first requests to a key say about the time before the trace.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// Only looked up so far, once.
    Open,
    Present,
    Absent,
}

impl Presence {
    fn first(op: TraceOp) -> Self {
        match op {
            TraceOp::Get => Self::Open,
            TraceOp::Update | TraceOp::Remove => Self::Present,
            TraceOp::Insert | TraceOp::GetOrInsert => Self::Absent,
        }
    }

    fn then(self, op: TraceOp) -> Self {
        match (self, op) {
            (Self::Open, TraceOp::Insert | TraceOp::GetOrInsert) => Self::Absent,
            (Self::Open, _) => Self::Present,
            (decided, _) => decided,
        }
    }
}

#[derive(Default)]
struct Loading {
    steps: Vec<Step>,
    /// Numbers of the keys. A text is represented by a 64-bit hash under a random seed: two of ten
    /// million texts become one key with a probability below 1 in 300,000.
    numbers: HashMap<u64, u32>,
    hasher: RandomState,
    presence: Vec<Presence>,
    times: Option<(Duration, Duration)>,
    text_keys: bool,
    key_bytes: u64,
    value_bytes: u64,
    sized_values: u64,
}

impl Loading {
    /// Takes one request, or refuses it because its key would be one too many.
    fn take(&mut self, request: &Request<'_>, max_keys: u32) -> bool {
        let id = match request.key {
            Key::Number(number) => number,
            Key::Text(text) => {
                self.text_keys = true;
                self.hasher.hash_one(text)
            }
        };
        let next = self.presence.len() as u32;
        let key = match self.numbers.entry(id) {
            Entry::Occupied(known) => {
                let presence = &mut self.presence[*known.get() as usize];
                *presence = presence.then(request.op);
                *known.get()
            }
            Entry::Vacant(_) if next >= max_keys => return false,
            Entry::Vacant(new) => {
                self.presence.push(Presence::first(request.op));
                *new.insert(next)
            }
        };
        self.steps.push(Step { op: request.op, key });
        let (first, last) = self.times.unwrap_or((request.at, request.at));
        self.times = Some((first.min(request.at), last.max(request.at)));
        self.key_bytes += u64::from(request.key_bytes);
        self.value_bytes += u64::from(request.value_bytes);
        self.sized_values += u64::from(request.value_bytes > 0);
        true
    }

    /// Renumbers the keys so that those present before the trace come first, and counts these.
    fn number_present_keys_first(&mut self) -> u64 {
        self.numbers = HashMap::new();
        let absent = |presence: &Presence| *presence == Presence::Absent;
        let prefill = self.presence.iter().filter(|presence| !absent(presence)).count() as u32;
        let (mut next_present, mut next_absent) = (0, prefill);
        let renumbered = self.presence.iter().map(|presence| {
            let next = if absent(presence) { &mut next_absent } else { &mut next_present };
            *next += 1;
            *next - 1
        });
        let renumbered = renumbered.collect::<Vec<u32>>();
        for step in &mut self.steps {
            step.key = renumbered[step.key as usize];
        }
        prefill.into()
    }

    fn duration(&self) -> Duration {
        self.times.map_or(Duration::ZERO, |(first, last)| last - first)
    }

    fn workload(&self, name: &str, format: Format, prefill: u64) -> Workload {
        let requests = self.steps.len();
        let keys = self.presence.len();
        let seconds = self.duration().as_secs_f64();
        Workload {
            name: name.replace(char::is_control, "\u{fffd}"),
            title: format!("{requests} requests to {keys} keys, recorded ({format})"),
            source: None,
            mix: self.mix(),
            keys: Keys {
                kind: if self.text_keys {
                    Kind::String { bytes: mean(self.key_bytes, requests as u64).max(1) }
                } else {
                    Kind::U64
                },
                space: keys as u64,
                prefill,
                distribution: Distribution::Recorded,
            },
            values: match mean(self.value_bytes, self.sized_values) {
                0 => Kind::U64,
                bytes => Kind::String { bytes },
            },
            private_keys: false,
            think_ns: 0,
            rate_ops_per_s: (seconds > 0.0).then(|| requests as f64 / seconds),
            cache_like: true,
        }
    }

    fn mix(&self) -> Mix {
        let mut mix = Mix::default();
        let mut counts = [0_u64; 5];
        for step in &self.steps {
            counts[step.op as usize] += 1;
        }
        let share = |op: TraceOp| counts[op as usize] as f64 / self.steps.len() as f64;
        mix.get = share(TraceOp::Get);
        mix.get_or_insert = share(TraceOp::GetOrInsert);
        mix.insert = share(TraceOp::Insert);
        mix.update = share(TraceOp::Update);
        mix.remove = share(TraceOp::Remove);
        mix
    }
}

/// The mean, rounded to a whole number; 0 of nothing.
fn mean(sum: u64, count: u64) -> usize {
    let rounded = (sum + count / 2).checked_div(count).unwrap_or(0);
    usize::try_from(rounded).unwrap_or(usize::MAX)
}
