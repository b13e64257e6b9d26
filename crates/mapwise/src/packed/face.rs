//! The shared surface of `PackedMap`: that of `Map`, with what is shown unpacked.

use std::{
    hash::{BuildHasher, Hash},
    ops::ControlFlow,
};

use equivalent::Equivalent;

use super::{PackedMap, Sought, Stored};
use crate::{
    Map,
    api::{Action, Caps, InPlace, MapRead, MapWrite, Occupied},
    convert::{clones, conversions},
    surface::{read_surface, write_surface},
};

impl<K: Stored, V: Stored, S: BuildHasher> MapRead<K, V> for PackedMap<K, V, S> {
    const CAPS: Caps = Caps { multi_key: false, ..<Map<K::As, V::As, S> as MapRead<K::As, V::As>>::CAPS };

    #[inline]
    #[track_caller]
    fn view<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        MapRead::view(&self.map, &Sought::<Q, K>::new(key), |value| V::show(value, read))
    }

    #[track_caller]
    fn view_many<Q, const N: usize>(&self, keys: [&Q; N], mut read: impl FnMut(usize, &V))
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let sought = keys.map(Sought::<Q, K>::new);
        MapRead::view_many(&self.map, sought.each_ref(), |at, value| V::show(value, |value| read(at, value)));
    }

    #[track_caller]
    fn try_for_each<B>(&self, mut visit: impl FnMut(&K, &V) -> ControlFlow<B>) -> ControlFlow<B> {
        MapRead::try_for_each(&self.map, |key, value| K::show(key, |key| V::show(value, |value| visit(key, value))))
    }

    #[track_caller]
    fn len(&self) -> usize {
        MapRead::len(&self.map)
    }
}

impl<K: Stored + Hash + Eq, V: Stored, S: BuildHasher> MapWrite<K, V> for PackedMap<K, V, S>
where
    K::As: Hash + Eq,
{
    #[inline]
    #[track_caller]
    fn compute<R>(&self, key: K, decide: impl FnOnce(Option<&mut V>) -> Action<V, R>) -> R {
        MapWrite::compute(&self.map, self.pack_key(key), |present| {
            let action = match present {
                Some(value) => V::lend(value, |value| decide(Some(value))),
                None => decide(None),
            };
            match action {
                Action::Keep(result) => Action::Keep(result),
                Action::Put(value, result) => Action::Put(value.store(), result),
                Action::Remove(result) => Action::Remove(result),
            }
        })
    }

    #[inline]
    #[track_caller]
    fn update<Q, R>(&self, key: &Q, change: impl FnOnce(&mut V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        MapWrite::update(&self.map, &Sought::<Q, K>::new(key), |value| V::lend(value, change))
    }

    #[inline]
    #[track_caller]
    fn insert(&self, key: K, value: V) -> Option<V> {
        MapWrite::insert(&self.map, self.pack_key(key), value.store()).map(V::restore)
    }

    #[track_caller]
    fn insert_many<const N: usize>(&self, entries: [(K, V); N]) -> [Option<V>; N] {
        let packed = entries.map(|(key, value)| (self.pack_key(key), value.store()));
        MapWrite::insert_many(&self.map, packed).map(|replaced| replaced.map(V::restore))
    }

    #[inline]
    #[track_caller]
    fn insert_if_absent(&self, key: K, value: V) -> Result<(), Occupied<K, V>> {
        MapWrite::insert_if_absent(&self.map, self.pack_key(key), value.store())
            .map_err(|refused| Occupied { key: K::restore(refused.key), value: V::restore(refused.value) })
    }

    #[inline]
    #[track_caller]
    fn remove_if<Q>(&self, key: &Q, condition: impl FnOnce(&V) -> bool) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        MapWrite::remove_if(&self.map, &Sought::<Q, K>::new(key), |value| V::show(value, condition)).map(V::restore)
    }

    #[track_caller]
    fn retain(&self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        MapWrite::retain(&self.map, |key, value| K::show(key, |key| V::lend(value, |value| keep(key, value))));
    }

    #[track_caller]
    fn clear(&self) {
        MapWrite::clear(&self.map);
    }

    #[track_caller]
    fn drain(&self) -> Vec<(K, V)> {
        MapWrite::drain(&self.map).into_iter().map(super::unpacked::<K, V>).collect()
    }
}

impl<K: Stored, V: Stored, S> InPlace for PackedMap<K, V, S> {}

read_surface! {
    PackedMap<K, V, S> where [K: Stored, V: Stored, S: BuildHasher]
    reads: "Linearizable. Takes no lock, unless writers get in the way eight times; waits for a writer of the same bucket, also while growth moves that bucket's entries."
    iteration: "Weakly consistent: each entry is seen at some instant, and those present throughout exactly once. Closures run under no lock."
}

write_surface! {
    PackedMap<K, V, S> where [K: Stored + Hash + Eq, K::As: Hash + Eq, V: Stored, S: BuildHasher]
    writes: "Linearizable. Blocks readers and writers of one bucket. Closures run under that bucket's lock: keep them short."
    whole: "Blocks one bucket at a time; entries that others put into buckets already passed are not seen."
}

conversions! { PackedMap<K, V, S> where [K: Stored, K::As: Hash + Eq, V: Stored] }

clones! { PackedMap<K, V, S> where [K: Stored, K::As: Hash + Eq, V: Stored] }

impl<K: Stored + Hash + Eq, V: Stored, S: BuildHasher> Extend<(K, V)> for PackedMap<K, V, S>
where
    K::As: Hash + Eq,
{
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        self.map.engine.extend(entries.into_iter().map(|(key, value)| (self.pack_key(key), value.store())));
    }
}
