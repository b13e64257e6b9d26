//! The two lines of a stack frame, found from their *ends*: whatever a logger put before them
//! does not matter.
//!
//! A function line ends in `symbol(arguments)`, a file line in `path:line +0xoffset`; neither
//! needs its indentation.

use memchr::{memchr, memmem};

use crate::symbol;
use crate::text::last_word;

/// `symbol(arguments)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FunctionLine<'a> {
    pub(crate) symbol: &'a str,
    pub(crate) arguments: &'a str,
}

/// `path:line`, with or without an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileLine<'a> {
    pub(crate) path: &'a str,
    pub(crate) line: u32,
    pub(crate) offset: bool,
}

/// Removes what viewers and quoting leave at the end of a line.
pub(crate) fn trim_tail(line: &str) -> &str {
    let junk = |c: char| c.is_whitespace() || matches!(c, '`' | '"' | '\'' | ',');
    let mut text = line.trim_end_matches(junk);
    while let Some(rest) = text.strip_suffix(" -").or_else(|| text.strip_suffix("\\n")) {
        text = rest.trim_end_matches(junk);
    }
    text
}

/// Cuts what people write behind a frame: `<-- here`, `// the write`, `[[[ reads it ]]]`.
fn without_remark(line: &str) -> &str {
    const MARKS: &[&str] = &["<-", "//", "[[", "<=", "#", "\u{2190}"];
    let offset = memmem::find(line.as_bytes(), b" +0x").unwrap_or(line.len());
    let mut blank = true;
    let end = line.bytes().enumerate().find_map(|(at, byte)| {
        let first = !std::mem::replace(&mut blank, byte == b' ') && byte == b' ';
        let complete = first && (at > offset || line[..at].ends_with(')'));
        let remark = || line[at..].trim_start();
        (complete && MARKS.iter().any(|mark| remark().starts_with(mark))).then_some(at)
    });
    end.map_or(line, |at| &line[..at])
}

/// Reads the function line at the end of `line`.
pub(crate) fn function_line(line: &str) -> Option<FunctionLine<'_>> {
    let inner = trim_tail(without_remark(line)).strip_suffix(')')?;
    let open = opening(inner)?;
    let arguments = &inner[open + 1..];
    if !is_arguments(arguments) {
        return None;
    }
    let symbol = symbol_at_end(&inner[..open])?;
    Some(FunctionLine { symbol, arguments })
}

/// Position of the parenthesis that opens the last group; arguments never nest parentheses.
fn opening(inner: &str) -> Option<usize> {
    let open = inner.rfind('(')?;
    (!inner[open..].contains(')')).then_some(open)
}

/// Whether `text` could be the arguments of a frame: hexadecimal words, braces (which some CI
/// services mask as `***`), dots.
pub(crate) fn is_arguments(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_hexdigit() || b"x, ?{}._*".contains(&b);
    text.bytes().all(allowed)
        && (text.is_empty()
            || text.contains("0x")
            || text.contains("...")
            || text.bytes().all(|b| b"{}_, *".contains(&b)))
}

/// The longest Go symbol that ends `text`.
pub(crate) fn symbol_at_end(text: &str) -> Option<&str> {
    let mut depth = 0usize;
    let mut start = text.len();
    for (at, c) in text.char_indices().rev() {
        match c {
            ']' => depth += 1,
            '[' if depth == 0 => break,
            '[' => depth -= 1,
            _ if depth > 0 => {}
            '(' | ')' | '*' | '.' | '/' | '_' | '-' | '%' | '\u{b7}' | '~' | '@' | '+' | '$' => {}
            c if c.is_alphanumeric() => {}
            _ => break,
        }
        start = at;
    }
    if depth > 0 {
        return None;
    }
    let mut symbol = &text[start..];
    // `[INFO]main.f`: a leading bracket group belongs to the logger.
    while let Some(inner) = symbol.strip_prefix('[') {
        symbol = &inner[symbol::closing(inner, b'[', b']')? + 1..];
    }
    let symbol = symbol.trim_start_matches(['-', '+', '*', '%', '@', ')', '$', '/']);
    is_symbol(symbol).then_some(symbol)
}

