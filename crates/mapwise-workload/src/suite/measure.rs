//! A whole suite: for each type and number of keys, maps filled once, and every row on them.

use std::time::{Duration, SystemTime};

use mapwise_record::run::Run;
use mapwise_record::suite::Row as RowRecord;

use super::assemble::Assembly;
use super::conclude::conclude;
use super::contender::Role;
use super::contenders;
use super::entrant::Entrant;
use super::floor::Place;
use super::gauge::Gauge;
use super::keys::SuiteKey;
use super::mix::{Fill, Mix};
use super::row::{Row, short};
use super::settings::{KeyType, Settings, SettingsError, cost_of_inserts};
use crate::driver::team::Trouble;
use crate::machine;
use crate::session::Observer;

/// What a suite found.
#[derive(Clone, Debug)]
pub struct Suite {
    /// A run for each mix, type and number of keys, complete in itself.
    pub runs: Vec<Run>,
    /// Ours against the best of the others, from the cells of the runs.
    pub rows: Vec<RowRecord>,
    /// What was not measured, with the reason.
    pub skipped: Vec<String>,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SuiteError {
    /// The settings cannot be run.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// It was interrupted before a row had anything to show.
    #[error("interrupted before anything was measured")]
    Interrupted,
    /// No selected row can be measured on this machine.
    #[error("nothing can be measured: {0}")]
    Nothing(String),
}

/// Refuses settings that cannot be run, as [`measure`] does, without measuring.
///
/// # Errors
///
/// The first thing that cannot be run.
pub fn check(settings: &Settings) -> Result<(), SuiteError> {
    settings.check()?;
    check_names(settings)?;
    Ok(())
}

/// Measures the selected rows. An interrupted suite keeps the rows that were measured.
///
/// # Errors
///
/// Refuses settings that cannot be run, and says when nothing was measured.
pub fn measure(settings: &Settings, observer: &dyn Observer) -> Result<Suite, SuiteError> {
    check(settings)?;
    let gauge = Gauge::new(settings.estimate(), observer);
    let mut assembly = Assembly::new(settings, SystemTime::now());
    let groups = settings.keys.iter().flat_map(|(kind, counts)| counts.iter().map(|count| (*kind, *count)));
    for (kind, keys) in groups {
        let mut group = Group { settings, gauge: &gauge, keys, assembly: &mut assembly };
        let whole = match kind {
            KeyType::U64 => group.measure::<u64>(),
            KeyType::String => group.measure::<String>(),
        };
        if !whole {
            assembly.interrupted();
            break;
        }
    }
    assembly.finish()
}

/// Refuses names that no map has, and a choice that leaves nothing to compare with.
fn check_names(settings: &Settings) -> Result<(), SettingsError> {
    let Some(only) = &settings.only else {
        return Ok(());
    };
    let known: Vec<_> = contenders::all::<u64>(1).into_iter().map(|entry| entry.about).collect();
    let general: Vec<&str> = known.iter().filter(|one| one.role == Role::General).map(|one| one.id).collect();
    let all_known = only.iter().all(|id| known.iter().any(|one| one.id == id));
    if all_known && only.iter().any(|id| general.contains(&id.as_str())) {
        return Ok(());
    }
    Err(SettingsError::NoGeneral { known: general.join(", "), got: only.join(", ") })
}

/// All rows of one type and number of keys.
struct Group<'a> {
    settings: &'a Settings,
    gauge: &'a Gauge<'a>,
    keys: u32,
    assembly: &'a mut Assembly,
}

impl Group<'_> {
    /// False when interrupted.
    fn measure<K: SuiteKey>(&mut self) -> bool {
        let mut entrants = self.entrants::<K>();
        if let Some(reason) = self.short_of_memory::<K>(entrants.len()) {
            self.gauge.done(self.settings.estimate_of(K::TYPE, self.keys));
            self.assembly.skip(reason);
            return true;
        }
        [Fill::All, Fill::Half, Fill::Nothing].into_iter().all(|fill| {
            let mixes: Vec<Mix> = self.settings.with(fill).collect();
            let whole = mixes.is_empty() || (self.fill(&mut entrants, fill) && self.rows(&mut entrants, &mixes));
            entrants.iter_mut().for_each(Entrant::clear);
            whole
        })
    }

    fn entrants<K: SuiteKey>(&self) -> Vec<Entrant<K>> {
        // Beyond the processors, tables of each thread's own would show memory and nothing else.
        let cores = machine::cores();
        let apart = self.settings.threads.iter().copied().filter(|threads| *threads <= cores).max().unwrap_or(1);
        let asked = |id: &str| self.settings.only.as_ref().is_none_or(|only| only.iter().any(|one| one == id));
        let needed = |role| matches!(role, Role::Ours | Role::Nothing);
        let entries = contenders::all::<K>(apart).into_iter();
        entries.filter(|entry| needed(entry.about.role) || asked(entry.about.id)).map(Entrant::new).collect()
    }

    /// All maps live side by side, so that their turns can take turns.
    fn short_of_memory<K: SuiteKey>(&self, maps: usize) -> Option<String> {
        /// Of one entry in a middling map, its key and the drawn keys.
        const U64_BYTES: u64 = 60;
        const STRING_BYTES: u64 = 140;
        let each = if K::TYPE == KeyType::U64 { U64_BYTES } else { STRING_BYTES };
        let needed = each * u64::from(self.keys) * maps as u64;
        let free = machine::available_memory_bytes()?;
        const GIB: f64 = (1 << 30) as f64;
        (needed > free / 4 * 3).then(|| {
            format!(
                "{} {} keys: {maps} maps side by side take about {:.1} GiB, {:.1} GiB of memory are free",
                short(self.keys),
                K::TYPE,
                needed as f64 / GIB,
                free as f64 / GIB
            )
        })
    }

    /// Fills the maps of those that are still in; false when interrupted.
    fn fill<K: SuiteKey>(&self, entrants: &mut [Entrant<K>], fill: Fill) -> bool {
        let entries = match fill {
            Fill::All => self.keys,
            Fill::Half => self.keys / 2,
            Fill::Nothing => return true,
        };
        self.gauge.doing(format!("filling the maps with {} {} keys", short(entries), K::TYPE));
        for entrant in entrants.iter_mut().filter(|entrant| entrant.trouble.is_none()) {
            match entrant.fill(entries, &|| self.gauge.pulse()) {
                Ok(()) => {}
                Err(Trouble::Cancelled) => return false,
                Err(trouble) => entrant.leave(trouble),
            }
            self.gauge.done(cost_of_inserts(K::TYPE, self.keys));
        }
        true
    }

    /// Measures the rows of some mixes; false when interrupted.
    fn rows<K: SuiteKey>(&mut self, entrants: &mut [Entrant<K>], mixes: &[Mix]) -> bool {
        let rows = self.settings.threads.iter().flat_map(|threads| mixes.iter().map(|mix| (*mix, *threads)));
        for (mix, threads) in rows {
            let begin = self.gauge.elapsed();
            let row = Row { settings: self.settings, gauge: self.gauge, mix, keys: self.keys, threads };
            let whole = row.measure(entrants);
            let took: Duration = self.gauge.elapsed() - begin;
            let place = Place { mix, kind: K::TYPE, keys: self.keys, threads };
            if let Some(concluded) = conclude(entrants, place, self.settings.seed) {
                self.assembly.add::<K>(place, concluded, took);
            }
            if !whole {
                return false;
            }
        }
        true
    }
}
