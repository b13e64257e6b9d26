//! Standard output and standard error: what they can show, and what is said to them.

use std::io::{self, ErrorKind, IsTerminal, Write};

use mapwise_report::text::Style;

use crate::args::Color;
use crate::failure::Failure;

/// Text narrower than this is wrapped no further.
const NARROWEST: usize = 20;

/// How to write text to standard output.
pub(crate) fn style(color: Color) -> Style<'static> {
    let style = Style::plain().color(match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb(),
    });
    match columns() {
        Some(columns) => style.width(columns.max(NARROWEST)),
        None => style,
    }
}

/// The width that was asked for, or that of the terminal.
fn columns() -> Option<usize> {
    let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    asked.or_else(|| terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0.into()))
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Prints results. A reader that has seen enough is no error.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::new(
            format_args!("cannot write the results: {error}"),
            "check that there is room where they are written to",
        )),
        _ => Ok(()),
    }
}

/// Says something that is no result. Nobody listening is no error either.
pub(crate) fn say(text: &str) {
    let mut err = io::stderr().lock();
    let _ = writeln!(err, "{text}");
}
