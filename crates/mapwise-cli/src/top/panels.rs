//! What is said of one map, as lines.

use std::collections::HashMap;

use mapwise_profile::advice::Advice;
use mapwise_profile::number::{count, duration, percent, share};
use mapwise_profile::text::{plain, site};
use mapwise_profile::{Awaited, Histogram, MapProfile};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use super::app::Panel;

/// The longest bar of a row.
const BAR: usize = 24;
/// The longest place in a row.
const PLACE: usize = 28;

/// How to show emphasis: with color, or without.
#[derive(Clone, Copy)]
pub(super) struct Paint {
    pub(super) color: bool,
}

impl Paint {
    pub(super) fn hot(self) -> Style {
        if self.color { Style::new().fg(Color::Yellow) } else { Style::new() }
    }

    pub(super) fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    pub(super) fn bold(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }
}

/// A panel's lines for a map, in `width` columns.
pub(super) fn lines(
    panel: Panel,
    map: &MapProfile,
    advice: &[Advice],
    width: usize,
    paint: Paint,
) -> Vec<Line<'static>> {
    let lines = match panel {
        Panel::Advice => advice_lines(map, advice, paint),
        Panel::Shards => shards(map, width, paint),
        Panel::Blocked => blocked(map, paint),
        Panel::Waits => histogram(&map.waits, paint),
        Panel::Holds => histogram(&map.holds.times, paint),
        Panel::Keys => keys(map, paint),
        Panel::Operations => operations(map),
    };
    if lines.is_empty() { vec![Line::styled("nothing was recorded", paint.dim())] } else { lines }
}

fn advice_lines(map: &MapProfile, advice: &[Advice], paint: Paint) -> Vec<Line<'static>> {
    let of_map = advice.iter().filter(|advice| advice.map == map.name);
    let said = of_map.flat_map(|advice| {
        let head = Line::styled(format!("{}: {}", advice.lint.name(), advice.text), paint.hot());
        let evidence = advice.evidence.iter().map(move |text| Line::styled(format!("  {text}"), paint.dim()));
        [head, Line::raw(format!("  {}", advice.remedy))].into_iter().chain(evidence)
    });
    said.collect()
}

/// A digit for each shard: its share of the most waited for, from 0 to 9.
fn shards(map: &MapProfile, width: usize, paint: Paint) -> Vec<Line<'static>> {
    let each = &map.shards.each;
    let most = each.iter().map(|shard| shard.delay_ns).max().unwrap_or(0);
    let (wide, rows) = ((width / 2).clamp(1, 32), each.len().min(256));
    let cell = |delay_ns: u64| {
        let level = (share(delay_ns, most) * 9.0).round() as u32;
        let style = if level >= 5 { paint.hot().add_modifier(Modifier::BOLD) } else { Style::new() };
        Span::styled(format!("{level} "), style)
    };
    let grid =
        each[..rows].chunks(wide).map(|row| row.iter().map(|shard| cell(shard.delay_ns)).collect::<Line<'static>>());
    let mut lines: Vec<Line<'static>> = Vec::new();
    let skews =
        [("waiting", map.shards.delay()), ("operations", map.shards.operations()), ("entries", map.shards.entries())];
    let skews: Vec<String> =
        skews.into_iter().filter_map(|(of, skew)| Some(format!("{of} {:.1}x", skew?.ratio()))).collect();
    if each.len() > 1 {
        lines.push(Line::raw(format!(
            "{} shards; fullest against the mean: {}",
            count(each.len() as u64),
            skews.join(", ")
        )));
        lines.push(Line::styled("time waited by shard, 9 is the longest:", paint.dim()));
        lines.extend(grid);
    } else if each.len() == 1 {
        let what = match map.awaited() {
            Awaited::Owner => "one owner thread: every request waits for its answer",
            _ => "one lock: everything waits for everything",
        };
        lines.push(Line::raw(what));
    }
    if each.len() > rows {
        lines.push(Line::styled(format!("and {} more", count((each.len() - rows) as u64)), paint.dim()));
    }
    lines
}

fn blocked(map: &MapProfile, paint: Paint) -> Vec<Line<'static>> {
    let mut pairs: HashMap<(String, String), u64> = HashMap::new();
    for row in &map.matrix {
        let holder = row.holder.as_ref().map_or_else(|| "not known".to_owned(), site);
        let known = pairs.entry((site(&row.waiter), holder)).or_default();
        *known = known.saturating_add(row.delay_ns);
    }
    let mut pairs: Vec<_> = pairs.into_iter().collect();
    pairs.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let most = pairs.first().map_or(0, |pair| pair.1);
    let row = |((waiter, holder), delay_ns): ((String, String), u64)| {
        let text = format!("{:PLACE$} for {:PLACE$}", plain(&waiter, PLACE), plain(&holder, PLACE));
        bar(format!("{:>8} {text}", duration(delay_ns)), share(delay_ns, most), 6, paint)
    };
    pairs.into_iter().take(50).map(row).collect()
}

fn histogram(times: &Histogram, paint: Paint) -> Vec<Line<'static>> {
    let (Some(p50), Some(p99)) = (times.quantile(0.5), times.quantile(0.99)) else { return Vec::new() };
    let most = times.counts.iter().max().copied().unwrap_or(0);
    let head = format!("p50 at most {}, p99 at most {}, max {}", duration(p50), duration(p99), duration(times.max_ns));
    let filled = times.counts.iter().enumerate().filter(|(_, count)| **count > 0);
    let rows = filled.map(|(index, often)| {
        let bound =
            times.bounds_ns.get(index).map_or_else(|| "more".to_owned(), |bound| format!("<= {}", duration(*bound)));
        bar(format!("{bound:>11} {:>12}", count(*often)), share(*often, most), BAR, paint)
    });
    std::iter::once(Line::raw(head)).chain(rows).collect()
}

fn keys(map: &MapProfile, paint: Paint) -> Vec<Line<'static>> {
    let hot = &map.hot_keys;
    let row = |key: &mapwise_profile::HotKey| {
        let shard = key.shard.map(|shard| format!("shard {shard}")).unwrap_or_default();
        let sure = hot.sure_share(key);
        bar(format!("{:#018x} {shard:<11} at least {:>6} of operations", key.hash, percent(sure)), sure, 16, paint)
    };
    hot.keys.iter().take(50).map(row).collect()
}

fn operations(map: &MapProfile) -> Vec<Line<'static>> {
    let head = format!("{:<20} {:>14} {:>14} {:>12} {:>10}", "operation", "hits", "misses", "waits", "waited");
    let row = |operation: &mapwise_profile::Operation| {
        Line::raw(format!(
            "{:<20} {:>14} {:>14} {:>12} {:>10}",
            plain(&operation.name, 20),
            count(operation.hits),
            count(operation.misses),
            count(operation.contentions),
            duration(operation.delay_ns)
        ))
    };
    if map.operations.is_empty() {
        return Vec::new();
    }
    std::iter::once(Line::raw(head)).chain(map.operations.iter().map(row)).collect()
}

/// A row that ends in a bar of `part` of `longest` columns.
fn bar(text: String, part: f64, longest: usize, paint: Paint) -> Line<'static> {
    let length = (part.clamp(0.0, 1.0) * longest as f64).round() as usize;
    Line::from(vec![Span::raw(text + " "), Span::styled("█".repeat(length), paint.hot())])
}
