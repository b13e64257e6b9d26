//! `mapwise advise` and `mapwise bench`: from arguments to runs.

use std::time::Duration;

use mapwise_record::Record;
use mapwise_record::bench::Bench as BenchFile;
use mapwise_record::run::Run;
use mapwise_report::text::Style;
use mapwise_workload::machine;
use mapwise_workload::presets;
use mapwise_workload::session::{MeasureError, Settings, Source, measure};

use crate::args::{Advise, Bench, MeasuringArgs};
use crate::failure::{Failure, INTERRUPTED};
use crate::output::Output;
use crate::source::source;
use crate::watch::{Watch, catch_interrupts, interrupted};

/// Measuring time of `advise`, and of `bench` for each workload and thread count.
const ADVISE_TIME: Duration = Duration::from_secs(30);
const BENCH_TIME: Duration = Duration::from_secs(20);

/// Measures one workload.
pub(crate) fn advise(args: &Advise, style: Style<'_>) -> Result<u8, Failure> {
    let output = Output::prepare(&args.output, args.save.as_ref(), style)?;
    let settings = Settings {
        threads: vec![args.threads.unwrap_or_else(machine::cores)],
        time: args.time.unwrap_or(ADVISE_TIME),
        ..settings(source(&args.workload)?, &args.measuring)
    };
    catch_interrupts()?;
    let watch = Watch::new();
    let run = measure(&settings, &watch);
    watch.finish();
    deliver(&output, &Record::Run(Box::new(run?)))
}

/// Measures several workloads, one after the other.
pub(crate) fn bench(args: &Bench, style: Style<'_>) -> Result<u8, Failure> {
    let output = Output::prepare(&args.output, args.save.as_ref(), style)?;
    let workloads = args.preset.iter().map(|name| presets::preset(name.trim())).collect::<Result<Vec<_>, _>>()?;
    let threads = if args.threads.is_empty() { powers_of_two(machine::cores()) } else { args.threads.clone() };
    let cells = (workloads.len() * threads.len()) as u32;
    let each = args.time.unwrap_or(BENCH_TIME * cells) / workloads.len().max(1) as u32;
    catch_interrupts()?;
    let mut watch = Watch::new();
    let mut runs: Vec<Run> = Vec::new();
    for (index, workload) in workloads.iter().enumerate() {
        watch.turn(&workload.name, index, workloads.len(), each);
        let source = Source::Stated(workload.clone());
        let settings = Settings { threads: threads.clone(), time: each, ..settings(source, &args.measuring) };
        match measure(&settings, &watch) {
            Ok(run) => runs.push(run),
            Err(MeasureError::Interrupted) if !runs.is_empty() => break,
            Err(error) => {
                watch.finish();
                return Err(error.into());
            }
        }
        if interrupted() {
            break;
        }
    }
    watch.finish();
    deliver(&output, &Record::Bench(BenchFile::new(runs)))
}

/// Delivers what was measured; the status says whether the user ended it early.
pub(crate) fn deliver(output: &Output<'_>, record: &Record) -> Result<u8, Failure> {
    let status = output.deliver(record)?;
    Ok(if interrupted() { INTERRUPTED } else { status })
}

fn settings(source: Source, args: &MeasuringArgs) -> Settings {
    Settings {
        seed: args.seed,
        hasher: args.hasher.into(),
        only: args.only.clone(),
        command: command(),
        ..Settings::new(source)
    }
}

/// What was typed, which repeats this run on such a machine: all that is left out has a fixed default,
/// but for the threads, one for each core.
pub(crate) fn command() -> Vec<String> {
    let typed = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    std::iter::once("mapwise".to_owned()).chain(typed).collect()
}

/// 1, 2, 4 … and the number of cores itself.
fn powers_of_two(cores: usize) -> Vec<usize> {
    let powers = (0..usize::BITS - 1).map(|power| 1 << power).take_while(|count| *count < cores);
    powers.chain([cores]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thread_counts_reach_the_number_of_cores() {
        assert_eq!(powers_of_two(1), [1]);
        assert_eq!(powers_of_two(6), [1, 2, 4, 6]);
        assert_eq!(powers_of_two(8), [1, 2, 4, 8]);
    }
}
