//! In which orders maps are taken while others are held: a circle of them can hang, whether it did or not.
//!
//! The idea is that of Linux's lockdep (Ingo Molnar, 2006): the order is enough.
//!
//! - **edge**: from a node that is held to a node that is wanted. A node is a map, or a key of a map that holds keys.
//! - **circle**: there is a finding when edges form a circle in which every node is held by one and wanted by the next in
//!   ways that exclude each other, two threads took part, and no node outside the circle was held around all of them: that
//!   one would keep them apart.
//! - **writers**: readers of one node exclude each other if a writer waits between them, which holds back new readers. So
//!   where a circle has such places, each needs a writer of its own, on a thread that has no other part in the circle.
//!   Writers count from when the node was first read in a nest: who only filled a map before is none.
//! - **bounded**: `EDGES` edges. What comes later is not remembered, and `notes` says so.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    panic::Location,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;

use super::{MapId, here::Frame, map::MapState};
use crate::op::Op;

const EDGES: usize = 4096;
/// Maps in a circle.
const LONGEST: usize = 6;
/// Ways that are looked at to find a circle.
const PATHS: usize = 100_000;
/// Ways in which one node was taken while another was held.
const WAYS: usize = 4;
/// Writers of one node that are told apart: enough for every place of the longest circle.
const WRITERS: usize = 2 * LONGEST;

/// Something that is held and waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub(crate) map: u64,
    pub(crate) key: Option<u64>,
    /// Held or wanted together with others.
    pub(crate) shared: bool,
}

type Name = (u64, Option<u64>);

impl Node {
    fn name(self) -> Name {
        (self.map, self.key)
    }
}

/// One way in which a node was wanted while another was held.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(crate) thread: u64,
    pub(crate) task: Option<u64>,
    pub(crate) held: Taken,
    pub(crate) wanted: Taken,
    /// What else was held.
    around: Vec<Name>,
}

impl Way {
    /// Whether what this one wants, and the next one holds, is only read by both.
    fn reads_with(&self, next: &Self) -> bool {
        self.wanted.shared && next.held.shared
    }
}

/// One end of a way.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) map: MapId,
    pub(crate) op: Op,
    pub(crate) site: &'static Location<'static>,
    shared: bool,
}

#[derive(Default)]
struct Graph {
    edges: HashMap<Name, HashMap<Name, Vec<Way>>>,
    count: usize,
    /// The names of maps that have one.
    names: HashMap<u64, Arc<str>>,
    /// writers: the threads that write the maps that are read in a nest.
    writers: HashMap<u64, Vec<u64>>,
    /// The circles that a writer closed, by their maps.
    told: HashSet<BTreeSet<u64>>,
    overflowed: bool,
}

/// How many maps have a place in `Graph::writers`.
static READ_IN_A_NEST: AtomicU64 = AtomicU64::new(0);

static GRAPH: LazyLock<Mutex<Graph>> = LazyLock::new(Mutex::default);

/// Whether orders went unremembered.
pub(crate) fn overflowed() -> bool {
    GRAPH.lock().overflowed
}

/// Remembers what a map is called.
pub(crate) fn name(serial: u64, name: Arc<str>) {
    let mut graph = GRAPH.lock();
    if graph.names.len() < EDGES {
        graph.names.insert(serial, name);
    }
}

/// What wants a node.
pub(crate) struct Wanting<'a> {
    pub(crate) node: Node,
    pub(crate) map: &'a MapId,
    pub(crate) op: Op,
    pub(crate) site: &'static Location<'static>,
    pub(crate) thread: u64,
    pub(crate) task: Option<u64>,
}

/// Notes that `wanting` happens while `holding` is held; returns the first circle that this closes.
pub(crate) fn note(holding: &[Frame], wanting: &Wanting<'_>) -> Option<Vec<Way>> {
    let mut graph = GRAPH.lock();
    let mut circle = None;
    for (at, frame) in holding.iter().enumerate() {
        let Some(held) = frame.node else { continue };
        if held.map == wanting.node.map {
            continue;
        }
        let around = holding.iter().enumerate().filter(|(other, _)| *other != at).filter_map(|(_, frame)| frame.node);
        let map = MapId { name: graph.names.get(&held.map).cloned(), type_name: frame.type_name, serial: held.map };
        let way = Way {
            thread: wanting.thread,
            task: wanting.task,
            held: Taken { map, op: frame.op, site: frame.site, shared: held.shared },
            wanted: Taken { map: wanting.map.clone(), op: wanting.op, site: wanting.site, shared: wanting.node.shared },
            around: around.map(Node::name).collect(),
        };
        if graph.add(held.name(), wanting.node.name(), &way) && circle.is_none() {
            let mut path = vec![way];
            let (from, goal) = (wanting.node.name(), held.name());
            // Most orders are right, and that is seen without a look at each path.
            if graph.leads(from, goal) && graph.close(from, goal, &mut path, &mut PATHS.clone()) {
                circle = Some(path);
            }
        }
    }
    circle
}

