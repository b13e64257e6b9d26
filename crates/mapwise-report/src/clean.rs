//! Text from a run file made harmless: nothing in it moves the cursor, hides or reorders its surroundings.
//!
//! Escaping for the output format comes afterwards and is the writer's business.

use mapwise_profile::text::plain;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The longest text that is taken from a file, in characters; the rest is cut with an ellipsis.
const LONGEST: usize = 2000;

/// Returns `text` with line breaks as spaces and every invisible or reordering character spelled out.
///
/// The result has at most 2000 characters and can be printed on a terminal whatever was in the file.
pub fn clean(text: &str) -> String {
    plain(text, LONGEST)
}

/// Columns that `text` takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// `text` in at most `columns`, with an ellipsis where something was cut.
pub(crate) fn shorten(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        out.push(c);
    }
    out.push('…');
    out
}

/// `text` broken between words into lines of at most `columns`, the later ones indented.
///
/// A figure stays with its unit. A word longer than a line stays whole: cutting a path or a command
/// would make it useless.
pub(crate) fn wrap(text: &str, columns: Option<usize>, indent: usize) -> String {
    let Some(columns) = columns else {
        return text.to_owned();
    };
    let mut out = String::new();
    let mut used = 0;
    for word in figures_with_units(text) {
        let wide = width(&word);
        if used > 0 && used + 1 + wide > columns {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            used = indent;
        } else if !out.is_empty() {
            out.push(' ');
            used += 1;
        }
        out.push_str(&word);
        used += wide;
    }
    out
}

/// The words of `text`; a word that ends with a digit takes a following unit along.
fn figures_with_units(text: &str) -> Vec<String> {
    const UNITS: [&str; 11] = ["%", "ns", "µs", "ms", "s", "B", "KiB", "op/s", "kop/s", "Mop/s", "Gop/s"];
    let mut out: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let unit = word.trim_end_matches([',', ';', '.', ':', ')']);
        match out.last_mut() {
            Some(figure) if UNITS.contains(&unit) && figure.ends_with(|c: char| c.is_ascii_digit()) => {
                figure.push(' ');
                figure.push_str(word);
            }
            _ => out.push(word.to_owned()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_reordering_characters_are_spelled_out() {
        assert_eq!(clean("a\u{1b}[31mb\u{202e}c\nd\0"), "a\\u{1b}[31mb\\u{202e}c d\\u{0}");
        assert_eq!(clean("RwLock<HashMap> µ é 表"), "RwLock<HashMap> µ é 表");
    }

    #[test]
    fn endless_text_is_cut() {
        assert_eq!(clean(&"x".repeat(5000)).chars().count(), LONGEST);
    }

    #[test]
    fn shortened_text_fits_even_with_wide_characters() {
        assert_eq!(shorten("ShardedMap", 6), "Shard…");
        assert_eq!(width(&shorten("表表表表", 6)), 5);
        assert_eq!(shorten("short", 6), "short");
    }

    #[test]
    fn prose_breaks_between_words() {
        assert_eq!(wrap("one two three", Some(8), 2), "one two\n  three");
        assert_eq!(wrap("one two three", None, 2), "one two three");
        assert_eq!(wrap("p99 is 4.1 µs, max", Some(11), 0), "p99 is\n4.1 µs, max");
    }
}
