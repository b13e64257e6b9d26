//! `ActorMap`: answers, panics, re-entrancy, the end of the owner thread. The surface is in `actor_surface.rs`.

#![cfg(not(loom))]

mod checked;

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread::{self, ThreadId},
};

use mapwise::{Action, ActorBuilder, ActorMap, Ticket};

const fn shared<T: Send + Sync>() {}
const _: () = shared::<ActorMap<String, Vec<u8>>>();
const _: () = shared::<Ticket<String>>();

fn panic_text(panic: Box<dyn std::any::Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic.downcast_ref::<&str>().map_or_else(String::new, ToString::to_string),
    }
}

#[test]
fn keys_closures_and_results_may_borrow_from_the_caller() {
    let map = ActorMap::new();
    map.insert("alice".to_owned(), vec![1, 2, 3]);
    let name = String::from("alice");
    let mut seen = Vec::new();
    map.for_each(|key, value| seen.push((key.len(), value.clone())));
    assert_eq!(seen, [(5, vec![1, 2, 3])]);
    let borrowed: Option<&str> = map.view(name.as_str(), |value| if value.len() == 3 { &name[..2] } else { "" });
    assert_eq!(borrowed, Some("al"));
}

#[test]
fn no_update_is_lost_whatever_the_length_of_the_queue() {
    for queue in [0, 1, 64] {
        let map = ActorBuilder::new().queue(queue).build().unwrap();
        let start = Barrier::new(8);
        thread::scope(|scope| {
            for thread in 0..8_u64 {
                let (map, start) = (&map, &start);
                scope.spawn(move || {
                    start.wait();
                    for n in 0..500 {
                        match (thread + n) % 3 {
                            0 => map.upsert(n % 7, || 1, |sum| *sum += 1),
                            1 => drop(map.send(move |table| table.upsert(n % 7, || 1, |sum| *sum += 1))),
                            _ => map.batch(|table| table.upsert(n % 7, || 1, |sum| *sum += 1)),
                        }
                    }
                });
            }
        });
        assert_eq!(map.into_std().into_values().sum::<u64>(), 8 * 500, "queue {queue}");
    }
}

#[test]
fn jobs_of_one_thread_run_in_the_order_in_which_they_were_sent() {
    let map = ActorBuilder::new().queue(4).build().unwrap();
    let tickets: Vec<_> = (0..200_u64).map(|n| map.send(move |table| table.insert(0, n))).collect();
    assert_eq!(map.get(&0), Some(199));
    let replaced: Vec<_> = tickets.into_iter().map(Ticket::wait).collect();
    assert_eq!(replaced, (0..200).map(|n: u64| n.checked_sub(1)).collect::<Vec<_>>());
}

#[test]
fn a_ticket_tells_whether_the_answer_is_there() {
    let map = ActorMap::<u64, u64>::new();
    let (go, gate) = mpsc::channel::<()>();
    let ticket = map.send(move |_| gate.recv().map(|()| 7));
    let ticket = ticket.try_wait().unwrap_err();
    go.send(()).unwrap();
    map.batch(|_| ());
    assert_eq!(ticket.try_wait().unwrap(), Ok(7));
}

#[test]
fn a_panic_in_a_closure_reaches_its_caller_and_the_map_lives_on() {
    let map = ActorMap::new();
    map.insert(1, 10);
    map.insert(2, 20);
    let caught = catch_unwind(AssertUnwindSafe(|| {
        map.update(&1, |n| {
            *n = 11;
            resume_unwind(Box::new(42_u8));
        })
    }));
    assert_eq!(caught.unwrap_err().downcast_ref::<u8>(), Some(&42));
    assert_eq!(map.get_many([&1, &2]), [Some(11), Some(20)]);
    let ticket = map.send(|table| {
        table.insert(3, 30);
        resume_unwind(Box::new("later"));
    });
    assert_eq!(map.insert(4, 40), None);
    let caught = catch_unwind(AssertUnwindSafe(|| ticket.wait())).unwrap_err();
    assert_eq!(panic_text(caught), "later");
    assert_eq!(map.len(), 4);
}

