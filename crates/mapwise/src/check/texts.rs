//! Keys as the program shows them, for the findings of a map that was told how.
//!
//! - **asked-for**: of a map without a formatter nothing is kept and nothing shown.
//! - **bounded**: at most `KEYS` texts of a map, of `CHARS` characters each; the keys that were written longest ago go first.
//! - **one-key**: keys are known by their hashes. Where one hash has two texts, neither it nor any other key of the map is
//!   shown from then on.
//! - **outside**: the formatter is the program's, so it runs under no lock of the checker's, and its panic ends here.

use std::{
    cell::Cell,
    collections::HashMap,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use parking_lot::Mutex;

use super::{here, hold};

/// Keys of a map whose texts are kept, in two halves.
const KEYS: usize = 4096;
/// One more than a report shows, so that it shows that there was more.
const CHARS: usize = 201;

crate::sync::thread_local! {
    static SHOWING: Cell<bool> = const { Cell::new(false) };
}

/// The texts of a map's keys, by hash.
#[derive(Default)]
pub(crate) struct Texts(Mutex<State>);

#[derive(Default)]
enum State {
    #[default]
    Empty,
    Known(Box<Halves>),
    /// one-key: hashes or texts cannot be relied on.
    Closed,
}

/// The old half makes room, whole, when the young one is full.
#[derive(Default)]
struct Halves {
    young: HashMap<u64, Box<str>>,
    old: HashMap<u64, Box<str>>,
}

impl Texts {
    /// Keeps what `show` returns as the text of the key that hashes to this.
    pub(crate) fn keep(&self, hash: u64, show: impl FnOnce() -> String) {
        if matches!(*self.0.lock(), State::Closed) || SHOWING.try_with(Cell::get).unwrap_or(true) {
            return;
        }
        let text = hold::own(|| shown(show));
        let mut state = self.0.lock();
        if let State::Empty = *state {
            *state = State::Known(Box::default());
        }
        let State::Known(halves) = &mut *state else { return };
        if !text.is_some_and(|text| halves.keep(hash, text)) {
            *state = State::Closed;
        }
    }

    /// Returns the text of the key that hashes to this, if it is known.
    pub(crate) fn get(&self, hash: u64) -> Option<String> {
        match &*self.0.lock() {
            State::Known(halves) => halves.get(hash).map(str::to_owned),
            State::Empty | State::Closed => None,
        }
    }
}

impl fmt::Debug for Texts {
    // A map that prints itself prints no key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Texts").finish_non_exhaustive()
    }
}

impl Halves {
    fn get(&self, hash: u64) -> Option<&str> {
        self.young.get(&hash).or_else(|| self.old.get(&hash)).map(|text| &**text)
    }

    /// Keeps a text; returns false if the hash has another.
    fn keep(&mut self, hash: u64, text: Box<str>) -> bool {
        if let Some(known) = self.get(hash)
            && *known != *text
        {
            return false;
        }
        if self.young.len() == KEYS / 2 && !self.young.contains_key(&hash) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(hash, text);
        true
    }
}

/// outside: calls the program's formatter; `None` if it panicked.
fn shown(show: impl FnOnce() -> String) -> Option<Box<str>> {
    /// A formatter may write a map whose keys it shows; it is not asked again for that.
    struct Showing;

    impl Drop for Showing {
        fn drop(&mut self) {
            let _ = SHOWING.try_with(|showing| showing.set(false));
        }
    }

    // It may call maps: what the operation that is about to begin means is kept for that.
    let meaning = here::take_meaning();
    let _ = SHOWING.try_with(|showing| showing.set(true));
    let text = {
        let _showing = Showing;
        catch_unwind(AssertUnwindSafe(show)).ok()
    };
    here::set_meaning(meaning);
    text.map(|text| text.chars().take(CHARS).collect::<String>().into_boxed_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_longest_ago_is_forgotten() {
        let texts = Texts::default();
        for hash in 0..100_000 {
            texts.keep(hash, || format!("key {hash}"));
            // Written again and again, it stays.
            texts.keep(0, || "key 0".to_owned());
        }
        let known = (0..100_000).filter(|&hash| texts.get(hash).is_some()).count();
        assert!((KEYS / 2..=KEYS).contains(&known), "{known}");
        assert_eq!(texts.get(99_999).as_deref(), Some("key 99999"));
        assert_eq!((texts.get(0).as_deref(), texts.get(1)), (Some("key 0"), None));
    }

    #[test]
    fn of_two_keys_with_one_hash_neither_is_shown() {
        let texts = Texts::default();
        texts.keep(7, || "alice".to_owned());
        texts.keep(7, || "alice".to_owned());
        assert_eq!(texts.get(7).as_deref(), Some("alice"));
        texts.keep(7, || "bob".to_owned());
        texts.keep(7, || "alice".to_owned());
        texts.keep(8, || "carol".to_owned());
        assert_eq!((texts.get(7), texts.get(8)), (None, None));
    }

    #[test]
    fn a_long_text_is_cut() {
        let texts = Texts::default();
        texts.keep(1, || "ä".repeat(1 << 20));
        assert_eq!(texts.get(1).map(|text| text.chars().count()), Some(CHARS));
    }

    #[test]
    fn a_formatter_that_panics_is_not_asked_again() {
        let texts = Texts::default();
        texts.keep(1, || std::panic::resume_unwind(Box::new(())));
        texts.keep(1, || unreachable!("it was given up"));
        assert_eq!(texts.get(1), None);
    }

    #[test]
    fn a_formatter_that_writes_what_it_shows_is_asked_once() {
        let texts = Texts::default();
        texts.keep(1, || {
            texts.keep(1, || unreachable!("it is at work"));
            "one".to_owned()
        });
        assert_eq!(texts.get(1).as_deref(), Some("one"));
    }

    #[test]
    fn to_print_them_prints_no_key() {
        let texts = Texts::default();
        texts.keep(1, || "alice".to_owned());
        assert!(!format!("{texts:?}").contains("alice"));
    }
}
