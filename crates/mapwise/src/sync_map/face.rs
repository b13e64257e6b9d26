//! The surface that `SyncMap` shares with all maps.

use std::{
    hash::{BuildHasher, Hash},
    ops::ControlFlow,
};

use equivalent::Equivalent;

use super::{Linked, Node, Op, Put, Slot, SyncMap, Turn, Values};
use crate::{
    api::{Action, Caps, InPlace, Iteration, MapRead, MapWrite, NotSwapped, Occupied, Progress},
    surface::{named, read_surface, write_surface},
};

impl<K, V, S: BuildHasher> MapRead<K, V> for SyncMap<K, V, S> {
    const CAPS: Caps = Caps {
        // A key that the read table lacks may have to wait for the lock.
        reads: Progress::Blocking,
        writes: Progress::Blocking,
        iteration: Iteration::Weak,
        exact_len: false,
        linearizable_per_key: true,
        reentrant_reads: true,
        multi_key: false,
    };

    #[inline]
    #[track_caller]
    fn view<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.read(key, read)
    }

    #[track_caller]
    fn try_for_each<B>(&self, visit: impl FnMut(&K, &V) -> ControlFlow<B>) -> ControlFlow<B> {
        self.visit(visit)
    }

    fn len(&self) -> usize {
        self.table.len()
    }
}

impl<K, V, S> InPlace for SyncMap<K, V, S> {}

impl<K, V, S> MapWrite<K, V> for SyncMap<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher,
{
    #[track_caller]
    fn compute<R>(&self, key: K, decide: impl FnOnce(Option<&mut V>) -> Action<V, R>) -> R {
        let hash = self.hash(&key);
        self.key_text.learn(&self.seam, hash, &key);
        let access = self.table.enter();
        // These are dropped after the turn and the scope, on a panic too: their `Drop` may call the map.
        let (_unused, mut copy);
        let scope = self.seam.begin(Op::Compute, Some(hash));
        let turn;
        (turn, _unused) = Self::turn_on_any(&access, hash, key);
        scope.locked();
        copy = turn.before.map(|value| Node::boxed(value.clone()));
        match decide(copy.as_mut().map(|node| &mut node.value)) {
            Action::Keep(result) => {
                turn.end(copy.take(), &scope);
                result
            }
            Action::Put(value, result) => {
                turn.end(Some(Node::boxed(value)), &scope);
                result
            }
            Action::Remove(result) => {
                turn.end(None, &scope);
                result
            }
        }
    }

    #[track_caller]
    fn update<Q, R>(&self, key: &Q, change: impl FnOnce(&mut V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hash(key);
        let access = self.table.enter();
        // Dropped after the turn and the scope if `change` panics.
        let mut copy;
        let scope = self.seam.begin(Op::Update, Some(hash));
        let turn = access.find(hash, key).and_then(|entry| Turn::begin(&access, entry, |value| value.is_some()));
        scope.locked();
        let Some((turn, before)) = turn.and_then(|turn| turn.before.map(|before| (turn, before))) else {
            scope.saw(false);
            return None;
        };
        copy = Node::boxed(before.clone());
        let result = change(&mut copy.value);
        turn.end(Some(copy), &scope);
        Some(result)
    }

    #[track_caller]
    fn insert_if_absent(&self, key: K, value: V) -> Result<(), Occupied<K, V>> {
        let hash = self.hash(&key);
        self.key_text.learn(&self.seam, hash, &key);
        let access = self.table.enter();
        let put = {
            let scope = self.seam.begin(Op::InsertIfAbsent, Some(hash));
            let entry = access.find(hash, &key);
            if entry.is_some_and(|entry| entry.content.value().is_some()) {
                return Err(Occupied { key, value });
            }
            Self::put(&access, &scope, entry, (hash, key, value), |value| value.is_none())
        };
        match put {
            Put::Stored(..) => Ok(()),
            Put::Refused(key, value) => Err(Occupied { key, value }),
        }
    }

    #[track_caller]
    fn remove_if<Q>(&self, key: &Q, condition: impl FnOnce(&V) -> bool) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hash(key);
        let access = self.table.enter();
        let scope = self.seam.begin(Op::RemoveIf, Some(hash));
        let turn = Turn::begin(&access, access.find(hash, key)?, |value| value.is_some())?;
        scope.locked();
        let value = turn.before.filter(|value| condition(value))?.clone();
        turn.end(None, &scope);
        Some(value)
    }

