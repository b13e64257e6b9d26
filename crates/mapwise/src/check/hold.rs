//! Closures that keep others waiting: for how long, and whether they worked or waited.
//!
//! - **not-preempted**: time in which the thread was ready to run and had no processor is not held against it. Linux tells
//!   that for each thread; elsewhere only ten times the limit counts.
//! - **cheap**: the system is asked when a closure begins, but not again within a quarter of the limit, and when one took
//!   long by the clock. What the thread did in that quarter before the closure is held in its favor.

use std::{
    cell::Cell,
    fs,
    num::NonZero,
    sync::LazyLock,
    time::{Duration, Instant},
};

use super::{delay::nanos, settings::settings};
use crate::op::Op;

/// What the system says of a thread.
#[derive(Clone, Copy, Debug)]
struct Usage {
    ran: Duration,
    ready: Duration,
}

crate::sync::thread_local! {
    static BEFORE: Cell<Option<Sample>> = const { Cell::new(None) };
    static OWN: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// What the system said when.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Instant,
    usage: Option<Usage>,
}

impl Sample {
    fn take(at: Instant) -> Self {
        Self { at, usage: usage() }
    }
}

/// A closure that took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Long {
    pub(crate) held: Duration,
    /// It waited for something else for most of the time.
    pub(crate) blocked: bool,
}

/// Whether an operation runs the user's closure.
pub(crate) fn may_be_long(op: Op) -> bool {
    matches!(
        op,
        Op::View | Op::ForEach | Op::Compute | Op::Update | Op::GetOrInsert | Op::RemoveIf | Op::Retain | Op::Transact
    )
}

/// When a closure began, by a clock that stands still while its thread waits for this checker: one number, so that it can be
/// kept in an atomic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start(NonZero<u64>);

/// What that clock began with: more than a thread can have waited before the first closure of all.
const BEGAN: u64 = 1 << 62;

static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Start {
    fn of(at: Instant) -> Self {
        let worked =
            BEGAN.saturating_add(nanos(at.saturating_duration_since(*BEGINNING))).saturating_sub(nanos(own_waits()));
        Self(NonZero::new(worked).unwrap_or(NonZero::<u64>::MIN))
    }

    /// Inverse of `from_bits`.
    pub(crate) fn bits(self) -> u64 {
        self.0.get()
    }

    /// `None` of 0.
    pub(crate) fn from_bits(bits: u64) -> Option<Self> {
        NonZero::new(bits).map(Self)
    }

    fn until(self, end: Self) -> Duration {
        Duration::from_nanos(end.bits().saturating_sub(self.bits()))
    }
}

/// A closure begins on this thread.
pub(crate) fn begin() -> Start {
    let mut at = Instant::now();
    let is_old = |sample: Sample| at - sample.at > settings().hold / 4;
    if BEFORE.try_with(Cell::get).is_ok_and(|before| before.is_none_or(is_old)) {
        let _ = BEFORE.try_with(|before| before.set(Some(Sample::take(at))));
        // not-preempted: after the sample, so that the time of a thread that loses its processor in between is in both.
        at = Instant::now();
    }
    Start::of(at)
}

/// Notes that this thread has waited for another inside the checker, which is no fault of a closure.
#[cold]
pub(crate) fn waited_for_checker(time: Duration) {
    let _ = OWN.try_with(|own| own.set(own.get() + time));
}

/// Does work of the checker, which is no fault of a closure that it happens in.
pub(crate) fn own<R>(work: impl FnOnce() -> R) -> R {
    let (start, before) = (Instant::now(), own_waits());
    let result = work();
    // What is noted inside is part of the whole.
    let _ = OWN.try_with(|own| own.set(before + start.elapsed()));
    result
}

fn own_waits() -> Duration {
    OWN.try_with(Cell::get).unwrap_or_default()
}

/// Judges a closure that began at `start` on this thread.
pub(crate) fn judge(op: Op, start: Start) -> Option<Long> {
    let limit = settings().hold;
    let held = start.until(Start::of(Instant::now()));
    if held < limit { None } else { judge_long(op, held, limit) }
}

#[cold]
fn judge_long(op: Op, held: Duration, limit: Duration) -> Option<Long> {
    let now = Sample::take(Instant::now());
    let before = BEFORE.try_with(|before| before.replace(Some(now))).ok().flatten();
    let (Some(now), Some(before)) = (now.usage, before.and_then(|before| before.usage)) else {
        return (held > limit * 10 && is_of_one_key(op)).then_some(Long { held, blocked: false });
    };
    let ran = now.ran.saturating_sub(before.ran);
    let ready = now.ready.saturating_sub(before.ready);
    let waited = held.saturating_sub(ran + ready);
    if waited >= limit {
        return Some(Long { held, blocked: true });
    }
    // To work through a whole map takes as long as it takes.
    (is_of_one_key(op) && held.saturating_sub(ready) >= limit * 10).then_some(Long { held, blocked: false })
}

fn is_of_one_key(op: Op) -> bool {
    !matches!(op, Op::ForEach | Op::Retain)
}

fn usage() -> Option<Usage> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let mut fields = text.split_whitespace().map(|field| field.parse().ok().map(Duration::from_nanos));
    Some(Usage { ran: fields.next()??, ready: fields.next()?? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closure_that_sleeps_is_long_and_one_that_is_short_is_not() {
        let start = begin();
        assert_eq!(judge(Op::Update, start), None);
        std::thread::sleep(settings().hold * 6);
        let long = judge(Op::Update, start);
        if cfg!(target_os = "linux") {
            assert!(long.is_some_and(|long| long.blocked), "{long:?}");
        }
    }

    #[test]
    fn what_the_thread_did_before_does_not_hide_that_it_waits() {
        begin();
        let busy = Instant::now();
        while busy.elapsed() < settings().hold * 3 {
            std::hint::spin_loop();
        }
        let start = begin();
        std::thread::sleep(settings().hold * 6);
        let long = judge(Op::Update, start);
        if cfg!(target_os = "linux") {
            assert!(long.is_some_and(|long| long.blocked), "{long:?}");
        }
    }

    #[test]
    fn to_wait_for_the_checker_is_no_fault() {
        let (start, at) = (begin(), Instant::now());
        std::thread::sleep(settings().hold * 2);
        waited_for_checker(at.elapsed());
        assert_eq!(judge(Op::Update, start), None);
    }

    #[test]
    fn work_through_a_whole_map_is_not_long() {
        let (start, at) = (begin(), Instant::now());
        while at.elapsed() < settings().hold * 2 {
            std::hint::spin_loop();
        }
        let long = judge(Op::ForEach, start);
        assert_eq!(long, None);
    }
}
