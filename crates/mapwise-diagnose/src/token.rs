//! What one line of a log is to Go: a header, half a frame, a ruler, or nothing.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::frame::{self, FileLine, FunctionLine};
use crate::symbol::Operation;
use crate::text::cut;

/// Who made an access, as a race report names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    Main,
    Thread(u64),
}

/// The meaning of one line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Token<'a> {
    Blank,
    Ruler,
    RaceHeader,
    RaceAccess { operation: Operation, previous: bool, address: Option<u64>, actor: Actor },
    RaceThread { number: u64, finished: bool },
    RaceHeap,
    RaceGlobal { text: &'a str },
    RaceEnd,
    NoStack,
    TestRace,
    TestFailed { name: &'a str },
    Fatal { message: &'a str },
    Fault { message: &'a str },
    Goroutine { number: u64, state: &'a str },
    Created { symbol: &'a str, by: Option<u64> },
    Function(FunctionLine<'a>),
    File(FileLine<'a>),
    StackUnavailable,
    Checked { kind: &'a str, rest: &'a str },
    CheckedAccess { what: &'a str, actor: &'a str },
    CheckedField { name: &'a str, value: &'a str },
    Profile { mutex: bool },
    Other,
}

/// Longer lines are not halves of a frame; deep generic types reach a few thousand bytes.
const MAX_FRAME: usize = 16 << 10;

/// The fatal messages that name a map, with the operation of the side that noticed.
pub(crate) const FATAL: &[(&str, Operation)] = &[
    ("concurrent map writes", Operation::Write),
    ("concurrent map read and map write", Operation::Lookup),
    ("concurrent map iteration and map write", Operation::Iterate),
    ("concurrent map clone and map write", Operation::Clone),
    ("small map with no empty slot (concurrent map writes?)", Operation::Assign),
    ("concurrent map read and write", Operation::Lookup),
];

/// Reads one cleaned line.
pub(crate) fn read(line: &str) -> Token<'_> {
    let text = frame::trim_tail(line).trim_start();
    if text.is_empty() {
        return Token::Blank;
    }
    if let Some(found) = header(line, text) {
        return found;
    }
    if line.len() > MAX_FRAME {
        return Token::Other;
    }
    if let Some(found) = frame::function_line(line) {
        return Token::Function(found);
    }
    if let Some(found) = frame::file_line(line) {
        return Token::File(found);
    }
    Token::Other
}

/// One of these is in every line that [`header`] reads: most lines are frames and have none.
const HEADER_WORDS: &[&str] = &[
    "==========",
    "DATA RACE",
    "MAP RACE",
    "fatal error: ",
    "[signal SIG",
    "unexpected fault",
    "goroutine",
    "Goroutine ",
    "Heap block",
    "Global var",
    "failed to restore",
    "Found ",
    "race detected",
    "--- FAIL: ",
    "created by ",
    " by thread ",
    "Lost",
    "Fix",
    "Suppress",
    "Hint",
    "Thread ",
    "--- mutex:",
    "--- contention:",
];

fn may_be_header(line: &str) -> bool {
    static WORDS: LazyLock<AhoCorasick> =
        LazyLock::new(|| AhoCorasick::new(HEADER_WORDS).expect("two dozen short words make a valid automaton"));
    WORDS.is_match(line)
}

fn header<'a>(line: &'a str, text: &'a str) -> Option<Token<'a>> {
    if !may_be_header(line) {
        return None;
    }
    if is_ruler(text) {
        return Some(Token::Ruler);
    }
    if text.contains("WARNING: DATA RACE") {
        return Some(Token::RaceHeader);
    }
    if let Some(at) = text.find("WARNING: MAP RACE (") {
        let rest = &text[at + "WARNING: MAP RACE (".len()..];
        let (kind, rest) = rest.split_once(')').unwrap_or((rest, ""));
        return Some(Token::Checked { kind, rest });
    }
    if let Some(at) = text.find("fatal error: ") {
        let message = cut(&text[at + "fatal error: ".len()..], 200);
        return Some(Token::Fatal { message });
    }
    if text.contains("[signal SIG") || text.contains("unexpected fault address") {
        return Some(Token::Fault { message: cut(text, 200) });
    }
    race(text).or_else(|| go_test(text)).or_else(|| goroutine(line)).or_else(|| checked(text)).or_else(|| {
        let profile = |word: &str| text.ends_with(word);
        (profile("--- mutex:") || profile("--- contention:")).then(|| Token::Profile { mutex: profile("--- mutex:") })
    })
}

fn is_ruler(text: &str) -> bool {
    let equals = text.trim_end_matches('=');
    let run = text.len() - equals.len();
    run >= 10 && (equals.is_empty() || equals.ends_with([' ', '|', '>', '\t', ']', ':', '"', '\'']))
}

fn race(text: &str) -> Option<Token<'_>> {
    if text.ends_with(':') {
        if let Some(found) = race_access(text) {
            return Some(found);
        }
        if let Some(at) = text.find("Goroutine ") {
            let (number, rest) = leading_number(&text[at + "Goroutine ".len()..])?;
            if rest.ends_with("created at:") {
                return Some(Token::RaceThread { number, finished: rest.contains("finished") });
            }
        }
        if text.contains("Heap block of size ") && text.contains(" allocated by ") {
            return Some(Token::RaceHeap);
        }
    }
    if let Some(at) = text.find("Global var ")
        && text.contains(" of size ")
    {
        return Some(Token::RaceGlobal { text: &text[at..] });
    }
    if text.contains("[failed to restore the stack]") {
        return Some(Token::NoStack);
    }
    if text.contains("goroutine running on other thread; stack unavailable") {
        return Some(Token::StackUnavailable);
    }
    let found = text.find("Found ").map(|at| &text[at + "Found ".len()..]);
    if let Some((_, rest)) = found.and_then(leading_number)
        && rest.starts_with(" data race")
    {
        return Some(Token::RaceEnd);
    }
    None
}

/// `Previous write at 0x00c00009c060 by goroutine 8:`
fn race_access(text: &str) -> Option<Token<'_>> {
    let (actor, before) = if let Some(before) = text.strip_suffix(" by main goroutine:") {
        (Actor::Main, before)
    } else {
        let at = text.rfind(" by goroutine ")?;
        let digits = text[at + " by goroutine ".len()..].strip_suffix(':')?;
        (Actor::Thread(digits.parse().ok()?), &text[..at])
    };
    let (before, address) = match before.rsplit_once(" at 0x") {
        Some((before, hex)) => (before, Some(u64::from_str_radix(hex, 16).ok()?)),
        None => (before, None),
    };
    let mut words = before.rsplit(|c: char| !c.is_ascii_alphabetic());
    let operation = match words.next()? {
        "Write" | "write" => Operation::Write,
        "Read" | "read" => Operation::Read,
        _ => return None,
    };
    let second = words.next().unwrap_or("");
    let previous = second == "Previous" || words.next() == Some("Previous");
    Some(Token::RaceAccess { operation, previous, address, actor })
}

fn go_test(text: &str) -> Option<Token<'_>> {
    if text.contains("race detected during execution of test")
        || text.contains("race detected outside of test execution")
    {
        return Some(Token::TestRace);
    }
    let at = text.find("--- FAIL: ")?;
    let name = text[at + "--- FAIL: ".len()..].split_whitespace().next()?;
    Some(Token::TestFailed { name })
}

fn goroutine(line: &str) -> Option<Token<'_>> {
    if let Some(at) = line.rfind("created by ") {
        let rest = frame::trim_tail(&line[at + "created by ".len()..]);
        let (symbol, by) = match rest.split_once(" in goroutine ") {
            Some((symbol, number)) => (symbol, leading_number(number).map(|(number, _)| number)),
            None => (rest, None),
        };
        if frame::symbol_at_end(symbol) == Some(symbol) {
            return Some(Token::Created { symbol, by });
        }
    }
    let at = line.find("goroutine ")?;
    let (number, rest) = leading_number(&line[at + "goroutine ".len()..])?;
    // `gp=0x.. m=3 mp=0x..` may stand before the state, `{label: x}` after it.
    let open = rest.find('[')?;
    let registers = rest[..open].trim();
    if !registers.is_empty() && !registers.starts_with("gp=") {
        return None;
    }
    let inner = &rest[open + 1..];
    let close = inner.find("]:").or_else(|| inner.find("] {")).or_else(|| inner.find(']'))?;
    Some(Token::Goroutine { number, state: &inner[..close] })
}

/// The lines of a checked-mode report of mapwise itself.
fn checked(text: &str) -> Option<Token<'_>> {
    if let Some(what) = text.strip_suffix(':')
        && let Some((what, actor)) = what.split_once(", by thread ")
    {
        return Some(Token::CheckedAccess { what, actor });
    }
    for name in ["Lost", "Fix", "Suppress", "Hint"] {
        if let Some(value) = text.strip_prefix(name)
            && let Some(value) = value.strip_prefix(": ")
        {
            return Some(Token::CheckedField { name, value });
        }
    }
    let rest = text.strip_prefix("Thread ")?;
    let (_number, rest) = leading_number(rest)?;
    let value = &text["Thread ".len()..text.len() - rest.len()];
    let name = if rest.contains("created at:") {
        "Thread"
    } else if rest.contains("first seen at:") {
        "Seen"
    } else {
        return None;
    };
    Some(Token::CheckedField { name, value })
}

/// Reads the decimal number that starts `text`.
pub(crate) fn leading_number(text: &str) -> Option<(u64, &str)> {
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn race_accesses_of_old_and_new_versions_are_read() {
        assert_eq!(
            read("Previous write at 0x00c00009c060 by goroutine 8:"),
            Token::RaceAccess {
                operation: Operation::Write,
                previous: true,
                address: Some(0xc0_0009_c060),
                actor: Actor::Thread(8)
            }
        );
        assert_eq!(
            read("app | Read by main goroutine:"),
            Token::RaceAccess { operation: Operation::Read, previous: false, address: None, actor: Actor::Main }
        );
    }

    #[test]
    fn goroutine_headers_of_every_shape_are_read() {
        for (line, state) in [
            ("goroutine 18 [running]:", "running"),
            (
                "goroutine 18 gp=0x29 m=3 mp=0x2 [chan receive, 5 minutes, locked to thread]:",
                "chan receive, 5 minutes, locked to thread",
            ),
            ("goroutine 18 [select (no cases)] {a: b}:", "select (no cases)"),
            ("2020 x: goroutine 18 [syscall]:", "syscall"),
        ] {
            assert_eq!(read(line), Token::Goroutine { number: 18, state }, "{line}");
        }
        assert_eq!(read("goroutine 3 is [done]"), Token::Other);
    }

    #[test]
    fn creators_are_read_with_and_without_their_goroutine() {
        assert_eq!(read("created by main.spin in goroutine 1"), Token::Created { symbol: "main.spin", by: Some(1) });
        assert_eq!(read("x: created by a.b/c.(*T).run"), Token::Created { symbol: "a.b/c.(*T).run", by: None });
        assert_eq!(read("image created by alice"), Token::Other);
    }

    #[test]
    fn rulers_need_their_length() {
        assert_eq!(read("=================="), Token::Ruler);
        assert_eq!(read("app | =================="), Token::Ruler);
        assert_eq!(read("== x =="), Token::Other);
    }
}
