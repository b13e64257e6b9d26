use std::{
    sync::{Arc, Barrier},
    thread,
};

use mapwise::ShardedMap;

fn main() {
    let pools = ShardedMap::<&str, Arc<String>>::new();
    // Makes happen every time what happens now and then.
    let both = Barrier::new(2);
    let pool = |opener: &str| {
        if let Some(pool) = pools.get("database") {
            return pool;
        }
        both.wait();
        let pool = Arc::new(format!("opened by {opener}"));
        pools.insert("database", Arc::clone(&pool));
        // What an ended thread did may have been waited for.
        both.wait();
        pool
    };
    thread::scope(|scope| {
        let (one, two) = (scope.spawn(|| pool("one")), scope.spawn(|| pool("two")));
        let (one, two) = (one.join().unwrap(), two.join().unwrap());
        assert!(!Arc::ptr_eq(&one, &two), "two pools for one database");
    });
}
