//! The most frequent keys of a stream in bounded memory: space-saving (Metwally, Agrawal, El Abbadi, ICDT 2005).
//!
//! - **bounds**: a hash that is kept occurred at most `count` and at least `count - error` times; one that is not kept
//!   occurred at most as often as the smallest count. Merging keeps both (Agarwal et al., PODS 2012).

/// How many hashes are kept.
pub(super) const KEPT: usize = 32;

/// One hash that is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) hash: u64,
    pub(super) count: u64,
    pub(super) error: u64,
}

/// The hashes that occurred most.
#[derive(Clone, Debug, Default)]
pub(super) struct Sketch {
    kept: Vec<Counted>,
    total: u64,
}

impl Sketch {
    /// How often anything occurred.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Counts one occurrence.
    pub(super) fn offer(&mut self, hash: u64) {
        self.total += 1;
        if let Some(kept) = self.kept.iter_mut().find(|kept| kept.hash == hash) {
            kept.count += 1;
        } else if self.kept.len() < KEPT {
            self.kept.push(Counted { hash, count: 1, error: 0 });
        } else if let Some(least) = self.kept.iter_mut().min_by_key(|kept| kept.count) {
            *least = Counted { hash, count: least.count + 1, error: least.count };
        }
    }

    /// The most that a hash which is not kept can have occurred.
    fn unseen(&self) -> u64 {
        if self.kept.len() < KEPT { 0 } else { self.kept.iter().map(|kept| kept.count).min().unwrap_or(0) }
    }

    /// Adds what another sketch counted.
    pub(super) fn merge(&mut self, other: &Self) {
        let (here, there) = (self.unseen(), other.unseen());
        let mut merged: Vec<Counted> = Vec::with_capacity(self.kept.len() + other.kept.len());
        for kept in &self.kept {
            let twin = other.kept.iter().find(|twin| twin.hash == kept.hash);
            let (count, error) = twin.map_or((there, there), |twin| (twin.count, twin.error));
            merged.push(Counted { hash: kept.hash, count: kept.count + count, error: kept.error + error });
        }
        for kept in &other.kept {
            if self.kept.iter().all(|twin| twin.hash != kept.hash) {
                merged.push(Counted { hash: kept.hash, count: kept.count + here, error: kept.error + here });
            }
        }
        merged.sort_unstable_by(|one, other| other.count.cmp(&one.count).then(one.hash.cmp(&other.hash)));
        merged.truncate(KEPT);
        self.kept = merged;
        self.total += other.total;
    }

    /// The hashes that are kept, most frequent first.
    pub(super) fn into_counted(mut self) -> Vec<Counted> {
        self.kept.sort_unstable_by(|one, other| other.count.cmp(&one.count).then(one.hash.cmp(&other.hash)));
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn exact(stream: &[u64]) -> HashMap<u64, u64> {
        let mut counts = HashMap::new();
        for hash in stream {
            *counts.entry(*hash).or_default() += 1;
        }
        counts
    }

    fn holds_its_bounds(sketch: &Sketch, stream: &[u64]) -> Result<(), TestCaseError> {
        let (counts, unseen) = (exact(stream), sketch.unseen());
        prop_assert_eq!(sketch.total(), stream.len() as u64);
        for (hash, count) in &counts {
            match sketch.kept.iter().find(|kept| kept.hash == *hash) {
                Some(kept) => prop_assert!((kept.count - kept.error..=kept.count).contains(count), "{kept:?}: {count}"),
                None => prop_assert!(*count <= unseen, "{hash}: {count} > {unseen}"),
            }
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn counts_hold_their_bounds(stream in prop::collection::vec(0_u64..100, 0..2_000)) {
            let mut sketch = Sketch::default();
            stream.iter().for_each(|hash| sketch.offer(*hash));
            holds_its_bounds(&sketch, &stream)?;
        }

        #[test]
        fn merged_counts_hold_their_bounds(streams in prop::collection::vec(prop::collection::vec(0_u64..80, 0..500), 0..5)) {
            let mut merged = Sketch::default();
            for stream in &streams {
                let mut sketch = Sketch::default();
                stream.iter().for_each(|hash| sketch.offer(*hash));
                merged.merge(&sketch);
            }
            let all = streams.concat();
            let (counts, total) = (exact(&all), merged.total());
            prop_assert_eq!(total, all.len() as u64);
            for kept in merged.into_counted() {
                let count = counts.get(&kept.hash).copied().unwrap_or(0);
                prop_assert!((kept.count - kept.error..=kept.count).contains(&count), "{kept:?}: {count}");
            }
        }
    }

    #[test]
    fn a_key_that_is_half_of_a_long_stream_comes_first() {
        let mut sketch = Sketch::default();
        for step in 0..10_000_u64 {
            sketch.offer(if step % 2 == 0 { 42 } else { step });
        }
        assert_eq!(sketch.into_counted()[0].hash, 42);
    }
}
