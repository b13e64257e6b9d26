//! Race reports, merged: one finding a pair of lines, whichever address was caught.
//!
//! One unlocked map gives two kinds of report, one for its header (with a `runtime.map…` frame)
//! and one for the slot written (without): they meet here by their pair of user lines.

use std::collections::HashMap;

use crate::event::{Call, Race, map_operation};
use crate::finding::{Access, Kind, Operation};
use crate::version;

use super::access::{lost_its_frame, of_race, user_call};
use super::{Draft, draft};

/// Where a side of a race is, for telling reports apart.
type Site = (String, u32);
type Key = (Site, Site);

/// Distinct races kept; more are counted only.
const MAX_GROUPS: usize = 1_000;
/// Text kept of all races together, so that a hostile log cannot fill the memory.
const MAX_BYTES: usize = 12 << 20;

#[derive(Debug)]
struct Group {
    race: Race,
    count: u64,
    tests: Vec<String>,
    map: bool,
    restored: bool,
}

/// The races of one log.
#[derive(Debug, Default)]
pub(crate) struct Races {
    groups: Vec<Group>,
    index: HashMap<Key, usize>,
    bytes: usize,
    pub(crate) dropped: u64,
}

impl Races {
    /// Adds a report and returns the number of its group.
    pub(crate) fn add(&mut self, race: Race) -> Option<usize> {
        let key = key(&race);
        let map = is_map(&race);
        let found = self.index.get(&key).copied();
        let at = match found {
            Some(at) => {
                self.groups[at].count += 1;
                at
            }
            None => {
                let size = size(&race);
                if self.groups.len() >= MAX_GROUPS || self.bytes + size > MAX_BYTES {
                    self.dropped += 1;
                    return None;
                }
                self.bytes += size;
                self.index.insert(key, self.groups.len());
                let test = race.test.clone();
                self.groups.push(Group { race, count: 1, tests: Vec::new(), map, restored: false });
                self.credit(self.groups.len() - 1, test.as_deref());
                return Some(self.groups.len() - 1);
            }
        };
        let test = race.test.clone();
        let group = &mut self.groups[at];
        if map && (!group.map || operations(&race) > operations(&group.race)) {
            group.race = Race { at: group.race.at.min(race.at), ..race };
            group.map = true;
        }
        self.credit(at, test.as_deref());
        Some(at)
    }

    /// Credits a group to a test.
    pub(crate) fn credit(&mut self, group: usize, test: Option<&str>) {
        let Some(test) = test else { return };
        let tests = &mut self.groups[group].tests;
        if tests.len() < 16 && !tests.iter().any(|known| known == test) {
            tests.push(test.to_owned());
        }
    }

    /// The findings, causes and fixes still to come.
    pub(crate) fn finish(mut self) -> Vec<Draft> {
        self.restore_lost_frames();
        self.groups.into_iter().map(finding).collect()
    }

    /// Takes the line that Go 1.27 lost from the slot race of the same access.
    fn restore_lost_frames(&mut self) {
        let mut gone = vec![false; self.groups.len()];
        for lost in 0..self.groups.len() {
            let Some(side) = self.groups[lost].race.accesses.iter().position(|a| lost_its_frame(&a.stack)) else {
                continue;
            };
            let whole = (0..self.groups.len()).find_map(|other| {
                let usable = other != lost && !gone[other];
                let found = usable.then(|| restores(&self.groups[other].race, &self.groups[lost].race, side));
                found.flatten().map(|other_side| (other, other_side))
            });
            let Some((whole, whole_side)) = whole else {
                continue;
            };
            let frame = self.groups[whole].race.accesses[whole_side].stack.first().cloned();
            let Some(frame) = frame else { continue };
            let (count, tests) = (self.groups[lost].count, self.groups[lost].tests.clone());
            let mut race = self.groups[lost].race.clone();
            // Without the pair of runtime frames' second half nothing is lost any more.
            race.accesses[side].stack.remove(1);
            race.accesses[side].stack.insert(1, frame);
            let group = &mut self.groups[whole];
            if !group.map {
                let at = group.race.at.min(race.at);
                group.race = Race { at, ..race };
                group.map = true;
            }
            group.count += count;
            group.restored = true;
            for test in tests {
                self.credit(whole, Some(&test));
            }
            gone[lost] = true;
        }
        let mut at = 0;
        self.groups.retain(|_| {
            at += 1;
            !gone[at - 1]
        });
        self.index.clear();
    }
}

