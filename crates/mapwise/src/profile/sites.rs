//! A small number for each call site, so that it can be published beside a lock and packed into a key.
//!
//! - **write-once**: a slot is filled once and never changes, so a number means the same site for ever.
//! - **bounded**: at most [`CAP`] sites have a number; the others share [`Site::OTHER`], and the profile says so.

use std::{
    panic::Location,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::seam::line_of;

/// How many sites have numbers of their own.
pub(super) const CAP: usize = 1 << 12;

/// How many slots are tried for a site.
const PROBES: usize = 64;

/// How many bits a number has.
pub(super) const BITS: u32 = 13;

/// The number of a call site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Site(u32);

impl Site {
    /// No site.
    pub(super) const NONE: Self = Self(0);
    /// A site that came when there were too many.
    pub(super) const OTHER: Self = Self((1 << BITS) - 1);

    pub(super) fn number(self) -> u32 {
        self.0
    }

    pub(super) fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// Where it is, if it has a number of its own.
    pub(super) fn location(self) -> Option<&'static Location<'static>> {
        let slot = usize::try_from(self.0).ok()?.checked_sub(1)?;
        SITES.get(slot)?.get().copied()
    }
}

type Slots = [OnceLock<&'static Location<'static>>; CAP];

static SITES: Slots = [const { OnceLock::new() }; CAP];
static FULL: AtomicBool = AtomicBool::new(false);

/// Returns the number of `location`, which gets one now if it has none.
pub(super) fn intern(location: &'static Location<'static>) -> Site {
    intern_in(&SITES, line_of(location)).unwrap_or_else(|| {
        // Relaxed: only a note in the profile depends on it.
        FULL.store(true, Ordering::Relaxed);
        Site::OTHER
    })
}

fn intern_in(sites: &Slots, location: &'static Location<'static>) -> Option<Site> {
    // By address, not content: two copies of one site have two numbers, and readers add up what reads the same.
    let start = (std::ptr::from_ref(location).addr() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    (0..PROBES).map(|probe| (start as usize + probe) % CAP).find_map(|slot| {
        let is_ours = std::ptr::eq(*sites[slot].get_or_init(|| location), location);
        is_ours.then_some(Site(slot as u32 + 1))
    })
}

/// Whether some sites have no number of their own.
pub(super) fn full() -> bool {
    // Relaxed: see `intern`.
    FULL.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_keeps_its_number_and_is_found_by_it() {
        let here = Location::caller();
        let site = intern(here);
        assert_eq!(intern(here), site);
        assert_eq!(site.location(), Some(here));
        assert!((1..=CAP as u32).contains(&site.number()));
        assert_eq!(Site::from_number(site.number()), site);
    }

    #[test]
    fn more_sites_than_the_cap_share_a_number_and_the_first_keep_theirs() {
        let sites: Box<Slots> = Box::new([const { OnceLock::new() }; CAP]);
        // As many copies as there may be sites, each a site of its own.
        let copies: &'static [Location<'static>] = vec![*Location::caller(); 2 * CAP].leak();
        let numbers: Vec<Option<Site>> = copies.iter().map(|copy| intern_in(&sites, copy)).collect();
        let mut given: Vec<u32> = numbers.iter().flatten().map(|site| site.number()).collect();
        assert_eq!(copies.iter().map(|copy| intern_in(&sites, copy)).collect::<Vec<_>>(), numbers);
        given.sort_unstable();
        given.dedup();
        assert_eq!(given.len(), numbers.iter().flatten().count());
        assert!((CAP / 2..=CAP).contains(&given.len()), "{}", given.len());
    }

    #[test]
    fn no_site_and_other_sites_are_nowhere() {
        assert_eq!(Site::NONE.location(), None);
        assert_eq!(Site::OTHER.location(), None);
        assert!(Site::OTHER.number() as usize > CAP);
    }
}
