//! What lasts while an operation writes, or while a thread does it for another.

use std::sync::atomic::Ordering;

use super::call::{Call, KEYS};
use crate::{
    check::{
        here::{self, Actor},
        hold::{self, Start},
        map::MapState,
        shadow::{Held, Write},
        verdict,
    },
    op::Change,
};

/// Keeps others from writing a key.
#[must_use]
pub(crate) struct Mark<'a> {
    pub(super) call: &'a Call<'a>,
    pub(super) held: Held<'a>,
    pub(super) time: u64,
}

impl Mark<'_> {
    /// Reports the write and lets others write.
    pub(crate) fn wrote(self, change: Change) {
        let Self { call, held, time } = self;
        let Actor { id: actor, thread } = call.actor;
        let write = Write { time, actor, thread, op: call.op, site: call.site };
        let hash = held.hash();
        let read = call.seen.filter(|_| call.hash == Some(hash));
        let conflict = held.note(write, change, read.map(|read| read.time));
        if call.hash == Some(hash) {
            // Relaxed: see `saw`.
            call.wrote.store(true, Ordering::Relaxed);
        } else if call.watched {
            let mut more = call.more();
            if more.wrote.len() < KEYS {
                more.wrote.push(hash);
            } else {
                more.wrote_many = true;
            }
        }
        if let (Some(read), Some(conflict)) = (read, conflict)
            && let Some(evidence) = verdict::judge(read, conflict, write, call.actor, change)
        {
            call.more().evidence.push(evidence);
        }
    }

    /// Nothing was written.
    pub(crate) fn unused(self) {}
}

/// Keys of a map are being written that nobody reports.
#[must_use]
pub(crate) struct Disturbing<'a>(&'a MapState);

impl<'a> Disturbing<'a> {
    pub(super) fn begin(map: &'a MapState) -> Self {
        map.begin_disturbing();
        Self(map)
    }
}

impl Drop for Disturbing<'_> {
    fn drop(&mut self) {
        self.0.end_disturbing();
    }
}

/// The thread that does an operation for another is inside it.
#[must_use]
pub(crate) struct Inner<'a> {
    pub(super) call: &'a Call<'a>,
    pub(super) start: Option<Start>,
}

impl Drop for Inner<'_> {
    fn drop(&mut self) {
        // On the thread that did it: whoever asked has only waited.
        let long = self.start.and_then(|start| hold::judge(self.call.op, start));
        here::leave(self.call.map().serial, self.call.site);
        if let Some(long) = long {
            self.call.more().long = Some(long);
        }
    }
}
