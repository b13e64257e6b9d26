//! Growth of `Map`: panics of `Hash` in the middle of it, and hashes that are hardly told apart.
#![allow(missing_docs)]

use std::{
    collections::HashSet,
    hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
};

use mapwise::Map;

struct Injected;

/// Panics in the call of `Hash` after as many as the fuse says.
struct Tricky {
    number: u64,
    fuse: Arc<AtomicI64>,
    live: Arc<AtomicI64>,
}

impl Hash for Tricky {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if self.fuse.load(Relaxed) >= 0 && self.fuse.fetch_sub(1, Relaxed) == 0 {
            std::panic::panic_any(Injected);
        }
        self.number.hash(state);
    }
}

impl PartialEq for Tricky {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Tricky {}

impl Drop for Tricky {
    fn drop(&mut self) {
        self.live.fetch_sub(1, Relaxed);
    }
}

fn quiet() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref::<Injected>().is_none() {
            before(info);
        }
    }));
}

#[test]
fn a_panic_in_any_hash_while_growing_loses_nothing_and_growth_goes_on() {
    quiet();
    let (fuse, live) = (Arc::new(AtomicI64::new(-1)), Arc::new(AtomicI64::new(0)));
    let tricky = |number| {
        live.fetch_add(1, Relaxed);
        Tricky { number, fuse: fuse.clone(), live: live.clone() }
    };
    let map: Map<Tricky, u64> = Map::new();
    let (mut panics, mut stored, mut draw) = (0, 0_u64, 1_u64);
    // Small segments, the first full one, and several splits; a fuse of 0 is the key's own hash.
    for number in 0..12_000 {
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        fuse.store(1 + (draw >> 33) as i64 % 40, Relaxed);
        let caught = catch_unwind(AssertUnwindSafe(|| map.insert(tricky(number), number)));
        fuse.store(-1, Relaxed);
        match caught {
            Ok(old) => assert_eq!(old, None),
            Err(payload) => {
                assert!(payload.is::<Injected>());
                panics += 1;
                // Growth comes after the insertion.
                assert_eq!(map.get(&tricky(number)), Some(number));
                assert!((0..number).step_by(97).all(|before| map.get(&tricky(before)) == Some(before)));
            }
        }
        stored += 1;
    }
    assert!(panics > 100, "{panics}");
    assert_eq!(map.len() as u64, stored);
    let mut seen = HashSet::new();
    map.for_each(|key, value| assert!(key.number == *value && seen.insert(*value)));
    assert_eq!(seen.len() as u64, stored);
    assert!((0..12_000).all(|number| map.get(&tricky(number)) == Some(number)));
    assert_eq!(live.load(Relaxed) as u64, stored);
    drop(map);
    assert_eq!(live.load(Relaxed), 0);
}

/// Few hashes, all alike but for some bits.
#[derive(Default)]
struct Masked<const MASK: u64>(u64);

impl<const MASK: u64> Hasher for Masked<MASK> {
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are u64")
    }
    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
    fn finish(&self) -> u64 {
        self.0 & MASK
    }
}

fn grows_with<S: BuildHasher + Default>(keys: u64) {
    let map: Map<u64, u64, S> = Map::default();
    for key in 0..keys {
        assert_eq!(map.insert(key, key), None);
    }
    assert!((0..keys).all(|key| map.get(&key) == Some(key)) && map.get(&keys).is_none());
    let mut seen = HashSet::new();
    map.for_each(|key, _| assert!(seen.insert(*key)));
    assert_eq!((seen.len() as u64, map.len() as u64), (keys, keys));
    assert!((0..keys).all(|key| map.remove(&key) == Some(key)) && map.is_empty());
}

#[test]
fn bad_hashes_keep_every_entry() {
    grows_with::<BuildHasherDefault<Masked<0>>>(1_000);
    grows_with::<BuildHasherDefault<Masked<7>>>(3_000);
    grows_with::<BuildHasherDefault<Masked<0xff_ff00>>>(100_000);
    grows_with::<BuildHasherDefault<Masked<{ u64::MAX }>>>(100_000);
    grows_with::<RandomState>(100_000);
}

#[test]
fn every_plain_type_keeps_its_values() {
    macro_rules! keeps {
        ($($value:expr),*) => {$({
            let map = Map::new();
            assert_eq!((map.insert(1_u16, $value), map.insert(u16::MAX, $value)), (None, None));
            assert!(map.get(&1) == Some($value) && map.view(&u16::MAX, |value| *value == $value) == Some(true));
            assert!(map.remove(&1) == Some($value) && map.get(&1).is_none());
        })*};
    }
    keeps!(
        u64::MAX - 1,
        i64::MIN,
        usize::MAX,
        u32::MAX,
        -7_i32,
        u16::MAX,
        i8::MIN,
        u8::MAX,
        0x0123_4567_89ab_cdef_u128
    );
    keeps!(true, false, 'x', '\u{10ffff}', f64::MIN_POSITIVE, -1.5_f32, (), i128::MIN);
    let map = Map::new();
    for key in [u128::MAX, u128::MAX - (1 << 64), 1 << 64, 0] {
        map.insert(key, key as u8);
    }
    assert_eq!((map.len(), map.get(&(1 << 64)), map.get(&u128::MAX)), (4, Some(0), Some(255)));
}

#[test]
fn a_promised_capacity_is_there_from_the_start() {
    for capacity in [0, 1, 5, 100, 1_000, 50_000] {
        let map = Map::with_capacity(capacity);
        for key in 0..capacity as u64 {
            assert_eq!(map.insert(key, key), None);
        }
        assert_eq!(map.snapshot().len(), capacity);
        assert!(map.into_iter().all(|(key, value)| key == value));
    }
}
