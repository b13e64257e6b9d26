//! Whether threads that wanted a processor had one: when other programs keep threads from running side by side, they do
//! not meet in the map, and all maps look alike.

use std::ops::AddAssign;
use std::time::Duration;

/// What the system's scheduler says of threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Processor {
    /// Nanoseconds on a processor.
    ran: u64,
    /// Nanoseconds ready to run and not running; waiting for a lock is none of it.
    waited: u64,
}

impl Processor {
    /// Returns what became of this thread so far; `None` where the system does not say.
    pub(crate) fn of_this_thread() -> Option<Self> {
        if !cfg!(target_os = "linux") {
            return None;
        }
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        let mut figures = text.split_ascii_whitespace().map(str::parse);
        Some(Self { ran: figures.next()?.ok()?, waited: figures.next()?.ok()? })
    }

    /// Returns what has happened since `before`; nothing where either is unknown.
    pub(crate) fn since(before: Option<Self>) -> Self {
        match (before, Self::of_this_thread()) {
            (Some(before), Some(now)) => {
                Self { ran: now.ran.saturating_sub(before.ran), waited: now.waited.saturating_sub(before.waited) }
            }
            _ => Self::default(),
        }
    }

    /// Returns how long threads could have run and did not.
    pub(crate) fn waited(self) -> Duration {
        Duration::from_nanos(self.waited)
    }

    /// Returns the share of the time in which threads could have run and did not; 0 where nothing is known.
    pub(crate) fn waited_share(self) -> f64 {
        self.waited as f64 / (self.ran + self.waited).max(1) as f64
    }
}

impl AddAssign for Processor {
    fn add_assign(&mut self, other: Self) {
        self.ran += other.ran;
        self.waited += other.waited;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    #[allow(clippy::print_stderr, reason = "a test that skips says so")]
    fn a_busy_thread_is_seen_to_run() {
        let before = Processor::of_this_thread();
        if before.is_none() {
            eprintln!("skipped: this system does not say who waits for a processor");
            return;
        }
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(60) {}
        let since = Processor::since(before);
        assert!(since.ran + since.waited > 20_000_000, "{since:?}");
        assert!((0.0..=1.0).contains(&since.waited_share()));
    }

    #[test]
    fn half_the_time_without_a_processor_is_a_half() {
        let mut processor = Processor { ran: 30, waited: 0 };
        processor += Processor { ran: 20, waited: 50 };
        assert_eq!(processor.waited_share(), 0.5);
    }

    #[test]
    fn nothing_known_is_no_waiting() {
        assert_eq!(Processor::since(None).waited_share(), 0.0);
    }
}
