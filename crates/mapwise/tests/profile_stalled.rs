//! Clients that ask for everything and then hardly read: no map waits for them, and neither do other clients.

#[path = "profile_server/mod.rs"]
mod server;

use std::{io::Read, net::TcpStream};

use mapwise::{ShardedMap, profile::snapshot};
use server::{ask, get, read, serve};

/// Enough for an answer that no socket's buffers take.
const MAPS: usize = 900;

/// More than the router makes answers at a time.
const STALLED: usize = 3;

fn one_byte(stream: &mut TcpStream) -> u8 {
    let mut byte = [0];
    stream.read_exact(&mut byte).expect("the answer begins");
    byte[0]
}

#[test]
fn clients_that_stall_hold_no_lock_and_nobody_up() {
    let maps: Vec<ShardedMap<u64, u64>> = (0..MAPS)
        .map(|index| {
            ShardedMap::with_shards(64).expect("a power of two").named(&format!("map-{index:03}-{:x<100}", ""))
        })
        .collect();
    let server = serve();
    let mut stalled: Vec<(TcpStream, u8)> = (0..STALLED)
        .map(|_| {
            let mut stream = ask(&server, "GET", "/debug/mapwise/profile.json");
            let first = one_byte(&mut stream);
            (stream, first)
        })
        .collect();
    // Every lock of every map can be had, for writing too, while all of them stall.
    for map in &maps {
        (0..256).for_each(|key| assert_eq!(map.insert(key, key), None));
        map.retain(|key, _| key % 2 == 0);
        assert_eq!(map.len(), 128);
    }
    assert_eq!(snapshot().maps.iter().map(|map| map.contentions).sum::<u64>(), 0, "nothing waited");
    for path in ["profile.json", "metrics", "profile.pb.gz", ""] {
        assert_eq!(get(&server, &format!("/debug/mapwise/{path}")).status, 200, "{path}");
    }
    // They were in the middle of their answers all along: each is of the moment when it was asked for.
    let rests = stalled.iter_mut().map(|(stream, first)| {
        let mut answer = vec![*first];
        stream.read_to_end(&mut answer).expect("the rest");
        let answer = read(&answer);
        assert_eq!(answer.header("content-length"), Some(answer.body.len().to_string().as_str()), "a whole answer");
        assert!(answer.body.len() > 4 << 20, "{} bytes fit into the buffers", answer.body.len());
        answer.body
    });
    let rests: Vec<Vec<u8>> = rests.collect();
    let profile = mapwise_profile::Profile::from_json(&rests[0]).expect("a valid profile");
    assert!(profile.maps.iter().all(|map| map.len == Some(0)), "copied first, then sent");
}
