use std::{sync::Barrier, thread};

use mapwise::ShardedMap;

fn main() {
    let visits: ShardedMap<_, _> = [("/", 0)].into_iter().collect();
    // Makes happen every time what happens now and then.
    let both = Barrier::new(2);
    let visit = || {
        let seen = visits.get("/").unwrap_or(0);
        both.wait();
        visits.insert("/", seen + 1);
        // What an ended thread did may have been waited for.
        both.wait();
    };
    thread::scope(|scope| {
        scope.spawn(visit);
        scope.spawn(visit);
    });
    assert_eq!(visits.get("/"), Some(1), "two visits, counted once");
}
