//! What detection can be told.

use std::{path::PathBuf, sync::OnceLock, time::Duration};

use super::report::{self, options};

/// How detection works in this process; fixed at the first use of a map.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Between a check and its act.
    pub(crate) delay: Delay,
    /// Keys whose last writers are remembered, over all maps.
    pub(crate) history: usize,
    /// Where call sites that deserve a delay are kept from run to run; `None` for a file of this executable's.
    pub(crate) sites: Option<PathBuf>,
    /// How long a closure may block others.
    pub(crate) hold: Duration,
}

/// How threads are held back between a check and its act, so that what could come between does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delay {
    Off,
    /// At most 5 % of wall time, less where it finds nothing.
    Auto,
    /// Every time, for this long.
    Always(Duration),
}

/// How long a closure may block others.
const HOLD: Duration = Duration::from_millis(100);

/// Fills tables of a power of two of places as far as they go: some 11 MiB.
const HISTORY: usize = 64 * 896;

static SETTINGS: OnceLock<Settings> = OnceLock::new();

/// Returns the settings; the first call asks the options for them.
pub(crate) fn settings() -> &'static Settings {
    SETTINGS.get_or_init(|| {
        let options = report::options();
        Settings {
            delay: match options.delay {
                // shuttle's threads are all one: to hold one back would hold back all.
                _ if cfg!(shuttle) => Delay::Off,
                options::Delay::Auto => Delay::Auto,
                options::Delay::Off => Delay::Off,
                options::Delay::Always(length) => Delay::Always(length),
            },
            history: options.history_size.unwrap_or(HISTORY),
            sites: options.sites.clone(),
            hold: options.long_hold.unwrap_or(HOLD),
        }
    })
}
