use std::{sync::Barrier, thread};

use mapwise::ShardedMap;

fn main() {
    const NOW: u64 = 100;
    // When each session ends.
    let sessions: ShardedMap<_, _> = [("ada", 90)].into_iter().collect();
    // Make happen every time what happens now and then.
    let (looked, renewed) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            let ended = sessions.get("ada").is_some_and(|end| end < NOW);
            looked.wait();
            renewed.wait();
            if ended {
                sessions.remove("ada");
            }
            // What an ended thread did may have been waited for.
            renewed.wait();
        });
        scope.spawn(|| {
            looked.wait();
            sessions.update("ada", |end| *end = NOW + 60);
            renewed.wait();
            renewed.wait();
        });
    });
    assert_eq!(sessions.get("ada"), None, "a session was thrown out that had been renewed");
}
