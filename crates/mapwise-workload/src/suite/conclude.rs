//! From what was seen in a row to its cells, its comparisons and its verdict.

use mapwise_record::run::{Cell, HarnessCost, Interval, LeftOut, Origin, Verdict, Warning, WarningKind};
use mapwise_record::suite::{Check, Measure, Row};

use super::contender::{About, Role};
use super::contenders::MEMORY_PEER;
use super::entrant::Entrant;
use super::floor::Place;
use super::keys::SuiteKey;
use crate::driver::open;
use crate::driver::processor::Processor;
use crate::driver::team::Trouble;
use crate::machine;
use crate::session::crowded;
use crate::stats::{self, CandidateSamples, bootstrap};

/// What came out of one row.
pub(super) struct Concluded {
    pub(super) cells: Vec<Cell>,
    pub(super) harness: HarnessCost,
    pub(super) verdict: Verdict,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) warnings: Vec<Warning>,
    /// Nothing where our map or every general one is missing.
    pub(super) row: Option<Row>,
}

/// Concludes; `None` where nothing can be compared with anything.
pub(super) fn conclude<K: SuiteKey>(entrants: &[Entrant<K>], place: Place, seed: u64) -> Option<Concluded> {
    let measured = entrants.iter().filter(|entrant| !entrant.seen.samples.is_empty());
    let (nothing, measured): (Vec<_>, Vec<_>) = measured.partition(|entrant| entrant.about.role == Role::Nothing);
    let harness = nothing.first().and_then(|entrant| price(entrant, place.threads))?;
    let pairs = measured.into_iter().filter_map(|entrant| Some((entrant.about, cell(entrant, place, seed)?)));
    let (abouts, mut cells): (Vec<About>, Vec<Cell>) = pairs.unzip();
    let field = Field { abouts: &abouts, cells: &cells, place };
    let verdict = field.verdict()?;
    let row = field.row();
    let samples: Vec<CandidateSamples<'_>> = cells.iter().map(CandidateSamples::from).collect();
    let ratios = stats::ratios(&samples, &verdict.baseline);
    cells.iter_mut().zip(ratios).for_each(|(cell, ratio)| cell.ratio = ratio);
    cells.sort_by(|a, b| b.throughput_ops_per_s.median.total_cmp(&a.throughput_ops_per_s.median));
    let (left_out, warnings) = absences(entrants, place);
    Some(Concluded { cells, harness, verdict, left_out, warnings, row })
}

/// The cost of the loop: its fastest sample.
fn price<K>(nothing: &Entrant<K>, threads: usize) -> Option<HarnessCost> {
    let fastest = nothing.seen.samples.iter().map(|sample| sample.ops_per_s()).max_by(f64::total_cmp)?;
    let ns_per_op = threads.min(machine::cores()) as f64 * 1e9 / fastest.max(1.0);
    Some(HarnessCost { threads, ns_per_op })
}

fn cell<K>(entrant: &Entrant<K>, place: Place, seed: u64) -> Option<Cell> {
    let About { id, name, role, simplicity, .. } = entrant.about;
    let seen = &entrant.seen;
    let rates: Vec<f64> = seen.samples.iter().map(|sample| sample.ops_per_s()).collect();
    Some(Cell {
        candidate: id.to_owned(),
        name: name.to_owned(),
        origin: if role == Role::Ours { Origin::Mapwise } else { Origin::Crate },
        simplicity: simplicity as u32,
        threads: place.threads,
        throughput_ops_per_s: bootstrap::median(&rates, seed)?,
        ratio: None,
        // Each operation follows the last: no rate is offered.
        latency_ns: open::percentiles(&seen.times, 0.0),
        bytes_per_entry: entrant.bytes_per_entry,
        // The least of all passes: the machine does not interrupt the same insert twice.
        growth_pause_ns: seen.longest_ns.iter().copied().min(),
        samples: seen.samples.clone(),
    })
}

/// Who takes no part, and what limits the figures.
fn absences<K>(entrants: &[Entrant<K>], place: Place) -> (Vec<LeftOut>, Vec<Warning>) {
    let left_out =
        |about: &About, reason: String| LeftOut { candidate: about.id.to_owned(), name: about.name.to_owned(), reason };
    let (mut absent, mut warnings) = (Vec::new(), Vec::new());
    let mut processor = Processor::default();
    for Entrant { about, trouble, seen, .. } in entrants.iter().filter(|one| one.about.role != Role::Nothing) {
        processor += seen.processor;
        if let Some(trouble) = trouble {
            let (kind, how) = match trouble {
                Trouble::Wrong(how) => (WarningKind::Wrong, format!("wrong: {how}")),
                Trouble::Panicked(text) => (WarningKind::Other, format!("panicked: {text}")),
                Trouble::NoThreads(text) => (WarningKind::Other, format!("threads could not be started: {text}")),
                Trouble::Cancelled => (WarningKind::Interrupted, "interrupted".to_owned()),
            };
            warnings.push(Warning { kind, text: format!("{} makes no number from here on: {how}", about.name) });
            absent.push(left_out(about, how));
        } else if let Some(how) = &seen.wrong {
            let text = format!("{} makes no number at {} threads: wrong: {how}", about.name, place.threads);
            warnings.push(Warning { kind: WarningKind::Wrong, text });
            absent.push(left_out(about, format!("wrong at {} threads: {how}", place.threads)));
        } else if !(about.serves)(place.mix) {
            absent.push(left_out(about, "cannot replace a value while others read it".to_owned()));
        }
    }
    warnings.extend(crowded(processor, place.threads, machine::cores()));
    (absent, warnings)
}

