use std::{sync::Barrier, thread};

use mapwise::FailFastMap;

fn main() {
    let handles = FailFastMap::new();
    let inside = Barrier::new(2);
    handles.insert(7, "open");
    thread::scope(|scope| {
        scope.spawn(|| {
            handles.update(&7, |handle| {
                inside.wait();
                // Long enough for the other thread to come in.
                thread::sleep(std::time::Duration::from_secs(5));
                *handle = "closed";
            })
        });
        scope.spawn(|| {
            inside.wait();
            handles.insert(8, "open");
        });
    });
}
