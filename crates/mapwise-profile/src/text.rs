//! Text of the program made harmless: nothing in it moves a cursor, hides or reorders its surroundings.
//!
//! Escaping for a format comes afterwards and is its writer's business.

use std::fmt::Write as _;

use crate::map::Site;

/// `text` in at most `most` characters, with line breaks as spaces and every invisible or reordering character spelled
/// out.
#[must_use]
pub fn plain(text: &str, most: usize) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            c if is_hidden(c) => write!(out, "\\u{{{:x}}}", u32::from(c)).expect("a String takes everything"),
            c => out.push(c),
        }
        // Four bytes at most make a character.
        if out.len() > most.saturating_mul(4) {
            break;
        }
    }
    if let Some((end, _)) = out.char_indices().nth(most) {
        let last = out[..end].char_indices().next_back().map_or(0, |(at, _)| at);
        out.truncate(last);
        out.push('…');
    }
    out
}

/// `function (file:line)` in words, as far as it is known.
#[must_use]
pub fn site(site: &Site) -> String {
    let file = file_name(&site.file);
    match (site.function.is_empty(), site.line) {
        _ if site.file.is_empty() && site.function.is_empty() => "unknown".to_owned(),
        _ if site.file.is_empty() => site.function.clone(),
        (true, 0) => file.to_owned(),
        (true, line) => format!("{file}:{line}"),
        (false, 0) => format!("{} ({file})", site.function),
        (false, line) => format!("{} ({file}:{line})", site.function),
    }
}

/// The last two parts of a path: enough to find it, short enough to show.
fn file_name(path: &str) -> &str {
    let mut slashes = path.rmatch_indices(['/', '\\']);
    slashes.nth(1).map_or(path, |(at, _)| &path[at + 1..])
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_spelled_out() {
        assert_eq!(plain("a\u{1b}[1m\u{202e}b\nc", 99), "a\\u{1b}[1m\\u{202e}b c");
    }

    #[test]
    fn a_cut_text_says_so_and_fits() {
        assert_eq!(plain("abcdef", 6), "abcdef");
        assert_eq!(plain("abcdefg", 6), "abcde…");
        for most in 1..12 {
            assert!(plain("ab\u{1b}cd\u{202e}ef", most).chars().count() <= most, "{most}");
        }
    }

    #[test]
    fn a_site_shows_what_is_known() {
        let at = |function: &str, file: &str, line| site(&Site { function: function.into(), file: file.into(), line });
        assert_eq!(at("app::bump", "/home/a/src/main.rs", 7), "app::bump (src/main.rs:7)");
        assert_eq!(at("", "main.rs", 7), "main.rs:7");
        assert_eq!(at("", "", 0), "unknown");
    }
}
