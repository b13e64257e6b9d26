//! The two lists of findings that fail nothing: suppressions and the baseline.
//!
//! - **bounded**: a file is at most [`MOST_BYTES`] long and has at most [`MOST_ENTRIES`] entries.
//! - **argued**: a suppression without a reason is refused; one that hid nothing is listed at the end.

use std::{
    collections::HashSet,
    fmt, fs, io,
    io::{Read, Write},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use super::{clean, glob};
use crate::check::{Access, Finding, Kind};

/// The most bytes of a list.
const MOST_BYTES: u64 = 1 << 20;
/// The most entries of a list.
const MOST_ENTRIES: usize = 10_000;
/// The most bytes of a glob, or of an id.
const MOST_GLOB: usize = 1_000;
/// How much of a refused line is quoted.
const QUOTED: usize = 60;

/// Findings that are known to be harmless.
#[derive(Debug, Default)]
pub(crate) struct Suppressions {
    entries: Vec<Suppression>,
}

#[derive(Debug)]
struct Suppression {
    /// `None` is every kind.
    kind: Option<Kind>,
    glob: String,
    used: AtomicBool,
}

/// Findings that are known, by id.
#[derive(Debug, Default)]
pub(crate) struct Baseline {
    ids: HashSet<String>,
}

/// Why a list is refused.
#[derive(Debug)]
#[non_exhaustive]
pub(crate) enum ListError {
    /// It cannot be read or written.
    Io(io::Error),
    /// It is larger than any that is read, or not UTF-8.
    Unreadable(&'static str),
    /// A line breaks a rule.
    Line {
        /// Which, from 1.
        number: usize,
        /// The rule.
        rule: &'static str,
        /// The line.
        got: String,
    },
}

impl Suppressions {
    /// Reads `kind:glob` lines. The comment lines directly above a suppression, or above its neighbors, are its reason.
    pub(crate) fn parse(text: &str) -> Result<Self, ListError> {
        let mut entries = Vec::new();
        let mut reason = false;
        for (number, line) in entry_lines(text) {
            match line {
                "" => reason = false,
                comment if comment.starts_with('#') => {
                    reason |= comment.trim_start_matches('#').chars().any(char::is_alphanumeric);
                }
                entry => {
                    let refuse = |rule| Err(ListError::Line { number, rule, got: clean::line(entry, QUOTED) });
                    let Some((kind, glob)) = entry.split_once(':') else {
                        return refuse("must be kind:glob, for example lost_update:app::bump");
                    };
                    let kind = match (kind, Kind::named(kind)) {
                        ("*", _) => None,
                        (_, Some(kind)) => Some(kind),
                        _ => return refuse("must start with a kind of `mapwise explain`, or with *"),
                    };
                    if glob.is_empty() || glob.len() > MOST_GLOB {
                        return refuse("must have a glob of 1 to 1000 bytes after the kind");
                    }
                    if !reason {
                        return refuse("must have its reason in a # comment on the line above");
                    }
                    if entries.len() == MOST_ENTRIES {
                        return refuse("must not be the 10001st suppression");
                    }
                    entries.push(Suppression { kind, glob: glob.to_owned(), used: AtomicBool::new(false) });
                }
            }
        }
        Ok(Self { entries })
    }

    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self, ListError> {
        Self::parse(&read(path)?)
    }

    /// Whether a finding is to be kept quiet about; every suppression that says so counts as used.
    pub(crate) fn cover(&self, finding: &Finding) -> bool {
        let mut covered = false;
        let names = if self.entries.is_empty() { Vec::new() } else { names(finding) };
        for entry in &self.entries {
            let kind = entry.kind.is_none_or(|kind| kind == finding.kind());
            if kind && names.iter().any(|name| glob::matches(&entry.glob, name)) {
                // Relaxed: read at the end of the process, under the lock that every finding took.
                entry.used.store(true, Ordering::Relaxed);
                covered = true;
            }
        }
        covered
    }

    /// The suppressions that hid nothing, as they were written.
    pub(crate) fn unused(&self) -> impl Iterator<Item = String> {
        // Relaxed: as in `cover`.
        let unused = self.entries.iter().filter(|entry| !entry.used.load(Ordering::Relaxed));
        unused.map(|entry| format!("{}:{}", entry.kind.map_or("*", Kind::name), clean::line(&entry.glob, MOST_GLOB)))
    }
}

impl Baseline {
    /// Reads lines that start with an id; the rest of a line is for people.
    pub(crate) fn parse(text: &str) -> Result<Self, ListError> {
        let mut ids = HashSet::new();
        for (number, line) in entry_lines(text) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let refuse = |rule| Err(ListError::Line { number, rule, got: clean::line(line, QUOTED) });
            let id = line.split_whitespace().next().unwrap_or_default();
            if Kind::of_id(id).is_none() {
                return refuse("must start with the id of a finding, for example mw-lu-1f09c3ab");
            }
            if ids.len() == MOST_ENTRIES {
                return refuse("must not be the 10001st entry");
            }
            ids.insert(id.to_owned());
        }
        Ok(Self { ids })
    }

    /// Reads a file; `may_be_absent` where it is about to be made.
    pub(crate) fn read(path: &Path, may_be_absent: bool) -> Result<Self, ListError> {
        match read(path) {
            Err(ListError::Io(error)) if may_be_absent && error.kind() == io::ErrorKind::NotFound => {
                Ok(Self::default())
            }
            text => Self::parse(&text?),
        }
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// Adds a line to the file, in one write: other processes may be adding theirs.
    pub(crate) fn append(path: &Path, id: &str, about: &str) -> Result<(), ListError> {
        let mut file = fs::OpenOptions::new().append(true).create(true).open(path).map_err(ListError::Io)?;
        file.write_all(format!("{id}  {about}\n").as_bytes()).map_err(ListError::Io)
    }
}

/// What a suppression can name: functions, files, `map NAME`.
fn names(finding: &Finding) -> Vec<String> {
    let sites = || finding.accesses().iter().map(Access::site);
    let functions = sites().filter_map(|site| site.function().map(str::to_owned));
    let files = sites().map(|site| site.location().file().to_owned());
    let map = finding.map().name().map(|name| format!("map {name}"));
    functions.chain(files).chain(map).collect()
}

/// The lines of a list with their numbers, without the space around them.
fn entry_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()))
}