#[test]
fn what_a_job_borrowed_is_gone_before_its_caller_gets_the_panic() {
    struct Flag<'a>(&'a AtomicBool);
    impl Drop for Flag<'_> {
        fn drop(&mut self) {
            thread::yield_now();
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let map = ActorMap::<u64, u64>::new();
    for _ in 0..100 {
        let dropped = AtomicBool::new(false);
        let flag = Flag(&dropped);
        let caught = catch_unwind(AssertUnwindSafe(|| {
            map.batch(move |_| {
                let _flag = flag;
                resume_unwind(Box::new(()));
            })
        }));
        assert!(caught.is_err() && dropped.load(Ordering::SeqCst));
    }
}

#[test]
fn a_call_from_inside_is_refused_naming_both_call_sites() {
    type Map = ActorMap<u64, u64>;
    let calls: [fn(&Arc<Map>); 4] = [
        |map| assert!(map.contains_key(&1)),
        |map| map.batch(|_| ()),
        |map| drop(map.send(|_| ())),
        |map| map.for_each(|_, _| ()),
    ];
    for call in calls {
        let map = Arc::new(ActorBuilder::new().queue(0).build().unwrap());
        map.insert(1, 1);
        let outer = line!() + 1;
        let caught = checked::wrong(|| catch_unwind(AssertUnwindSafe(|| map.update(&1, |_| call(&map))))).unwrap_err();
        let text = panic_text(caught);
        assert!(text.starts_with("re-entrant call: ") && text.contains(&format!("{}:{outer}:", file!())), "{text}");
        assert_eq!(text.matches(file!()).count(), 2, "{text}");
        assert_eq!(map.get(&1), Some(1));
    }
    let (one, other) = (Map::new(), Map::new());
    one.batch(|_| other.insert(1, 1));
    assert_eq!(other.len(), 1);
}

#[test]
fn waiting_inside_for_a_ticket_that_is_still_queued_is_refused() {
    let map = Arc::new(ActorMap::<u64, u64>::new());
    let (give, ticket) = mpsc::channel::<Ticket<usize>>();
    let waiting = map.send(move |_| ticket.recv().map(Ticket::wait));
    give.send(map.send(|table| table.len())).unwrap();
    let text = panic_text(catch_unwind(AssertUnwindSafe(|| waiting.wait())).unwrap_err());
    assert!(text.starts_with("re-entrant call: "), "{text}");
    let ready = map.send(|table| table.len());
    map.batch(|_| ());
    assert_eq!(map.batch(|_| ready.wait()), 0, "an answer that is there can be had anywhere");
}

#[test]
fn the_end_does_everything_accepted_first() {
    let map = ActorBuilder::new().queue(2000).build::<u64, u64>().unwrap();
    let (go, gate) = mpsc::channel::<()>();
    drop(map.send(move |_| gate.recv()));
    let tickets: Vec<_> = (0..1000).map(|n| map.send(move |table| table.insert(n, n))).collect();
    go.send(()).unwrap();
    assert_eq!(map.into_std().len(), 1000);
    assert!(tickets.into_iter().all(|ticket| ticket.wait().is_none()), "tickets outlive the map");

    let done = Arc::new(AtomicUsize::new(0));
    for end in [|map: ActorMap<u64, u64>| map.shutdown(), drop] {
        let map = ActorMap::new();
        for _ in 0..100 {
            let done = Arc::clone(&done);
            drop(map.send(move |_| done.fetch_add(1, Ordering::SeqCst)));
        }
        end(map);
    }
    assert_eq!(done.load(Ordering::SeqCst), 200);
}

#[test]
fn the_last_handle_may_go_away_inside_a_job() {
    let (dropped, seen) = mpsc::channel();
    struct Value(mpsc::Sender<ThreadId>);
    impl Drop for Value {
        fn drop(&mut self) {
            self.0.send(thread::current().id()).unwrap();
            resume_unwind(Box::new("a drop on a thread that nobody joins"));
        }
    }
    let map = Arc::new(ActorMap::<u64, Value>::new());
    map.insert(1, Value(dropped));
    let (hand, handed) = mpsc::channel::<Arc<ActorMap<u64, Value>>>();
    let last = map.send(move |_| drop(handed.recv()));
    let after = map.send(|table| (table.len(), thread::current().id()));
    hand.send(map).unwrap();
    last.wait();
    let (len, owner) = after.wait();
    assert_eq!((len, seen.recv().unwrap()), (1, owner), "queued jobs are done, then the entries dropped");
    assert!(seen.recv().is_err());
}