fn is_symbol(symbol: &str) -> bool {
    let Some(parsed) = symbol::parse(symbol) else {
        return false;
    };
    let last = parsed.package.rsplit('/').next().unwrap_or("");
    let word = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '%' | '$' | '~'))
    };
    let name = parsed.name;
    word(last)
        && last.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && (word(name) || name.starts_with('(') || (name.is_empty() && symbol.contains('\u{b7}')))
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && parsed.receiver.is_none_or(word)
        && symbol.matches('(').count() == symbol.matches(')').count()
}

/// Reads the file line at the end of `line`.
pub(crate) fn file_line(line: &str) -> Option<FileLine<'_>> {
    let mut rest = trim_tail(without_remark(line));
    if memchr(b'=', rest.as_bytes()).is_some() {
        for field in [" pc=", " sp=", " fp="] {
            rest = without_field(rest, field);
        }
    }
    let before = rest.len();
    rest = without_field(rest, " +");
    let offset = rest.len() != before;
    let colon = rest.rfind(':')?;
    let number = &rest[colon + 1..];
    if number.len() > 8 {
        return None;
    }
    let line_number: u32 = number.parse().ok()?;
    let (lead, path) = split_path(&rest[..colon])?;
    let sure = offset
        || lead.is_empty()
        || lead.ends_with(['\t', '|', '>'])
        || lead.ends_with("  ")
        || lead.ends_with(": ")
        || lead.ends_with("| ")
        || lead.ends_with("> ")
        || lead.ends_with("] ")
        || path.starts_with('/')
        || is_drive(path);
    sure.then_some(FileLine { path, line: line_number, offset })
}

/// Cuts a trailing ` name=0xHEX` or ` +0xHEX`; the number may be cut short.
fn without_field<'a>(text: &'a str, field: &str) -> &'a str {
    let Some(at) = memmem::rfind(text.as_bytes(), field.as_bytes()) else {
        return text;
    };
    let value = &text[at + field.len()..];
    let value = value.strip_prefix("0x").or_else(|| value.strip_prefix('0')).unwrap_or(value);
    if value.bytes().all(|b| b.is_ascii_hexdigit()) { text[..at].trim_end() } else { text }
}

const EXTENSIONS: &[&str] = &[".go", ".s", ".S", ".c", ".cc", ".cpp", ".h", ".y", ".rl", ".m"];

/// Splits `text` into what a logger wrote and the path that ends it.
fn split_path(text: &str) -> Option<(&str, &str)> {
    let known = EXTENSIONS.iter().any(|end| text.ends_with(end));
    if text.ends_with("<autogenerated>") {
        return Some(text.split_at(text.len() - "<autogenerated>".len()));
    }
    if !known {
        return None;
    }
    let start = path_start(text);
    let (lead, path) = text.split_at(start);
    (!path.is_empty() && path.len() > 2).then_some((lead, path))
}

fn path_start(text: &str) -> usize {
    let after_tab = text.rfind('\t').map_or(0, |tab| tab + 1);
    let text_after = &text[after_tab..];
    let indent = text_after.len() - text_after.trim_start().len();
    let start = after_tab + indent;
    let body = &text[start..];
    if is_drive(body) || (!body.contains(char::is_whitespace) && body.starts_with('/')) {
        return start;
    }
    if let Some(drive) = find_drive(body) {
        return start + drive;
    }
    if !body.contains(char::is_whitespace) {
        let glued = body.rfind(['"', '\'', '|', '>', '=', '`', '(']).map_or(0, |at| at + 1);
        return start + if body.starts_with('<') { 0 } else { glued };
    }
    if body.starts_with('/') {
        return start;
    }
    // ` /usr/local/...`: an absolute path may itself contain blanks.
    let absolute = body.match_indices(" /").find(|(at, _)| {
        body[at + 2..].starts_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '~'))
    });
    let at = match absolute {
        Some((at, _)) => at + 1,
        None => last_word(body),
    };
    start + at
}

