//! A stretch of log near something of Go's, and the repairs that need neighboring lines: streams
//! taken apart, wrapped lines joined, reversed logs turned round.

use memchr::memmem;

use crate::symbol;
use crate::token::{self, Token};

/// One plain line with its number in the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) number: u64,
    pub(crate) text: String,
    /// Index into the streams of the excerpt's owner.
    pub(crate) stream: usize,
    pub(crate) test: Option<String>,
}

/// How many lines a wrapped line may have been broken into.
const MAX_PIECES: usize = 5;
/// A line longer than this was not wrapped by a terminal.
const MAX_WRAPPED: usize = 2_000;

/// Joins lines that a terminal broke and turns a newest-first excerpt round.
pub(crate) fn repair(lines: Vec<Line>) -> Vec<Line> {
    let mut lines = join_wrapped(lines);
    let mut kinds: Vec<Shape> = lines.iter().map(|line| shape(&line.text)).collect();
    if is_reversed(&kinds) {
        lines.reverse();
        lines = join_wrapped(lines);
        kinds = lines.iter().map(|line| shape(&line.text)).collect();
    }
    swap_headers(&mut lines, &kinds);
    lines
}

/// As much of a line's meaning as the repairs need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Blank,
    Header,
    Throw,
    MapCall,
    Call,
    Creator,
    File,
    Other,
}

fn shape(text: &str) -> Shape {
    match token::read(text) {
        Token::Blank => Shape::Blank,
        Token::Goroutine { .. } | Token::RaceAccess { .. } | Token::RaceThread { .. } => Shape::Header,
        Token::Function(call) if symbol::is_throw(call.symbol) => Shape::Throw,
        Token::Function(call) if symbol::map_operation(call.symbol).is_some() => Shape::MapCall,
        Token::Function(_) => Shape::Call,
        Token::Created { .. } => Shape::Creator,
        Token::File(_) => Shape::File,
        _ => Shape::Other,
    }
}

/// Joins broken lines; a join must turn two meaningless halves into something of Go's.
fn join_wrapped(mut lines: Vec<Line>) -> Vec<Line> {
    let mut out: Vec<Line> = Vec::with_capacity(lines.len());
    let mut at = 0;
    while at < lines.len() {
        let joined = may_be_broken(&lines[at].text).then(|| broken_into(&lines[at..])).flatten();
        let mut line = std::mem::take(&mut lines[at]);
        let mut pieces = 1;
        if let Some(joined) = joined {
            (line.text, pieces) = (joined.text, joined.pieces);
        }
        out.push(line);
        at += pieces;
    }
    out
}

fn may_be_broken(text: &str) -> bool {
    text.len() <= MAX_WRAPPED
        && match token::read(text) {
            Token::Other | Token::File(_) => true,
            Token::Created { by, .. } => by.is_none(),
            _ => false,
        }
}

/// A line put together, and of how many pieces.
struct Joined {
    pieces: usize,
    text: String,
}

/// The lines from the first on that make up one line of Go's.
fn broken_into(lines: &[Line]) -> Option<Joined> {
    let first = token::read(&lines[0].text);
    if matches!(&first, Token::File(file) if file.offset) {
        let tail = |piece: &&Line| is_offset_tail(&piece.text);
        let tails = lines[1..].iter().take(MAX_PIECES).take_while(tail).count();
        return (tails > 0).then(|| Joined { pieces: 1 + tails, text: lines[0].text.clone() });
    }
    let mut joined = lines[0].text.clone();
    for (more, piece) in lines.iter().enumerate().take(MAX_PIECES).skip(1) {
        let piece_token = token::read(&piece.text);
        let meaningless = match piece_token {
            Token::Other => !matches!(first, Token::File(_)) || is_offset_tail(&piece.text),
            _ if matches!(first, Token::File(_)) => false,
            // The second half of a path or symbol may look whole.
            Token::File(file) => !file.path.starts_with('/') && starts_flush(&piece.text) && is_stub(&joined),
            Token::Function(_) => starts_flush(&piece.text) && is_stub(&joined),
            _ => false,
        };
        if !meaningless {
            return None;
        }
        // An indented block repeats its indentation on each half.
        let indented = format!("{joined}{}", piece.text.trim_start());
        joined.push_str(&piece.text);
        let is_whole = |text: &str| match (&first, token::read(text)) {
            (Token::Other, Token::File(file)) => file.offset,
            (Token::Other, token) => !matches!(token, Token::Other | Token::Blank),
            (Token::File(before), Token::File(after)) => after.offset && after.path == before.path,
            (Token::Created { .. }, Token::Created { by, .. }) => by.is_some(),
            _ => false,
        };
        for text in [&indented, &joined] {
            if may_end_a_line(text) && is_whole(text) {
                return Some(Joined { pieces: more + 1, text: text.clone() });
            }
        }
    }
    None
}

