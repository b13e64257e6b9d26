//! Watches a measurement or the reading of a log: shows how far it is and ends it when the user asks.

use std::io::{self, IsTerminal, Read};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mapwise_workload::session::Observer;

use crate::failure::{Failure, INTERRUPTED};
use crate::terminal::say;

/// Steps of the bar.
const STEPS: u64 = 1000;
/// What a bar is drawn with.
const BLOCKS: &str = "█▉▊▋▌▍▎▏ ";
/// How often a log gets a line.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Reading that takes less than this shows no bar.
const SHORT: Duration = Duration::from_secs(1);

static INTERRUPT: AtomicBool = AtomicBool::new(false);

/// From now on the first Ctrl-C ends measuring or reading and the second one the process.
pub(crate) fn catch_interrupts() -> Result<(), Failure> {
    let handler = || {
        // Relaxed: the flag publishes nothing else.
        if INTERRUPT.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED.into());
        }
    };
    ctrlc::set_handler(handler).map_err(|error| {
        Failure::new(format_args!("cannot catch Ctrl-C: {error}"), "run it outside of what blocks signals")
    })
}

/// Whether Ctrl-C was pressed.
pub(crate) fn interrupted() -> bool {
    INTERRUPT.load(Ordering::Relaxed)
}

/// Progress of one or more runs on standard error: a bar on a terminal, a line now and then elsewhere.
pub(crate) struct Watch {
    bar: Option<ProgressBar>,
    last_line: Mutex<Instant>,
    /// What is measured, for several runs.
    name: String,
    /// How much lies before and after the current run.
    before: f64,
    share: f64,
    after: Duration,
}

impl Watch {
    pub(crate) fn new() -> Watch {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:24} {percent:>3} %  {msg}").expect("the template is valid");
            ProgressBar::new(STEPS).with_style(style.progress_chars(BLOCKS))
        });
        Watch {
            bar,
            last_line: Mutex::new(Instant::now()),
            name: String::new(),
            before: 0.0,
            share: 1.0,
            after: Duration::ZERO,
        }
    }

    /// Turns to run number `index` of `count`, each of which takes `time`.
    pub(crate) fn turn(&mut self, name: &str, index: usize, count: usize, time: Duration) {
        self.name = format!("{name}: ");
        self.before = index as f64 / count as f64;
        self.share = 1.0 / count as f64;
        self.after = time * (count - index - 1) as u32;
    }

    /// Takes the bar away, so that results stand alone.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Watch {
    fn progress(&self, done: f64, left: Duration, doing: &str) {
        let done = self.before + done.clamp(0.0, 1.0) * self.share;
        let left = (left + self.after).as_secs_f64().ceil() as u64;
        let left =
            if interrupted() { "ending, Ctrl-C again stops at once".to_owned() } else { format!("{left} s left") };
        let message = format!("{left}  {}{doing}", self.name);
        match &self.bar {
            Some(bar) => {
                bar.set_position((done * STEPS as f64) as u64);
                bar.set_message(message);
            }
            None => {
                let mut last = self.last_line.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                if last.elapsed() >= LINE_EVERY {
                    *last = Instant::now();
                    say(&format!("{:.0} %  {message}", done * 100.0));
                }
            }
        }
    }

    fn cancelled(&self) -> bool {
        interrupted()
    }
}

/// A log being read: a bar on a terminal once it takes long, an early end when the user asks.
pub(crate) struct Reading<R> {
    reader: R,
    bar: ProgressBar,
    /// Since when the bar waits to appear; nothing once it has, or without a terminal.
    hidden_since: Option<Instant>,
}

impl<R: Read> Reading<R> {
    /// Reads from `reader`, which has `total` bytes if that is known.
    pub(crate) fn new(reader: R, total: Option<u64>, name: &str) -> Reading<R> {
        let template = match total {
            Some(_) => "{bar:24} {percent:>3} %  {bytes} of {total_bytes}  {msg}",
            None => "{bytes} read, {bytes_per_sec}  {msg}",
        };
        let style = ProgressStyle::with_template(template).expect("the template is valid");
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden())
            .with_style(style.progress_chars(BLOCKS))
            .with_message(name.to_owned());
        Reading { reader, bar, hidden_since: io::stderr().is_terminal().then(Instant::now) }
    }
}

impl<R: Read> Read for Reading<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if interrupted() {
            return Ok(0);
        }
        let read = self.reader.read(out)?;
        self.bar.inc(read as u64);
        if self.hidden_since.is_some_and(|since| since.elapsed() >= SHORT) {
            self.hidden_since = None;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        Ok(read)
    }
}

impl<R> Drop for Reading<R> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
