use std::{thread, time::Duration};

use mapwise::ShardedMap;

fn fetch() -> u64 {
    thread::sleep(Duration::from_millis(300));
    7
}

fn main() {
    let rates: ShardedMap<_, _> = [("EUR", 0)].into_iter().collect();
    rates.update("EUR", |rate| *rate = fetch());
    assert_eq!(rates.get("EUR"), Some(7));
}
