//! `CounterMap`: atomic counters by key, on the two-table core.

mod count;

use std::{
    borrow::ToOwned,
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    ops::ControlFlow,
};

use equivalent::Equivalent;

use self::count::{Added, Count, Expunged};
use crate::{
    api::{Caps, Iteration, MapRead, Progress},
    seam::{Call, Change, Holds, KeyText, MapType, Op, Seam},
    surface::{constructors, named, read_surface},
    two_table::{Access, Entry, Linked, TwoTable},
};

const TYPE: MapType = MapType { name: "CounterMap", holds: Holds::Nothing };

/// A map of counters: once a key exists, an addition is a look-up and one atomic instruction, with no lock.
///
/// | | |
/// |---|---|
/// | reads block? | never, for keys of the read table; a key that is not there waits for the lock while there are newer keys |
/// | writes block? | never, for keys of the read table; a new key takes the map's lock |
/// | iteration sees | each counter at some moment during the iteration; it may call back into the map |
/// | bytes per entry | key and 16 bytes in one allocation, 9 over the load of the tables (0.44 to 0.875) for each table |
/// | choose when | requests, errors, hits: a set of keys that soon stops growing, counted by many threads |
/// | avoid when | nearly all additions go to one key (its cache line travels between the processors at every addition: no map of shared counters can help, per-thread counters that are merged can), or new keys keep coming |
///
/// The two tables are those of [`SyncMap`](crate::SyncMap), and so is what a new key costs after a promotion: a copied link
/// for every entry, under the lock.
///
/// Counts stop at [`MAX`](Self::MAX), 2^60: they never wrap. A thousand million additions a second take 36 years to get
/// there.
///
/// # Examples
///
/// ```
/// use mapwise::CounterMap;
///
/// let hits = CounterMap::new();
/// hits.increment("/index");
/// assert_eq!(hits.add("/index", 2), 3);
///
/// // Each addition is in exactly one reset, however many threads add meanwhile.
/// assert_eq!(hits.reset()["/index"], 3);
/// assert_eq!(hits.get("/index"), Some(0));
/// ```
pub struct CounterMap<K, S = RandomState> {
    table: TwoTable<K, Count>,
    hasher: S,
    seam: Seam,
    key_text: KeyText<K>,
}

constructors! { CounterMap<K>, "map", "counters" }

impl<K, S> CounterMap<K, S> {
    /// Where counts stop: an addition that would go past it stays here.
    pub const MAX: u64 = count::MAX;

    /// Makes an empty map with room for `capacity` counters that hashes with `hasher`.
    ///
    /// The room is taken when the first key comes.
    #[must_use]
    #[track_caller]
    pub fn with_capacity_and_hasher(capacity: usize, hasher: S) -> Self {
        let (table, seam) = (TwoTable::with_capacity(capacity), Seam::of(TYPE));
        seam.shape::<K, u64>(0, |_, _| 0);
        seam.counts_in(table.gauge());
        Self { table, hasher, seam, key_text: KeyText::NONE }
    }

    /// Returns the hasher that keys are hashed with.
    #[must_use]
    pub fn hasher(&self) -> &S {
        &self.hasher
    }

    /// Makes room for `additional` more counters.
    ///
    /// # Concurrency
    ///
    /// Holds the lock: new keys wait, and look-ups of keys that the read table lacks.
    pub fn reserve(&self, additional: usize) {
        self.table.enter().reserve(additional);
    }

    /// Gives back the memory of removed keys, and room that the others do not need.
    ///
    /// # Concurrency
    ///
    /// Holds the lock while it copies a link for every counter: new keys wait, and look-ups of keys that the read table
    /// lacks.
    pub fn shrink_to_fit(&self) {
        self.table.enter().rebuild();
    }

    /// Returns every count and sets it to zero; the keys stay, at zero, and are in the next result too.
    ///
    /// # Concurrency
    ///
    /// Takes each counter in one atomic step: an addition is either in the result or stays for the next one, never in both
    /// and never in neither. The counters are taken one after the other, not all at one instant.
    #[must_use = "the counts are nowhere else"]
    pub fn reset(&self) -> HashMap<K, u64>
    where
        K: Hash + Eq + Clone,
    {
        Self::collect(&self.table.enter(), Count::reset)
    }

