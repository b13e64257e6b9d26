//! Call sites, and which function each is in: one backtrace for a site, taken when it is first seen.
//!
//! - **once**: a site's addresses are taken once and resolved at most once, when a finding names it.
//! - **finite**: there are as many sites as the program's text has, so this memory needs no bound.

use std::{
    collections::HashMap,
    panic::Location,
    sync::{Arc, LazyLock},
};

use parking_lot::Mutex;

use super::Site;

/// More frames than this between the user's line and the seam are not to be expected.
const FRAMES: usize = 32;

/// What is known of a site's function.
enum Function {
    /// Return addresses, innermost first.
    Taken(Vec<usize>),
    Resolved(Option<Arc<str>>),
}

/// By the address of the `Location`: equal places may have several, each with its own function.
static SITES: LazyLock<Mutex<HashMap<usize, Function>>> = LazyLock::new(Mutex::default);

/// Takes the stack of a site that this thread has not met; `site` is a line in a caller.
#[cold]
#[inline(never)]
pub(crate) fn meet(site: &'static Location<'static>) {
    let address = std::ptr::from_ref(site).addr();
    if SITES.lock().contains_key(&address) {
        return;
    }
    let mut frames = Vec::with_capacity(FRAMES);
    backtrace::trace(|frame| {
        frames.push(frame.ip().addr());
        frames.len() < FRAMES
    });
    SITES.lock().entry(address).or_insert(Function::Taken(frames));
}

/// Returns a site with its function; slow the first time.
pub(crate) fn resolve(location: &'static Location<'static>) -> Site {
    let address = std::ptr::from_ref(location).addr();
    let mut sites = SITES.lock();
    let function = match sites.get(&address) {
        None => None,
        Some(Function::Resolved(function)) => function.clone(),
        Some(Function::Taken(frames)) => {
            let function = function_of(location, frames).map(Arc::from);
            sites.insert(address, Function::Resolved(function.clone()));
            function
        }
    };
    Site { location, function }
}

/// Returns the function of the frame at the line of `location`, or else of the first one in its file (the lines of a macro
/// are told apart by one of the two only), or else of the first one outside this crate.
fn function_of(location: &Location<'_>, frames: &[usize]) -> Option<String> {
    let (mut exact, mut same_file, mut outside) = (None, None, None);
    for &address in frames {
        // Return addresses are past the call.
        let call = std::ptr::without_provenance_mut(address.saturating_sub(1));
        backtrace::resolve(call, |symbol| {
            let Some(name) = symbol.name().map(|name| enclosing(&format!("{name:#}"))) else { return };
            if symbol.filename().is_some_and(|file| file.ends_with(location.file())) {
                let found = if symbol.lineno() == Some(location.line()) { &mut exact } else { &mut same_file };
                found.get_or_insert(name);
            } else if is_outside(&name) {
                outside.get_or_insert(name);
            }
        });
        if exact.is_some() {
            break;
        }
    }
    // Where debug information is line tables only, some functions have no path: such a name says too little.
    exact.or(same_file).or(outside).filter(|name| name.contains("::"))
}

/// Returns the named function around a closure, without hashes of instances: what stays the same from build to build.
fn enclosing(name: &str) -> String {
    let mut name = name.split("::{{closure}}").next().unwrap_or(name);
    name = name.split("::{closure#").next().unwrap_or(name);
    name.to_owned()
}

/// Whether a function is none of this crate's, nor of std's or of what they are built on.
fn is_outside(name: &str) -> bool {
    let path = name.trim_start_matches(['<', '&']).trim_start_matches("mut ").trim_start_matches("dyn ");
    !["mapwise::", "std::", "core::", "alloc::", "backtrace::", "hashbrown::", "parking_lot::"]
        .iter()
        .any(|inside| path.starts_with(inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn called() -> &'static Location<'static> {
        meet(Location::caller());
        Location::caller()
    }

    #[test]
    fn a_site_knows_the_function_around_it() {
        let closure = || called();
        let site = closure();
        let line = line!() - 2;
        let site = resolve(site);
        assert_eq!(site.location().line(), line);
        let function = site.function().unwrap();
        assert!(function.ends_with("a_site_knows_the_function_around_it"), "{function}");
    }

    #[test]
    fn a_site_that_was_never_met_has_no_function() {
        assert_eq!(resolve(Location::caller()).function(), None);
    }

    #[test]
    fn functions_of_the_library_are_not_the_users() {
        assert!(is_outside("app::bump") && is_outside("<app::Cache as app::Store>::bump"));
        assert!(!is_outside("<mapwise::mutex::MutexMap<K,V> as mapwise::api::MapRead>::get"));
        assert!(!is_outside("core::ops::function::FnOnce::call_once"));
    }
}
