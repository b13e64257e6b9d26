//! Whether a thread waits, or only does not get a processor.

use std::{fs, path::PathBuf, time::Duration};

/// After so long without a sign a thread is taken to wait, where the system cannot be asked.
const SILENT: Duration = Duration::from_millis(200);

/// A thread, as the system knows it.
#[derive(Debug)]
pub(super) struct Watched {
    /// Linux has a file a thread, with a letter for what it does.
    status: Option<PathBuf>,
    /// It was waiting when it was last looked at: once may be chance.
    waited: bool,
}

impl Watched {
    /// This thread.
    pub(super) fn this() -> Self {
        let status = fs::read_link("/proc/thread-self").ok().map(|own| PathBuf::from("/proc").join(own).join("stat"));
        Self { status, waited: false }
    }

    /// Whether it waits for something else than the processor, now and at the look before; `since` it gave a sign.
    pub(super) fn waits(&mut self, since: Duration) -> bool {
        let Some(stat) = self.status.as_ref().and_then(|path| fs::read_to_string(path).ok()) else {
            return since > SILENT;
        };
        // `1234 (name) S …`: the name may hold anything.
        let asleep = stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'));
        std::mem::replace(&mut self.waited, asleep) && asleep
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread};

    use super::*;

    #[test]
    fn a_thread_that_waits_is_told_from_one_that_works() {
        let (sender, receiver) = mpsc::channel();
        let (end, ended) = mpsc::channel::<()>();
        let waiting = thread::spawn(move || {
            sender.send(Watched::this()).unwrap();
            ended.recv()
        });
        let mut watched = receiver.recv().unwrap();
        // It may still be on its way to where it waits.
        let looks = std::iter::repeat_with(|| {
            thread::sleep(Duration::from_millis(5));
            watched.waits(SILENT * 2)
        });
        assert!(looks.take(200).any(|waits| waits));
        end.send(()).unwrap();
        waiting.join().unwrap().unwrap();
        assert!(!Watched::this().waits(Duration::ZERO), "this thread works");
    }
}
