//! Reads and writes of one entry that belong together and are torn apart.
//!
//! Sources: S. Lu et al., "AVIO: detecting atomicity violations via access interleaving invariants", ASPLOS 2006 (the
//! unserializable triple read, foreign write, write); D. Dimitrov et al., "Commutativity race detection", PLDI 2014; G. Li
//! et al., "Efficient scalable thread-safety-violation detection" (TSVD), SOSP 2019.

use mapwise::{MutexMap, RwLockMap, ShardedMap, SyncMap};

use crate::program::{Stage, WORKERS, fresh, programs, together, work, workers};

programs! {
    withdraws_from_a_balance on "MutexMap" finds LostUpdate;
    moves_money_between_accounts on "ShardedMap" finds LostUpdate;
    frees_pages_of_a_chunk on "ShardedMap" finds LostUpdate | DoubleInit;
    keeps_the_slowest_request on "SyncMap" finds LostUpdate | DoubleInit;
    hands_out_the_next_number on "RwLockMap" finds LostUpdate;
    flips_a_switch on "MutexMap" finds LostUpdate;
    computes_a_root_once on "RwLockMap" finds DoubleInit;
    adds_a_device_to_a_dictionary on "SyncMap" finds DoubleInit;
}

/// Withdraws what the balance it read allows: money is withdrawn twice.
///
/// Source: AVIO, the triple of a read, a foreign write and a write.
fn withdraws_from_a_balance(stage: &Stage) {
    let balances: MutexMap<&str, u64> = [("alice", 1_000)].into_iter().collect();
    let withdrawn = workers(|worker| {
        let withdraw = |amount: u64| {
            let _held = stage.lock();
            if stage.fixed() {
                return balances.update("alice", |balance| *balance -= amount).map_or(0, |()| amount);
            }
            let balance = balances.get("alice").unwrap_or(0);
            work(worker);
            balances.insert("alice", balance - amount);
            amount
        };
        (1..=8).map(withdraw).sum::<u64>()
    });
    assert!(!stage.correct() || balances.get("alice") == Some(1_000 - withdrawn.iter().sum::<u64>()));
}

/// Takes from one account and gives to another, in four calls that are one transaction to its author.
///
/// Source: AVIO, the same triple on two entries; the transfer is the textbook's.
fn moves_money_between_accounts(stage: &Stage) {
    let accounts: ShardedMap<u64, i64> = (0..3).map(|account| (account, 100)).collect();
    workers(|worker| {
        for n in 0..8 {
            let (from, to) = ((n + worker) % 3, (n + worker + 1) % 3);
            let _held = stage.lock();
            if stage.fixed() {
                let moved = accounts.transact([&from, &to], |[from, to]| {
                    if let (Some(from), Some(to)) = (from, to) {
                        (*from, *to) = (*from - 1, *to + 1);
                    }
                });
                assert!(moved.is_ok());
                continue;
            }
            let (has, gets) = (accounts.get(&from).unwrap_or(0), accounts.get(&to).unwrap_or(0));
            work(n);
            accounts.insert(from, has - 1);
            accounts.insert(to, gets + 1);
        }
    });
    assert!(!stage.correct() || accounts.snapshot().values().sum::<i64>() == 300);
}

/// Adds freed pages to what a chunk had freed: `get`, add, `put`, of which two do not commute.
///
/// Source: Dimitrov et al., the map of freed page space in a storage engine.
fn frees_pages_of_a_chunk(stage: &Stage) {
    let freed: ShardedMap<u64, u64> = ShardedMap::new();
    workers(|_| {
        for page in 0..12 {
            let chunk = page % 3;
            let _held = stage.lock();
            if stage.fixed() {
                freed.upsert(chunk, || 4, |pages| *pages += 4);
                continue;
            }
            let total = freed.get(&chunk).map_or(4, |pages| pages + 4);
            work(page);
            freed.insert(chunk, total);
        }
    });
    assert!(!stage.correct() || freed.snapshot().values().sum::<u64>() == 48 * WORKERS);
}

