//! Measures what `SyncMap` pays for the first new key after a promotion: a copied link for every entry, under the lock.
//!
//! ```sh
//! cargo test --release -p mapwise --test sync_map_promotion -- --ignored --nocapture
//! ```

#![cfg(not(loom))]

use std::time::Instant;

use mapwise::SyncMap;

#[test]
#[ignore = "a measurement, for people: the command is at the head of the file"]
#[expect(clippy::print_stdout, reason = "it is the result")]
fn promotion_copy() {
    println!("{:>10} {:>16} {:>14} {:>18}", "entries", "next key, ns", "ns per entry", "a new key else, ns");
    for exponent in [10, 14, 17, 20] {
        let entries = 1_u64 << exponent;
        let map: SyncMap<u64, u64> = (0..entries).map(|key| (key, key)).collect();
        let mut copies = Vec::new();
        let mut others = Vec::new();
        for round in 0..9 {
            let fresh = entries + 2 * round;
            let start = Instant::now();
            map.store(fresh, 0);
            copies.push(start.elapsed().as_nanos() as u64);
            let start = Instant::now();
            map.store(fresh + 1, 0);
            others.push(start.elapsed().as_nanos() as u64);
            // Promotes.
            map.range(|_, _| false);
        }
        copies.sort_unstable();
        others.sort_unstable();
        let (copy, other) = (copies[copies.len() / 2], others[others.len() / 2]);
        println!("{entries:>10} {copy:>16} {:>14.1} {other:>18}", copy as f64 / entries as f64);
    }
}