/// Whether a line of Go's that may be broken could end like this; saves most of the reading.
fn may_end_a_line(text: &str) -> bool {
    let end = text.trim_end_matches(|c: char| !matches!(c, ')' | ':') && !c.is_ascii_hexdigit());
    end.ends_with([')', ':'])
        || memmem::find(text.as_bytes(), b" +0x").is_some()
        || memmem::find(text.as_bytes(), b"created by ").is_some()
}

/// The rest of `+0x1f fp=0x… sp=0x… pc=0x…` after a break somewhere in it.
fn is_offset_tail(text: &str) -> bool {
    let tail = |b: u8| b.is_ascii_digit() || b"abcdefx=+ sp".contains(&b);
    let text = text.trim();
    (1..=80).contains(&text.len()) && !text.contains("==") && text.bytes().all(tail)
}

fn starts_flush(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '(' | '*' | ')'))
}

/// One blank-free word with a slash: the first half of a path or of an import path.
fn is_stub(text: &str) -> bool {
    let word = text.trim();
    !word.is_empty() && word.contains('/') && !word.contains(char::is_whitespace)
}

/// Votes on whether headers follow their stacks instead of preceding them.
fn is_reversed(shapes: &[Shape]) -> bool {
    let shapes: Vec<Shape> = shapes.iter().copied().filter(|shape| *shape != Shape::Blank).collect();
    let call = |at: Option<usize>| {
        let shape = at.and_then(|at| shapes.get(at));
        matches!(shape, Some(Shape::Throw | Shape::MapCall | Shape::Call))
    };
    let (mut forward, mut backward) = (0u32, 0u32);
    for (at, shape) in shapes.iter().enumerate() {
        match shape {
            Shape::Header => {
                forward += u32::from(call(Some(at + 1)));
                backward += u32::from(call(at.checked_sub(1)));
            }
            Shape::Throw => {
                let end = (at + 4).min(shapes.len());
                forward += u32::from(shapes[at + 1..end].contains(&Shape::MapCall));
                backward += u32::from(shapes[at.saturating_sub(3)..at].contains(&Shape::MapCall));
            }
            _ => {}
        }
    }
    backward > forward
}

/// Puts a stack's first function back under its header where two lines changed places.
fn swap_headers(lines: &mut [Line], shapes: &[Shape]) {
    for at in 1..lines.len().saturating_sub(1) {
        if shapes[at] != Shape::Header || shapes[at + 1] != Shape::File {
            continue;
        }
        match shapes[at - 1] {
            // The creator's file slipped below the next header.
            Shape::Creator => lines.swap(at, at + 1),
            Shape::Call | Shape::Throw | Shape::MapCall => lines.swap(at - 1, at),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str) -> Vec<Line> {
        let line =
            |(at, text): (usize, &str)| Line { number: at as u64 + 1, text: text.to_owned(), stream: 0, test: None };
        text.lines().enumerate().map(line).collect()
    }

    fn repaired(text: &str) -> Vec<String> {
        repair(excerpt(text)).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn a_line_broken_inside_its_arguments_is_joined() {
        assert_eq!(repaired("main.f(0x1, 0xc0005f787\n0)"), ["main.f(0x1, 0xc0005f7870)"]);
    }

    #[test]
    fn a_line_broken_inside_its_path_or_number_is_joined() {
        assert_eq!(repaired("\t/app/ma\nin.go:34 +0x5"), ["\t/app/main.go:34 +0x5"]);
        assert_eq!(repaired("\t/app/main.go:1\n23 +0x5"), ["\t/app/main.go:123 +0x5"]);
        assert_eq!(repaired("a.org/b/c.(*Ba\nz).Get(0xc0)"), ["a.org/b/c.(*Baz).Get(0xc0)"]);
    }

    #[test]
    fn an_indented_block_broken_by_a_terminal_is_joined() {
        assert_eq!(repaired("    main.f(0x1, 0x9\n    8, 0x0)"), ["    main.f(0x1, 0x98, 0x0)"]);
        let file = "            /a/x.go:4 +0x9 fp=0xc082b3f550 sp=0xc082b3";
        assert_eq!(repaired(&format!("{file}\n    f538\n    main.g(0x1)")), [file, "    main.g(0x1)"]);
    }

    #[test]
    fn ordinary_lines_are_left_alone() {
        let text = "starting\nlistening on 80\n\tmain.f(0x1)\n\t/app/main.go:3 +0x1\nbye";
        assert_eq!(repaired(text).join("\n"), text);
    }

    #[test]
    fn a_newest_first_excerpt_is_turned_round() {
        let text = "\t/a/x.go:2 +0x1\nmain.g(0x1)\n\t/a/x.go:1 +0x1\nmain.f(0x1)\ngoroutine 1 [running]:";
        assert_eq!(repaired(text)[0], "goroutine 1 [running]:");
    }
}
