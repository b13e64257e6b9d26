//! What checked mode could not see, said at the end of the program.

use std::sync::LazyLock;

use parking_lot::Mutex;

use super::{MapId, order, shadow};

/// Notes that are kept; there is one for a map at most.
const KEPT: usize = 16;

static NOTES: LazyLock<Mutex<Vec<String>>> = LazyLock::new(Mutex::default);

/// Keeps a note for the end.
pub(crate) fn keep(note: String) {
    let mut notes = NOTES.lock();
    if notes.len() < KEPT && !notes.contains(&note) {
        notes.push(note);
    }
}

/// Different keys of a map were seen to have the same hash.
pub(crate) fn hashes_collide(map: &MapId) {
    keep(format!(
        "different keys of map \"{map}\" have the same hash: nothing was reported by key of this map from then on"
    ));
}

/// Returns what a report should say at its end.
pub(crate) fn all() -> Vec<String> {
    let mut notes = NOTES.lock().clone();
    let forgotten = shadow::forgotten();
    if forgotten > 0 {
        let room = shadow::size().1;
        notes.push(format!(
            "the last writers of {forgotten} keys were forgotten to make room (history_size={room}): races on them went unseen"
        ));
    }
    if order::overflowed() {
        notes.push("too many pairs of maps were nested: some orders went unseen".to_owned());
    }
    notes
}
