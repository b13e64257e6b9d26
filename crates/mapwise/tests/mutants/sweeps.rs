//! Sweeps that remove what is idle, torn into a look and a removal.

use std::{
    hint::black_box,
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

use real::mutant::{Mutant, split};

use crate::{MapWrite, Seeded};

const SESSIONS: u64 = 8;
const WORKERS: usize = 2;
const REQUESTS: u64 = 5_000;

pub fn mutants() -> Vec<Seeded> {
    macro_rules! torn {
        ($($map:ident)*) => {
            vec![$(
                Seeded {
                    program: "a sweep of idle sessions, one by one",
                    map: stringify!($map),
                    torn: "remove_if",
                    can_lose: true,
                    run: || serve(&Mutant::<_, { split::REMOVE_IF }>::of(real::$map::<u64, u64>::new()), one_by_one),
                },
                Seeded {
                    program: "a sweep of idle sessions, all at once",
                    map: stringify!($map),
                    torn: "retain",
                    can_lose: true,
                    run: || serve(&Mutant::<_, { split::RETAIN }>::of(real::$map::<u64, u64>::new()), at_once),
                },
                Seeded {
                    program: "a sweep of idle sessions, one by one",
                    map: stringify!($map),
                    torn: "nothing",
                    can_lose: false,
                    run: || serve(&Mutant::<_, { split::NONE }>::of(real::$map::<u64, u64>::new()), one_by_one),
                },
                Seeded {
                    program: "a sweep of idle sessions, all at once",
                    map: stringify!($map),
                    torn: "nothing",
                    can_lose: false,
                    run: || serve(&Mutant::<_, { split::NONE }>::of(real::$map::<u64, u64>::new()), at_once),
                }
            ),*]
        };
    }
    torn!(Map MutexMap RwLockMap ShardedMap SyncMap)
}

/// How long a session may go without a request, in requests of all.
const IDLE: u64 = 6;

fn one_by_one<M: MapWrite<u64, u64>>(sessions: &M, now: u64) {
    for user in 0..SESSIONS {
        sessions.remove_if(&user, |seen| *seen + IDLE < now);
    }
}

fn at_once<M: MapWrite<u64, u64>>(sessions: &M, now: u64) {
    sessions.retain(|_, seen| *seen + IDLE >= now);
}

/// Serves requests of users, and calls `sweep` from time to time.
fn serve<M: MapWrite<u64, u64> + Sync>(sessions: &M, sweep: fn(&M, u64)) {
    let (clock, barrier) = (AtomicU64::new(0), Barrier::new(WORKERS + 1));
    thread::scope(|scope| {
        for worker in 0..WORKERS as u64 {
            let (clock, barrier) = (&clock, &barrier);
            scope.spawn(move || {
                barrier.wait();
                for request in 0..REQUESTS {
                    // Neither all at once nor in turn: some are idle now and then.
                    let user = (request * request + worker) % SESSIONS;
                    let now = clock.fetch_add(1, Relaxed);
                    sessions.upsert(user, || now, |seen| *seen = now.max(*seen));
                    black_box((0..2_000).fold(now, |page, line| page.rotate_left(7) ^ black_box(line)));
                }
                barrier.wait();
            });
        }
        barrier.wait();
        loop {
            let now = clock.load(Relaxed);
            sweep(sessions, now);
            if now == WORKERS as u64 * REQUESTS {
                break;
            }
        }
        barrier.wait();
    });
}