    #[track_caller]
    fn retain(&self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        let access = self.table.enter();
        access.promote_all();
        for entry in access.entries() {
            // Dropped after the turn and the scope.
            let mut copy;
            let scope = self.seam.begin(Op::Retain, Some(entry.hash));
            let Some(turn) = Turn::begin(&access, entry, |value| value.is_some()) else { continue };
            let Some(value) = turn.before else { continue };
            copy = Node::boxed(value.clone());
            if keep(&entry.key, &mut copy.value) {
                turn.end(Some(copy), &scope);
            } else {
                turn.end(None, &scope);
            }
        }
    }

    #[track_caller]
    fn clear(&self) {
        // Before the scope, after which it is dropped.
        let access = self.table.enter();
        let scope = self.seam.begin(Op::Whole, None);
        let _disturbing = scope.disturb();
        access.clear();
    }

    #[track_caller]
    fn drain(&self) -> Vec<(K, V)> {
        let mut entries = Vec::with_capacity(self.len());
        self.take_all(|entry| entries.push(entry));
        entries
    }

    #[inline]
    #[track_caller]
    fn insert(&self, key: K, value: V) -> Option<V> {
        self.replace(key, value, V::clone)
    }

    #[inline]
    #[track_caller]
    fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.take(key, V::clone)
    }

    #[track_caller]
    fn compare_and_swap<Q>(&self, key: &Q, expected: &V, new: V) -> Result<V, NotSwapped<V>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
        V: PartialEq,
    {
        let hash = self.hash(key);
        let access = self.table.enter();
        let scope = self.seam.begin(Op::CompareAndSwap, Some(hash));
        let Some(entry) = access.find(hash, key) else { return Err(NotSwapped::Absent(new)) };
        match Self::exchange_equal(&access, &scope, entry, expected, Some(Node::boxed(new))) {
            Ok(old) => Ok(old.retire(&access, V::clone)),
            Err((present, unused)) => {
                let new = unused.unwrap_or_else(|| unreachable!("it was not stored")).value;
                Err(if present { NotSwapped::Different(new) } else { NotSwapped::Absent(new) })
            }
        }
    }
}

impl<K: Eq, V, S: BuildHasher> SyncMap<K, V, S> {
    /// Waits for a turn on the entry under `key`, which it makes if there is none; hands back the key if it was not needed.
    fn turn_on_any<'a, 'map>(
        access: &'a Values<'map, K, V>,
        hash: u64,
        mut key: K,
    ) -> (Turn<'a, 'map, K, V>, Option<K>) {
        let mut found = access.find(hash, &key);
        loop {
            let entry = match found {
                Some(entry) => entry,
                None => match access.link(hash, key, Slot::busy) {
                    Linked::Fresh(entry) => return (Turn::on_fresh(access, entry), None),
                    Linked::Found(entry, unused) => {
                        key = unused;
                        entry
                    }
                },
            };
            if let Some(turn) = Turn::begin(access, entry, |_| true) {
                return (turn, Some(key));
            }
            // It was expunged.
            found = None;
        }
    }
}

named! { SyncMap<K, V, S>, seam, key_text }

read_surface! {
    SyncMap<K, V, S> where [S: BuildHasher]
    reads: "Linearizable. Lock-free for keys of the read table; otherwise takes the lock if there are newer keys. Never waits for a closure at work."
    iteration: "Promotes the dirty table first, then takes no lock. Sees each entry at some moment during the iteration; closures may read and write this map."
}

write_surface! {
    SyncMap<K, V, S> where [K: Hash + Eq + Clone, V: Clone, S: BuildHasher]
    writes: "Linearizable. Waits for a closure at work on the same key, never for readers; a new key takes the lock, and copies a link for every entry if it is the first since a promotion. A closure works on a clone of the value, which readers see when it has returned; if it panics, the old value stays."
    whole: "Takes one entry after the other and waits for a closure at work there; entries that others put in meanwhile may stay. Other keys are not blocked."
}
