//! What `MAPWISE_CHECK` asks for: words of the form `name=value`, the first ones named as in `GORACE`.
//!
//! - **bounded**: what is read is at most [`MOST_BYTES`] long, so a hostile environment costs little.
//! - **loud**: a name that does not exist and a value that breaks its rule are errors, never ignored.

use std::{fmt, path::PathBuf, time::Duration};

/// The environment variable.
pub(crate) const VARIABLE: &str = "MAPWISE_CHECK";

/// The most bytes that are read.
const MOST_BYTES: usize = 64 * 1024;
/// How much of a refused word is quoted.
const QUOTED: usize = 60;

/// How checked mode behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// The exit status of a process that had findings; 0 leaves the status alone.
    pub(crate) exitcode: u8,
    /// Ends the process at the first finding.
    pub(crate) halt_on_error: bool,
    /// Where reports go.
    pub(crate) log: Log,
    /// Is taken off the start of file names.
    pub(crate) strip_path_prefix: String,
    /// Keys that are remembered of each map, if it is told.
    pub(crate) history_size: Option<usize>,
    /// How operations are delayed to provoke what would otherwise hide.
    pub(crate) delay: Delay,
    /// The shape of reports.
    pub(crate) format: Format,
    /// Findings that are known to be harmless, each with its reason.
    pub(crate) suppressions: Option<PathBuf>,
    /// Findings that are known, by id.
    pub(crate) baseline: Option<PathBuf>,
    /// Adds new findings to the baseline, where they would fail the process.
    pub(crate) update_baseline: bool,
    /// How long a closure may block others, if it is told.
    pub(crate) long_hold: Option<Duration>,
    /// Where learned pairs of call sites are kept between runs.
    pub(crate) sites: Option<PathBuf>,
}

/// Where reports go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Log {
    /// Standard error.
    Stderr,
    /// Standard output.
    Stdout,
    /// A file; the process's number is added to its name.
    File(PathBuf),
}

/// How operations are delayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delay {
    /// At most 5 % of wall time, less where it finds nothing.
    Auto,
    /// Never.
    Off,
    /// By this much, without a budget.
    Always(Duration),
}

/// The shape of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people; in the shape of a report of Go's race detector.
    Text,
    /// `mapwise.findings`, a document with a schema.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations, in a step of GitHub Actions.
    Github,
    /// JUnit's XML, for CI servers.
    Junit,
}

/// Why the text in `MAPWISE_CHECK` is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum OptionsError {
    /// The text is longer than any that is read, or not UTF-8.
    Unreadable(&'static str),
    /// A word has no `=`.
    NoValue(String),
    /// There is no such option.
    Unknown(String),
    /// A quoted value does not end.
    Unended(String),
    /// A value breaks its option's rule.
    Value {
        /// The option.
        name: &'static str,
        /// What it takes.
        rule: &'static str,
        /// What it was given.
        got: String,
    },
}

impl Default for Options {
    fn default() -> Self {
        Self {
            exitcode: 66,
            halt_on_error: false,
            log: Log::Stderr,
            strip_path_prefix: String::new(),
            history_size: None,
            delay: Delay::Auto,
            format: Format::Text,
            suppressions: None,
            baseline: None,
            update_baseline: false,
            long_hold: None,
            sites: None,
        }
    }
}

/// The options by name, for the message that refuses another.
const NAMES: &str = "exitcode, halt_on_error, log_path, strip_path_prefix, history_size, level, delay, format, \
                     suppressions, baseline, update_baseline, long_hold_ms, sites";

