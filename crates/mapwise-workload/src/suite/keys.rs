//! The keys that threads use, drawn before anything is measured.
//!
//! - **in time**: a thread finds its next key without computing or missing the cache: numbers follow from a number read in
//!   order, strings lie in memory in the order of their use, as keys do that a request has just brought.

use std::borrow::Borrow;

use mapwise_record::workload::{Distribution, Kind};

use super::contenders::List;
use super::mix::Mix;
use super::settings::KeyType;
use crate::data::Key;
use crate::draw::{Ranks, Scramble, generator};
use crate::plan::Op;

/// Bytes of a string.
const STRING: Kind = Kind::String { bytes: 24 };

/// Numbers drawn for all threads together, at most: 128 MiB.
const MOST_NUMBERS: usize = 1 << 25;
/// Numbers drawn for one thread, at least: more than predictors learn.
const FEWEST_NUMBERS: usize = 1 << 16;
/// And at most.
const MOST_NUMBERS_EACH: usize = 1 << 22;
/// Strings drawn for all threads together, at most.
const MOST_STRINGS: usize = 1 << 20;
/// And for one of them.
const MOST_STRINGS_EACH: usize = 1 << 19;

/// A type of keys that the suite runs with.
pub(super) trait SuiteKey: Key {
    /// Its name.
    const TYPE: KeyType;
    /// Type and size, for the record.
    const KIND: Kind;
    /// What a thread looks a key up by.
    type Lent<'a>: Borrow<Self>;

    /// The key of a number.
    fn owned(number: u32) -> Self;
    /// The key of a number that was drawn as the one at `at`.
    fn lent(number: u32, at: usize, drawn: &[Self]) -> Self::Lent<'_>;
    /// The keys that must lie in memory.
    fn draw(numbers: &[u32]) -> Vec<Self>;
    /// How many numbers to draw for each thread.
    fn count(keys: u32, threads: usize) -> usize;
    /// Adds the maps that take only such keys.
    fn add_special(list: &mut List<Self>);
}

impl SuiteKey for u64 {
    const TYPE: KeyType = KeyType::U64;
    const KIND: Kind = Kind::U64;
    type Lent<'a> = u64;

    /// An odd multiplier is a bijection: keys of services are not dense either.
    #[inline(always)]
    fn owned(number: u32) -> u64 {
        u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    #[inline(always)]
    fn lent(number: u32, _at: usize, _drawn: &[u64]) -> u64 {
        Self::owned(number)
    }

    fn draw(_numbers: &[u32]) -> Vec<u64> {
        Vec::new()
    }

    fn count(keys: u32, threads: usize) -> usize {
        let most = MOST_NUMBERS_EACH.min(MOST_NUMBERS / threads);
        (keys as usize * 2).clamp(FEWEST_NUMBERS.min(most), most)
    }

    fn add_special(list: &mut List<u64>) {
        list.add_copy_only();
    }
}

impl SuiteKey for String {
    const TYPE: KeyType = KeyType::String;
    const KIND: Kind = STRING;
    type Lent<'a> = &'a String;

    fn owned(number: u32) -> String {
        String::make(number.into(), STRING)
    }

    #[inline(always)]
    fn lent(_number: u32, at: usize, drawn: &[String]) -> &String {
        &drawn[at]
    }

    fn draw(numbers: &[u32]) -> Vec<String> {
        numbers.iter().copied().map(Self::owned).collect()
    }

    fn count(keys: u32, threads: usize) -> usize {
        let most = MOST_STRINGS_EACH.min(MOST_STRINGS / threads);
        (keys as usize * 2).clamp(FEWEST_NUMBERS.min(most), most)
    }

