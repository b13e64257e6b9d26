//! A stream of readers does not starve a writer.

use std::{
    sync::{
        Barrier, Condvar, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use mapwise::{Map, RwLockMap, ShardedMap};

/// What the test needs of a map, so that a lock that does starve writers can stand beside ours.
trait ReadersAndWriters: Sync {
    fn read(&self, inside: &mut dyn FnMut());
    fn write(&self);
}

impl ReadersAndWriters for RwLockMap<u64, u64> {
    fn read(&self, inside: &mut dyn FnMut()) {
        self.view(&1, |_| inside());
    }
    fn write(&self) {
        self.insert(1, 2);
    }
}

impl ReadersAndWriters for ShardedMap<u64, u64> {
    fn read(&self, inside: &mut dyn FnMut()) {
        self.view(&1, |_| inside());
    }
    fn write(&self) {
        self.insert(1, 2);
    }
}

/// Boxed, so that the map is read under the lock.
impl ReadersAndWriters for Map<u64, Box<u64>> {
    fn read(&self, inside: &mut dyn FnMut()) {
        self.view(&1, |_| inside());
    }
    fn write(&self) {
        self.insert(1, Box::new(2));
    }
}

/// Admits every reader that comes while another is inside.
#[derive(Default)]
struct PreferReaders {
    readers: Mutex<usize>,
    none: Condvar,
}

impl ReadersAndWriters for PreferReaders {
    fn read(&self, inside: &mut dyn FnMut()) {
        *self.readers.lock().unwrap() += 1;
        inside();
        *self.readers.lock().unwrap() -= 1;
        self.none.notify_all();
    }
    fn write(&self) {
        let readers = self.readers.lock().unwrap();
        drop(self.none.wait_while(readers, |readers| *readers > 0).unwrap());
    }
}

/// Links of the chain of readers: each stays inside until the next has come in, or has been kept out for a while.
const LINKS: usize = 60;
const PATIENCE: Duration = Duration::from_millis(50);

/// Returns after how many links the writer got in, `None` if it never did before the chain ended.
fn links_before_the_writer(map: &impl ReadersAndWriters) -> Option<usize> {
    let written = AtomicBool::new(false);
    let writer_started = Barrier::new(2);
    let entered: Vec<(Mutex<bool>, Condvar)> = (0..=LINKS).map(|_| Default::default()).collect();
    let (entered, written) = (&entered, &written);
    thread::scope(|scope| {
        let mut waited_for = None;
        let mut readers = Vec::new();
        let spawn_reader = |link: usize| {
            scope.spawn(move || {
                map.read(&mut || {
                    *entered[link].0.lock().unwrap() = true;
                    entered[link].1.notify_all();
                    let (next, came) = &entered[link + 1];
                    drop(came.wait_timeout_while(next.lock().unwrap(), PATIENCE, |came| !*came).unwrap());
                });
            })
        };
        for link in 0..LINKS {
            readers.push(spawn_reader(link));
            if link == 0 {
                let (first, came) = &entered[0];
                drop(came.wait_while(first.lock().unwrap(), |came| !*came).unwrap());
                scope.spawn(|| {
                    writer_started.wait();
                    map.write();
                    written.store(true, SeqCst);
                });
                writer_started.wait();
            }
            // The next link is spawned only once this reader is inside or has been kept out.
            let (this, came) = &entered[link];
            drop(came.wait_timeout_while(this.lock().unwrap(), PATIENCE, |came| !*came).unwrap());
            if written.load(SeqCst) {
                waited_for = Some(link);
                break;
            }
        }
        waited_for
    })
}

fn is_not_starved(map: &impl ReadersAndWriters) {
    let waited_for = links_before_the_writer(map);
    assert!(waited_for.is_some(), "the writer was still waiting after {LINKS} overlapping readers");
}

#[test]
fn a_writer_of_rw_lock_map_gets_in_beside_a_stream_of_readers() {
    let map = RwLockMap::new();
    map.insert(1, 1);
    is_not_starved(&map);
}

#[test]
fn a_writer_of_sharded_map_gets_in_beside_a_stream_of_readers() {
    let map = ShardedMap::with_shards(1).unwrap();
    map.insert(1, 1);
    is_not_starved(&map);
}

#[test]
fn a_writer_of_map_gets_in_beside_a_stream_of_readers() {
    let map = Map::new();
    map.insert(1, Box::new(1));
    is_not_starved(&map);
}

#[test]
fn the_stream_of_readers_does_starve_a_writer_of_a_lock_that_prefers_them() {
    assert_eq!(links_before_the_writer(&PreferReaders::default()), None);
}
