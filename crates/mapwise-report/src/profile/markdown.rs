//! A profile for an issue or a pull request.

use std::fmt::Write as _;

use mapwise_profile::Profile;
use mapwise_profile::advice::WORTH;
use mapwise_profile::number::{count, duration, percent};

use super::figures::{Conclusions, about, facts, maps, waited};
use crate::markdown::escape;

/// The conclusions, a table of the maps, and what is known of those that waited.
#[must_use]
pub fn text(profile: &Profile) -> String {
    let conclusions = Conclusions::of(profile);
    let mut out = format!("**{}**\n\n{}\n\n", escape(&conclusions.headline(profile)), escape(&about(profile)));
    for note in &profile.notes {
        line(&mut out, &format!("> **Note** {}\n", escape(note)));
    }
    for advice in &conclusions.urgent {
        line(&mut out, &format!("* **{}** {}\\", advice.lint.name(), escape(&advice.text)));
        line(&mut out, &format!("  {}", escape(&advice.remedy)));
        for evidence in &advice.evidence {
            line(&mut out, &format!("  * {}", escape(evidence)));
        }
        line(&mut out, &format!("  * rule: {} ({})", escape(advice.rule), escape(advice.source)));
    }
    line(&mut out, "\n| map | type | entries | operations | waits | waited | of the threads' time |");
    line(&mut out, "|---|---|---:|---:|---:|---:|---:|");
    for map in maps(profile) {
        let figures = [
            escape(&map.name),
            escape(&map.type_text),
            map.len.map_or_else(|| "-".to_owned(), count),
            count(map.operation_count()),
            count(map.contentions),
            duration(map.delay_ns),
            escape(&percent(waited(profile, map))),
        ];
        line(&mut out, &format!("| {} |", figures.join(" | ")));
    }
    for map in maps(profile).into_iter().filter(|map| waited(profile, map) >= WORTH) {
        line(&mut out, &format!("\n{}:\n", escape(&map.name)));
        for (name, fact) in facts(map) {
            line(&mut out, &format!("* {name}: {}", escape(&fact)));
        }
    }
    for finding in &profile.findings {
        let [kind, map, text] = [&finding.kind, &finding.map, &finding.text].map(|text| escape(text));
        line(&mut out, &format!("\nFound: **{kind}** in {map}: {text}"));
    }
    if let Some(calm) = conclusions.calm_line() {
        line(&mut out, &format!("\n{}", escape(&calm)));
    }
    out
}

fn line(out: &mut String, text: &str) {
    writeln!(out, "{text}").expect("a String takes everything");
}
