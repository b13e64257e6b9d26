use std::{
    sync::{Arc, Barrier},
    thread,
};

use mapwise::ShardedMap;

fn main() {
    let pools = ShardedMap::<&str, Arc<String>>::new();
    let both = Barrier::new(2);
    let pool = |opener: &str| {
        both.wait();
        pools.get_or_insert_with("database", || Arc::new(format!("opened by {opener}")))
    };
    thread::scope(|scope| {
        let (one, two) = (scope.spawn(|| pool("one")), scope.spawn(|| pool("two")));
        let (one, two) = (one.join().unwrap(), two.join().unwrap());
        assert!(Arc::ptr_eq(&one, &two));
    });
}
