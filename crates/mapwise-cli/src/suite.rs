//! `mapwise bench --suite peers`: our map against the concurrent maps of others.

use mapwise_record::Record;
use mapwise_record::bench::Bench as BenchFile;
use mapwise_report::text::Style;
use mapwise_workload::suite::{Settings, check, measure};

use crate::args::Bench;
use crate::failure::Failure;
use crate::measure::{command, deliver};
use crate::output::Output;
use crate::terminal::say;
use crate::watch::{Watch, catch_interrupts};

/// Measures the selected rows of the suite.
pub(crate) fn peers(args: &Bench, style: Style<'_>) -> Result<u8, Failure> {
    let output = Output::prepare(&args.output, args.save.as_ref(), style)?;
    let settings = settings(args);
    check(&settings)?;
    say(&settings.announcement());
    catch_interrupts()?;
    let watch = Watch::new();
    let suite = measure(&settings, &watch);
    watch.finish();
    let suite = suite?;
    suite.skipped.iter().for_each(|reason| say(&format!("not measured: {reason}")));
    let bench = BenchFile { rows: suite.rows, ..BenchFile::new(suite.runs) };
    deliver(&output, &Record::Bench(bench))
}

fn settings(args: &Bench) -> Settings {
    let selection = &args.suite;
    let base = if selection.quick { Settings::quick() } else { Settings::full() };
    let mut settings = base.select(&selection.mixes, &selection.key_types, &selection.keys, &args.threads);
    settings.only.clone_from(&args.measuring.only);
    settings.rounds = selection.rounds.unwrap_or(settings.rounds);
    settings.seed = args.measuring.seed;
    settings.command = command();
    settings
}
