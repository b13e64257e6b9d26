//! From arguments to what is measured: a preset, a preset with changes, or a trace.

use std::path::Path;

use mapwise_record::run::{Warning, WarningKind};
use mapwise_record::trace::{self, End, Format, Limits, Trace, TraceOp};
use mapwise_record::workload::Workload;
use mapwise_workload::plan::{Op, stationary_share};
use mapwise_workload::presets;
use mapwise_workload::session::Source;
use mapwise_workload::validate::validate;

use crate::args::{Changes, WorkloadArgs};
use crate::failure::Failure;

/// What the arguments ask for.
pub(crate) fn source(args: &WorkloadArgs) -> Result<Source, Failure> {
    if let Some(path) = &args.trace {
        return recorded(path, args.trace_format, &args.changes);
    }
    let preset = presets::preset(args.preset.as_deref().unwrap_or(presets::DEFAULT))?;
    let workload = changed(preset, &args.changes);
    validate(&workload)?;
    Ok(Source::Stated(workload))
}

/// The preset with what the arguments say in its place.
fn changed(preset: Workload, changes: &Changes) -> Workload {
    let mut workload = preset.clone();
    let keys = &mut workload.keys;
    keys.space = changes.keys.unwrap_or(keys.space);
    keys.kind = changes.key_type.unwrap_or(keys.kind);
    keys.distribution = changes.distribution.unwrap_or(keys.distribution);
    workload.mix = changes.mix.unwrap_or(workload.mix);
    let present = match changes.mix {
        // A map as full as this mix leaves it, so that it neither grows nor shrinks while it is measured.
        Some(mix) => stationary_share(&mix).unwrap_or(1.0),
        None => preset.keys.prefill as f64 / preset.keys.space.max(1) as f64,
    };
    keys.prefill = changes.prefill.unwrap_or((keys.space as f64 * present).round() as u64);
    workload.private_keys |= changes.private_keys;
    around(&mut workload, changes);
    if workload != preset {
        workload.title = format!("{} with changes", preset.name);
        workload.name = "custom".to_owned();
        workload.source = None;
    }
    workload
}

/// Changes what neither a preset nor a trace settles for good.
fn around(workload: &mut Workload, changes: &Changes) {
    workload.values = changes.value_type.unwrap_or(workload.values);
    workload.rate_ops_per_s = changes.rate.map(|rate| rate as f64).or(workload.rate_ops_per_s);
    if let Some(think) = changes.think {
        workload.think_ns = think.as_nanos().try_into().unwrap_or(u64::MAX);
    }
}

fn recorded(path: &Path, format: Option<Format>, changes: &Changes) -> Result<Source, Failure> {
    let mut trace = trace::load(path, format, Limits::default()).map_err(|error| Failure::trace(path, &error))?;
    around(&mut trace.workload, changes);
    validate(&trace.workload)?;
    let warnings = warnings(&trace);
    let steps = trace.steps.iter().map(|step| (operation(step.op), step.key)).collect();
    Ok(Source::Recorded { workload: trace.workload, steps, warnings })
}

fn operation(op: TraceOp) -> Op {
    match op {
        TraceOp::Get => Op::Get,
        TraceOp::GetOrInsert => Op::GetOrInsert,
        TraceOp::Insert => Op::Insert,
        TraceOp::Update => Op::Update,
        TraceOp::Remove => Op::Remove,
    }
}

fn warnings(trace: &Trace) -> Vec<Warning> {
    let mut texts = Vec::new();
    if let Some(first) = trace.skipped.first.first() {
        texts.push(format!(
            "{} of {} rows of the trace were skipped; the first: {first}",
            trace.skipped.bad, trace.skipped.rows
        ));
    }
    let loaded = trace.steps.len();
    match trace.end {
        End::Trace => {}
        End::MaxRequests => texts.push(format!("only the first {loaded} requests of the trace were loaded")),
        End::MaxKeys => texts.push(format!(
            "only the first {loaded} requests of the trace were loaded: the next one asks for a key too many"
        )),
    }
    texts.into_iter().map(|text| Warning { kind: WarningKind::Trace, text }).collect()
}

#[cfg(test)]
mod tests {
    use mapwise_record::workload::Mix;

    use super::*;

    #[test]
    fn a_preset_without_changes_stays_what_it_is() {
        let preset = presets::preset(presets::DEFAULT).unwrap();
        assert_eq!(changed(preset.clone(), &Changes::default()), preset);
    }

    #[test]
    fn fewer_keys_keep_the_share_that_is_present() {
        let preset = presets::preset(presets::DEFAULT).unwrap();
        let share = preset.keys.prefill as f64 / preset.keys.space as f64;
        let workload = changed(preset, &Changes { keys: Some(1000), ..Changes::default() });
        assert_eq!(workload.name, "custom");
        assert!((workload.keys.prefill as f64 / 1000.0 - share).abs() < 0.001);
    }

    #[test]
    fn a_mix_that_removes_starts_as_full_as_it_stays() {
        let preset = presets::preset("read-only").unwrap();
        let mix = Mix { get: 0.8, insert: 0.1, remove: 0.1, ..Mix::default() };
        let workload = changed(preset, &Changes { mix: Some(mix), keys: Some(1000), ..Changes::default() });
        assert_eq!(workload.keys.prefill, 500);
    }
}