/// Keeps a maximum by comparing with what it read: a smaller one can be written last.
///
/// Source: Dimitrov et al., a `put` that depends on an earlier `get` of its key.
fn keeps_the_slowest_request(stage: &Stage) {
    let slowest: SyncMap<u64, u64> = SyncMap::new();
    workers(|worker| {
        for n in 1..=10 {
            let (route, took) = (n % 2, n * 10 + worker);
            let _held = stage.lock();
            if stage.fixed() {
                slowest.upsert(route, || took, |max| *max = took.max(*max));
            } else if slowest.get(&route).is_none_or(|max| max < took) {
                work(took);
                slowest.insert(route, took);
            }
        }
    });
    assert!(!stage.correct() || slowest.get(&0) == Some(100 + WORKERS - 1));
}

/// Reads the last number, and stores the next: two orders get the same.
///
/// Source: AVIO, the same triple; what is lost here is that numbers differ.
fn hands_out_the_next_number(stage: &Stage) {
    let numbers: RwLockMap<&str, u64> = [("order", 0)].into_iter().collect();
    let taken = workers(|worker| {
        [(); 8].map(|()| {
            let _held = stage.lock();
            if stage.fixed() {
                return numbers.update("order", |last| {
                    *last += 1;
                    *last
                });
            }
            let next = numbers.get("order").map(|last| last + 1)?;
            work(worker);
            numbers.insert("order", next);
            Some(next)
        })
    });
    let mut taken: Vec<_> = taken.into_iter().flatten().collect();
    taken.sort_unstable();
    taken.dedup();
    assert!(!stage.correct() || taken.len() == 8 * WORKERS as usize);
}

/// Flips a switch to the opposite of what it saw: two flips become one.
///
/// Source: AVIO, the same triple; nothing is counted, so nothing looks lost.
fn flips_a_switch(stage: &Stage) {
    let switches: MutexMap<u64, bool> = (0..2).map(|switch| (switch, false)).collect();
    workers(|worker| {
        for n in 0..10 {
            let switch = n % 2;
            let _held = stage.lock();
            if stage.fixed() {
                switches.update(&switch, |on| *on = !*on);
                continue;
            }
            let on = switches.view(&switch, |on| *on).unwrap_or(false);
            work(worker);
            switches.insert(switch, !on);
        }
    });
    // Each switch was flipped an even number of times.
    assert!(!stage.correct() || switches.snapshot().values().all(|on| !on));
}

/// Looks a result up, computes it in a task and adds it to the cache: the task runs for both who looked.
///
/// Source: TSVD, the asynchronous cache of square roots (`ContainsKey`, then `Add`, in tasks).
fn computes_a_root_once(stage: &Stage) {
    let roots: RwLockMap<u64, u64> = RwLockMap::new();
    let computed: Vec<usize> = workers(|_| {
        let compute = |number: &u64| {
            let _held = stage.lock();
            let mut computed = false;
            if stage.fixed() {
                roots.get_or_insert_with(*number, || {
                    computed = true;
                    work(*number) ^ fresh()
                });
            } else if !roots.contains_key(number) {
                computed = true;
                roots.insert(*number, work(*number) ^ fresh());
            }
            computed
        };
        (0..8).filter(compute).count()
    });
    assert!(!stage.correct() || computed.iter().sum::<usize>() == 8);
}

/// Adds a device on its first message, on the thread of that message; another role lists devices meanwhile.
///
/// Source: TSVD, a dictionary that is read and added to by tasks of two kinds.
fn adds_a_device_to_a_dictionary(stage: &Stage) {
    let devices: SyncMap<u64, u64> = SyncMap::new();
    together(&[
        &|| {
            for message in 0..12 {
                let device = message % 6;
                let _held = stage.lock();
                if stage.fixed() {
                    let _known = devices.insert_if_absent(device, fresh());
                } else if devices.view(&device, |_| ()).is_none() {
                    work(message);
                    devices.insert(device, fresh());
                }
            }
        },
        &|| {
            for _ in 0..3 {
                let mut known = 0;
                devices.for_each(|_, number| known += u64::from(work(*number) != 0));
                assert!(known <= 6);
            }
        },
    ]);
    assert_eq!(devices.len(), 6);
}
