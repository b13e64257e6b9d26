use std::{sync::Barrier, thread};

use mapwise::MutexMap;

fn main() {
    let handles = MutexMap::new();
    let both = Barrier::new(2);
    handles.insert(7, "open");
    thread::scope(|scope| {
        scope.spawn(|| {
            both.wait();
            handles.update(&7, |handle| *handle = "closed");
        });
        scope.spawn(|| {
            both.wait();
            handles.insert(8, "open");
        });
    });
    assert_eq!((handles.get(&7), handles.get(&8)), (Some("closed"), Some("open")));
}