impl Options {
    /// Reads the words of `text`; of an option that is given twice the last one counts.
    pub(crate) fn parse(text: &str) -> Result<Self, OptionsError> {
        if text.len() > MOST_BYTES {
            return Err(OptionsError::Unreadable("must be at most 65536 bytes long"));
        }
        let mut options = Self::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (name, value, after) = word(rest)?;
            options.set(name, value)?;
            rest = after.trim_start();
        }
        if options.update_baseline && options.baseline.is_none() {
            let rule = "0 unless baseline=FILE is given too";
            return Err(OptionsError::Value { name: "update_baseline", rule, got: "1".into() });
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), OptionsError> {
        let refuse = |name, rule| OptionsError::Value { name, rule, got: quoted(value) };
        match name {
            "exitcode" => self.exitcode = value.parse().map_err(|_| refuse("exitcode", "0 to 255"))?,
            "halt_on_error" => self.halt_on_error = flag(value).ok_or_else(|| refuse("halt_on_error", "0 or 1"))?,
            "log_path" => self.log = log(value).ok_or_else(|| refuse("log_path", "stderr, stdout or a file"))?,
            "strip_path_prefix" => self.strip_path_prefix = value.to_owned(),
            "history_size" => {
                let size = value.parse().ok().filter(|size| (1..=1 << 28).contains(size));
                self.history_size = Some(size.ok_or_else(|| refuse("history_size", "1 to 268435456 keys"))?);
            }
            "level" => {
                // What may happen under another schedule is not reported, so that nothing is reported that cannot.
                if value != "observed" {
                    return Err(refuse("level", "observed"));
                }
            }
            "delay" => {
                self.delay = delay(value).ok_or_else(|| refuse("delay", "auto, off or 1 to 1000000 microseconds"))?;
            }
            "format" => {
                self.format = format(value).ok_or_else(|| refuse("format", "text, json, sarif, github or junit"))?;
            }
            "suppressions" => self.suppressions = Some(file(value).ok_or_else(|| refuse("suppressions", "a file"))?),
            "baseline" => self.baseline = Some(file(value).ok_or_else(|| refuse("baseline", "a file"))?),
            "update_baseline" => {
                self.update_baseline = flag(value).ok_or_else(|| refuse("update_baseline", "0 or 1"))?;
            }
            "long_hold_ms" => {
                let most = value.parse().ok().filter(|most| (1..=3_600_000).contains(most));
                let most = most.ok_or_else(|| refuse("long_hold_ms", "1 to 3600000 milliseconds"))?;
                self.long_hold = Some(Duration::from_millis(most));
            }
            "sites" => self.sites = Some(file(value).ok_or_else(|| refuse("sites", "a file"))?),
            _ => return Err(OptionsError::Unknown(quoted(name))),
        }
        Ok(())
    }
}

/// Splits the first `name=value` off; a value in quotes may have spaces.
fn word(text: &str) -> Result<(&str, &str, &str), OptionsError> {
    let bare = |text: &str| text.find(char::is_whitespace).unwrap_or(text.len());
    let first = &text[..bare(text)];
    let Some((name, _)) = first.split_once('=') else {
        return Err(OptionsError::NoValue(quoted(first)));
    };
    let value = &text[name.len() + 1..];
    match value.chars().next() {
        Some(quote @ ('\'' | '"')) => match value[1..].find(quote) {
            // What follows the closing quote directly is a word of its own, and refused as one.
            Some(end) => Ok((name, &value[1..=end], &value[end + 2..])),
            None => Err(OptionsError::Unended(quoted(name))),
        },
        _ => Ok((name, &value[..bare(value)], &value[bare(value)..])),
    }
}

fn flag(value: &str) -> Option<bool> {
    match value {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

fn log(value: &str) -> Option<Log> {
    match value {
        "stderr" => Some(Log::Stderr),
        "stdout" => Some(Log::Stdout),
        _ => file(value).map(Log::File),
    }
}

fn delay(value: &str) -> Option<Delay> {
    match value {
        "auto" => Some(Delay::Auto),
        "off" => Some(Delay::Off),
        _ => {
            let micros = value.parse().ok().filter(|micros| (1..=1_000_000).contains(micros))?;
            Some(Delay::Always(Duration::from_micros(micros)))
        }
    }
}

fn format(value: &str) -> Option<Format> {
    match value {
        "text" => Some(Format::Text),
        "json" => Some(Format::Json),
        "sarif" => Some(Format::Sarif),
        "github" => Some(Format::Github),
        "junit" => Some(Format::Junit),
        _ => None,
    }
}

fn file(value: &str) -> Option<PathBuf> {
    (!value.is_empty() && !value.contains('\0')).then(|| value.into())
}

fn quoted(word: &str) -> String {
    super::clean::line(word, QUOTED)
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(rule) => write!(f, "{VARIABLE} {rule}"),
            Self::NoValue(word) => write!(f, "{VARIABLE} must be words of the form name=value, got `{word}`"),
            Self::Unknown(name) => write!(f, "{VARIABLE} has no option `{name}`; it has {NAMES}"),
            Self::Unended(name) => write!(f, "{VARIABLE}: the quoted value of {name} must end with its quote"),
            Self::Value { name, rule, got } => write!(f, "{VARIABLE}: {name} must be {rule}, got `{got}`"),
        }
    }
}