fn is_drive(path: &str) -> bool {
    let bytes = path.as_bytes();
    bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && matches!(bytes[2], b'/' | b'\\')
}

fn find_drive(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    (1..bytes.len())
        .find(|&at| !bytes[at - 1].is_ascii_alphanumeric() && text.is_char_boundary(at) && is_drive(&text[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(line: &str) -> Option<&str> {
        function_line(line).map(|found| found.symbol)
    }

    #[test]
    fn functions_are_found_behind_any_prefix() {
        for (line, symbol) in [
            ("main.(*Cache).Iter(0x4e7440?)", "main.(*Cache).Iter"),
            ("  main.main.func4()", "main.main.func4"),
            ("Nov 04 23:11:39 host kubelet[2170]: k8s.io/a/b.Map.Add(...)", "k8s.io/a/b.Map.Add"),
            ("[INFO]main.f(0x1, {0x2?, 0x3}, 0x4)", "main.f"),
            ("msg=main.f()\"", "main.f"),
            ("main.f(***0x1?, 0x2***, 0x3)", "main.f"),
            ("  main.(*T).f()   [[[ reads it ]]]", "main.(*T).f"),
            ("a.b/c.(*enc).(a.b/c.encode)-fm(0x1)", "a.b/c.(*enc).(a.b/c.encode)-fm"),
            ("a.b/c.(*S).start\u{b7}dwrap\u{b7}3()", "a.b/c.(*S).start\u{b7}dwrap\u{b7}3"),
            ("main.put[go.shape.struct { a/b.X int }](0x1)", "main.put[go.shape.struct { a/b.X int }]"),
            ("maps.Clone[...](...)", "maps.Clone[...]"),
            ("main.func\u{b7}001(0xc82, 0x1)", "main.func\u{b7}001"),
            ("August 3rd 2017, 19:28:27.000\tmain.f(0x1)  - ", "main.f"),
        ] {
            assert_eq!(function(line), Some(symbol), "{line}");
        }
    }

    #[test]
    fn prose_is_not_a_function() {
        for line in ["call foo()", "sync(done)", "took 3.5s (0x1)", "v1.2 (...)", "see x.y(abc z)", "a.b("] {
            assert_eq!(function(line), None, "{line}");
        }
    }

    #[test]
    fn files_are_found_behind_any_prefix() {
        for (line, path, number) in [
            ("\t/app/main.go:34 +0x58", "/app/main.go", 34),
            ("/app/main.go:34 +0x58 fp=0xc0000427a0 sp=0xc000042710 pc=0x47a8b8", "/app/main.go", 34),
            ("\t/app/main.go:34 +0x58 fp=0xc0000427a0 sp=0xc0", "/app/main.go", 34),
            ("   C:/Program Files/Go/src/runtime/map.go:7 +0x0", "C:/Program Files/Go/src/runtime/map.go", 7),
            ("x | C:/a b/c.go:7 +0x0", "C:/a b/c.go", 7),
            ("12:00 host p[1]:         k8s.io/x/map.go:36", "k8s.io/x/map.go", 36),
            ("host p[1]: /usr/go src/map.go:36", "/usr/go src/map.go", 36),
            ("\t<autogenerated>:1 +0x3", "<autogenerated>", 1),
            ("150 | runtime/panic.go:12 +0x1", "runtime/panic.go", 12),
            ("\"/app/main.go:3 +0x", "/app/main.go", 3),
            ("\t/app/main.go:3 +0x1  <-- here", "/app/main.go", 3),
        ] {
            let found = file_line(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((found.path, found.line), (path, number), "{line}");
        }
    }

    #[test]
    fn a_log_line_that_ends_in_a_caller_is_not_a_file_line() {
        assert_eq!(file_line("x\u{85}o.go:89 +0x1").map(|found| found.path), Some("o.go"));
        for line in ["failed at main.go:12", "time 12:30", "host:8080", "a.go:999999999 +0x1"] {
            assert_eq!(file_line(line), None, "{line}");
        }
    }
}
