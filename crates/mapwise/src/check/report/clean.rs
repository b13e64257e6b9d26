//! Text from outside, made fit to print: names of maps, threads and functions, files, keys.
//!
//! - **one-line**: nothing that is cleaned can end a line, steer a terminal or turn the direction of writing, so it can
//!   forge no line of a report, whatever the format.

use std::fmt::Write;

/// `text` without anything that is not plainly visible, at most `most` characters of it.
pub(crate) fn line(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most));
    for (count, char) in text.chars().enumerate() {
        if count == most {
            out.push('…');
            break;
        }
        if hidden(char) {
            let _ = write!(out, "{}", char.escape_unicode());
        } else {
            out.push(char);
        }
    }
    out
}

/// Whether a character acts on what stands around it, and does not show itself.
fn hidden(char: char) -> bool {
    let acts = matches!(char,
        // Soft hyphen, zero width, marks and overrides of direction, line and paragraph separators.
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        // Byte order mark, interlinear annotations, tags.
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        // No characters at all; XML has no way to write them.
        | '\u{fffe}' | '\u{ffff}');
    acts || char.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_shown_and_what_shows_is_kept() {
        assert_eq!(line("a\nb\u{1b}[2J\u{202e}c", 99), "a\\u{a}b\\u{1b}[2J\\u{202e}c");
        assert_eq!(line("größe 漢字 🦀", 99), "größe 漢字 🦀");
        assert_eq!(line("abcdef", 3), "abc…");
        assert_eq!(line("abc", 3), "abc");
    }
}
