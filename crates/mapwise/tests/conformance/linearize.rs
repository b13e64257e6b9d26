//! A checker of linearizability for the history of one key.
//!
//! Linearizability is local (Herlihy & Wing, TOPLAS 1990): a history of single-key operations is linearizable iff the
//! part of each key is. For one key this is the search of Wing & Gong (JPDC 1993): take any operation that no other
//! finished before, see whether the model gives its result, go on with the rest; with Lowe's pruning (CCPE 2017): the
//! same set of operations done with the same value reached need not be searched twice.

use std::collections::HashSet;

/// What was asked of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Get,
    Insert(u64),
    InsertIfAbsent(u64),
    GetOrInsert(u64),
    /// Adds to a present value.
    Add(u64),
    Remove,
    CompareAndSwap(u64, u64),
}

/// One operation that happened: asked at `start`, answered at `end`.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    pub start: u64,
    pub end: u64,
    pub ask: Ask,
    /// What it returned: the old value, except for `GetOrInsert` the value, for `InsertIfAbsent` the refused one.
    pub answer: Option<u64>,
}

/// What the sequential map does: the answer, and the value afterwards.
pub fn sequential(ask: Ask, value: Option<u64>) -> (Option<u64>, Option<u64>) {
    match ask {
        Ask::Get => (value, value),
        Ask::Insert(new) => (value, Some(new)),
        Ask::InsertIfAbsent(new) => match value {
            None => (None, Some(new)),
            Some(_) => (Some(new), value),
        },
        Ask::GetOrInsert(new) => (value.or(Some(new)), value.or(Some(new))),
        Ask::Add(n) => (value, value.map(|old| old.wrapping_add(n))),
        Ask::Remove => (value, None),
        Ask::CompareAndSwap(old, new) if value == Some(old) => (value, Some(new)),
        Ask::CompareAndSwap(..) => (None, value),
    }
}

/// Returns whether some order of `history` that agrees with real time gives every answer, starting from `value`.
pub fn linearizable(history: &[Event], value: Option<u64>) -> bool {
    let mut by_start = history.to_vec();
    by_start.sort_by_key(|event| event.start);
    let mut seen = HashSet::new();
    // Each frame: the operations done, the value reached. Depth first, without recursion: histories can be long.
    let mut frames = vec![(Done::none(by_start.len()), value)];
    while let Some((done, value)) = frames.pop() {
        if done.count == by_start.len() {
            return true;
        }
        for next in candidates(&by_start, &done) {
            let (answer, after) = sequential(by_start[next].ask, value);
            if answer != by_start[next].answer {
                continue;
            }
            let done = done.with(next);
            if seen.insert((done.clone(), after)) {
                frames.push((done, after));
            }
        }
    }
    false
}

/// The operations that may come next: not done, and started no later than the first end among those not done.
fn candidates<'a>(by_start: &'a [Event], done: &'a Done) -> impl Iterator<Item = usize> + 'a {
    let mut first_end = u64::MAX;
    let mut open = Vec::new();
    for (at, event) in by_start.iter().enumerate().skip(done.prefix) {
        if event.start > first_end {
            break;
        }
        if !done.has(at) {
            first_end = first_end.min(event.end);
            open.push(at);
        }
    }
    open.into_iter().filter(move |&at| by_start[at].start <= first_end)
}

/// A set of operations; everything before `prefix` is in it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Done {
    prefix: usize,
    count: usize,
    bits: Vec<u64>,
}

impl Done {
    fn none(len: usize) -> Self {
        Self { prefix: 0, count: 0, bits: vec![0; len.div_ceil(64)] }
    }

    fn has(&self, at: usize) -> bool {
        self.bits[at / 64] >> (at % 64) & 1 == 1
    }

    fn with(&self, at: usize) -> Self {
        let mut more = self.clone();
        more.bits[at / 64] |= 1 << (at % 64);
        more.count += 1;
        while more.prefix < more.bits.len() * 64 && more.has(more.prefix) {
            more.prefix += 1;
        }
        more
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn event(start: u64, end: u64, ask: Ask, answer: Option<u64>) -> Event {
        Event { start, end, ask, answer }
    }

    #[test]
    fn a_read_may_see_an_overlapping_write_or_not() {
        for answer in [None, Some(1)] {
            assert!(linearizable(&[event(0, 9, Ask::Insert(1), None), event(1, 2, Ask::Get, answer)], None));
        }
    }

    #[test]
    fn a_read_that_misses_a_finished_write_is_refused() {
        assert!(!linearizable(&[event(0, 1, Ask::Insert(1), None), event(2, 3, Ask::Get, None)], None));
    }

    #[test]
    fn a_lost_update_is_refused() {
        let both = [event(0, 5, Ask::Add(1), Some(7)), event(1, 6, Ask::Add(1), Some(7))];
        assert!(!linearizable(&both, Some(7)));
    }

    #[test]
    fn a_value_that_comes_back_from_the_dead_is_refused() {
        let history = [
            event(0, 1, Ask::Insert(1), None),
            event(2, 3, Ask::Remove, Some(1)),
            event(4, 5, Ask::Get, None),
            event(6, 7, Ask::Get, Some(1)),
        ];
        assert!(!linearizable(&history, None));
    }

    #[test]
    fn a_long_sequential_history_is_searched_in_linear_time() {
        let history: Vec<Event> =
            (0..20_000).map(|i| event(2 * i, 2 * i + 1, Ask::Insert(i + 1), (i > 0).then_some(i))).collect();
        assert!(linearizable(&history, None));
    }

    fn ask() -> impl Strategy<Value = Ask> {
        let value = 0..3_u64;
        prop_oneof![
            Just(Ask::Get),
            Just(Ask::Remove),
            value.clone().prop_map(Ask::Insert),
            value.clone().prop_map(Ask::InsertIfAbsent),
            value.clone().prop_map(Ask::GetOrInsert),
            value.clone().prop_map(Ask::Add),
            (value.clone(), value).prop_map(|(a, b)| Ask::CompareAndSwap(a, b)),
        ]
    }

    /// Tries every permutation.
    fn by_force(left: &mut Vec<Event>, value: Option<u64>) -> bool {
        if left.is_empty() {
            return true;
        }
        let first_end = left.iter().map(|event| event.end).min().unwrap();
        (0..left.len()).any(|at| {
            let event = left[at];
            let (answer, after) = sequential(event.ask, value);
            if event.start > first_end || answer != event.answer {
                return false;
            }
            left.remove(at);
            let possible = by_force(left, after);
            left.insert(at, event);
            possible
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn agrees_with_a_search_through_all_orders(
            events in vec((0..12_u64, 1..8_u64, ask(), proptest::option::of(0..4_u64)), 0..6)
        ) {
            let history: Vec<Event> =
                events.into_iter().map(|(start, took, ask, answer)| event(start, start + took, ask, answer)).collect();
            prop_assert_eq!(linearizable(&history, None), by_force(&mut history.clone(), None));
        }
    }
}
