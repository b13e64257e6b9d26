//! Puts the rows together to runs, one for each mix, type and number of keys.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mapwise_record::run::{Run, SCHEMA, SCHEMA_VERSION, VerdictAt, Warning, WarningKind};
use mapwise_record::suite::Row;
use mapwise_record::workload::{Keys, Kind, Workload};

use super::conclude::Concluded;
use super::contenders::HASHER;
use super::floor::Place;
use super::keys::SuiteKey;
use super::measure::{Suite, SuiteError};
use super::mix::{Fill, Mix};
use super::settings::{KeyType, Settings};
use crate::machine;
use crate::session::headline;

/// Runs and rows being gathered.
pub(super) struct Assembly {
    command: Vec<String>,
    seed: u64,
    started_unix_s: u64,
    runs: Vec<((Mix, KeyType, u32), Run)>,
    rows: Vec<(Place, Row)>,
    skipped: Vec<String>,
    complete: bool,
}

impl Assembly {
    pub(super) fn new(settings: &Settings, started: SystemTime) -> Self {
        Self {
            command: settings.command.clone(),
            seed: settings.seed,
            started_unix_s: started.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
            runs: Vec::new(),
            rows: Vec::new(),
            skipped: Vec::new(),
            complete: true,
        }
    }

    /// Notes what is not measured, and why.
    pub(super) fn skip(&mut self, reason: String) {
        self.skipped.push(reason);
    }

    /// Notes that the suite ended before its time.
    pub(super) fn interrupted(&mut self) {
        self.complete = false;
    }

    /// Adds a row and its cells.
    pub(super) fn add<K: SuiteKey>(&mut self, place: Place, concluded: Concluded, took: Duration) {
        let Concluded { cells, harness, verdict, left_out, warnings, row } = concluded;
        let run = self.run::<K>(place, &verdict);
        run.elapsed_s += took.as_secs_f64();
        run.cells.extend(cells);
        run.harness.push(harness);
        run.verdicts.push(VerdictAt { threads: place.threads, verdict });
        let new = left_out.into_iter().filter(|one| !run.left_out.contains(one)).collect::<Vec<_>>();
        run.left_out.extend(new);
        let new = warnings.into_iter().filter(|one| !run.warnings.contains(one)).collect::<Vec<_>>();
        run.warnings.extend(new);
        self.rows.extend(row.map(|row| (place, row)));
    }

    /// The run that a row belongs to.
    fn run<K: SuiteKey>(&mut self, place: Place, verdict: &mapwise_record::run::Verdict) -> &mut Run {
        let id = (place.mix, place.kind, place.keys);
        if let Some(at) = self.runs.iter().position(|(known, _)| *known == id) {
            return &mut self.runs[at].1;
        }
        let run = Run {
            schema: SCHEMA.to_owned(),
            schema_version: SCHEMA_VERSION,
            mapwise_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: self.command.clone(),
            started_unix_s: self.started_unix_s,
            elapsed_s: 0.0,
            seed: self.seed,
            complete: true,
            machine: machine::describe(),
            workload: workload::<K>(place),
            hasher: HASHER.to_owned(),
            harness: Vec::new(),
            cells: Vec::new(),
            left_out: Vec::new(),
            warnings: Vec::new(),
            verdict: verdict.clone(),
            threads: place.threads,
            verdicts: Vec::new(),
        };
        self.runs.push((id, run));
        &mut self.runs.last_mut().expect("just pushed").1
    }

    fn reasons(&self) -> String {
        if self.skipped.is_empty() { "our map or all others failed".to_owned() } else { self.skipped.join("; ") }
    }

    /// Everything, in the order of key types, numbers of keys, mixes and threads.
    pub(super) fn finish(mut self) -> Result<Suite, SuiteError> {
        if self.runs.is_empty() {
            let error = if self.complete { SuiteError::Nothing(self.reasons()) } else { SuiteError::Interrupted };
            return Err(error);
        }
        self.runs.sort_by_key(|((mix, kind, keys), _)| (*kind, *keys, *mix));
        self.rows.sort_by_key(|(place, _)| (place.kind, place.keys, place.mix, place.threads));
        let mut runs: Vec<Run> = self.runs.into_iter().map(|(_, run)| run).collect();
        for run in &mut runs {
            let counts = run.verdicts.iter().map(|at| at.threads);
            run.threads = headline(counts, run.machine.cores).expect("every run has a row");
            let at = run.verdicts.iter().find(|at| at.threads == run.threads).expect("one of its own");
            run.verdict = at.verdict.clone();
            run.complete = self.complete;
            if !self.complete {
                let text = "the suite was interrupted: rows may be missing, or have fewer rounds".to_owned();
                run.warnings.push(Warning { kind: WarningKind::Interrupted, text });
            }
        }
        let rows = self.rows.into_iter().map(|(_, row)| row).collect();
        Ok(Suite { runs, rows, skipped: self.skipped })
    }
}

fn workload<K: SuiteKey>(place: Place) -> Workload {
    let Place { mix, keys, .. } = place;
    let prefill = match mix.fill() {
        Fill::All => keys,
        Fill::Half => keys / 2,
        Fill::Nothing => 0,
    };
    Workload {
        name: mix.id().to_owned(),
        title: mix.title().to_owned(),
        source: None,
        mix: mix.shares(),
        keys: Keys { kind: K::KIND, space: keys.into(), prefill: prefill.into(), distribution: mix.distribution() },
        values: Kind::U64,
        private_keys: mix == Mix::Grow,
        think_ns: 0,
        rate_ops_per_s: None,
        cache_like: false,
    }
}
