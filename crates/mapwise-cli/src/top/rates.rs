//! What happened between two profiles, or on average since recording began.

use mapwise_profile::{MapProfile, Profile};

/// A second of a map's life.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rates {
    pub(super) operations: f64,
    pub(super) waits: f64,
    /// Time waited in each second, in nanoseconds.
    pub(super) delay_ns: f64,
}

impl Rates {
    /// Between the two where the earlier one is of the same process and map, else since the beginning.
    pub(super) fn of(map: &MapProfile, now: &Profile, before: Option<&Profile>) -> Self {
        let same = |before: &&Profile| before.process.pid == now.process.pid && before.span_ns < now.span_ns;
        let before = before.filter(same);
        let known = before.and_then(|before| before.maps.iter().find(|known| known.name == map.name));
        let passed_ns = now.span_ns - before.map_or(0, |before| before.span_ns);
        let seconds = passed_ns as f64 / 1e9;
        if seconds <= 0.0 {
            return Self::default();
        }
        let rate =
            |figure: fn(&MapProfile) -> u64| figure(map).saturating_sub(known.map_or(0, figure)) as f64 / seconds;
        Self {
            operations: rate(MapProfile::operation_count),
            waits: rate(|map| map.contentions),
            delay_ns: rate(|map| map.delay_ns),
        }
    }
}

#[cfg(test)]
mod tests {
    use mapwise_profile::{Process, Tier};

    use super::*;

    fn profile(span_s: u64, delay_ns: u64, pid: u32) -> Profile {
        let mut profile = Profile::new(Process { pid, ..Process::default() }, Tier::Contention);
        profile.span_ns = span_s * 1_000_000_000;
        profile.maps.push(MapProfile { name: "a".to_owned(), delay_ns, ..MapProfile::default() });
        profile
    }

    #[test]
    fn a_rate_is_between_profiles_of_one_process_and_else_since_the_beginning() {
        let now = profile(10, 5_000, 1);
        let rate = |before: Option<&Profile>| Rates::of(&now.maps[0], &now, before).delay_ns;
        assert_eq!(rate(None), 500.0);
        assert_eq!(rate(Some(&profile(8, 1_000, 1))), 2_000.0);
        assert_eq!(rate(Some(&profile(8, 1_000, 2))), 500.0, "another process");
        assert_eq!(rate(Some(&profile(11, 1_000, 1))), 500.0, "it began anew");
        assert_eq!(Rates::of(&now.maps[0], &profile(0, 0, 1), None), Rates::default());
    }
}