impl std::error::Error for OptionsError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_names_of_gorace_and_our_own_are_read() {
        let text = "exitcode=3 halt_on_error=1 log_path=/tmp/log strip_path_prefix=/src/ history_size=7 level=observed long_hold_ms=20 \
                    delay=250 format=sarif suppressions='my file' baseline=\"b\" update_baseline=1 sites=s";
        let expected = Options {
            exitcode: 3,
            halt_on_error: true,
            log: Log::File("/tmp/log".into()),
            strip_path_prefix: "/src/".into(),
            history_size: Some(7),
            long_hold: Some(Duration::from_millis(20)),
            delay: Delay::Always(Duration::from_micros(250)),
            format: Format::Sarif,
            suppressions: Some("my file".into()),
            baseline: Some("b".into()),
            update_baseline: true,
            sites: Some("s".into()),
        };
        assert_eq!(Options::parse(text), Ok(expected));
        let sample =
            "exitcode=66 halt_on_error=0 log_path=stderr strip_path_prefix= level=observed delay=auto format=text";
        assert_eq!(Options::parse(sample), Ok(Options::default()));
        assert_eq!(Options::parse(" \n "), Ok(Options::default()));
        assert_eq!(Options::parse("exitcode=1 exitcode=2").map(|options| options.exitcode), Ok(2));
    }

    #[test]
    fn what_is_refused_is_named_with_its_rule() {
        for (text, parts) in [
            ("exit_code=66", ["no option `exit_code`", "exitcode"]),
            ("exitcode", ["name=value", "`exitcode`"]),
            ("exitcode=256", ["exitcode must be 0 to 255", "`256`"]),
            ("halt_on_error=yes", ["halt_on_error must be 0 or 1", "`yes`"]),
            ("log_path=", ["log_path must be stderr", "``"]),
            ("history_size=0", ["history_size must be 1 to", "`0`"]),
            ("level=possible", ["level must be observed", "`possible`"]),
            ("long_hold_ms=0", ["long_hold_ms must be 1 to 3600000", "`0`"]),
            ("delay=-1", ["delay must be auto, off or", "`-1`"]),
            ("format=xml", ["format must be text,", "`xml`"]),
            ("suppressions='a b", ["suppressions", "must end with its quote"]),
            ("suppressions='a'b", ["name=value", "`b`"]),
            ("baseline=", ["baseline must be a file", "``"]),
            ("update_baseline=1", ["update_baseline must be 0 unless baseline=FILE", "`1`"]),
            ("\u{1b}[31m=1", ["no option `\\u{1b}[31m`", "exitcode"]),
        ] {
            let error = Options::parse(text).expect_err(text).to_string();
            assert!(parts.iter().all(|part| error.contains(part)), "{text}: {error}");
        }
        let long = "exitcode=1 ".repeat(MOST_BYTES / 10);
        assert!(Options::parse(&long).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".*") {
            let _ = Options::parse(&text);
        }

        #[test]
        fn no_words_make_the_parser_panic_and_every_refusal_is_one_clean_line(
            words in prop::collection::vec("(exitcode|delay|log_path|format|baseline|x)?=?['\"]?\\PC{0,6}\\x00?\n?", 0..6),
        ) {
            if let Err(error) = Options::parse(&words.join(" ")) {
                let text = error.to_string();
                prop_assert!(!text.chars().any(char::is_control), "{text:?}");
            }
        }
    }
}
