//! Reading the code that a log names: which locks are held at a line, and which map is touched.
//!
//! This is a reading of lines, not a compiler: it knows gofmt's layout (functions start and end
//! in column 0), `X.Lock()`, `defer X.Unlock()` and the like. What it cannot see, a lock taken by
//! a caller outside the log's stack, it does not claim.

use std::fs;
use std::path::{Path, PathBuf};

use crate::finding::Place;
use crate::symbol;

/// A source file larger than this is not read.
const MAX_SOURCE: u64 = 4 << 20;

/// Finds the text of a source file by the path a traceback prints.
pub trait SourceLookup {
    /// The text of `file`, if it can be found.
    fn source(&self, file: &str) -> Option<String>;
}

/// Source files below one folder, found by the longest end of the printed path that exists there.
#[derive(Clone, Debug)]
pub struct SourceDir {
    root: PathBuf,
}

impl SourceDir {
    /// Looks files up below `root`.
    pub fn new(root: impl AsRef<Path>) -> Self {
        Self { root: root.as_ref().to_owned() }
    }
}

impl SourceLookup for SourceDir {
    fn source(&self, file: &str) -> Option<String> {
        let parts: Vec<&str> = file.split(['/', '\\']).filter(|part| !part.is_empty()).collect();
        // A log is not to be trusted: it must not lead out of the folder.
        if !file.ends_with(".go") || parts.iter().any(|&part| part == ".." || part.ends_with(':')) {
            return None;
        }
        let root = self.root.canonicalize().ok()?;
        let first = parts.len().saturating_sub(24);
        (first..parts.len()).find_map(|from| {
            let path = parts[from..].iter().fold(root.clone(), |path, part| path.join(part));
            let path = path.canonicalize().ok()?;
            let fits = path.starts_with(&root) && fs::metadata(&path).ok()?.len() <= MAX_SOURCE;
            fits.then(|| fs::read_to_string(path).ok()).flatten()
        })
    }
}

/// A lock held at a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// The lock, with the receiver's variable replaced by its type: `Cache.mu`.
    pub(crate) lock: String,
    pub(crate) read: bool,
    pub(crate) line: u32,
    pub(crate) text: String,
}

/// What the code says of one line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Site {
    pub(crate) lines: Vec<String>,
    pub(crate) first: u32,
    pub(crate) held: Vec<Held>,
    /// The map touched, with the receiver's variable replaced by its type.
    pub(crate) map: Option<String>,
    /// Line, text and method of a `return` of that map by reference.
    pub(crate) returned: Option<(u32, String, String)>,
    /// Whether the receiver is a copy of the struct.
    pub(crate) by_value: bool,
    /// The text of the line itself.
    pub(crate) text: String,
}

const AROUND: u32 = 3;

/// Reads the code at `place`; `None` if the file or line cannot be the one meant.
pub(crate) fn site(lookup: &dyn SourceLookup, place: &Place) -> Option<Site> {
    let text = lookup.source(&place.file)?;
    let lines: Vec<&str> = text.lines().collect();
    let at = (place.line as usize).checked_sub(1).filter(|&at| at < lines.len())?;
    let parsed = symbol::parse(&place.function)?;
    let start = (0..=at).rev().find(|&line| lines[line].starts_with("func "))?;
    // Another file of the same name would hold another function there.
    let inlined = parsed.receiver.is_none();
    if !lines[start].contains(parsed.name) && !inlined {
        return None;
    }
    let receiver = receiver(lines[start]);
    let held = held(&lines[start..=at], start, receiver);
    let map = map_expression(lines[at]).map(|map| normal(map, receiver));
    let returned = map.as_deref().and_then(|map| returned(&lines, map));
    let first = at.saturating_sub(AROUND as usize).max(start.min(at));
    let last = (at + AROUND as usize + 1).min(lines.len());
    Some(Site {
        lines: lines[first..last].iter().map(|line| crate::text::cut(line, 200).to_owned()).collect(),
        first: first as u32 + 1,
        held,
        map,
        returned,
        by_value: receiver.is_some_and(|(_, _, pointer)| !pointer),
        text: lines[at].trim().to_owned(),
    })
}

/// Variable, type and pointerness of the receiver in `func (c *Cache) Get(…`.
fn receiver(declaration: &str) -> Option<(&str, &str, bool)> {
    let inner = declaration.strip_prefix("func (")?;
    let inner = &inner[..inner.find(')')?];
    let (variable, kind) = inner.split_once(' ')?;
    let name = kind.trim_start_matches('*').split('[').next()?;
    Some((variable, name, kind.starts_with('*')))
}

fn normal(expression: &str, receiver: Option<(&str, &str, bool)>) -> String {
    match receiver {
        Some((variable, kind, _)) => match expression.strip_prefix(variable) {
            Some(rest) if rest.is_empty() || rest.starts_with('.') => format!("{kind}{rest}"),
            _ => expression.to_owned(),
        },
        None => expression.to_owned(),
    }
}

