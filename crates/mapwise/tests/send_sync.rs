//! What may be sent to and shared between threads; the refusals are in `src/contracts.rs`.

use std::{cell::Cell, future::Future};

use mapwise::{FrozenMap, IntoEntries, Map, MutexMap, PackedMap, RwLockMap, Set, ShardedMap};

fn shareable<T: Send + Sync>() {}

#[test]
fn maps_of_shareable_values_are_shareable() {
    shareable::<MutexMap<u64, u64>>();
    shareable::<RwLockMap<u64, u64>>();
    shareable::<ShardedMap<u64, u64>>();
    shareable::<FrozenMap<u64, u64>>();
    shareable::<Map<u64, u64>>();
    shareable::<Map<String, Box<u64>>>();
    shareable::<Set<String>>();
    shareable::<PackedMap<u64, String>>();
    shareable::<IntoEntries<u64, String>>();
    // A mutex gives the value to one thread at a time, so it need not be Sync.
    shareable::<MutexMap<u64, Cell<u64>>>();
}

#[test]
fn a_task_that_uses_a_map_between_awaits_may_move_between_threads() {
    async fn fetch() {}
    async fn task(map: &ShardedMap<String, u64>) -> Option<u64> {
        let seen = map.view("a", |value| *value);
        fetch().await;
        map.insert("a".to_owned(), 1);
        seen
    }
    let map = ShardedMap::new();
    fn is_send(_: impl Future + Send) {}
    is_send(task(&map));
}
