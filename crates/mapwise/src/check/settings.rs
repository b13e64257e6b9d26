//! What detection can be told.

use std::{path::PathBuf, sync::OnceLock, time::Duration};

use super::report::{self, options::Delay};

/// How detection works in this process; fixed at the first use of a map.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// How threads are held back between a check and its act, so that what could come between does.
    pub(crate) delay: Delay,
    /// Keys whose last writers are remembered, over all maps.
    pub(crate) history: usize,
    /// Where call sites that deserve a delay are kept from run to run; `None` for a file of this executable's.
    pub(crate) sites: Option<PathBuf>,
    /// How long a closure may block others.
    pub(crate) hold: Duration,
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
            // shuttle's threads are all one: to hold one back would hold back all.
            delay: if cfg!(shuttle) { Delay::Off } else { options.delay },
            history: options.history_size.unwrap_or(HISTORY),
            sites: options.sites.clone(),
            hold: options.long_hold.unwrap_or(HOLD),
        }
    })
}