/// The locks held when the last of `lines` runs.
fn held(lines: &[&str], offset: usize, receiver: Option<(&str, &str, bool)>) -> Vec<Held> {
    let mut held: Vec<(Held, usize)> = Vec::new();
    // Unlocked inside a branch: held again once the branch, which returned, is left.
    let mut suspended: Vec<(Held, usize, usize)> = Vec::new();
    let mut outside: Vec<(usize, Vec<(Held, usize)>)> = Vec::new();
    let mut depth = 0usize;
    for (at, line) in lines.iter().enumerate() {
        let code = line.split("//").next().unwrap_or("");
        if code.contains("go func(") {
            outside.push((depth, std::mem::take(&mut held)));
        }
        for statement in code.split([';', '{', '}']) {
            let statement = statement.trim();
            for (call, read) in [(".Lock()", false), (".RLock()", true)] {
                if let Some(lock) = statement.strip_suffix(call) {
                    let lock = Held {
                        lock: normal(lock, receiver),
                        read,
                        line: (offset + at) as u32 + 1,
                        text: crate::text::cut(line.trim(), 160).to_owned(),
                    };
                    held.push((lock, depth));
                }
            }
            let unlocked = statement.strip_suffix(".Unlock()").or_else(|| statement.strip_suffix(".RUnlock()"));
            if let Some(lock) = unlocked.filter(|_| !statement.starts_with("defer ")) {
                let lock = normal(lock, receiver);
                if let Some(found) = held.iter().rposition(|(held, _)| held.lock == lock) {
                    let (lock, taken_at) = held.remove(found);
                    if depth > taken_at {
                        suspended.push((lock, taken_at, depth));
                    }
                }
            }
        }
        depth = (depth + code.matches('{').count()).saturating_sub(code.matches('}').count());
        while outside.last().is_some_and(|&(start, _)| depth <= start && !code.contains("go func(")) {
            held = outside.pop().map(|(_, held)| held).unwrap_or_default();
        }
        while let Some(at) = suspended.iter().position(|&(_, _, branch)| depth < branch) {
            let (lock, taken_at, _) = suspended.remove(at);
            held.push((lock, taken_at));
        }
    }
    held.into_iter().map(|(held, _)| held).collect()
}

/// The map that a line of code touches: `range M`, `delete(M, …)`, `M[…]`.
fn map_expression(line: &str) -> Option<&str> {
    let code = line.split("//").next().unwrap_or("");
    for word in ["range ", "delete(", "clear(", "maps.Clone(", "maps.Copy(", "len("] {
        if let Some(at) = code.find(word) {
            let rest = &code[at + word.len()..];
            let end = rest.find(|c: char| !is_path(c)).unwrap_or(rest.len());
            let expression = rest[..end].trim_end_matches('.');
            if !expression.is_empty() && !expression.starts_with(|c: char| c.is_ascii_digit()) {
                return Some(expression);
            }
        }
    }
    for (at, _) in code.match_indices('[') {
        let before = &code[..at];
        let start = before
            .rfind(|c: char| !is_path(c))
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let expression = before[start..].trim_start_matches('.');
        if !expression.is_empty() && !matches!(expression, "map" | "make" | "func" | "return") {
            return Some(expression);
        }
    }
    None
}

fn is_path(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

/// A `return` of the map itself in a method of its type.
fn returned(lines: &[&str], map: &str) -> Option<(u32, String, String)> {
    let mut current = None;
    let mut method = "";
    for (at, line) in lines.iter().enumerate() {
        if line.starts_with("func ") {
            current = receiver(line);
            let after = line.find(") ").map_or("", |at| &line[at + 2..]);
            method = &after[..after.find('(').unwrap_or(0)];
        }
        let code = line.split("//").next().unwrap_or("");
        let Some(start) = code.find("return ") else {
            continue;
        };
        let value = code[start + "return ".len()..].trim().trim_end_matches('}').trim();
        if normal(value, current) == map && current.is_some() {
            return Some((at as u32 + 1, line.trim().to_owned(), method.to_owned()));
        }
    }
    None
}

/// Whether the `go` statement at `place` stands in a loop; the loop's line and text.
pub(crate) fn loop_around(lookup: &dyn SourceLookup, place: &Place) -> Option<(u32, String)> {
    let text = lookup.source(&place.file)?;
    let lines: Vec<&str> = text.lines().collect();
    let at = (place.line as usize).checked_sub(1).filter(|&at| at < lines.len())?;
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut level = indent(lines[at]);
    for line in (0..at).rev() {
        let (text, code) = (lines[line], lines[line].trim());
        if text.starts_with("func ") {
            return None;
        }
        if !code.is_empty() && indent(text) < level {
            level = indent(text);
            if code.starts_with("for ") && code.ends_with('{') {
                return Some((line as u32 + 1, code.to_owned()));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One(&'static str);
    impl SourceLookup for One {
        fn source(&self, _: &str) -> Option<String> {
            Some(self.0.to_owned())
        }
    }

    const CODE: &str = "package a

func (c *Cache) Get(k string) int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.m[k]
}

func (c *Cache) All() map[string]int { return c.m }

func (c *Cache) Put(k string) {
	c.mu.Lock()
	if k == \"\" {
		c.mu.Unlock()
		return
	}
	c.m[k] = 1
	c.mu.Unlock()
	c.m[k] = 2
	c.mu.Lock()
	go func() {
		delete(c.m, k)
	}()
}
";

    fn at(function: &str, line: u32) -> Site {
        let place = Place { function: format!("a.(*Cache).{function}"), file: "a.go".into(), line };
        site(&One(CODE), &place).unwrap()
    }

    #[test]
    fn locks_are_followed_through_branches_and_goroutines() {
        let get = at("Get", 6);
        assert_eq!((get.held.len(), get.held[0].read, get.map.as_deref()), (1, true, Some("Cache.m")));
        assert_eq!(get.held[0].lock, "Cache.mu");
        assert_eq!(at("Put", 17).held.len(), 1);
        assert!(at("Put", 19).held.is_empty());
        assert!(at("Put", 22).held.is_empty());
        assert_eq!(at("Put", 22).returned.map(|(line, ..)| line), Some(9));
    }

    #[test]
    fn a_line_beyond_the_file_or_another_function_is_no_site() {
        let place = |function: &str, line| Place { function: function.into(), file: "a.go".into(), line };
        assert!(site(&One(CODE), &place("a.(*Cache).Get", 99)).is_none());
        assert!(site(&One(CODE), &place("a.(*Cache).Other", 6)).is_none());
    }
}