/// Notes that `thread` writes a map whose readers share a lock; returns a circle that it closes.
pub(crate) fn note_writer(map: &MapState, thread: u64) -> Option<Vec<Way>> {
    // Relaxed: what is missed here is asked again at the next write.
    let nested = READ_IN_A_NEST.load(Ordering::Relaxed);
    if nested == 0 || !map.asks_for_writer(nested, thread) {
        return None;
    }
    let mut graph = GRAPH.lock();
    let Some(writers) = graph.writers.get_mut(&map.serial) else {
        map.ask_for_no_writer(nested);
        return None;
    };
    if writers.len() == WRITERS {
        map.ask_for_no_more_writers();
    }
    if writers.len() == WRITERS || writers.contains(&thread) {
        return None;
    }
    writers.push(thread);
    let circle = graph.circle_from((map.serial, None)).filter(|circle| has_readers(circle))?;
    let maps = circle.iter().map(|way| way.held.map.serial).collect();
    graph.told.insert(maps).then_some(circle)
}

impl Graph {
    /// Returns a circle through `start`, if there is one.
    fn circle_from(&self, start: Name) -> Option<Vec<Way>> {
        let mut budget = PATHS;
        for (to, ways) in self.edges.get(&start)? {
            for way in ways {
                let mut path = vec![way.clone()];
                if self.close(*to, start, &mut path, &mut budget) {
                    return Some(path);
                }
            }
        }
        None
    }

    /// Returns true if the way is new.
    fn add(&mut self, from: Name, to: Name, way: &Way) -> bool {
        let ways = self.edges.get(&from).and_then(|next| next.get(&to)).map_or(&[][..], Vec::as_slice);
        let same = |known: &Way| {
            known.held.site == way.held.site
                && known.wanted.site == way.wanted.site
                && known.held.shared == way.held.shared
                && known.wanted.shared == way.wanted.shared
                && known.around == way.around
        };
        let known = ways.iter().filter(|known| same(known)).count();
        let by_this_thread = ways.iter().any(|known| same(known) && known.thread == way.thread);
        // Two threads are enough to tell that there are two.
        if by_this_thread || known >= 2 || ways.len() >= WAYS {
            return false;
        }
        if self.count >= EDGES {
            self.overflowed = true;
            return false;
        }
        self.edges.entry(from).or_default().entry(to).or_default().push(way.clone());
        self.count += 1;
        for (node, end) in [(from, &way.held), (to, &way.wanted)] {
            if end.shared && !self.writers.contains_key(&node.0) {
                self.writers.insert(node.0, Vec::new());
                // Relaxed: see `note_writer`.
                READ_IN_A_NEST.fetch_add(1, Ordering::Relaxed);
            }
        }
        true
    }

    /// Whether there are edges that lead from `from` to `goal`.
    fn leads(&self, from: Name, goal: Name) -> bool {
        let mut seen = HashSet::from([from]);
        let mut left = vec![from];
        while let Some(node) = left.pop() {
            if node == goal {
                return true;
            }
            let next = self.edges.get(&node).into_iter().flat_map(HashMap::keys);
            left.extend(next.filter(|node| seen.insert(**node)));
        }
        false
    }

    /// Looks for ways from `from` to `goal` that make a circle of `path`, until `budget` is spent.
    fn close(&self, from: Name, goal: Name, path: &mut Vec<Way>, budget: &mut usize) -> bool {
        let Some(next) = self.edges.get(&from) else { return false };
        for (to, ways) in next {
            for way in ways {
                let Some(before) = path.last() else { return false };
                // circle: what the way before wants, this one holds.
                if before.reads_with(way) && self.writers.get(&from.0).is_none_or(Vec::is_empty) {
                    continue;
                }
                let Some(left) = budget.checked_sub(1) else { return false };
                *budget = left;
                path.push(way.clone());
                let closed = if *to == goal {
                    self.is_circle(path)
                } else {
                    path.len() < LONGEST && self.close(*to, goal, path, budget)
                };
                if closed {
                    return true;
                }
                path.pop();
            }
        }
        false
    }

    /// Whether the ways of a closed path exclude each other, nothing keeps them apart, and two threads took them.
    fn is_circle(&self, path: &[Way]) -> bool {
        let [first, .., _] = path else { return false };
        let two_threads = path.iter().any(|way| way.thread != first.thread);
        let apart = first.around.iter().any(|gate| path.iter().all(|way| way.around.contains(gate)));
        let next = path.iter().cycle().skip(1);
        let read: Vec<u64> = path
            .iter()
            .zip(next)
            .filter(|(way, next)| way.reads_with(next))
            .map(|(way, _)| way.wanted.map.serial)
            .collect();
        two_threads && !apart && self.have_writers(&read, &mut path.iter().map(|way| way.thread).collect())
    }

    /// writers: whether each of `maps` has a writer that is not `taken`, and none is that of two.
    fn have_writers(&self, maps: &[u64], taken: &mut Vec<u64>) -> bool {
        let [map, rest @ ..] = maps else { return true };
        self.writers.get(map).into_iter().flatten().any(|writer| {
            if taken.contains(writer) {
                return false;
            }
            taken.push(*writer);
            let have = self.have_writers(rest, taken);
            taken.pop();
            have
        })
    }
}

