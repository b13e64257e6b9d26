use std::{sync::Barrier, thread};

use mapwise::ShardedMap;

fn main() {
    // How often each page was asked for since the last sweep.
    let pages: ShardedMap<_, _> = [("/", 5), ("/about", 0)].into_iter().collect();
    // Make happen every time what happens now and then.
    let (noted, used) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut idle = Vec::new();
            pages.for_each(|page, uses| {
                if *uses == 0 {
                    idle.push(*page);
                }
            });
            noted.wait();
            used.wait();
            for page in idle {
                pages.remove(page);
            }
            // What an ended thread did may have been waited for.
            used.wait();
        });
        scope.spawn(|| {
            noted.wait();
            pages.update("/about", |uses| *uses += 1);
            used.wait();
            used.wait();
        });
    });
    assert_eq!(pages.get("/about"), None, "a page was evicted that is in use");
}
