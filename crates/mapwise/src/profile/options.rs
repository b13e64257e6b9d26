//! How much is recorded: the tier, and the variable `MAPWISE_PROFILE` that sets it before the program's work.
//!
//! - **refused-loudly**: an option that is not known, or a value that is not allowed, ends the program at its first map
//!   with status 2: a misspelled option would otherwise be recorded by nobody and noticed by nobody.

use std::{
    fmt,
    str::FromStr,
    sync::atomic::{AtomicU8, Ordering},
};

use mapwise_profile::Tier;

/// The variable.
pub(super) const VARIABLE: &str = "MAPWISE_PROFILE";

/// The tiers by their numbers.
const TIERS: [Tier; 3] = [Tier::Counters, Tier::Contention, Tier::Sites];

fn by_number(number: u8) -> Option<Tier> {
    TIERS.get(usize::from(number)).copied()
}

/// What `MAPWISE_PROFILE` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) tier: Tier,
}

impl Default for Options {
    fn default() -> Self {
        Self { tier: Tier::Contention }
    }
}

/// Why `MAPWISE_PROFILE` was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    NoValue(String),
    Unknown(String),
    Tier(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoValue(option) => write!(f, "an option must be name=value, got {option:?}"),
            Self::Unknown(name) => write!(f, "option must be tier, got {name:?}"),
            Self::Tier(value) => write!(f, "tier must be 0, 1 or 2, got {value:?}"),
        }
    }
}

impl FromStr for Options {
    type Err = Refused;

    /// Reads options that commas or spaces separate.
    fn from_str(text: &str) -> Result<Self, Refused> {
        let mut options = Self::default();
        for option in text.split([',', ' ']).filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').ok_or_else(|| Refused::NoValue(option.to_owned()))?;
            match name {
                "tier" => {
                    let tier = value.parse().ok().and_then(by_number);
                    options.tier = tier.ok_or_else(|| Refused::Tier(value.to_owned()))?;
                }
                _ => return Err(Refused::Unknown(name.to_owned())),
            }
        }
        Ok(options)
    }
}

/// Not read from the environment yet.
const UNREAD: u8 = u8::MAX;

static TIER: AtomicU8 = AtomicU8::new(UNREAD);

/// Returns how much is recorded now.
#[must_use]
pub fn tier() -> Tier {
    // Relaxed: a setting; no other data depends on it.
    match by_number(TIER.load(Ordering::Relaxed)) {
        Some(tier) => tier,
        None => read(),
    }
}

/// Sets how much is recorded from now on; each thread notices within 1,024 of its operations.
pub fn set_tier(tier: Tier) {
    // Relaxed: see `tier`.
    TIER.store(tier as u8, Ordering::Relaxed);
}

#[cold]
fn read() -> Tier {
    let text = std::env::var_os(VARIABLE).unwrap_or_default();
    let tier = match text.to_string_lossy().parse::<Options>() {
        Ok(options) => options.tier,
        Err(refused) => refuse(&refused),
    };
    // Whoever set it meanwhile knows better. Relaxed: see `tier`.
    let _ = TIER.compare_exchange(UNREAD, tier as u8, Ordering::Relaxed, Ordering::Relaxed);
    by_number(TIER.load(Ordering::Relaxed)).unwrap_or(tier)
}

#[allow(clippy::print_stderr, reason = "the program ends here, and nobody else can say why")]
fn refuse(refused: &Refused) -> ! {
    eprintln!("error: {VARIABLE}: {refused}");
    std::process::exit(2);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tier_has_its_number() {
        for (text, tier) in [("tier=0", Tier::Counters), ("tier=1", Tier::Contention), (" tier=2,", Tier::Sites)] {
            assert_eq!(text.parse(), Ok(Options { tier }), "{text}");
        }
        assert_eq!("".parse(), Ok(Options::default()));
    }

    #[test]
    fn what_is_not_known_or_not_allowed_is_refused_by_name() {
        for (text, message) in [
            ("tier=3", "tier must be 0, 1 or 2, got \"3\""),
            ("tier=", "tier must be 0, 1 or 2, got \"\""),
            ("tier", "an option must be name=value, got \"tier\""),
            ("teir=1", "option must be tier, got \"teir\""),
            ("tier=1,hold=7", "option must be tier, got \"hold\""),
        ] {
            assert_eq!(text.parse::<Options>().unwrap_err().to_string(), message, "{text}");
        }
    }
}
