//! A contention profile as text, Markdown and CSV.

use mapwise_profile::Profile;
use mapwise_report::profile::{advice, csv, markdown, text};
use mapwise_report::text::Style;

fn sample() -> Profile {
    Profile::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../mapwise-profile/tests/data/profile.json"))
        .expect("the sample is valid")
}

/// The sample with a name that tries everything.
fn hostile() -> Profile {
    let mut profile = sample();
    let bad = "</script><img src=x>|`*_[a](b)\n\r\u{1b}[31m\u{202e}\0,\"=1+1";
    profile.process.name = bad.to_owned();
    profile.notes.push(bad.to_owned());
    profile.findings[0].text = bad.to_owned();
    let map = &mut profile.maps[0];
    (map.name, map.type_text, map.kind) = (bad.to_owned(), bad.to_owned(), bad.to_owned());
    map.matrix[0].waiter.function = bad.to_owned();
    profile
}

#[test]
fn text_for_a_terminal() {
    insta::assert_snapshot!(text(&sample(), &Style::plain().width(80)));
}

#[test]
fn markdown_for_an_issue() {
    insta::assert_snapshot!(markdown(&sample()));
}

#[test]
fn the_figures_of_csv_are_those_of_the_profile() {
    let (profile, table) = (sample(), csv(&sample()));
    let mut rows = table.lines().skip(1);
    let first = rows.next().expect("a map");
    let map = &profile.maps[0];
    assert!(
        first.starts_with("sessions,ShardedMap,\"ShardedMap<String, Session>\",1615,21351000,120,90000,9000000000,")
    );
    assert!(first.ends_with(&format!(",{},16,96,10000000000", map.waits.max_ns)), "{first}");
    assert_eq!(rows.count() + 1, profile.maps.len());
}

#[test]
fn hostile_names_move_no_cursor_and_stay_in_their_cells() {
    let profile = hostile();
    for width in [20, 80, 200] {
        let style = Style::plain().width(width);
        for out in [text(&profile, &style), advice(&profile, &style), csv(&profile)] {
            assert!(out.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{out}");
        }
    }
    let out = markdown(&profile);
    assert!(!out.contains("<script") && !out.contains("<img"), "{out}");
    let separators = |line: &str| line.replace("\\|", "").matches('|').count();
    let rows: Vec<usize> = out.lines().filter(|line| line.starts_with('|')).map(separators).collect();
    assert!(rows.len() > 4 && rows.windows(2).all(|pair| pair[0] == pair[1]), "{rows:?}");
}

#[test]
fn lines_keep_the_width() {
    for line in text(&sample(), &Style::plain().width(80)).lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn a_profile_without_maps_or_without_times_says_so() {
    let mut profile = sample();
    profile.maps.clear();
    assert!(text(&profile, &Style::plain()).starts_with("no thread waited for a map\n"));
    assert!(text(&profile, &Style::plain()).contains("No map was alive."));
    assert!(advice(&profile, &Style::plain()).starts_with("No advice: "));
    assert_eq!(csv(&profile).lines().count(), 1);
    assert!(markdown(&profile).starts_with("**no thread waited for a map**"));
}