    /// Removes every counter and returns their counts.
    ///
    /// # Concurrency
    ///
    /// As for [`reset`](Self::reset), but the next addition to each key has to bring it back.
    #[track_caller]
    #[must_use = "the counts are nowhere else"]
    pub fn drain(&self) -> HashMap<K, u64>
    where
        K: Hash + Eq + Clone,
    {
        let call = self.seam.look(Op::Whole, None);
        let _disturbing = call.disturb();
        let access = self.table.enter();
        let counts = Self::collect(&access, |count| {
            let taken = count.take()?;
            access.count(-1);
            Some(taken)
        });
        access.rebuild();
        counts
    }

    /// Removes every counter; what they counted is lost.
    ///
    /// # Concurrency
    ///
    /// Takes the lock for a moment. An addition that runs meanwhile is either lost with the rest or counts in the map that
    /// is empty now.
    #[track_caller]
    pub fn clear(&self) {
        let call = self.seam.look(Op::Whole, None);
        let _disturbing = call.disturb();
        self.table.enter().clear();
    }

    /// Takes every count by `take`.
    fn collect(access: &Access<'_, K, Count>, mut take: impl FnMut(&Count) -> Option<u64>) -> HashMap<K, u64>
    where
        K: Hash + Eq + Clone,
    {
        access.promote_all();
        // User code first, and counts only when it is done: a panic in `Clone`, `Hash` or `Eq` loses none.
        let entries: Vec<_> = access.entries().filter(|entry| entry.content.get().is_some()).collect();
        let mut counts: HashMap<K, u64> = (0..).zip(&entries).map(|(at, entry)| (entry.key.clone(), at)).collect();
        // No count reaches it.
        const NONE: u64 = u64::MAX;
        for count in counts.values_mut() {
            let at = usize::try_from(*count).unwrap_or_else(|_| unreachable!("it is a position"));
            *count = take(&entries[at].content).unwrap_or(NONE);
        }
        counts.retain(|_, count| *count != NONE);
        counts
    }
}

impl<K, S: BuildHasher> CounterMap<K, S> {
    /// Adds `n` to the count under `key`, which begins at zero, and returns the new count.
    ///
    /// # Concurrency
    ///
    /// Linearizable. One atomic addition for keys of the read table; otherwise takes the lock.
    #[inline]
    #[track_caller]
    pub fn add(&self, key: K, n: u64) -> u64
    where
        K: Hash + Eq,
    {
        let hash = self.hasher.hash_one(&key);
        self.key_text.learn(&self.seam, hash, &key);
        let call = self.seam.look(Op::Update, Some(hash));
        let access = self.table.enter();
        match Self::add_present(&access, &call, hash, &key, n) {
            Some(total) => total,
            None => Self::add_absent(&access, &call, hash, key, n),
        }
    }

    /// Adds `n` to the count under `key`, and makes an owned key only if there is no count yet; returns the new count.
    ///
    /// # Concurrency
    ///
    /// As for [`add`](Self::add).
    ///
    /// # Examples
    ///
    /// ```
    /// let hits: mapwise::CounterMap<String> = mapwise::CounterMap::new();
    /// assert_eq!(hits.add_ref("/index", 1), 1);
    /// assert_eq!(hits.add_ref("/index", 1), 2);
    /// ```
    #[inline]
    #[track_caller]
    pub fn add_ref<Q>(&self, key: &Q, n: u64) -> u64
    where
        K: Hash + Eq,
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let call = self.seam.look(Op::Update, Some(hash));
        let access = self.table.enter();
        match Self::add_present(&access, &call, hash, key, n) {
            Some(total) => total,
            None => {
                let key = key.to_owned();
                self.key_text.learn(&self.seam, hash, &key);
                Self::add_absent(&access, &call, hash, key, n)
            }
        }
    }

    /// Adds 1 to the count under `key` and returns the new count.
    ///
    /// # Concurrency
    ///
    /// As for [`add`](Self::add).
    #[inline]
    #[track_caller]
    pub fn increment(&self, key: K) -> u64
    where
        K: Hash + Eq,
    {
        self.add(key, 1)
    }