/// The cells of a row, by what they are to ours.
struct Field<'a> {
    abouts: &'a [About],
    cells: &'a [Cell],
    place: Place,
}

impl<'a> Field<'a> {
    fn of(&self, role: impl Fn(&About) -> bool) -> impl Iterator<Item = &'a Cell> {
        self.abouts.iter().zip(self.cells).filter(move |(about, _)| role(about)).map(|(_, cell)| cell)
    }

    fn general(&self) -> impl Iterator<Item = &'a Cell> {
        self.of(|about| about.role == Role::General)
    }

    fn fastest(cells: impl Iterator<Item = &'a Cell>) -> Option<&'a Cell> {
        cells.max_by(|a, b| a.throughput_ops_per_s.median.total_cmp(&b.throughput_ops_per_s.median))
    }

    /// Which map to take, among those that serve every mix.
    fn verdict(&self) -> Option<Verdict> {
        let rivals = self.of(|about| matches!(about.role, Role::Ours | Role::General));
        let samples: Vec<CandidateSamples<'_>> = rivals
            .map(|cell| CandidateSamples { baseline: cell.origin != Origin::Mapwise, ..CandidateSamples::from(cell) })
            .collect();
        stats::decide(&samples, &stats::Settings::default()).ok()
    }

    fn row(&self) -> Option<Row> {
        let ours = self.of(|about| about.role == Role::Ours).next()?;
        let best = Self::fastest(self.general())?;
        let Interval { median, low, high } = self.ratio(ours, best)?;
        let checks: Vec<Check> = self.checks(ours);
        let floor = self.place.floor();
        let Place { mix, kind, keys, threads } = self.place;
        Some(Row {
            workload: mix.id().to_owned(),
            keys: keys.into(),
            key_type: kind.id().to_owned(),
            threads,
            candidate: ours.candidate.clone(),
            mapwise_ops_per_s: ours.throughput_ops_per_s.median,
            best_peer: best.candidate.clone(),
            best_peer_ops_per_s: best.throughput_ops_per_s.median,
            ratio: median,
            ratio_low: low,
            ratio_high: high,
            floor,
            ok: floor.is_none_or(|floor| median >= floor) && checks.iter().all(|check| check.ok),
            checks,
        })
    }

    fn checks(&self, ours: &Cell) -> Vec<Check> {
        let place = self.place;
        let specialist = self.of(|about| about.role == Role::Specialist && (about.ground)(place.mix));
        let specialist = Self::fastest(specialist).and_then(|best| {
            let ratio = self.ratio(ours, best)?.median;
            Some(Check::new(Measure::Specialist, &*best.candidate, ratio, place.of_specialists()))
        });
        let unsynchronized = self.cells.iter().find(|cell| cell.candidate == "hashbrown").and_then(|limit| {
            let ratio = self.ratio(ours, limit)?.median;
            Some(Check::new(Measure::Unsynchronized, &*limit.candidate, ratio, place.of_unsynchronized()))
        });
        let p99 = self.least(ours, self.general(), |cell| Some(cell.latency_ns.as_ref()?.p99 as f64));
        let p99 = p99.map(|(against, ratio)| Check::new(Measure::P99, against, ratio, place.of_p99()));
        let memory = self.of(|about| about.id == MEMORY_PEER);
        let memory = self.least(ours, memory, |cell| cell.bytes_per_entry.filter(|bytes| *bytes > 0.0));
        let memory =
            memory.map(|(against, ratio)| Check::new(Measure::BytesPerEntry, against, ratio, place.of_memory()));
        let pause = self.least(ours, self.general(), |cell| cell.growth_pause_ns.map(|ns| ns as f64));
        let pause =
            pause.map(|(against, ratio)| Check::new(Measure::LongestInsert, against, ratio, place.of_longest_insert()));
        [specialist, unsynchronized, p99, memory, pause].into_iter().flatten().collect()
    }

    /// Throughput of one over that of another, paired by round; with an interval for all of the row together.
    fn ratio(&self, of: &Cell, to: &Cell) -> Option<Interval> {
        let samples: Vec<CandidateSamples<'_>> = self.cells.iter().map(CandidateSamples::from).collect();
        let at = self.cells.iter().position(|cell| cell.candidate == of.candidate)?;
        stats::ratios(&samples, &to.candidate)[at]
    }

    /// The least figure of `cells` and ours over it.
    fn least(
        &self,
        ours: &Cell,
        cells: impl Iterator<Item = &'a Cell>,
        figure: impl Fn(&Cell) -> Option<f64>,
    ) -> Option<(String, f64)> {
        let figures = cells.filter_map(|cell| Some((cell, figure(cell)?)));
        let (best, least) = figures.min_by(|a, b| a.1.total_cmp(&b.1))?;
        Some((best.candidate.clone(), figure(ours)? / least.max(f64::MIN_POSITIVE)))
    }
}
