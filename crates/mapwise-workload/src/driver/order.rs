//! In which order the candidates of one round take their turns.

/// The order of round `round` among `count` candidates.
///
/// Odd rounds run backwards (ABBA), so that a drift of the machine's speed cancels between two
/// rounds, and every second round starts at another candidate, so that nobody always follows the
/// same neighbor.
pub(crate) fn order(round: u32, count: usize) -> Vec<usize> {
    if count == 0 {
        return Vec::new();
    }
    let pair = (round / 2) as usize;
    // A step of about the golden ratio spreads the starting points even over few rounds.
    let first = (pair * (count * 5 / 8).max(1)) % count;
    let mut turns: Vec<usize> = (0..count).map(|turn| (first + turn) % count).collect();
    if round % 2 == 1 {
        turns.reverse();
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_candidate_has_one_turn_in_each_round() {
        for count in 0..9 {
            for round in 0..12 {
                let mut turns = order(round, count);
                turns.sort_unstable();
                assert_eq!(turns, (0..count).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn two_rounds_give_every_candidate_the_same_mean_position() {
        for pair in 0..6 {
            let there = order(2 * pair, 7);
            let back = order(2 * pair + 1, 7);
            for candidate in 0..7 {
                let position = |turns: &[usize]| turns.iter().position(|&c| c == candidate);
                assert_eq!(position(&there).unwrap() + position(&back).unwrap(), 6);
            }
        }
    }

    #[test]
    fn the_first_candidate_changes_between_pairs_of_rounds() {
        assert_ne!(order(0, 7)[0], order(2, 7)[0]);
    }
}
