//! Each rule on both sides of its thresholds, with made profiles, and the pairs of causes that look alike.

mod common;

use mapwise_profile::advice::{Advice, Lint, advise};
use mapwise_profile::{Histogram, HotKey, Profile, Resizes, Shard, Tier};

fn lints(profile: &Profile) -> Vec<Lint> {
    advise(profile).into_iter().map(|advice| advice.lint).collect()
}

fn first(profile: &Profile) -> Advice {
    advise(profile).into_iter().next().expect("some advice")
}

/// A map that waits a lot, everywhere alike: 8 s of 40 s, in short waits.
fn contended() -> Profile {
    let mut profile = common::quiet();
    let map = &mut profile.maps[0];
    (map.contentions, map.delay_ns) = (800_000, 8_000_000_000);
    for shard in &mut map.shards.each {
        (shard.contentions, shard.delay_ns) = (50_000, 500_000_000);
    }
    profile
}

/// The same with all waiting in one lock, of a map that has no other.
fn one_lock() -> Profile {
    let mut profile = contended();
    let map = &mut profile.maps[0];
    map.shards.each = vec![Shard { len: 1_600, operations: 16_000, contentions: 800_000, delay_ns: 8_000_000_000 }];
    profile
}

#[test]
fn below_two_percent_of_the_time_no_map_is_worth_changing() {
    let mut profile = one_lock();
    profile.maps[0].delay_ns = 790_000_000;
    assert_eq!(lints(&profile), [Lint::NotWorthChanging]);
    assert!(first(&profile).text.contains("2.0 %"), "{:?}", first(&profile).text);
    profile.maps[0].delay_ns = 810_000_000;
    assert_eq!(lints(&profile), [Lint::TooFewShards]);
}

#[test]
fn a_map_whose_thread_does_everything_is_told_to_ask_for_more_at_a_time() {
    let mut profile = one_lock();
    profile.maps[0].kind = "ActorMap".to_owned();
    let advice = first(&profile);
    assert_eq!(advice.lint, Lint::TooFewShards);
    assert!(advice.text.contains("one owner thread for 4 threads") && advice.remedy.contains("batch"), "{advice:?}");
    // Reads wait for reads there, so rare writes are no cause.
    for operation in &mut profile.maps[0].operations {
        operation.delay_ns = 0;
    }
    profile.maps[0].operations[0].delay_ns = 8_000_000_000;
    profile.maps[0].operations[2].hits = 0;
    assert!(!lints(&profile).contains(&Lint::ReadersBlocked));
    profile.maps[0].kind = "RwLockMap".to_owned();
    assert!(lints(&profile).contains(&Lint::ReadersBlocked));
}

#[test]
fn long_collections_have_a_remedy_of_their_own() {
    let mut profile = contended();
    let map = &mut profile.maps[0];
    map.kind = "PerThreadMap".to_owned();
    (map.len, map.shards) = (None, mapwise_profile::Shards::default());
    map.holds.period = 1;
    map.holds.times = common::histogram(&[(10_000_000, 800)]);
    let advice = first(&profile);
    assert_eq!(advice.lint, Lint::LongHold);
    assert!(advice.text.contains("kept out") && advice.remedy.contains("collect less often"), "{advice:?}");
}

#[test]
fn too_little_use_is_no_ground_for_any_advice() {
    let mut profile = common::quiet();
    profile.maps[0].operations.truncate(1);
    profile.maps[0].operations[0].misses = 0;
    profile.maps[0].operations[0].hits = 999;
    assert_eq!(lints(&profile), []);
    profile.maps[0].operations[0].hits = 1_000;
    assert_eq!(lints(&profile), [Lint::NotWorthChanging]);
    let mut rare = one_lock();
    rare.maps[0].contentions = 9;
    assert_eq!(lints(&rare), [], "nine waits are an anecdote");
}

#[test]
fn counters_alone_yield_no_advice() {
    let mut profile = one_lock();
    profile.tier = Tier::Counters;
    assert_eq!(lints(&profile), []);
}

