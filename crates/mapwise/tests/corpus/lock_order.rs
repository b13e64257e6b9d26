//! Maps that are entered inside each other in opposite orders: two threads that meet wait for each other for ever.
//!
//! Sources: xacrimon/dashmap, issue 369 and pull request 365; codahale/metrics, pull request 16; J. Corbet, "The kernel
//! lock validator", LWN 2006 (the order is enough, the hang need not happen). The roles of a program run one after the
//! other, so that no run of it hangs: a service in which they have not met yet. The twins with a lock of their own hold it
//! around two calls that are not nested.

use mapwise::{ActorMap, MutexMap, RwLockMap, ShardedMap};

use crate::program::{Stage, in_turn, programs, work};

programs! {
    ships_and_cancels_orders on "MutexMap, MutexMap" finds LockCycle;
    indexes_and_expires_sessions on "ShardedMap, RwLockMap" finds LockCycle;
    resolves_users_groups_and_rights on "RwLockMap, ShardedMap, MutexMap" finds LockCycle;
    compares_replicas_both_ways on "ShardedMap, ShardedMap" finds LockCycle;
    asks_two_owners on "ActorMap, ActorMap" finds LockCycle;
}

/// Shipping goes from the order to the stock, cancelling from the stock to the order.
///
/// Source: codahale/metrics, pull request 16 (three locks, taken in two orders).
fn ships_and_cancels_orders(stage: &Stage) {
    let orders: MutexMap<u64, u64> = (0..4).map(|order| (order, 2)).collect();
    let stock: MutexMap<u64, u64> = (0..4).map(|item| (item, 100)).collect();
    let ship = || {
        for id in 0..4 {
            let _held = stage.lock();
            if stage.correct() {
                let amount = orders.get(&id).unwrap_or(0);
                stock.update(&id, |left| *left -= amount);
            } else {
                orders.update(&id, |amount| stock.update(&id, |left| *left -= work(*amount).min(*amount)));
            }
        }
    };
    let cancel = || {
        for id in 0..4 {
            let _held = stage.lock();
            if stage.correct() {
                let amount = orders.remove(&id).unwrap_or(0);
                stock.update(&id, |left| *left += amount);
            } else {
                stock.update(&id, |left| *left += orders.remove(&id).unwrap_or(0));
            }
        }
    };
    in_turn(&[&ship, &cancel]);
    assert!(orders.is_empty());
}

/// A log-in enters the index inside the session, the sweeper enters the session inside the index.
///
/// Source: xacrimon/dashmap, issue 369 (a guard held over an insertion, and the reverse in another thread).
fn indexes_and_expires_sessions(stage: &Stage) {
    let sessions: ShardedMap<u64, u64> = ShardedMap::new();
    let by_user: RwLockMap<u64, u64> = RwLockMap::new();
    let log_in = || {
        for user in 0..6 {
            let session = user + 1_000;
            let _held = stage.lock();
            if stage.correct() {
                sessions.insert(session, user);
                by_user.insert(user, session);
            } else {
                sessions.upsert(
                    session,
                    || {
                        by_user.insert(user, session);
                        user
                    },
                    |_| (),
                );
            }
        }
    };
    let sweep = || {
        let _held = stage.lock();
        if stage.correct() {
            for session in by_user.drain().into_iter().map(|(_, session)| session) {
                sessions.remove(&session);
            }
        } else {
            by_user.retain(|_, session| sessions.remove(session).is_none());
        }
    };
    in_turn(&[&log_in, &sweep]);
    assert!(sessions.is_empty());
}

/// Users to groups, groups to rights, rights to users: no two are in opposite orders, the three of them are in a circle.
///
/// Source: Corbet, circles longer than two.
fn resolves_users_groups_and_rights(stage: &Stage) {
    let users: RwLockMap<u64, u64> = (0..2).map(|user| (user, user)).collect();
    let groups: ShardedMap<u64, u64> = (0..2).map(|group| (group, group)).collect();
    let rights: MutexMap<u64, u64> = (0..2).map(|right| (right, right)).collect();
    let group_of = || {
        let _held = stage.lock();
        if stage.correct() {
            users.get(&0).and_then(|group| groups.get(&group))
        } else {
            users.update(&0, |group| groups.get(group)).flatten()
        }
    };
    let right_of = || {
        let _held = stage.lock();
        if stage.correct() {
            groups.get(&0).and_then(|right| rights.get(&right))
        } else {
            groups.update(&0, |right| rights.get(right)).flatten()
        }
    };
    let holder_of = || {
        let _held = stage.lock();
        if stage.correct() {
            rights.get(&0).and_then(|user| users.get(&user))
        } else {
            rights.update(&0, |user| users.get(user)).flatten()
        }
    };
    in_turn(&[&|| assert!(group_of().is_some()), &|| assert!(right_of().is_some()), &|| {
        assert!(holder_of().is_some())
    }]);
}

/// Compares a map with its replica entry by entry; the replica's thread compares the other way round. Both only read, but a
/// writer that waits for a map holds back its next reader; one that serves and one that replicates close the circle.
///
/// Source: xacrimon/dashmap, pull request 365 (`a == b` in one thread, `b == a` in another) and issue 195; solana-labs/solana,
/// pull request 23765 (readers behind a waiting writer).
fn compares_replicas_both_ways(stage: &Stage) {
    let first: ShardedMap<u64, u64> = (0..8).map(|key| (key, key)).collect();
    let second: ShardedMap<u64, u64> = (0..8).map(|key| (key, key)).collect();
    let equal = |one: &ShardedMap<u64, u64>, other: &ShardedMap<u64, u64>| {
        let _held = stage.lock();
        let mut equal = true;
        if stage.correct() {
            equal = one.snapshot().iter().all(|(key, value)| other.get(key) == Some(*value));
        } else {
            one.for_each(|key, value| equal &= other.get(key) == Some(*value));
        }
        equal
    };
    let write = |map: &ShardedMap<u64, u64>| {
        for key in 0..8 {
            let _held = stage.lock();
            map.insert(key, key + 1);
        }
    };
    in_turn(&[&|| assert!(equal(&first, &second)), &|| write(&first), &|| write(&second), &|| {
        assert!(equal(&second, &first))
    }]);
}

/// Two owner threads, each of which asks the other inside a closure.
///
/// Source: the circle that the documentation of `ActorMap` warns of.
fn asks_two_owners(stage: &Stage) {
    let prices: ActorMap<u64, u64> = (0..4).map(|item| (item, 10)).collect();
    let carts: ActorMap<u64, u64> = (0..4).map(|item| (item, 1)).collect();
    let reprice = || {
        for item in 0..4 {
            let _held = stage.lock();
            if stage.correct() {
                let amount = carts.get(&item).unwrap_or(0);
                prices.update(&item, |price| *price += amount);
            } else {
                prices.update(&item, |price| *price += carts.get(&item).unwrap_or(0));
            }
        }
    };
    let check_out = || {
        for item in 0..4 {
            let _held = stage.lock();
            if stage.correct() {
                let price = prices.get(&item).unwrap_or(0);
                carts.update(&item, |amount| *amount *= price);
            } else {
                carts.update(&item, |amount| *amount *= prices.get(&item).unwrap_or(0));
            }
        }
    };
    in_turn(&[&reprice, &check_out]);
    assert_eq!(carts.get(&0), Some(11));
}
