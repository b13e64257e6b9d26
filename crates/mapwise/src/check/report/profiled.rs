//! Findings as a contention profile has them.

use mapwise_profile::{Finding, FindingAccess, Site};

use super::{
    REPORTER,
    shown::{Shown, ShownAccess},
};
use crate::check::Role;

/// What was reported so far, each finding once; nothing if nothing was watched.
pub(crate) fn profiled() -> Vec<Finding> {
    REPORTER.get().map_or_else(Vec::new, |reporter| reporter.state().findings.iter().map(finding).collect())
}

fn finding(shown: &Shown) -> Finding {
    let lost = shown.lost.as_ref().map_or_else(String::new, |lost| format!("lost: {lost}. "));
    let mut accesses: Vec<&ShownAccess> = shown.accesses.iter().collect();
    accesses.sort_by_key(|access| in_time(access.role));
    Finding {
        id: shown.id.clone(),
        kind: shown.kind.title().to_owned(),
        map: shown.map.name.clone().unwrap_or_else(|| format!("{} {}", shown.map.type_name, shown.map.serial)),
        text: format!("{lost}Instead: {}", shown.fix),
        count: shown.count,
        accesses: accesses.into_iter().map(access).collect(),
    }
}

/// Reports begin with the call that was found out; a profile has them in the order in which they happened.
fn in_time(role: Role) -> u8 {
    match role {
        Role::StaleRead | Role::Holding => 0,
        Role::Conflict | Role::Wanting => 1,
        Role::Act => 2,
    }
}

fn access(shown: &ShownAccess) -> FindingAccess {
    FindingAccess {
        thread: shown.actor(),
        operation: shown.heading.clone(),
        site: Site {
            function: shown.place.function.clone().unwrap_or_default(),
            file: shown.place.file.clone(),
            line: shown.place.line,
        },
    }
}