#[test]
fn a_hot_key_is_the_cause_where_it_has_half_of_its_shards_operations_and_its_shard_half_of_the_delay() {
    let hot = common::hot_key();
    let advice = first(&hot);
    assert_eq!((advice.lint, advice.delay_ns), (Lint::HotKey, 8_100_000_000));
    assert!(advice.text.contains("90 % of the waiting"), "{}", advice.text);
    assert!(advice.evidence[1].contains("0x000000000000feed has at least 79 %"), "{:?}", advice.evidence);
    let lint_at = |count: u64| {
        let mut profile = common::hot_key();
        profile.maps[0].hot_keys.keys[0].count = count + 100;
        lints(&profile).contains(&Lint::HotKey)
    };
    // 60,000 of 75,120 operations fell on the shard: half of that is 39.9 % of the samples.
    assert!(lint_at(30_500));
    assert!(!lint_at(29_000));
    let share_of_delay = |delay_ns: u64| {
        let mut profile = common::hot_key();
        profile.maps[0].shards.each[3].delay_ns = delay_ns;
        lints(&profile).contains(&Lint::HotKey)
    };
    assert!(share_of_delay(910_000_000));
    assert!(!share_of_delay(890_000_000));
}

#[test]
fn in_a_map_with_one_lock_only_a_key_with_most_operations_is_hot() {
    let with = |count: u64| {
        let mut profile = one_lock();
        let key = HotKey { hash: 1, shard: None, count, error: 0 };
        profile.maps[0].hot_keys.sampled = 10_000;
        profile.maps[0].hot_keys.keys = vec![key];
        profile
    };
    assert_eq!(lints(&with(5_100)), [Lint::HotKey]);
    assert_eq!(lints(&with(4_900)), [Lint::TooFewShards]);
    let mut few = with(5_100);
    few.maps[0].hot_keys.sampled = 199;
    assert_eq!(lints(&few), [Lint::TooFewShards], "199 samples name no key");
}

/// The waits of a hot key, but from many keys that meet in three shards.
fn bad_hash() -> Profile {
    let mut profile = contended();
    let map = &mut profile.maps[0];
    for (index, shard) in map.shards.each.iter_mut().enumerate() {
        let delay_ns = if index < 3 { 2_600_000_000 } else { 15_384_615 };
        let (len, operations) = if index < 3 { (430, 10_000) } else { (25, 600) };
        *shard = Shard { len, operations, contentions: 50_000, delay_ns };
    }
    profile
}

#[test]
fn a_bad_hash_is_told_from_a_hot_key_by_its_entries() {
    let advice = first(&bad_hash());
    assert_eq!(advice.lint, Lint::BadHash);
    assert!(advice.text.contains("80 % of the entries into 3 of 16 shards"), "{}", advice.text);
    assert!((7_700_000_000..=7_850_000_000).contains(&advice.delay_ns), "{}", advice.delay_ns);
    assert!(!lints(&bad_hash()).contains(&Lint::HotKey));
    assert!(!lints(&common::hot_key()).contains(&Lint::BadHash));
}

#[test]
fn a_bad_hash_is_seen_in_operations_where_entries_come_and_go() {
    let mut profile = bad_hash();
    for (index, shard) in profile.maps[0].shards.each.iter_mut().enumerate() {
        shard.len = 0;
        shard.operations = if index == 5 { 30_000 } else { 600 };
    }
    assert!(lints(&profile).contains(&Lint::BadHash));
    let hot = HotKey { hash: 7, shard: Some(5), count: 12_000, error: 0 };
    profile.maps[0].hot_keys.sampled = 39_000;
    profile.maps[0].hot_keys.keys = vec![hot, HotKey { hash: 8, shard: Some(1), count: 10, error: 0 }];
    assert!(lints(&profile).contains(&Lint::BadHash), "twelve of thirty thousand do not explain the shard");
    profile.maps[0].hot_keys.keys[0].count = 20_000;
    assert!(!lints(&profile).contains(&Lint::BadHash), "twenty do");
    profile.maps[0].hot_keys.keys[0].error = 20_000;
    assert!(!lints(&profile).contains(&Lint::BadHash), "and so they may when they are uncertain");
}

