//! What the terminal shows and which part of it was chosen.

use mapwise_profile::advice::{Advice, advise};
use mapwise_profile::{MapProfile, Profile};

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Up,
    Down,
    Next,
    Previous,
}

/// What is said of the chosen map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Panel {
    Advice,
    Shards,
    Blocked,
    Waits,
    Holds,
    Keys,
    Operations,
}

impl Panel {
    pub(super) const ALL: [Panel; 7] =
        [Panel::Advice, Panel::Shards, Panel::Blocked, Panel::Waits, Panel::Holds, Panel::Keys, Panel::Operations];

    pub(super) fn title(self) -> &'static str {
        match self {
            Panel::Advice => "Advice",
            Panel::Shards => "Shards",
            Panel::Blocked => "Who waits",
            Panel::Waits => "Waits",
            Panel::Holds => "Holds",
            Panel::Keys => "Hot keys",
            Panel::Operations => "Operations",
        }
    }
}

/// The last profile and what was chosen; a server that goes away changes neither.
pub(super) struct App {
    pub(super) color: bool,
    pub(super) profile: Option<Profile>,
    pub(super) previous: Option<Profile>,
    pub(super) advice: Vec<Advice>,
    /// Why the profile is no longer the newest.
    pub(super) trouble: Option<String>,
    pub(super) panel: Panel,
    chosen: Option<String>,
}

impl App {
    pub(super) fn new(color: bool) -> Self {
        Self {
            color,
            profile: None,
            previous: None,
            advice: Vec::new(),
            trouble: None,
            panel: Panel::Advice,
            chosen: None,
        }
    }

    /// Takes what the server answered.
    pub(super) fn take(&mut self, answer: Result<Profile, String>) {
        match answer {
            Ok(profile) => {
                self.advice = advise(&profile);
                self.previous = self.profile.replace(profile);
                self.trouble = None;
            }
            Err(trouble) => self.trouble = Some(trouble),
        }
    }

    pub(super) fn press(&mut self, key: Key) {
        let step =
            |count: usize, at: usize, forth: bool| if forth { (at + 1) % count } else { (at + count - 1) % count };
        match key {
            Key::Next | Key::Previous => {
                let at = Panel::ALL.iter().position(|panel| *panel == self.panel).unwrap_or(0);
                self.panel = Panel::ALL[step(Panel::ALL.len(), at, key == Key::Next)];
            }
            Key::Up | Key::Down => {
                let names: Vec<String> = self.maps().iter().map(|map| map.name.clone()).collect();
                if !names.is_empty() {
                    self.chosen = Some(names[step(names.len(), self.place(), key == Key::Down)].clone());
                }
            }
        }
    }

    /// Maps, the one that waited longest first.
    pub(super) fn maps(&self) -> Vec<&MapProfile> {
        let mut maps: Vec<&MapProfile> = self.profile.iter().flat_map(|profile| &profile.maps).collect();
        maps.sort_by_key(|map| std::cmp::Reverse(map.delay_ns));
        maps
    }

    /// Where the chosen map stands: it stays chosen when others overtake it.
    pub(super) fn place(&self) -> usize {
        let chosen = self.chosen.as_ref();
        chosen.and_then(|name| self.maps().iter().position(|map| map.name == *name)).unwrap_or(0)
    }
}