    fn add_special(_list: &mut List<String>) {}
}

/// The keys of one thread, in the order of their use.
pub(super) struct Stream<K> {
    numbers: Vec<u32>,
    drawn: Vec<K>,
}

/// A few operations of one thread.
pub(super) struct Batch<'a, K> {
    pub(super) numbers: &'a [u32],
    pub(super) drawn: &'a [K],
    /// The operations, over and over.
    pub(super) deck: &'a [Op],
    /// Where in the deck the first one is.
    pub(super) turn: usize,
}

impl<K: SuiteKey> Stream<K> {
    fn new(numbers: Vec<u32>) -> Self {
        Self { drawn: K::draw(&numbers), numbers }
    }

    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Up to `count` operations from `at` on.
    #[inline]
    pub(super) fn batch<'a>(&'a self, at: usize, count: usize, deck: &'a [Op], turn: usize) -> Batch<'a, K> {
        let end = (at + count).min(self.numbers.len());
        let drawn = if self.drawn.is_empty() { &[] } else { &self.drawn[at..end] };
        Batch { numbers: &self.numbers[at..end], drawn, deck, turn }
    }
}

/// Draws the keys of every thread. For a growing map each key is dealt to one thread; else all threads share them, the
/// popular ones too.
pub(super) fn draw<K: SuiteKey>(mix: Mix, keys: u32, threads: usize, seed: u64) -> Vec<Stream<K>> {
    if mix == Mix::Grow {
        return (0..threads as u32).map(|first| Stream::new((first..keys).step_by(threads).collect())).collect();
    }
    // Coprime to every deck, so that in each pass a key meets another operation than in the last.
    let count = K::count(keys, threads) | 1;
    let count = if count.is_multiple_of(5) { count + 2 } else { count };
    let first = if mix == Mix::Absent { keys } else { 0 };
    let scramble = Scramble::new(keys, &mut generator(seed, 0));
    let skewed = mix.distribution() != Distribution::Uniform;
    let stream = |thread: u64| {
        let mut generator = generator(seed, thread + 1);
        let mut ranks = Ranks::new(mix.distribution(), keys).expect("a valid distribution of at least one key");
        let mut number = || {
            let rank = ranks.draw(&mut generator);
            first + if skewed { scramble.apply(rank) } else { rank }
        };
        Stream::new((0..count).map(|_| number()).collect())
    };
    (0..threads as u64).map(stream).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers<K>(streams: &[Stream<K>]) -> impl Iterator<Item = u32> {
        streams.iter().flat_map(|stream| stream.numbers.iter().copied())
    }

    #[test]
    fn growing_threads_insert_every_key_once() {
        let mut all: Vec<u32> = numbers(&draw::<u64>(Mix::Grow, 1_003, 4, 1)).collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..1_003));
    }

    #[test]
    fn absent_keys_are_none_of_the_present_ones() {
        assert!(numbers(&draw::<u64>(Mix::Absent, 1_000, 2, 1)).all(|number| (1_000..2_000).contains(&number)));
        assert!(numbers(&draw::<u64>(Mix::ReadHit, 1_000, 2, 1)).all(|number| number < 1_000));
    }

    #[test]
    fn a_key_meets_every_operation_of_the_deck() {
        for mix in Mix::ALL.into_iter().filter(|mix| *mix != Mix::Grow) {
            for (keys, threads) in [(1_000, 1), (1_000_000, 2), (500_000, 64)] {
                let deck = mix.deck().len();
                let count = draw::<u64>(Mix::ReadHit, keys, threads, 1)[0].len();
                assert!(deck == 1 || (!count.is_multiple_of(2) && !count.is_multiple_of(5)), "{mix} {count}");
            }
        }
    }

    #[test]
    fn strings_lie_in_the_order_of_their_use() {
        let streams = draw::<String>(Mix::ReadZipf, 1_000, 2, 1);
        let batch = streams[1].batch(10, 5, &[Op::Get], 0);
        let made: Vec<String> = batch.numbers.iter().copied().map(String::owned).collect();
        assert_eq!(batch.drawn, made);
    }
}