fn read(path: &Path) -> Result<String, ListError> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(ListError::Io)?;
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(ListError::Io)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(ListError::Unreadable("must be at most 1048576 bytes long"));
    }
    String::from_utf8(bytes).map_err(|_| ListError::Unreadable("must be UTF-8"))
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Unreadable(rule) => f.write_str(rule),
            Self::Line { number, rule, got } => write!(f, "line {number} {rule}, got `{got}`"),
        }
    }
}

impl std::error::Error for ListError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::sample, *};

    const LIST: &str = "# Counted twice at most, and only shown to people.\nlost_update:app::bump\nstale_remove:app::*\n\n\
                        # The old cache goes away with version 3.\n*:map legacy*\n";

    #[test]
    fn a_suppression_hides_its_kind_under_its_names_and_is_then_used() {
        let list = Suppressions::parse(LIST).expect("a valid list");
        let bump = sample::of(Kind::LostUpdate, "hits", &["app::other", "app::bump"]);
        assert!(list.cover(&bump));
        assert!(!list.cover(&sample::of(Kind::DoubleInit, "hits", &["app::bump"])));
        assert!(!list.cover(&sample::of(Kind::LostUpdate, "hits", &["app::bump_all"])));
        assert_eq!(list.unused().collect::<Vec<_>>(), ["stale_remove:app::*", "*:map legacy*"]);
        assert!(list.cover(&sample::of(Kind::DoubleInit, "legacy-7", &["app::load"])));
        assert_eq!(list.unused().collect::<Vec<_>>(), ["stale_remove:app::*"]);
    }

    #[test]
    fn the_line_that_a_report_proposes_hides_it() {
        for finding in [sample::finding(), sample::of(Kind::DoubleInit, "hits", &[])] {
            let list = Suppressions::parse(&format!("# Known.\n{}\n", finding.suppression())).expect("a valid list");
            assert!(list.cover(&finding), "{}", finding.suppression());
        }
    }

    #[test]
    fn a_bad_suppression_is_refused_with_its_line_and_rule() {
        for (text, parts) in [
            ("lost_update:app", "line 1 must have its reason"),
            ("# Why.\n\nlost_update:app", "line 3 must have its reason"),
            ("#\nlost_update:app", "line 2 must have its reason"),
            ("# Why.\nlost_update", "line 2 must be kind:glob"),
            ("# Why.\nrace:app", "line 2 must start with a kind"),
            ("# Why.\nlost_update:", "line 2 must have a glob"),
            ("# Why.\nrace\u{1b}[2J:app", "`race\\u{1b}[2J:app`"),
        ] {
            let error = Suppressions::parse(text).expect_err(text).to_string();
            assert!(error.contains(parts), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_baseline_is_ids_with_whatever_people_wrote_beside_them() {
        let id = "mw-lu-1f09c3ab";
        let list = Baseline::parse(&format!("# Known in March.\n\n{id}  lost update\r\n")).expect("a valid list");
        assert!(list.has(id) && !list.has("mw-lu-0"));
        let error = Baseline::parse("lost update\n").expect_err("no id").to_string();
        assert!(error.starts_with("line 1 must start with the id"), "{error}");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parsers_panic(text in "([a-z_#:* ]|\\PC|\n|\r|\\x00){0,80}") {
            let _ = Suppressions::parse(&text);
            let _ = Baseline::parse(&text);
        }

        #[test]
        fn no_list_of_plausible_lines_makes_the_parsers_panic(
            lines in prop::collection::vec("(#|# why|lost_update:|mw-lu-|\\*:|\u{feff})?[a-f0-9:*?]{0,20}", 0..12),
        ) {
            let text = lines.join("\n");
            if let Err(error) = Suppressions::parse(&text) {
                prop_assert!(error.to_string().starts_with("line "));
            }
            let _ = Baseline::parse(&text);
        }
    }
}