#[test]
fn ending_it_from_inside_is_refused_and_still_ends_it() {
    let map = Arc::new(ActorMap::<u64, u64>::new());
    let (hand, handed) = mpsc::channel::<Arc<ActorMap<u64, u64>>>();
    let ticket = map.send(move |_| Arc::into_inner(handed.recv().unwrap()).unwrap().shutdown());
    hand.send(map).unwrap();
    let text = panic_text(catch_unwind(AssertUnwindSafe(|| ticket.wait())).unwrap_err());
    assert!(text.starts_with("re-entrant call: "), "{text}");
}

/// Tells where it is dropped.
struct Traced(Arc<Mutex<Vec<ThreadId>>>);

impl Drop for Traced {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(thread::current().id());
    }
}

#[test]
fn what_leaves_is_dropped_by_the_caller() {
    let drops = Arc::new(Mutex::new(Vec::new()));
    let traced = || Traced(Arc::clone(&drops));
    let map = ActorMap::new();
    for key in 0..4 {
        map.insert(key, traced());
    }
    drop(map.insert(0, traced()));
    map.compute(0, |_| Action::Put(traced(), ()));
    map.compute(0, |_| Action::Remove(()));
    drop(map.remove(&1));
    map.retain(|key, _| *key != 2);
    map.clear();
    map.insert(5, traced());
    map.shutdown();
    let drops = drops.lock().unwrap();
    assert_eq!((drops.len(), drops.iter().all(|thread| *thread == thread::current().id())), (7, true));
}

#[test]
fn an_answer_that_nobody_waits_for_may_panic_when_it_is_dropped() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            resume_unwind(Box::new(Bomb2));
        }
    }
    struct Bomb2;
    impl Drop for Bomb2 {
        fn drop(&mut self) {
            resume_unwind(Box::new("again"));
        }
    }
    let map = ActorMap::<u64, u64>::new();
    let (go, gate) = mpsc::channel::<()>();
    drop(map.send(move |_| {
        gate.recv().unwrap();
        Bomb
    }));
    go.send(()).unwrap();
    assert_eq!(map.insert(1, 1), None);
    assert_eq!(map.len(), 1);
}

/// A key whose `Hash` or `Eq` panics when told to.
#[derive(Clone, Debug)]
struct Fussy(u64, Arc<AtomicUsize>);

const CALM: usize = 0;
const HASH: usize = 1;
const EQ: usize = 2;

impl std::hash::Hash for Fussy {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        if self.1.load(Ordering::SeqCst) == HASH {
            resume_unwind(Box::new("hash"));
        }
        state.write_u64(self.0);
    }
}

impl PartialEq for Fussy {
    fn eq(&self, other: &Self) -> bool {
        if self.1.load(Ordering::SeqCst) == EQ {
            resume_unwind(Box::new("eq"));
        }
        self.0 == other.0
    }
}

impl Eq for Fussy {}

#[test]
fn a_panic_in_hash_or_eq_reaches_its_caller_and_loses_nothing() {
    let mood = Arc::new(AtomicUsize::new(CALM));
    let key = |n| Fussy(n, Arc::clone(&mood));
    let map = ActorMap::new();
    for n in 0..100 {
        map.insert(key(n), n);
    }
    for (fuss, word) in [(HASH, "hash"), (EQ, "eq")] {
        for call in [0, 1, 2] {
            mood.store(fuss, Ordering::SeqCst);
            let caught = catch_unwind(AssertUnwindSafe(|| match call {
                0 => map.get(&key(7)),
                1 => map.insert(key(7), 0),
                _ => map.remove(&key(7)),
            }));
            mood.store(CALM, Ordering::SeqCst);
            assert_eq!(panic_text(caught.unwrap_err()), word);
            assert_eq!((map.len(), map.get(&key(7))), (100, Some(7)));
        }
    }
}

#[test]
fn the_owner_thread_has_the_name_it_was_given() {
    let name = |map: ActorMap<u8, u8>| map.batch(|_| thread::current().name().map(str::to_owned));
    assert_eq!(name(ActorMap::new()).as_deref(), Some("mapwise-owner"));
    assert_eq!(name(ActorBuilder::new().name("sessions").build().unwrap()).as_deref(), Some("sessions"));
}
