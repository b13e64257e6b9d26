//! What a program of the corpus is, and what the programs share.
//!
//! - **same-lines**: the twin that an outer lock makes correct runs the very lines of the buggy one, under the lock: what
//!   sets the two apart is only whether another thread can come between.

use std::{
    hint::black_box,
    sync::{
        Barrier, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

/// Threads of a program, unless it says otherwise: more than the processors of a small machine.
pub const WORKERS: u64 = 4;

/// The three forms of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twin {
    /// As it was reported.
    Buggy,
    /// Repaired by the operation that was meant.
    Fixed,
    /// Repaired by a lock of its own around the same lines.
    Locked,
}

/// A bug shape with its three twins.
#[derive(Clone, Copy)]
pub struct Program {
    pub name: &'static str,
    /// The maps it runs on.
    pub maps: &'static str,
    /// What the checker may call it; it must say one of them, and nothing else.
    #[cfg(feature = "check")]
    pub finds: &'static [mapwise::check::Kind],
    pub run: fn(&Stage),
    /// The file it is written in: a finding must name lines of it.
    pub file: &'static str,
}

/// Enters programs into the corpus: function, maps, findings.
macro_rules! programs {
    ($($run:ident on $maps:literal finds $($kind:ident)|+;)*) => {
        pub const PROGRAMS: &[crate::program::Program] = &[$(crate::program::Program {
            name: stringify!($run),
            maps: $maps,
            #[cfg(feature = "check")]
            finds: &[$(mapwise::check::Kind::$kind),+],
            run: $run,
            file: file!(),
        }),*];
    };
}

pub(crate) use programs;

/// Where one run of one twin takes place.
pub struct Stage {
    twin: Twin,
    lock: Mutex<()>,
}

impl Stage {
    pub fn new(twin: Twin) -> Self {
        Self { twin, lock: Mutex::new(()) }
    }

    /// Whether this run uses the right operation.
    pub fn fixed(&self) -> bool {
        self.twin == Twin::Fixed
    }

    /// Whether this run must keep what the program promises.
    pub fn correct(&self) -> bool {
        self.twin != Twin::Buggy
    }

    /// The program's own lock, which the checker does not know of; nothing, except in the twin that has one.
    pub fn lock(&self) -> Option<MutexGuard<'_, ()>> {
        (self.twin == Twin::Locked).then(|| self.lock.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Runs `job` on `WORKERS` threads at once, each with its number.
///
/// As in a service, threads are there before the first request and do not end while others are at work.
pub fn workers<T: Send>(job: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(WORKERS as usize);
    thread::scope(|scope| {
        let running: Vec<_> = (0..WORKERS)
            .map(|worker| {
                let (barrier, job) = (&barrier, &job);
                scope.spawn(move || {
                    barrier.wait();
                    let _stays = Stays(barrier);
                    job(worker)
                })
            })
            .collect();
        running.into_iter().map(|worker| worker.join().expect("no worker panics")).collect()
    })
}

/// Runs each of `roles` on two threads at once, which stay until all are done.
pub fn together(roles: &[&(dyn Fn() + Sync)]) {
    let barrier = Barrier::new(roles.len() * 2);
    thread::scope(|scope| {
        for role in roles.iter().chain(roles) {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                let _stays = Stays(barrier);
                role();
            });
        }
    });
}

/// Waits for the others when it is dropped, on a panic too.
struct Stays<'a>(&'a Barrier);

impl Drop for Stays<'_> {
    fn drop(&mut self) {
        self.0.wait();
    }
}

/// Runs each of `roles` on a thread of its own, one when the other has ended, as start-up, serving and shutting down are.
pub fn in_turn(roles: &[&(dyn Fn() + Sync)]) {
    for role in roles {
        thread::scope(|scope| {
            scope.spawn(role);
        });
    }
}

/// Calls `job` with the numbers below `count`, whatever it returns.
pub fn times<T>(count: u64, mut job: impl FnMut(u64) -> T) {
    for n in 0..count {
        let _unused = job(n);
    }
}

/// Some microseconds of what a service does between looking and acting: rendering, parsing, signing.
pub fn work(input: u64) -> u64 {
    (0..2_000)
        .fold(black_box(input) | 1, |state: u64, round| (state ^ (state >> 29)).wrapping_mul(0x9e37_79b9 + 2 * round))
}

/// A value nobody else got: the number of a connection, a buffer, a request.
pub fn fresh() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Relaxed)
}
