use std::{sync::Barrier, thread};

use mapwise::ShardedMap;

fn main() {
    // How often each page was asked for since the last sweep.
    let pages: ShardedMap<_, _> = [("/", 5), ("/about", 0)].into_iter().collect();
    let used = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            used.wait();
            pages.retain(|_, uses| *uses > 0);
        });
        scope.spawn(|| {
            pages.update("/about", |uses| *uses += 1);
            used.wait();
        });
    });
    assert_eq!(pages.get("/about"), Some(1));
}
