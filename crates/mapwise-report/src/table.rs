//! An aligned table for a terminal: drops columns and shortens names until a row fits on one line.

use crate::clean::{shorten, width};

/// Columns stand this far apart.
const GAP: usize = 2;
/// Names are shortened to this before a column that says little is dropped.
const LONG_NAME: usize = 32;
/// Names are shortened to this before a column that says much is dropped.
const SHORT_NAME: usize = 22;
/// Columns that give way this early say little.
const SAYS_LITTLE: u8 = 6;
/// Names are never shortened below this.
const SHORTEST_NAME: usize = 8;
/// A bar narrower than this says nothing.
const SHORTEST_BAR: usize = 8;
/// A bar wider than this says no more.
const LONGEST_BAR: usize = 24;

/// One column of figures.
pub(crate) struct Column {
    pub(crate) head: String,
    pub(crate) unit: String,
    /// Columns with a larger number go first when there is no room; 0 stays.
    pub(crate) drop: u8,
    pub(crate) cells: Vec<String>,
}

impl Column {
    pub(crate) fn new(head: impl Into<String>, unit: impl Into<String>, drop: u8, cells: Vec<String>) -> Column {
        Column { head: head.into(), unit: unit.into(), drop, cells }
    }

    fn width(&self) -> usize {
        let head = width(&self.head).max(width(&self.unit));
        self.cells.iter().map(|cell| width(cell)).max().unwrap_or(0).max(head)
    }
}

/// A table with names at the left, figures, and a bar at the right.
pub(crate) struct Table {
    pub(crate) names: Vec<String>,
    pub(crate) columns: Vec<Column>,
    /// A length between 0 and 1 for each row, or none for a table without bars.
    pub(crate) bars: Vec<f64>,
    /// Whether the bar gives way before the first figure does.
    pub(crate) drop_bar: u8,
}

impl Table {
    /// The two lines of the head and one line a row, without line ends; all lines fit in `columns`.
    pub(crate) fn lines(mut self, columns: usize) -> Vec<String> {
        let longest = self.names.iter().map(|name| width(name)).max().unwrap_or(0);
        let mut name = longest;
        let mut bar = if self.bars.is_empty() { 0 } else { LONGEST_BAR };
        loop {
            let fixed: usize = self.columns.iter().map(|column| GAP + column.width()).sum();
            let need = |name: usize, bar: usize| name + fixed + if bar > 0 { GAP + bar } else { 0 };
            if need(name, bar) <= columns {
                break;
            }
            let over = need(name, bar) - columns;
            if bar > SHORTEST_BAR {
                bar -= over.min(bar - SHORTEST_BAR);
            } else if name > self.shortest_name() {
                name -= over.min(name - self.shortest_name());
            } else if let Some(index) = self.next_to_drop(bar) {
                if index == self.columns.len() {
                    bar = 0
                } else {
                    drop(self.columns.remove(index))
                }
                name = longest;
                bar = if bar > 0 { LONGEST_BAR } else { 0 };
            } else {
                name = name.saturating_sub(over).max(SHORTEST_NAME.min(longest));
                break;
            }
        }
        self.draw(name, bar)
    }

    /// How far names are shortened before the next column is dropped.
    fn shortest_name(&self) -> usize {
        let says_little = self.columns.iter().any(|column| column.drop >= SAYS_LITTLE);
        if says_little { LONG_NAME } else { SHORT_NAME }
    }

    /// The column to give up; the number of columns stands for the bar.
    fn next_to_drop(&self, bar: usize) -> Option<usize> {
        let columns = self.columns.iter().enumerate().map(|(index, column)| (column.drop, index));
        let bar = (bar > 0).then_some((self.drop_bar, self.columns.len()));
        columns.chain(bar).filter(|(drop, _)| *drop > 0).max().map(|(_, index)| index)
    }

    fn draw(&self, name: usize, bar: usize) -> Vec<String> {
        let mut heads = [" ".repeat(name), " ".repeat(name)];
        let mut rows: Vec<String> = self.names.iter().map(|text| left(&shorten(text, name), name)).collect();
        for column in &self.columns {
            let wide = GAP + column.width();
            heads[0] += &right(&column.head, wide);
            heads[1] += &right(&column.unit, wide);
            for (row, cell) in rows.iter_mut().zip(&column.cells) {
                *row += &right(cell, wide);
            }
        }
        for (row, share) in rows.iter_mut().zip(&self.bars).filter(|_| bar > 0) {
            *row += &format!("{}{}", " ".repeat(GAP), blocks(*share, bar));
        }
        heads.into_iter().chain(rows).map(|line| line.trim_end().to_owned()).collect()
    }
}

/// A bar of `share` (0 to 1) of `columns`, in eighths of a column.
pub(crate) fn blocks(share: f64, columns: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let eighths = (share * columns as f64 * 8.0).round() as usize;
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

/// One character a value, from nothing to the largest; values that are absent leave a space.
pub(crate) fn sparkline(values: &[Option<f64>]) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = values.iter().flatten().copied().filter(|v| v.is_finite()).fold(0.0, f64::max);
    let level = |value: f64| LEVELS[((value / most * 8.0) as usize).min(7)];
    values.iter().map(|value| value.filter(|_| most > 0.0).map_or(' ', level)).collect()
}

fn left(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

fn right(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let figures = |text: &str| vec![text.to_owned(), "1".to_owned()];
        Table {
            names: vec!["a candidate with a rather long name".into(), "表".into()],
            columns: vec![
                Column::new("rate", "Mop/s", 0, figures("12.5")),
                Column::new("p99", "µs", 1, figures("4.1")),
                Column::new("p50", "µs", 3, figures("0.1")),
            ],
            bars: vec![1.0, 0.31],
            drop_bar: 2,
        }
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for columns in 16..140 {
            for line in sample().lines(columns) {
                assert!(width(&line) <= columns, "{columns}: {line:?}");
            }
        }
    }

    #[test]
    fn columns_give_way_in_their_order() {
        let heads = |columns| sample().lines(columns)[0].split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(heads(120), ["rate", "p99", "p50"]);
        assert_eq!(heads(48), ["rate", "p99"]);
        assert!(sample().lines(48)[2].ends_with('█'));
        assert!(!sample().lines(36)[2].contains('█'));
    }

    #[test]
    fn bars_are_drawn_in_eighths() {
        assert_eq!(blocks(0.5, 3), "█▌");
        assert_eq!(blocks(1.0, 3), "███");
        assert_eq!(blocks(f64::NAN, 3), "");
        assert_eq!(blocks(7.0, 3), "███");
    }

    #[test]
    fn a_sparkline_has_one_mark_a_value() {
        assert_eq!(sparkline(&[Some(1.0), None, Some(8.0)]), "▂ █");
        assert_eq!(sparkline(&[Some(0.0), Some(f64::NAN)]), "  ");
    }
}
