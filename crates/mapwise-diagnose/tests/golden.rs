//! Whole outputs, kept under review: `INSTA_UPDATE=always cargo test` writes them anew.

mod common;

use std::path::Path;

use mapwise_diagnose::{Options, SourceDir, diagnose, render};

fn log(name: &str) -> Vec<u8> {
    std::fs::read(common::own_logs().join(name)).expect("an own log")
}

#[test]
fn text_of_a_race_with_the_code() {
    let source = SourceDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/zoo"));
    let options = Options::default().with_source(&source);
    let diagnosis = diagnose(log("go1.27.3-halflocked-race.txt").as_slice(), &options).expect("memory can be read");
    insta::assert_snapshot!(render::text(&diagnosis));
}

#[test]
fn text_of_a_dump_of_one_goroutine() {
    insta::assert_snapshot!(render::text(&common::read(&log("go1.27.3-readlock-dump.txt"))));
}

#[test]
fn text_of_a_profile() {
    insta::assert_snapshot!(render::text(&common::read(&log("go1.27.3-mutex-profile.pb.gz"))));
}

#[test]
fn markdown_of_a_map_race_and_another() {
    insta::assert_snapshot!(render::markdown(&common::read(&log("go1.23.9-twokinds-race.txt"))));
}

#[test]
fn github_of_a_map_race_and_another() {
    insta::assert_snapshot!(render::github(&common::read(&log("go1.23.9-twokinds-race.txt"))));
}
