//! Sentences about a run that every output shares.

use mapwise_record::run::{Machine, Run, VerdictKind, Warning, WarningKind};
use mapwise_record::workload::{Distribution, Keys, Kind, Mix, Workload};

use crate::clean::clean;
use crate::number::{count, percent, rate, size, time};

/// The equivalence margin of the verdict, as a share.
pub(crate) const MARGIN: f64 = 0.05;

/// What stands where nothing was measured.
pub(crate) const NONE: &str = "–";

/// One word for how the comparison ended.
pub(crate) fn kind(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::Win => "Win",
        VerdictKind::Tie => "Tie",
        VerdictKind::Unresolved => "Unresolved",
    }
}

/// Shares of the operations, largest first.
pub(crate) fn mix(mix: &Mix) -> String {
    let mut shares: Vec<_> = mix.shares().into_iter().filter(|(_, share)| *share > 0.0).collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    let parts: Vec<String> =
        shares.iter().map(|(name, share)| format!("{} {}", percent(*share), name.replace('_', "-"))).collect();
    if parts.is_empty() { "no operations".to_owned() } else { parts.join(", ") }
}

/// A type with its size.
pub(crate) fn data(kind: Kind) -> String {
    match kind {
        Kind::U64 => "u64".to_owned(),
        Kind::String { bytes } => format!("{} B String", count(bytes as u64)),
        Kind::Bytes { bytes } => format!("[u8; {bytes}]"),
    }
}

/// How an operation draws its key.
pub(crate) fn distribution(distribution: Distribution) -> String {
    match distribution {
        Distribution::Uniform => "drawn uniformly".to_owned(),
        Distribution::Zipf { exponent } => format!("drawn by Zipf {exponent}"),
        Distribution::HotSet { keys, operations } => {
            format!("{} of operations on {} of the keys", percent(operations), percent(keys))
        }
        Distribution::Sequential => "each once, in order".to_owned(),
        Distribution::Recorded => "in the order of the trace".to_owned(),
    }
}

/// How many keys there are, which are present, and how they are drawn.
pub(crate) fn keys(keys: &Keys) -> String {
    let present = match keys.prefill {
        0 => "none present at the start".to_owned(),
        n if n == keys.space => "all present at the start".to_owned(),
        n => format!("{} present at the start", count(n)),
    };
    let plural = if keys.space == 1 { "key" } else { "keys" };
    format!("{} {plural} ({}), {present}, {}", count(keys.space), data(keys.kind), distribution(keys.distribution))
}

/// The rest of the statement: what does not hold for most workloads.
pub(crate) fn conditions(workload: &Workload) -> Vec<String> {
    let mut out = Vec::new();
    if workload.private_keys {
        out.push("each thread has its own keys".to_owned());
    }
    if workload.think_ns > 0 {
        out.push(format!("{} of other work between operations", time(workload.think_ns as f64)));
    }
    if let Some(ops) = workload.rate_ops_per_s {
        out.push(format!("{} asked of the service", rate(ops)));
    }
    if workload.cache_like {
        out.push("entries may be evicted".to_owned());
    }
    out
}

/// The whole workload in one line.
pub(crate) fn workload(workload: &Workload) -> String {
    let mut parts = vec![mix(&workload.mix), keys(&workload.keys), format!("{} values", data(workload.values))];
    parts.extend(conditions(workload));
    format!("{}: {}", clean(&workload.name), parts.join("; "))
}

/// The machine in one line.
pub(crate) fn machine(machine: &Machine) -> String {
    let mut parts = vec![clean(&machine.cpu), plural(machine.cores as u64, "core")];
    if machine.memory_bytes > 0 {
        parts.push(size(machine.memory_bytes as f64));
    }
    parts.push(clean(&machine.os));
    parts.push(clean(&machine.rustc));
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

/// `1 thread`, `4 threads`.
pub(crate) fn plural(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// How often each candidate was sampled at `threads`, and how long the run took.
pub(crate) fn effort(run: &Run, threads: usize) -> String {
    let samples: Vec<usize> =
        run.cells.iter().filter(|cell| cell.threads == threads).map(|cell| cell.samples.len()).collect();
    let (least, most) = (samples.iter().min().copied().unwrap_or(0), samples.iter().max().copied().unwrap_or(0));
    let each = if least == most { plural(most as u64, "sample") } else { format!("{least} to {most} samples") };
    format!("{each} each, {} in all", time(run.elapsed_s * 1e9))
}

/// What the measuring loop costs, at `threads` or wherever it was priced.
pub(crate) fn harness(run: &Run, threads: usize) -> Option<String> {
    let cost = run.harness.iter().find(|cost| cost.threads == threads).or(run.harness.first())?;
    Some(format!(
        "the measuring loop itself costs {} per operation at {}; every figure contains it",
        time(cost.ns_per_op),
        plural(cost.threads as u64, "thread")
    ))
}

/// A warning as one sentence.
pub(crate) fn warning(warning: &Warning) -> String {
    clean(&warning.text)
}

/// Names the kind of a warning for a reader who skims.
pub(crate) fn warning_kind(kind: WarningKind) -> &'static str {
    match kind {
        WarningKind::Oversubscribed => "more threads than cores",
        WarningKind::Noisy => "noisy",
        WarningKind::HarnessBound => "bound by the measuring loop",
        WarningKind::Interrupted => "interrupted",
        WarningKind::Trace => "trace",
        WarningKind::Wrong => "wrong results",
        _ => "note",
    }
}

/// Left-out candidates by reason, in the order of the file.
pub(crate) fn left_out(run: &Run) -> Vec<(String, Vec<String>)> {
    let mut out: Vec<(String, Vec<String>)> = Vec::new();
    for item in &run.left_out {
        let (reason, name) = (clean(&item.reason), clean(&item.name));
        match out.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(name),
            None => out.push((reason, vec![name])),
        }
    }
    out
}

/// The command that repeats a run, quoted for a POSIX shell.
pub(crate) fn command(run: &Run) -> String {
    let quote = |word: &String| {
        let word = clean(word);
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
        if !word.is_empty() && word.chars().all(plain) { word } else { format!("'{}'", word.replace('\'', "'\\''")) }
    };
    run.command.iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// When the run began, in UTC.
pub(crate) fn started(run: &Run) -> String {
    const LAST_SECOND_OF_9999: u64 = 253_402_300_799;
    let since = std::time::Duration::from_secs(run.started_unix_s.min(LAST_SECOND_OF_9999));
    humantime::format_rfc3339_seconds(std::time::UNIX_EPOCH + since).to_string()
}
