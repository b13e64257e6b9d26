//! One frame: whose profile, the maps, what is said of the chosen one, the keys.

use mapwise_profile::number::{count, duration, percent, short};
use mapwise_profile::text::plain;
use mapwise_profile::{MapProfile, Profile};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Cell, Paragraph, Row, Table, TableState, Wrap};

use super::app::{App, Panel};
use super::panels::{self, Paint};
use super::rates::Rates;

/// The longest name of a process or map.
const NAME: usize = 60;

/// Draws what there is.
pub(super) fn draw(frame: &mut Frame<'_>, app: &App) {
    let Some(profile) = &app.profile else { return };
    let maps = app.maps();
    // The maps take what they need, up to a third of the frame; the panel takes the rest.
    let list = (maps.len() as u16).saturating_add(1).min(frame.area().height / 3).max(2);
    let parts = Layout::vertical([
        Constraint::Length(2),
        Constraint::Length(list),
        Constraint::Length(1),
        Constraint::Min(3),
        Constraint::Length(1),
    ]);
    let [head, table, tabs, panel, keys] = parts.areas(frame.area());
    frame.render_widget(Paragraph::new(heading(app, profile)), head);
    maps_table(frame, app, profile, &maps, table);
    let paint = Paint { color: app.color };
    frame.render_widget(Line::from(tab_line(app, paint)), tabs);
    if let Some(map) = maps.get(app.place()) {
        let block = Block::bordered().title(format!(" {} ", plain(&map.name, NAME)));
        let inner = usize::from(panel.width.saturating_sub(2));
        let lines = panels::lines(app.panel, map, &app.advice, inner, paint);
        let mut text = Paragraph::new(lines).block(block);
        if app.panel == Panel::Advice {
            text = text.wrap(Wrap { trim: false });
        }
        frame.render_widget(text, panel);
    }
    frame.render_widget(Line::styled("q quit   ↑↓ map   tab panel", paint.dim()), keys);
}

fn heading<'a>(app: &'a App, profile: &Profile) -> Vec<Line<'a>> {
    let process = &profile.process;
    let paint = Paint { color: app.color };
    let whose = format!(
        "{} ({}), {} threads on {} cores, recorded {}",
        plain(&process.name, NAME),
        process.pid,
        count(process.threads),
        process.cores,
        duration(profile.span_ns)
    );
    let second = match &app.trouble {
        Some(trouble) => {
            Line::styled(format!("No new profile, this is the last one: {}", plain(trouble, 200)), paint.hot())
        }
        None => match profile.notes.first() {
            Some(note) => Line::styled(format!("note: {}", plain(note, 200)), paint.dim()),
            None => Line::raw(""),
        },
    };
    vec![Line::styled(whose, paint.bold()), second]
}

fn maps_table(frame: &mut Frame<'_>, app: &App, profile: &Profile, maps: &[&MapProfile], area: Rect) {
    let threads = profile.process.threads.max(1) as f64;
    let row = |map: &&MapProfile| {
        let rates = Rates::of(map, profile, app.previous.as_ref());
        let figures = [
            map.len.map_or_else(|| "-".to_owned(), count),
            short(rates.operations),
            short(rates.waits),
            duration(rates.delay_ns as u64),
            percent(rates.delay_ns / 1e9 / threads),
        ];
        let name = Cell::from(plain(&map.name, NAME));
        Row::new(std::iter::once(name).chain(figures.map(|figure| Cell::from(Line::from(figure).right_aligned()))))
    };
    let heads = ["entries", "operations/s", "waits/s", "waited/s", "of time"];
    let heads = heads.map(|head| Cell::from(Line::from(head).right_aligned()));
    let widths = [Constraint::Min(12)].into_iter().chain([10, 12, 9, 9, 7].map(Constraint::Length));
    let table = Table::new(maps.iter().map(row), widths)
        .header(
            Row::new(std::iter::once(Cell::from("  map")).chain(heads)).style(Style::new().add_modifier(Modifier::DIM)),
        )
        .highlight_symbol("> ")
        .row_highlight_style(Style::new().add_modifier(Modifier::BOLD));
    frame.render_stateful_widget(table, area, &mut TableState::new().with_selected(app.place()));
}

fn tab_line(app: &App, paint: Paint) -> Vec<Span<'static>> {
    let tab = |panel: &Panel| {
        if *panel == app.panel {
            Span::styled(format!("[{}] ", panel.title()), paint.bold())
        } else {
            Span::styled(format!(" {}  ", panel.title()), paint.dim())
        }
    };
    Panel::ALL.iter().map(tab).collect()
}
