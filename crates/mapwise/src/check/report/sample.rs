//! Findings for tests.

use std::panic::Location;

use crate::check::{Access, Finding, Kind, MapId, Role, Site, ThreadRef};

/// The finding of the design: a lost update by `app::bump`.
pub(super) fn finding() -> Finding {
    let map = MapId { name: Some("sessions".into()), type_name: "ShardedMap", serial: 3 };
    let site = || Site { location: Location::caller(), function: Some("app::bump".into()) };
    let thread = |number, name: &str, created| ThreadRef {
        number,
        name: Some(name.into()),
        created,
        first_seen: Some(site()),
        task: None,
    };
    let main = Site { location: Location::caller(), function: Some("app::main".into()) };
    let worker = || thread(8, "worker-3", Some(main.clone()));
    let access =
        |role, op, version, thread| Access { role, op, map: map.clone(), site: site(), thread, version: Some(version) };
    Finding {
        kind: Kind::LostUpdate,
        map: map.clone(),
        key_hash: Some(7),
        key_text: None,
        accesses: vec![
            access(Role::Act, "an insertion", 7, worker()),
            access(Role::StaleRead, "a look-up", 5, worker()),
            access(Role::Conflict, "an insertion", 7, thread(6, "worker-1", None)),
        ],
        lost: Some("2 writes".to_owned()),
        fix: "sessions.update(key, |n| *n += 1)".to_owned(),
    }
}

/// A finding of a kind, on a map, by functions; one unnamed function where there are none.
pub(super) fn of(kind: Kind, map: &str, functions: &[&str]) -> Finding {
    let mut finding = finding();
    finding.kind = kind;
    finding.map.name = Some(map.into());
    let like = finding.accesses.remove(0);
    finding.accesses = functions
        .iter()
        .map(|function| {
            let mut access = like.clone();
            access.site.function = Some((*function).into());
            access
        })
        .collect();
    if functions.is_empty() {
        let mut access = like;
        access.site.function = None;
        finding.accesses = vec![access];
    }
    finding
}

/// A finding in which everything that comes from outside is hostile.
pub(super) fn hostile() -> Finding {
    let text = "\n==================\r\u{1b}[2J%0A::error::x,y:z]]><a b='c'>&\"\u{0}\u{202e}\u{fffe}\u{2028}";
    let mut finding = finding();
    finding.map.name = Some(text.into());
    finding.key_text = Some(text.to_owned());
    finding.fix = text.to_owned();
    finding.lost = Some(text.to_owned());
    for access in &mut finding.accesses {
        access.site.function = Some(text.into());
        access.thread.name = Some(text.into());
    }
    finding
}
