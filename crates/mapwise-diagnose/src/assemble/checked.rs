//! Reports of mapwise's own checked mode, read back.

use crate::event::{Checked, CheckedAccess};
use crate::finding::{Access, Confidence, Kind, Operation, Owner, Place, Role};

use super::access::place;
use super::{Draft, draft};

/// Tells one finding of checked mode from another.
pub(crate) fn key(report: &Checked) -> String {
    let sites: Vec<Option<Place>> = report.accesses.iter().map(|access| access.stack.first().map(place)).collect();
    format!("{} {} {sites:?}", report.kind, report.map)
}

/// The finding of one report.
pub(crate) fn finding(report: &Checked) -> Draft {
    let mut out = draft(Kind::CheckedMap, report.at);
    out.finding.accesses = report.accesses.iter().map(|access| side(access, report)).collect();
    out.finding.owner = (!report.map.is_empty()).then(|| Owner {
        name: format!("map \"{}\"", report.map),
        methods: Vec::new(),
        confidence: Confidence::Certain,
    });
    out.message = Some(report.kind.clone());
    out.said_fix = report.fields.iter().find(|(name, _)| name == "Fix").map(|(_, value)| value.clone());
    let lost = report.fields.iter().find(|(name, _)| name == "Lost").map(|(_, value)| value.clone());
    // `Lost: 2 writes.  Fix: …` is one line.
    if let Some((lost, fix)) = lost.as_deref().and_then(|lost| lost.split_once("Fix: ")) {
        out.said_fix = Some(fix.trim().to_owned());
        out.fault = Some(format!("lost: {}", lost.trim()));
    }
    out
}

fn side(access: &CheckedAccess, report: &Checked) -> Access {
    let what = access.what.to_ascii_lowercase();
    let operation = if what.contains("write") || what.contains("insert") || what.contains("update") {
        Operation::Assign
    } else if what.contains("remove") {
        Operation::Delete
    } else if what.contains("iterat") {
        Operation::Iterate
    } else {
        Operation::Lookup
    };
    let number = access.actor.split_whitespace().next().unwrap_or("");
    let created = report.created.iter().find(|(thread, _)| thread == number);
    let stack: Vec<Place> = access.stack.iter().map(place).collect();
    Access {
        role: Role::Checked,
        operation,
        place: stack.first().cloned().unwrap_or_default(),
        in_user_code: true,
        in_library: false,
        own_code: None,
        actor: format!("thread {} ({})", access.actor, access.what),
        created_stack: Vec::new(),
        created: created.and_then(|(_, stack)| stack.first()).map(place),
        stack,
        caveat: None,
        log_line: access.at,
    }
}