/// Whether a node of the circle is only read by both who meet there.
pub(crate) fn has_readers(circle: &[Way]) -> bool {
    circle.iter().zip(circle.iter().cycle().skip(1)).any(|(way, next)| way.reads_with(next))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::{Holds, MapType};

    fn id(serial: u64) -> MapId {
        MapId { name: None, type_name: "MutexMap", serial }
    }

    fn node(map: u64, shared: bool) -> Node {
        Node { map, key: None, shared }
    }

    fn held(map: u64, shared: bool) -> Frame {
        let site = Location::caller();
        Frame { map, type_name: "MutexMap", op: Op::Update, site, node: Some(node(map, shared)) }
    }

    /// Takes `wanted` inside of `holding` on a thread; the sites are this line, so ways differ by their shape only.
    fn take(thread: u64, holding: &[(u64, bool)], wanted: (u64, bool)) -> Option<Vec<Way>> {
        let holding: Vec<_> = holding.iter().map(|(map, shared)| held(*map, *shared)).collect();
        let map = id(wanted.0);
        let site = Location::caller();
        note(&holding, &Wanting { node: node(wanted.0, wanted.1), map: &map, op: Op::Update, site, thread, task: None })
    }

    #[test]
    fn opposite_orders_of_two_threads_are_a_circle() {
        assert!(take(1, &[(1_001, false)], (1_002, false)).is_none());
        let circle = take(2, &[(1_002, false)], (1_001, false)).unwrap();
        assert_eq!(circle.iter().map(|way| way.held.map.serial).collect::<Vec<_>>(), [1_002, 1_001]);
    }

    #[test]
    fn one_thread_alone_makes_no_circle() {
        assert!(take(1, &[(1_011, false)], (1_012, false)).is_none());
        assert!(take(1, &[(1_012, false)], (1_011, false)).is_none());
    }

    #[test]
    fn readers_do_not_exclude_each_other() {
        assert!(take(1, &[(1_021, true)], (1_022, true)).is_none());
        assert!(take(2, &[(1_022, true)], (1_021, true)).is_none());
        // A writer in one place: one of the two nodes is still only shared.
        assert!(take(3, &[(1_022, true)], (1_021, false)).is_none());
        assert!(take(4, &[(1_021, true)], (1_022, false)).is_some());
    }

    fn map() -> MapState {
        MapState::new(MapType { name: "RwLockMap", holds: Holds::SharedLock })
    }

    #[test]
    fn readers_exclude_each_other_where_writers_wait_between_them() {
        let (one, other) = (map(), map());
        let (a, b) = (one.serial, other.serial);
        // Whoever filled a map before is no writer of it.
        assert!(note_writer(&one, 8).is_none() && note_writer(&other, 9).is_none());
        assert!(take(1, &[(a, true)], (b, true)).is_none());
        assert!(take(2, &[(b, true)], (a, true)).is_none());
        // One thread waits in one place, and readers wait for nobody else.
        assert!(note_writer(&one, 3).is_none() && note_writer(&other, 3).is_none());
        assert!(note_writer(&other, 1).is_none() && note_writer(&one, 2).is_none());
        assert!(note_writer(&other, 4).is_some());
        // Once is enough.
        assert!(note_writer(&one, 5).is_none());
    }

    #[test]
    fn a_map_held_around_both_keeps_them_apart() {
        assert!(take(1, &[(1_030, false), (1_031, false)], (1_032, false)).is_none());
        assert!(take(2, &[(1_030, false), (1_032, false)], (1_031, false)).is_none());
        assert!(take(3, &[(1_032, false)], (1_031, false)).is_some());
    }

    #[test]
    fn many_maps_in_one_order_are_soon_seen_to_be_right() {
        let start = std::time::Instant::now();
        for low in 0..60 {
            for high in low + 1..60 {
                assert!(take(1, &[(2_000 + low, false)], (2_000 + high, false)).is_none());
            }
        }
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }

    #[test]
    fn what_is_too_much_is_not_remembered() {
        let mut graph = Graph::default();
        let site = Location::caller();
        let taken = |map| Taken { map: id(map), op: Op::Update, site, shared: false };
        for map in 0..EDGES as u64 * 2 {
            let way = Way { thread: 1, task: None, held: taken(map), wanted: taken(map + 1), around: Vec::new() };
            graph.add((map, None), (map + 1, None), &way);
        }
        assert!(graph.overflowed);
        assert_eq!((graph.edges.len(), graph.count), (EDGES, EDGES));
    }

    #[test]
    fn three_maps_make_a_circle_too() {
        assert!(take(1, &[(1_041, false)], (1_042, false)).is_none());
        assert!(take(2, &[(1_042, false)], (1_043, false)).is_none());
        assert_eq!(take(3, &[(1_043, false)], (1_041, false)).unwrap().len(), 3);
    }
}