    /// Removes the counter under `key` and returns its count.
    ///
    /// # Concurrency
    ///
    /// Linearizable. Lock-free for keys of the read table; otherwise takes the lock.
    #[track_caller]
    pub fn remove<Q>(&self, key: &Q) -> Option<u64>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let call = self.seam.look(Op::Remove, Some(hash));
        let access = self.table.enter();
        let entry = access.find(hash, key)?;
        let mark = call.mark(hash);
        let Some(count) = entry.content.take() else {
            mark.unused();
            return None;
        };
        mark.wrote(Change::Removed);
        access.count(-1);
        access.sweep(entry);
        Some(count)
    }

    #[inline]
    fn add_present<Q>(access: &Access<'_, K, Count>, call: &Call<'_>, hash: u64, key: &Q, n: u64) -> Option<u64>
    where
        Q: Equivalent<K> + ?Sized,
    {
        let entry = access.find(hash, key)?;
        Self::add_to(access, call, entry, n).ok()
    }

    #[cold]
    fn add_absent(access: &Access<'_, K, Count>, call: &Call<'_>, hash: u64, mut key: K, n: u64) -> u64
    where
        K: Eq,
    {
        loop {
            let fresh = || {
                call.wrote(hash, Change::Added);
                Count::new(n)
            };
            match access.link(hash, key, fresh) {
                Linked::Fresh(_) => return Self::counted(access, Added { total: n.min(Self::MAX), revived: true }),
                Linked::Found(entry, unused) => match Self::add_to(access, call, entry, n) {
                    Ok(total) => return total,
                    Err(Expunged) => key = unused,
                },
            }
        }
    }

    #[inline]
    fn add_to(
        access: &Access<'_, K, Count>,
        call: &Call<'_>,
        entry: &Entry<K, Count>,
        n: u64,
    ) -> Result<u64, Expunged> {
        let mark = call.mark(entry.hash);
        match entry.content.add(n) {
            Ok(added) => {
                mark.wrote(if added.revived { Change::Added } else { Change::Changed });
                Ok(Self::counted(access, added))
            }
            Err(expunged) => {
                mark.unused();
                Err(expunged)
            }
        }
    }

    #[inline]
    fn counted(access: &Access<'_, K, Count>, added: Added) -> u64 {
        if added.revived {
            access.count(1);
        }
        added.total
    }
}

named! { CounterMap<K, S>, seam, key_text }

read_surface! {
    CounterMap<K, S> of (K, u64) where [S: BuildHasher]
    reads: "Linearizable. Lock-free for keys of the read table; otherwise takes the lock if there are newer keys."
    iteration: "Promotes the dirty table first, then takes no lock. Sees each counter at some moment during the iteration; closures may read and write this map."
}

impl<K: Hash + Eq, S: BuildHasher> Extend<(K, u64)> for CounterMap<K, S> {
    /// Adds each count to what is there.
    fn extend<I: IntoIterator<Item = (K, u64)>>(&mut self, counts: I) {
        for (key, count) in counts {
            self.add(key, count);
        }
        // Nobody is disturbed, so the additions that follow need not miss first.
        self.table.enter().promote_all();
    }
}

impl<K: Hash + Eq, S: BuildHasher + Default> FromIterator<(K, u64)> for CounterMap<K, S> {
    /// Adds up the counts of equal keys.
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = (K, u64)>>(counts: I) -> Self {
        let counts = counts.into_iter();
        let mut map = Self::with_capacity_and_hasher(counts.size_hint().0, S::default());
        map.extend(counts);
        map
    }
}

impl<K, S: BuildHasher> MapRead<K, u64> for CounterMap<K, S> {
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
    fn view<Q, R>(&self, key: &Q, read: impl FnOnce(&u64) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let access = self.table.enter();
        let count = access.find(hash, key).and_then(|entry| entry.content.get());
        self.seam.saw(Op::View, hash, count.is_some());
        count.map(|count| read(&count))
    }

    #[track_caller]
    fn try_for_each<B>(&self, mut visit: impl FnMut(&K, &u64) -> ControlFlow<B>) -> ControlFlow<B> {
        let call = self.seam.look(Op::ForEach, None);
        let access = self.table.enter();
        access.promote_all();
        for entry in access.entries() {
            if let Some(count) = entry.content.get() {
                call.saw_entry(|| Some(entry.hash));
                visit(&entry.key, &count)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn len(&self) -> usize {
        self.table.len()
    }
}
