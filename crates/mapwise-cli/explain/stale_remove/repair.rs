use std::{sync::Barrier, thread};

use mapwise::ShardedMap;

fn main() {
    const NOW: u64 = 100;
    // When each session ends.
    let sessions: ShardedMap<_, _> = [("ada", 90)].into_iter().collect();
    let renewed = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            renewed.wait();
            sessions.remove_if("ada", |end| *end < NOW);
        });
        scope.spawn(|| {
            sessions.update("ada", |end| *end = NOW + 60);
            renewed.wait();
        });
    });
    assert_eq!(sessions.get("ada"), Some(NOW + 60));
}