/// The side of `whole` that is side `side` of `lost` with its first frame still there.
fn restores(whole: &Race, lost: &Race, side: usize) -> Option<usize> {
    let callers = |stack: &[Call]| -> Vec<Site> { stack.iter().filter(|c| c.is_user()).map(site_of).collect() };
    let wanted = callers(&lost.accesses[side].stack);
    let other = lost.accesses.get(1 - side).map(|access| site(&access.stack))?;
    whole.accesses.iter().enumerate().position(|(at, access)| {
        let mine = callers(&access.stack);
        let partner = whole.accesses.get(1 - at.min(1)).map(|access| site(&access.stack));
        !lost_its_frame(&access.stack)
            && mine.len() == wanted.len() + 1
            && mine[1..] == wanted[..]
            && partner.as_ref() == Some(&other)
    })
}

fn site_of(call: &Call) -> Site {
    (call.file.clone(), call.line)
}

fn site(stack: &[Call]) -> Site {
    user_call(stack).or_else(|| stack.first()).map(site_of).unwrap_or_default()
}

fn key(race: &Race) -> Key {
    let mut sites = race.accesses.iter().map(|access| {
        let (mut file, line) = site(&access.stack);
        if lost_its_frame(&access.stack) {
            // A caller's line must not merge with a real access there.
            file.push_str(" (caller)");
        }
        (file, line)
    });
    let first = sites.next().unwrap_or_default();
    let second = sites.next().unwrap_or_default();
    if first <= second { (first, second) } else { (second, first) }
}

fn operations(race: &Race) -> usize {
    race.accesses.iter().filter(|access| map_operation(&access.stack).is_some()).count()
}

fn is_map(race: &Race) -> bool {
    operations(race) > 0
}

fn size(race: &Race) -> usize {
    let stack = |stack: &[Call]| -> usize {
        stack.iter().map(|call| 120 + call.symbol.len() + call.file.len() + call.arguments.len()).sum()
    };
    race.accesses.iter().map(|access| stack(&access.stack)).sum::<usize>()
        + race.threads.iter().map(|thread| stack(&thread.stack)).sum::<usize>()
        + 400
}

fn finding(group: Group) -> Draft {
    let race = &group.race;
    let calls = race.accesses.iter().flat_map(|access| &access.stack);
    let mut version = version::of(calls.chain(race.threads.iter().flat_map(|thread| &thread.stack)));
    let mut accesses: Vec<Access> = race.accesses.iter().map(|access| of_race(access, &race.threads)).collect();
    if group.map {
        for (access, raw) in accesses.iter_mut().zip(&race.accesses) {
            let plain = map_operation(&raw.stack).is_none() && !raw.stack.is_empty();
            if plain && access.caveat.is_none() {
                access.caveat = Some(match access.operation {
                    Operation::Write => {
                        "no map frame on this side: the map variable itself is assigned, or a value in the map"
                            .to_owned()
                    }
                    _ => "no map frame on this side: len(m), the map variable itself, or a value in the map".to_owned(),
                });
            }
        }
    }
    let mut out = draft(if group.map { Kind::MapRace } else { Kind::OtherRace }, race.at);
    if group.restored || race.accesses.iter().any(|access| lost_its_frame(&access.stack)) {
        version.narrow(27, u32::MAX);
    }
    out.version = version;
    out.restored = group.restored;
    out.no_address = race.accesses.iter().all(|access| access.address.is_none());
    out.finding.accesses = accesses;
    out.finding.count = group.count;
    out.finding.tests = group.tests;
    out.finding.variable = race.global.clone();
    out
}
