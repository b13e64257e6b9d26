//! Text repairs that need one line only: colour codes, escapes, quoting marks.

use std::borrow::Cow;

use memchr::{memchr, memmem};

/// Removes ANSI colour codes and carriage returns, and turns `#011`-style tabs into tabs.
pub(crate) fn clean(line: &str) -> Cow<'_, str> {
    let mut line = Cow::Borrowed(line.trim_end_matches(['\r', '\n']));
    if !line.bytes().any(|b| matches!(b, b'#' | b'^' | b'&' | b'\r' | 0x1b)) {
        return line;
    }
    if line.contains("#0") {
        line = Cow::Owned(line.replace("#011", "\t").replace("#033", "\x1b").replace("#015", ""));
    }
    if memchr(0x1b, line.as_bytes()).is_some() || line.contains('\r') {
        line = Cow::Owned(without_ansi(&line));
    }
    if line.contains("^[[") {
        line = Cow::Owned(without_ansi(&line.replace("^[[", "\x1b[")));
    }
    if line.contains("^I") {
        line = Cow::Owned(line.replace("^I", "\t"));
    }
    if line.contains("&lt;") || line.contains("&gt;") || line.contains("&#") {
        line = Cow::Owned(line.replace("&lt;", "<").replace("&gt;", ">").replace("&#34;", "\"").replace("&#9;", "\t"));
    }
    line
}

fn without_ansi(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => match chars.next() {
                Some('[') => {
                    // A control sequence ends at its first byte in @..~.
                    while chars.next_if(|c| !('@'..='~').contains(c)).is_some() {}
                    chars.next();
                }
                Some(']') => while chars.next().is_some_and(|c| c != '\x07') {},
                _ => {}
            },
            '\r' => {}
            c => out.push(c),
        }
    }
    out
}

/// Whether `line` carries the escapes of a traceback (`\n\t`, `\n\n`, `\ngoroutine`, `"\t`).
pub(crate) fn has_escaped_breaks(line: &str) -> bool {
    if memchr(b'\\', line.as_bytes()).is_none() {
        return false;
    }
    ["\"\\t", "{\\\"", "\\n\\t", "\\n\\n", "\\ngoroutine", "\\n  ", "\\ncreated by", "\\nmain.", "\\nWARNING"]
        .iter()
        .any(|mark| memmem::find(line.as_bytes(), mark.as_bytes()).is_some())
}

/// Undoes the escapes of JSON, Go's `%q` and C, once; stops at an unescaped quote if `quoted`.
///
/// Returns the text and how many bytes of `escaped` it took.
pub(crate) fn unescape(escaped: &str, quoted: bool) -> (String, usize) {
    let mut out = String::with_capacity(escaped.len());
    let mut chars = escaped.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' if quoted => return (out, at),
            '\\' => match chars.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((_, 'r')) => {}
                Some((_, 'e')) => out.push('\x1b'),
                Some((_, 'u')) => {
                    let hex: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                    let code = u32::from_str_radix(&hex, 16).ok();
                    out.push(code.and_then(char::from_u32).unwrap_or('\u{fffd}'));
                }
                Some((_, 'x')) => {
                    let hex: String = chars.by_ref().take(2).map(|(_, c)| c).collect();
                    let code = u8::from_str_radix(&hex, 16).ok();
                    out.push(code.map_or('\u{fffd}', char::from));
                }
                Some((_, other)) => out.push(other),
                None => {}
            },
            c => out.push(c),
        }
    }
    (out, escaped.len())
}

/// Where the last blank-free word of `text` starts; blanks may be several bytes long.
pub(crate) fn last_word(text: &str) -> usize {
    let blank = text.char_indices().rev().find(|(_, c)| c.is_whitespace());
    blank.map_or(0, |(at, c)| at + c.len_utf8())
}

/// Cuts `text` to at most `limit` bytes at a character boundary.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_carriage_returns_and_octal_tabs_go() {
        assert_eq!(clean("\x1b[31;1mred\x1b[0m text\r"), "red text");
        assert_eq!(clean("#011/app/main.go:1"), "\t/app/main.go:1");
        assert_eq!(clean("plain"), "plain");
        assert_eq!(clean("\x1b["), "");
    }

    #[test]
    fn blanks_of_several_bytes_end_a_word_too() {
        assert_eq!(last_word("a\u{85}\u{2003}b"), 6);
        assert_eq!(last_word("word"), 0);
    }

    #[test]
    fn escapes_are_undone_up_to_the_closing_quote() {
        assert_eq!(unescape("a\\n\\tb\\u003c\" rest", true), ("a\n\tb<".to_owned(), 12));
        assert_eq!(unescape("cut\\", true), ("cut".to_owned(), 4));
    }
}
