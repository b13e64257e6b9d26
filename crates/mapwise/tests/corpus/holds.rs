//! Closures that keep everybody else waiting.
//!
//! Sources: pubky/pkdns, pull request 51 (an entry held over an `.await`); xacrimon/dashmap, issue 253 (what a guard
//! blocks); Juwan-Hwang/Zephyr, pull request 593 (a lock waited for under another).

use std::{sync::mpsc, thread, time::Duration};

use mapwise::{MutexMap, RwLockMap, ShardedMap};

use crate::program::{Stage, programs, together};

programs! {
    asks_a_server_inside_a_closure on "MutexMap" finds LongHold;
    waits_for_a_reply_inside_a_closure on "ShardedMap" finds LongHold;
    writes_a_page_to_a_slow_client on "RwLockMap" finds LongHold;
}

/// What a server far away takes to answer.
const FAR: Duration = Duration::from_millis(150);

/// Asks a server for a token inside the initializer, under the lock of the whole map.
///
/// Source: pubky/pkdns, pull request 51 (an entry held while the network is asked).
fn asks_a_server_inside_a_closure(stage: &Stage) {
    let tokens: MutexMap<u64, u64> = MutexMap::new();
    let ask = |user: u64| {
        thread::sleep(FAR);
        user + 1
    };
    together(&[&|| {
        let _held = stage.lock();
        if stage.correct() {
            if tokens.get(&1).is_none() {
                let token = ask(1);
                tokens.get_or_insert_with(1, || token);
            }
        } else {
            tokens.get_or_insert_with(1, || ask(1));
        }
    }]);
    assert_eq!(tokens.get(&1), Some(2));
}

/// Waits for another thread inside an update; everybody who hashes to the shard waits with it.
///
/// Source: Juwan-Hwang/Zephyr, pull request 593 (a wait under the lock of a shard).
fn waits_for_a_reply_inside_a_closure(stage: &Stage) {
    let replies: ShardedMap<u64, u64> = [(1, 0)].into_iter().collect();
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(FAR);
            send.send(7)
        });
        let _held = stage.lock();
        if stage.correct() {
            let reply = receive.recv().unwrap_or(0);
            replies.update(&1, |value| *value = reply);
        } else {
            replies.update(&1, |value| *value = receive.recv().unwrap_or(0));
        }
    });
    assert_eq!(replies.get(&1), Some(7));
}

/// Writes a page to a client from inside the look-up: a slow client holds up every writer.
///
/// Source: xacrimon/dashmap, issue 253 (what is blocked while a reference into the map is alive).
fn writes_a_page_to_a_slow_client(stage: &Stage) {
    let pages: RwLockMap<u64, String> = [(1, "page".to_owned())].into_iter().collect();
    let write = |page: &str| {
        thread::sleep(FAR);
        page.len()
    };
    let _held = stage.lock();
    let written =
        if stage.correct() { pages.get(&1).map(|page| write(&page)) } else { pages.view(&1, |page| write(page)) };
    assert_eq!(written, Some(4));
}
