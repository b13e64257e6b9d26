use std::{sync::Barrier, thread};

use mapwise::ShardedMap;

fn main() {
    let visits: ShardedMap<_, _> = [("/", 0)].into_iter().collect();
    let both = Barrier::new(2);
    let visit = || {
        both.wait();
        visits.update("/", |seen| *seen += 1);
    };
    thread::scope(|scope| {
        scope.spawn(visit);
        scope.spawn(visit);
    });
    assert_eq!(visits.get("/"), Some(2));
}
