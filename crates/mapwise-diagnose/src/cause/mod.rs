//! Why a finding happened: each cause with what carries it, or "not enough in this log".

mod code;
mod log;
mod whose;

use crate::assemble::Draft;
use crate::finding::{Access, Cause, CauseKind, Confidence, Evidence, Kind};
use crate::source::SourceLookup;

/// Adds the causes to a draft, likeliest first.
pub(crate) fn explain(draft: &mut Draft, source: Option<&dyn SourceLookup>) {
    if draft.finding.kind == Kind::CheckedMap {
        draft.finding.causes = vec![log::checked(draft)];
        return;
    }
    if draft.finding.kind == Kind::OtherRace {
        let mut causes = Vec::new();
        if let Some(source) = source {
            code::explain(draft, source, &mut causes);
        }
        causes.extend(log::not_a_map(draft));
        draft.finding.causes = causes;
        return;
    }
    let mut causes = Vec::new();
    if let Some(source) = source {
        code::explain(draft, source, &mut causes);
    }
    let told = causes.iter().any(|cause| cause.confidence == Confidence::Certain);
    for cause in log::explain(draft) {
        let known = causes.iter().any(|known: &Cause| known.kind == cause.kind);
        // What the code shows of the locks settles what the log could only suspect.
        let overruled = told && matches!(cause.kind, CauseKind::Unlocked | CauseKind::LockedOnOneSide);
        if !known && !overruled {
            causes.push(cause);
        }
    }
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.confidence));
    if causes.iter().all(|cause| cause.confidence == Confidence::Possible) {
        let unknown = cause(
            CauseKind::Unknown,
            "not enough in this log to tell an absent lock from a different one; give the code with --src",
            Confidence::Certain,
            Vec::new(),
        );
        causes.push(unknown);
    }
    draft.finding.causes = causes;
}

fn cause(kind: CauseKind, says: impl Into<String>, confidence: Confidence, evidence: Vec<Evidence>) -> Cause {
    Cause { kind, says: says.into(), confidence, evidence }
}

fn evidence(shows: impl Into<String>, quote: impl Into<String>, line: u64) -> Evidence {
    Evidence { shows: shows.into(), quote: quote.into(), line }
}

fn quote(access: &Access) -> String {
    access.place.to_string()
}

fn at(shows: &str, access: &Access) -> Evidence {
    evidence(shows, quote(access), access.log_line)
}
