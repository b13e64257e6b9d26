//! What a map knows of its keys: how they are hashed, and how they are shown.

use std::{
    hash::{BuildHasher, Hash},
    sync::OnceLock,
};

use super::{Seam, call::Watch};

/// How keys of a map are hashed, for iterations, which know no more of a key than that it is one.
#[derive(Debug)]
pub(crate) struct KeyHash<K, S>(OnceLock<fn(&S, &K) -> u64>);

impl<K, S> KeyHash<K, S> {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// Told by every operation that can hash.
    pub(crate) fn learn(&self)
    where
        K: Hash,
        S: BuildHasher,
    {
        self.0.get_or_init(|| |hasher, key| hasher.hash_one(key));
    }

    /// Returns the hash of `key`, if any operation told how.
    pub(crate) fn of(&self, hasher: &S, key: &K) -> Option<u64> {
        Some(self.0.get()?(hasher, key))
    }
}

/// How keys of a map are shown in findings: not at all, unless the program says how.
pub(crate) struct KeyText<K>(Option<fn(&K) -> String>);

impl<K> KeyText<K> {
    /// Keys are not shown.
    pub(crate) const NONE: Self = Self(None);

    /// Keys are shown as `show` returns.
    pub(crate) fn by(show: fn(&K) -> String) -> Self {
        Self(Some(show))
    }

    /// Told by every operation that can add a key, outside its scope: this may run user code.
    pub(crate) fn learn(self, seam: &Seam, hash: u64, key: &K) {
        if let Some(show) = self.0 {
            seam.map.keep_text(hash, || show(key));
        }
    }

    /// Told by a table in somebody's hands, which has no outside.
    pub(crate) fn learn_within(self, watch: Watch<'_>, hash: u64, key: &K) {
        if let (Some(show), Some(call)) = (self.0, watch.call()) {
            call.map().keep_text(hash, || show(key));
        }
    }
}

impl<K> Clone for KeyText<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for KeyText<K> {}