#[test]
fn a_bad_hash_needs_twice_the_mean_beyond_chance_and_no_waiting() {
    let with = |mean: u64, fullest: u64| {
        let mut profile = common::quiet();
        for shard in &mut profile.maps[0].shards.each {
            shard.len = mean;
        }
        profile.maps[0].shards.each[2].len = fullest;
        lints(&profile).contains(&Lint::BadHash)
    };
    assert!(with(1_000, 2_200));
    assert!(!with(1_000, 2_000), "less than twice the mean, which it raises itself");
    assert!(with(4, 40));
    assert!(!with(4, 14), "chance does that");
}

#[test]
fn long_holds_are_seen_in_the_holds() {
    let with = |often: u64, ns: u64| {
        let mut profile = contended();
        profile.maps[0].holds.times = common::histogram(&[(100, 980), (ns, often)]);
        lints(&profile).contains(&Lint::LongHold)
    };
    assert!(with(20, 60_000));
    assert!(!with(5, 60_000), "half a percent of the holds is no p99");
    assert!(!with(20, 20_000), "a bucket's bound may be twice the truth");
}

#[test]
fn a_rare_slow_holder_is_found_by_who_is_waited_for() {
    let with = |blamed_ns: u64, each_ns: u64, waits_itself_ns: u64| {
        let mut profile = contended();
        let (slow, quick) = (common::site("shop::expire", 70), common::site("shop::show", 55));
        profile.maps[0].matrix = vec![
            common::blocked(quick.clone(), Some(slow.clone()), None, blamed_ns / each_ns, blamed_ns),
            common::blocked(quick.clone(), Some(quick.clone()), None, 100_000, 1_000_000_000),
            common::blocked(slow, Some(quick), None, 100, waits_itself_ns),
        ];
        profile
    };
    let advice = first(&with(6_000_000_000, 900_000, 10_000_000));
    assert_eq!(advice.lint, Lint::LongHold);
    assert!(advice.text.contains("shop::expire (src/sessions.rs:70)"), "{}", advice.text);
    // 6 s of the 7.01 s that have a holder, of 8 s in all.
    assert!((6_840_000_000..=6_850_000_000).contains(&advice.delay_ns), "{}", advice.delay_ns);
    assert!(!lints(&with(900_000_000, 900_000, 1)).contains(&Lint::LongHold), "less than half of the waiting");
    assert!(!lints(&with(6_000_000_000, 19_000, 1)).contains(&Lint::LongHold), "short waits");
    assert!(!lints(&with(6_000_000_000, 900_000, 2_500_000_000)).contains(&Lint::LongHold), "a victim like the others");
}

#[test]
fn without_sites_waits_that_short_holds_cannot_explain_mean_a_long_one() {
    let with = |each_ns: u64, hold_ns: u64, timed: u64| {
        let mut profile = contended();
        let map = &mut profile.maps[0];
        map.contentions = map.delay_ns / each_ns;
        map.holds.times = common::histogram(&[(hold_ns, timed)]);
        lints(&profile).contains(&Lint::LongHold)
    };
    assert!(with(110_000, 100, 1_000), "8 s of waits of 110 µs each, behind three others with holds of 100 ns");
    assert!(!with(105_000, 100, 1_000), "to wake up took most of it");
    // One in 1,024 of them was timed: together they held for 2 s, which explains 6 s of three threads' waiting.
    assert!(!with(110_000, 2_000, 1_000));
}

#[test]
fn where_few_holds_were_timed_there_were_too_few_for_short_ones_to_add_up() {
    let with = |operations: u64| {
        let mut profile = contended();
        let map = &mut profile.maps[0];
        map.operations.truncate(1);
        (map.operations[0].hits, map.operations[0].misses) = (operations, 0);
        map.contentions = 2_000;
        map.holds.times = common::histogram(&[(1_000_000, 2)]);
        // Who waited is known, and for whom is not.
        map.matrix = vec![common::blocked(common::site("shop::bump", 3), None, None, 2_000, map.delay_ns)];
        profile
    };
    // 50,000 holds of 20 µs are 1 s, and with three others in front, 3 s of waiting; 8 s is more than twice that.
    let advice = first(&with(50_000));
    assert_eq!(advice.lint, Lint::LongHold);
    assert!(advice.remedy.starts_with("record sites"), "{}", advice.remedy);
    assert!(!lints(&with(70_000)).contains(&Lint::LongHold));
    let mut same_place = with(50_000);
    same_place.maps[0].matrix[0].holder = Some(common::site("shop::bump", 3));
    let advice = first(&same_place);
    assert_eq!(advice.lint, Lint::LongHold, "a place that everybody waits at and for is one too");
    assert!(advice.remedy.starts_with("at shop::bump"), "{}", advice.remedy);
}

