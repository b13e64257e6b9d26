//! A picture of a terminal: real output, drawn as SVG for a README.

use std::fmt::Write as _;

use maud::{Markup, html};
use unicode_width::UnicodeWidthChar;

const CELL: f64 = 8.4;
const LINE: f64 = 19.0;
const MARGIN: f64 = 20.0;
const TITLE: f64 = 34.0;

/// One stretch of text in one style.
#[derive(Clone, Default, PartialEq)]
struct Pen {
    bold: bool,
    dim: bool,
    color: Option<u8>,
}

/// Draws terminal output, with its colors, as a dark card.
///
/// Knows the escape sequences for bold, dim and the sixteen named foreground colors, and drops all others.
#[must_use]
pub fn svg_terminal(output: &str) -> String {
    let lines: Vec<Vec<(Pen, usize, String)>> = pieces(output);
    let columns = lines.iter().filter_map(|line| line.last()).map(|(_, at, text)| at + wide(text)).max().unwrap_or(0);
    let (width, height) = (columns as f64 * CELL + 2.0 * MARGIN, lines.len() as f64 * LINE + TITLE + MARGIN);
    let picture = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (width.ceil()) " " (height.ceil()) }
            width=(width.ceil()) height=(height.ceil()) role="img"
            font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" {
            title { "Terminal output" }
            rect width="100%" height="100%" rx="10" fill="#16191f" {}
            @for (index, color) in ["#ff5f57", "#febc2e", "#28c840"].iter().enumerate() {
                circle cx=(MARGIN + index as f64 * 18.0) cy="17" r="5.5" fill=(color) {}
            }
            @for (row, line) in lines.iter().enumerate() {
                @let y = TITLE + (row as f64 + 0.75) * LINE;
                @for (pen, at, text) in line { (piece(pen, *at, text, y)) }
            }
        }
    };
    picture.into_string() + "\n"
}

fn piece(pen: &Pen, at: usize, text: &str, y: f64) -> Markup {
    let x = MARGIN + at as f64 * CELL;
    let fill = ink(pen);
    if let Some(eighths) = text.chars().map(eighths).collect::<Option<Vec<f64>>>() {
        // Blocks as one shape: glyphs of a fallback font would leave gaps.
        let width = eighths.iter().sum::<f64>() / 8.0 * CELL;
        return html! { rect x=(figure(x)) y=(figure(y - 12.5)) width=(figure(width)) height="15" fill=(fill) {} };
    }
    let weight = pen.bold.then_some("bold");
    html! {
        text x=(figure(x)) y=(figure(y)) fill=(fill) font-weight=[weight] xml:space="preserve"
            textLength=(figure(wide(text) as f64 * CELL)) lengthAdjust="spacingAndGlyphs" { (text) }
    }
}

fn ink(pen: &Pen) -> &'static str {
    const NAMED: [&str; 8] = ["#5c6370", "#ff7b72", "#6fdc8c", "#e5c07b", "#6cb6ff", "#d2a8ff", "#76e3ea", "#d7dae0"];
    match pen.color {
        Some(color) => NAMED[usize::from(color) % 8],
        None if pen.dim => "#8b929c",
        None if pen.bold => "#ffffff",
        None => "#d7dae0",
    }
}

/// Lines of styled pieces with their columns; runs of spaces and of blocks are pieces of their own.
fn pieces(output: &str) -> Vec<Vec<(Pen, usize, String)>> {
    let mut pen = Pen::default();
    output
        .lines()
        .map(|line| {
            let mut out: Vec<(Pen, usize, String)> = Vec::new();
            let mut column = 0;
            let mut chars = line.chars().peekable();
            while let Some(c) = chars.next() {
                if c == '\u{1b}' {
                    if chars.next_if_eq(&'[').is_some() {
                        let code: String = std::iter::from_fn(|| chars.next_if(|c| !c.is_ascii_alphabetic())).collect();
                        if chars.next() == Some('m') {
                            pen.apply(&code);
                        }
                    }
                    if chars.next_if_eq(&']').is_some() {
                        chars.find(|c| *c == '\u{7}');
                    }
                    continue;
                }
                if c.is_control() {
                    continue;
                }
                let kind = |c: char| (c == ' ', eighths(c).is_some());
                match out.last_mut() {
                    Some((known, _, text)) if *known == pen && text.chars().last().map(kind) == Some(kind(c)) => {
                        text.push(c)
                    }
                    _ => out.push((pen.clone(), column, c.to_string())),
                }
                column += c.width().unwrap_or(0);
            }
            out.retain(|(_, _, text)| !text.trim().is_empty());
            out
        })
        .collect()
}

impl Pen {
    fn apply(&mut self, codes: &str) {
        for code in codes.split(';') {
            match code.parse::<u8>().unwrap_or(0) {
                0 => *self = Pen::default(),
                1 => self.bold = true,
                2 => self.dim = true,
                22 => (self.bold, self.dim) = (false, false),
                code @ (30..=37 | 90..=97) => self.color = Some(code % 10),
                39 => self.color = None,
                _ => {}
            }
        }
    }
}

/// How much of its cell a block fills from the left.
fn eighths(c: char) -> Option<f64> {
    ('\u{2588}'..='\u{258f}').contains(&c).then(|| f64::from(8 - (u32::from(c) - 0x2588)))
}

fn wide(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

fn figure(value: f64) -> String {
    let mut out = String::new();
    write!(out, "{value:.1}").expect("a String takes everything");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_become_fills_and_markup_is_escaped() {
        let picture = svg_terminal("\u{1b}[1;32mTake <b>\u{1b}[0m it\n\u{1b}]0;title\u{7}██▌\n");
        assert!(picture.contains("fill=\"#6fdc8c\" font-weight=\"bold\""), "{picture}");
        assert!(picture.contains("&lt;b&gt;") && !picture.contains('\u{1b}'), "{picture}");
        assert!(picture.contains("width=\"21.0\""), "two and a half cells: {picture}");
    }
}
