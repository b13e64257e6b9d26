//! What is done with a run: printed, written to files, held against a gate and an earlier run.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use mapwise_profile::{Profile, is_profile, limits};
use mapwise_record::run::Run;
use mapwise_record::{Record, RecordError};
use mapwise_report::text::Style;
use mapwise_report::{compare, csv, html, markdown, suite, text};

use crate::args::{OutputArgs, OutputFormat};
use crate::failure::Failure;
use crate::files::Target;
use crate::profile;
use crate::terminal::{print, say};

/// A gate tripped.
const GATE: u8 = 1;

/// Where results go; everything that can be refused was checked when this was made.
pub(crate) struct Output<'a> {
    format: OutputFormat,
    style: Style<'a>,
    report: Option<Target>,
    save: Option<Target>,
    fail_over: Option<f64>,
    baseline: Option<Record>,
}

impl<'a> Output<'a> {
    pub(crate) fn prepare(args: &OutputArgs, save: Option<&PathBuf>, style: Style<'a>) -> Result<Output<'a>, Failure> {
        let check = |path: Option<&PathBuf>| path.map(|path| Target::check(path)).transpose();
        let (report, save) = (check(args.report.as_ref())?, check(save)?);
        if let (Some(report), Some(save)) = (&report, &save)
            && report.is_same(save)
        {
            let message = format!("--report and --save must be different files, got {} twice", save.given().display());
            return Err(Failure::new(message, "for example --report report.html --save run.json"));
        }
        Ok(Output {
            format: args.format,
            style,
            report,
            save,
            fail_over: args.fail_over,
            baseline: args.baseline.as_deref().map(read).transpose()?,
        })
    }

    /// Writes and prints everything; returns the exit status.
    pub(crate) fn deliver(&self, record: &Record) -> Result<u8, Failure> {
        let runs = record.runs();
        // What cannot be written must not keep the rest from the user.
        let shown = self.shown(record).and_then(|shown| print(&shown));
        let saved = self.save.as_ref().map_or(Ok(()), |target| target.write(&json(record)?));
        let reported = self.report.as_ref().map_or(Ok(()), |target| target.write(&html::page(runs)));
        shown.and(saved).and(reported)?;
        if let Some(baseline) = &self.baseline {
            let comparison = compare::text(runs, baseline.runs(), &self.style);
            match self.format {
                OutputFormat::Text => print(&comparison)?,
                _ => say(comparison.trim_matches('\n')),
            }
        }
        let tripped = runs.iter().filter(|run| self.trips(run)).count();
        Ok(if tripped > 0 { GATE } else { 0 })
    }

    fn shown(&self, record: &Record) -> Result<String, Failure> {
        let runs = record.runs();
        let path = self.report.as_ref().map(|target| target.given().display().to_string());
        let style = path.as_deref().map_or(self.style, |path| self.style.report(path));
        Ok(match (self.format, record) {
            (OutputFormat::Text, Record::Run(run)) => text::run(run, &style),
            (OutputFormat::Text, Record::Bench(bench)) if !bench.rows.is_empty() => suite::text(bench, &style),
            (OutputFormat::Markdown, Record::Bench(bench)) if !bench.rows.is_empty() => suite::markdown(bench),
            (OutputFormat::Text, Record::Bench(bench)) => text::bench(&bench.runs, &style),
            (OutputFormat::Json, _) => json(record)?,
            (OutputFormat::Csv, _) => csv::runs(runs),
            (OutputFormat::Markdown, _) => markdown::runs(runs),
        })
    }

    /// Whether the gate trips, said on standard error. Only a whole interval beyond it counts.
    fn trips(&self, run: &Run) -> bool {
        let Some(gate) = self.fail_over else {
            return false;
        };
        let decided = !run.verdict.take.is_empty();
        let trips = decided && run.verdict.ratio.low > gate;
        if trips {
            let name = mapwise_report::safe(&run.workload.name);
            say(&format!(
                "gate: {name}: ratio {:.2} is above {gate} even at the low end of its interval",
                run.verdict.ratio.low
            ));
        }
        trips
    }
}

/// What `report` can show.
pub(crate) enum Opened {
    Record(Record),
    Profile(Box<Profile>),
}

/// Reads a file of runs or a profile, whichever it is.
pub(crate) fn open(path: &Path) -> Result<Opened, Failure> {
    // A pipe can be read only once, so what was read must do for both.
    let mut json = Vec::new();
    let read = File::open(path).and_then(|file| file.take(limits::BYTES + 1).read_to_end(&mut json));
    if read.is_err() || json.len() as u64 > limits::BYTES {
        return Ok(Opened::Record(self::read(path)?));
    }
    if is_profile(&json) {
        let profile = Profile::from_json(&json).map_err(|error| profile::failure(path, &error))?;
        return Ok(Opened::Profile(Box::new(profile)));
    }
    Record::from_json(&json).map(Opened::Record).map_err(|error| Failure::record(path, &error))
}

/// Reads a run or bench file.
pub(crate) fn read(path: impl AsRef<Path>) -> Result<Record, Failure> {
    let path = path.as_ref();
    Record::read(path).map_err(|error| Failure::record(path, &error))
}

fn json(record: &Record) -> Result<String, Failure> {
    let json = match record {
        Record::Run(run) => run.to_json(),
        Record::Bench(bench) => bench.to_json(),
    };
    json.map_err(|error: RecordError| Failure::new(error, "please report this: mapwise measured what it cannot write"))
}
