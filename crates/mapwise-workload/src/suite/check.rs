//! Whether a map did what it said: a wrong map makes no number.

use super::entrant::Entrant;
use super::keys::SuiteKey;
use super::lane::Tally;
use super::mix::{Fill, Mix};

/// Sums over more keys than this take longer than what is measured.
const MOST_SUMMED: u32 = 1_000_000;

/// Notes what a check after the row needs to know from before it.
pub(super) fn before<K: SuiteKey>(entrant: &mut Entrant<K>, mix: Mix, keys: u32) {
    let lane = entrant.lane.as_ref();
    let sums = mix == Mix::Counters && keys <= MOST_SUMMED && entrant.about.keeps_all;
    entrant.seen.sum = lane.filter(|_| sums).map(|lane| lane.sum(0..keys).0);
}

/// Checks what a map holds that outlives the row.
pub(super) fn holdings<K: SuiteKey>(entrant: &Entrant<K>, keys: u32) -> Result<(), String> {
    let Some(lane) = entrant.lane.as_ref().filter(|_| entrant.about.keeps_all) else {
        return Ok(());
    };
    let Tally { added, removed, .. } = entrant.tally;
    let expected = i128::from(entrant.filled) + i128::from(added) - i128::from(removed);
    let len = lane.len() as i128;
    if len != expected {
        let filled = entrant.filled;
        return Err(format!(
            "it holds {len} entries instead of {expected}: {filled} filled in, {added} added, {removed} removed"
        ));
    }
    if let Some(before) = entrant.seen.sum {
        let changed = entrant.seen.tally.changed;
        let counted = lane.sum(0..keys).0.wrapping_sub(before);
        if counted != changed {
            return Err(format!("its counters rose by {counted} after {changed} increments"));
        }
    }
    Ok(())
}

/// Checks that `maps` maps that grew from empty hold all keys.
pub(super) fn grown(len: usize, maps: usize, keys: u32, tally: Tally) -> Result<(), String> {
    let expected = maps as u64 * u64::from(keys);
    if len as u64 != expected || tally.added != expected {
        let added = tally.added;
        return Err(format!("of {expected} different keys it called {added} new and holds {len}"));
    }
    Ok(())
}

/// Checks look-ups and inserts whose outcome is known beforehand. Wrong ones say nothing of what the map holds: there are
/// maps whose readers can miss a key that is being replaced.
pub(super) fn answers<K>(entrant: &Entrant<K>, mix: Mix) -> Result<(), String> {
    if entrant.about.keeps_all { foretold(mix, entrant.seen.tally) } else { Ok(()) }
}

fn foretold(mix: Mix, tally: Tally) -> Result<(), String> {
    let Tally { looked, found, added, .. } = tally;
    let expected = match (mix, mix.fill()) {
        (Mix::Absent, _) => 0,
        (_, Fill::All) => looked,
        _ => return Ok(()),
    };
    if found != expected {
        return Err(format!("{found} of {looked} look-ups found something instead of {expected}"));
    }
    if mix.fill() == Fill::All && added > 0 {
        return Err(format!("it called {added} keys new that were all present"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_present_key_that_is_not_found_is_noticed() {
        let tally = Tally { looked: 10, found: 9, ..Tally::default() };
        assert!(foretold(Mix::YcsbB, tally).is_err());
        assert!(foretold(Mix::Absent, tally).is_err());
        assert_eq!(foretold(Mix::Exchange, tally), Ok(()));
    }

    #[test]
    fn a_present_key_that_is_called_new_is_noticed() {
        let tally = Tally { looked: 10, found: 10, added: 1, ..Tally::default() };
        assert!(foretold(Mix::YcsbA, tally).is_err());
        assert_eq!(foretold(Mix::ReadHeavy, tally), Ok(()));
    }

    #[test]
    fn a_key_that_growth_lost_is_noticed() {
        let tally = |added| Tally { added, ..Tally::default() };
        assert_eq!(grown(300, 3, 100, tally(300)), Ok(()));
        assert!(grown(299, 3, 100, tally(300)).is_err());
        assert!(grown(300, 3, 100, tally(301)).is_err());
    }
}
