//! A profile for a terminal: what follows, the maps, what they waited for.

use std::fmt::Write as _;

use mapwise_profile::Profile;
use mapwise_profile::advice::WORTH;
use mapwise_profile::number::{count, duration, percent, share, short};

use super::figures::{Conclusions, about, facts, maps, waited};
use crate::clean::clean;
use crate::table::{Column, Table, sparkline};
use crate::text::{BOLD, CAUTION, DIM, PLAIN, Style, WIDE};
use crate::words;

/// A map with more shards than this has no line of them.
const MOST_SHARDS: usize = 64;
/// The names of facts stand in a column of this width.
const INDENT: usize = 10;
/// A profile may be too short, or have counted too little.
const NO_ADVICE: &str =
    "No advice: the profile has too few operations or waits, or its tier records no times (MAPWISE_PROFILE=tier=1).";

/// A profile: its first line is the first cause of waiting.
#[must_use]
pub fn text(profile: &Profile, style: &Style<'_>) -> String {
    let conclusions = Conclusions::of(profile);
    let mut out = style.prose(BOLD, &conclusions.headline(profile), 2);
    out += &style.prose(DIM, &about(profile), 2);
    for note in &profile.notes {
        out += &style.prose(CAUTION, &format!("note: {}", clean(note)), 6);
    }
    out += &urgent(&conclusions, style);
    out += &table(profile, style);
    for map in maps(profile).into_iter().filter(|map| waited(profile, map) >= WORTH) {
        let title = format!("{} ({})", clean(&map.name), clean(&map.type_text));
        writeln!(out, "\n{}", style.prose(BOLD, &title, 2).trim_end()).expect("a String takes everything");
        for (name, fact) in facts(map) {
            out += &style.prose(PLAIN, &format!("{name:<INDENT$}{fact}"), INDENT);
        }
        if (2..=MOST_SHARDS).contains(&map.shards.each.len()) {
            let waiting: Vec<Option<f64>> = map.shards.each.iter().map(|shard| Some(shard.delay_ns as f64)).collect();
            writeln!(out, "{:<INDENT$}{}", "by shard", sparkline(&waiting)).expect("a String takes everything");
        }
    }
    for finding in &profile.findings {
        let line = format!("found: {} in {}: {}", clean(&finding.kind), clean(&finding.map), clean(&finding.text));
        out.push('\n');
        out += &style.prose(CAUTION, &line, 2);
    }
    if let Some(line) = conclusions.calm_line() {
        out.push('\n');
        out += &style.prose(DIM, &line, 2);
    }
    if let Some(path) = style.report {
        out += &format!("\nPage: {}\n", clean(path));
    }
    out
}

/// What follows from a profile and nothing else.
#[must_use]
pub fn advice(profile: &Profile, style: &Style<'_>) -> String {
    let conclusions = Conclusions::of(profile);
    let mut out = urgent(&conclusions, style);
    if let Some(line) = conclusions.calm_line() {
        out.push('\n');
        out += &style.prose(DIM, &line, 2);
    }
    match out.strip_prefix('\n') {
        Some(text) => text.to_owned(),
        None => style.prose(PLAIN, NO_ADVICE, 0),
    }
}

fn urgent(conclusions: &Conclusions, style: &Style<'_>) -> String {
    let mut out = String::new();
    for advice in &conclusions.urgent {
        out.push('\n');
        out += &style.prose(CAUTION, &format!("{}: {}", advice.lint.name(), advice.text), 2);
        out += &below(style, PLAIN, &format!("do: {}", advice.remedy));
        for evidence in &advice.evidence {
            out += &below(style, DIM, &format!("saw: {evidence}"));
        }
        out += &below(style, DIM, &format!("rule: {} ({})", advice.rule, advice.source));
    }
    out
}

/// Prose that stands below a head line, two columns in.
fn below(style: &Style<'_>, code: &str, text: &str) -> String {
    let narrower = Style { width: style.width.map(|width| width.saturating_sub(2)), ..*style };
    narrower.prose(code, text, 4).lines().map(|line| format!("  {line}\n")).collect()
}

fn table(profile: &Profile, style: &Style<'_>) -> String {
    let maps = maps(profile);
    if maps.is_empty() {
        return "\nNo map was alive.\n".to_owned();
    }
    let column = |head: &str, unit: &str, drop: u8, cell: &dyn Fn(&mapwise_profile::MapProfile) -> String| {
        Column::new(head, unit, drop, maps.iter().map(|map| cell(map)).collect())
    };
    let longest = maps.iter().map(|map| map.delay_ns).max().unwrap_or(0);
    let table = Table {
        names: maps.iter().map(|map| clean(&map.name)).collect(),
        columns: vec![
            column("entries", "", 5, &|map| map.len.map_or_else(|| "-".to_owned(), count)),
            column("operations", "", 4, &|map| short(map.operation_count() as f64)),
            column("waits", "", 3, &|map| short(map.contentions as f64)),
            column("waited", "", 0, &|map| duration(map.delay_ns)),
            column("of threads'", "time", 0, &|map| percent(waited(profile, map))),
        ],
        bars: maps.iter().map(|map| share(map.delay_ns, longest)).collect(),
        drop_bar: 6,
    };
    let mut out = format!("\n{}\n", words::plural(maps.len() as u64, "map"));
    for (index, line) in table.lines(style.width.unwrap_or(WIDE)).into_iter().enumerate() {
        writeln!(out, "{}", if index < 2 { style.paint(DIM, &line) } else { line }).expect("a String takes everything");
    }
    out
}
