//! `Collector`: every record is merged, dropped and counted, or failed and counted.

#![cfg(not(loom))]

use std::{
    collections::HashMap,
    panic::resume_unwind,
    sync::{Arc, Barrier, Mutex, mpsc},
    thread,
};

use mapwise::{Collector, CollectorBuilder, MapMerge, Overflow};

const fn shared<T: Send + Sync>() {}
const _: () = shared::<Collector<String, Vec<u8>>>();

const THREADS: u64 = 4;
const EACH: u64 = 5_000;

fn sum(collected: HashMap<u64, u64>) -> u64 {
    collected.into_values().sum()
}

/// Runs `work` on several threads at once.
fn together(work: impl Fn(u64) + Sync) {
    let start = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (start, work) = (&start, &work);
            scope.spawn(move || {
                start.wait();
                work(thread);
            });
        }
    });
}

#[test]
fn a_collector_that_blocks_loses_nothing_whatever_the_length_of_its_queue() {
    for queue in [0, 1, 100] {
        let collector = CollectorBuilder::new().queue(queue).build(|sum: &mut u64, n: u64| *sum += n).unwrap();
        together(|_| (0..EACH / 10).for_each(|n| assert!(collector.record(n % 5, 1))));
        assert_eq!((collector.dropped(), collector.len()), (0, 5));
        assert_eq!(sum(collector.finish()), THREADS * EACH / 10, "queue {queue}");
    }
}

#[test]
fn a_collector_that_drops_accounts_for_every_record() {
    let collector = CollectorBuilder::new()
        .queue(4)
        .overflow(Overflow::DropAndCount)
        .build(|sum: &mut u64, n: u64| *sum += n)
        .unwrap();
    let accepted = Mutex::new(0);
    together(|_| {
        let mine = (0..EACH).filter(|n| collector.record(n % 5, 1)).count() as u64;
        *accepted.lock().unwrap() += mine;
    });
    let accepted = accepted.into_inner().unwrap();
    assert_eq!(accepted + collector.dropped(), THREADS * EACH);
    assert_eq!(sum(collector.finish()), accepted);
}

#[test]
fn a_collector_that_drops_never_waits_for_a_stuck_merge() {
    let (stuck, is_stuck) = mpsc::channel();
    let (go, gate) = mpsc::channel::<()>();
    let collector = CollectorBuilder::new()
        .queue(2)
        .overflow(Overflow::DropAndCount)
        .build(move |_: &mut (), ()| {
            stuck.send(()).unwrap();
            gate.recv().unwrap();
        })
        .unwrap();
    assert!(collector.record(0, ()) && collector.record(0, ()));
    is_stuck.recv().unwrap();
    // The owner thread is in the merge function; two more fit into the queue.
    let accepted = (0..100).filter(|_| collector.record(0, ())).count();
    assert_eq!((accepted, collector.dropped()), (2, 98));
    (0..3).for_each(|_| go.send(()).unwrap());
    assert_eq!(collector.finish().len(), 1);
}

#[test]
fn a_collection_sees_what_this_thread_recorded_before() {
    let collector = Collector::new(|sum: &mut u64, n| *sum += n);
    together(|thread| {
        for n in 1..=200 {
            collector.record(thread, 1);
            if n % 20 == 0 {
                assert_eq!(collector.collect()[&thread], n);
            }
        }
    });
    assert!(!collector.is_empty());
}

#[test]
fn each_record_is_in_exactly_one_drain() {
    let collector = Collector::new(|sum: &mut u64, n| *sum += n);
    let drained = Mutex::new(0);
    together(|thread| {
        for n in 0..EACH {
            collector.record(n % 9, 1);
            if thread == 0 && n % 500 == 0 {
                *drained.lock().unwrap() += collector.drain().into_iter().map(|(_, n)| n).sum::<u64>();
            }
        }
    });
    assert_eq!(drained.into_inner().unwrap() + sum(collector.finish()), THREADS * EACH);
}

#[test]
fn a_panic_in_the_merge_function_costs_that_record_and_is_counted() {
    let collector = Collector::new(|sum: &mut u64, n| {
        if n == 13 {
            resume_unwind(Box::new("unlucky"));
        }
        *sum += n;
    });
    together(|_| {
        for n in 0..100_u64 {
            collector.record(n % 3, if n % 10 == 9 { 13 } else { 1 });
        }
    });
    collector.flush();
    assert_eq!(collector.failed(), THREADS * 10);
    assert_eq!(sum(collector.finish()), THREADS * 90);
}

#[test]
fn a_key_that_panics_costs_its_record_and_nothing_else() {
    #[derive(Clone, Debug)]
    struct Key(u64);
    impl std::hash::Hash for Key {
        fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
            state.write_u64(self.0 % 10);
        }
    }
    impl PartialEq for Key {
        fn eq(&self, other: &Self) -> bool {
            if self.0 == 17 || other.0 == 17 {
                resume_unwind(Box::new("eq"));
            }
            self.0 == other.0
        }
    }
    impl Eq for Key {}
    impl Drop for Key {
        fn drop(&mut self) {
            if self.0 == 5 && !thread::panicking() && thread::current().name() == Some("fussy") {
                resume_unwind(Box::new("drop"));
            }
        }
    }
    let collector = CollectorBuilder::new().name("fussy").build(|sum: &mut u64, n: u64| *sum += n).unwrap();
    (0..10).for_each(|n| assert!(collector.record(Key(n), 1)));
    collector.record(Key(17), 1);
    // The spare key's drop panics after the value was merged.
    collector.record(Key(5), 1);
    collector.flush();
    assert_eq!(collector.failed(), 1);
    let collected = collector.finish();
    assert_eq!((collected.len(), collected[&Key(5)], collected.values().sum::<u64>()), (10, 2, 11));
}

#[test]
fn recording_from_inside_the_merge_function_is_refused() {
    let inner = Arc::new(Mutex::new(None::<Arc<Collector<u64, u64>>>));
    let collector = {
        let inner = Arc::clone(&inner);
        Arc::new(Collector::new(move |sum: &mut u64, n| {
            *sum += n;
            if let Some(collector) = &*inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
                collector.record(1, 1);
            }
        }))
    };
    collector.record(1, 1);
    collector.flush();
    *inner.lock().unwrap() = Some(Arc::clone(&collector));
    collector.record(1, 1);
    collector.flush();
    *inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
    assert_eq!((collector.failed(), collector.collect()[&1]), (1, 2));
}

#[test]
fn dropping_a_collector_merges_what_was_accepted_first() {
    let (merged, seen) = mpsc::channel();
    let collector = Collector::new(move |_: &mut u64, n| merged.send(n).unwrap());
    (0..100).for_each(|n| assert!(collector.record(0, n)));
    drop(collector);
    assert_eq!(seen.into_iter().count(), 99);
}

#[test]
fn generic_code_reaches_it_as_a_map_to_merge() {
    fn count(map: &impl MapMerge<&'static str, u64>) -> HashMap<&'static str, u64> {
        map.merge("a", 1);
        map.merge("a", 2);
        map.collect()
    }
    assert_eq!(count(&Collector::new(|sum: &mut u64, n| *sum += n)), HashMap::from([("a", 3)]));
}