#[test]
fn reads_behind_rare_writes_want_reads_that_do_not_wait() {
    let with = |read_delay_ns: u64, writes: u64| {
        let mut profile = one_lock();
        let operations = &mut profile.maps[0].operations;
        operations.truncate(2);
        (operations[0].hits, operations[0].misses, operations[0].delay_ns) = (9_000_000, 0, read_delay_ns);
        (operations[1].hits, operations[1].misses) = (writes, 0);
        lints(&profile).contains(&Lint::ReadersBlocked)
    };
    assert!(with(4_100_000_000, 990_000));
    assert!(!with(3_900_000_000, 990_000), "less than half of the waiting");
    assert!(!with(4_100_000_000, 1_100_000), "more than 10 % writes");
}

#[test]
fn too_few_shards_is_said_below_four_for_each_running_thread() {
    let with = |shards: usize, threads: u64, cores: u32| {
        let mut profile = contended();
        (profile.process.threads, profile.process.cores) = (threads, cores);
        profile.maps[0].shards.each.truncate(shards);
        lints(&profile).contains(&Lint::TooFewShards)
    };
    assert!(with(15, 4, 8));
    assert!(!with(16, 4, 8));
    assert!(!with(16, 64, 4), "only four run at a time");
    assert!(with(1, 4, 8));
    let mut uneven = contended();
    uneven.process.cores = 64;
    uneven.process.threads = 5;
    assert!(lints(&uneven).contains(&Lint::TooFewShards));
    uneven.maps[0].shards.each[0].delay_ns *= 6;
    assert!(!lints(&uneven).contains(&Lint::TooFewShards), "the waiting is in one shard");
}

#[test]
fn a_table_replaced_far_more_often_than_growth_needs_is_a_storm() {
    let with = |count: u64, paused_ns: u64| {
        let mut profile = contended();
        let pauses = Histogram { sum_ns: paused_ns, max_ns: paused_ns / count, ..Histogram::default() };
        profile.maps[0].resizes = Resizes { count, pauses, delay_ns: 0 };
        profile.maps[0].capacity = None;
        lints(&profile).contains(&Lint::ResizeStorm)
    };
    // 1,600 entries in 16 shards: 6 doublings and 2 to begin with, twice over.
    assert!(with(257, 110_000_000));
    assert!(!with(256, 110_000_000), "growth may need them");
    assert!(!with(257, 90_000_000), "less than a hundredth of the time");
}

#[test]
fn causes_come_by_what_they_explain_and_maps_by_how_long_they_waited() {
    let mut profile = common::hot_key();
    profile.maps[0].holds.times = common::histogram(&[(100, 900), (500_000, 100)]);
    assert_eq!(
        lints(&profile)[..2],
        [Lint::LongHold, Lint::HotKey],
        "all holds are long, 90 % of the waits are for the key"
    );
    profile.maps.insert(0, common::map("idle"));
    assert_eq!(advise(&profile)[0].map, "sessions");
    assert_eq!(advise(&profile).last().map(|advice| advice.lint), Some(Lint::NotWorthChanging));
}

#[test]
fn no_advice_shows_a_control_character_and_every_one_has_rule_and_source() {
    let mut seen = std::collections::BTreeSet::new();
    let mut hostile = common::hostile();
    for profile in [&mut hostile, &mut bad_hash(), &mut one_lock(), &mut common::quiet()] {
        profile.maps[0].name = common::HOSTILE.to_owned();
        for advice in advise(profile) {
            let all = [&[advice.text, advice.remedy][..], &advice.evidence].concat().join(" ");
            assert!(!all.chars().any(|c| c.is_control() || c == '\u{202e}'), "{all}");
            assert!(!advice.rule.is_empty() && !advice.source.is_empty());
            seen.insert(advice.lint);
        }
    }
    assert!(seen.len() >= 4, "{seen:?}");
}
