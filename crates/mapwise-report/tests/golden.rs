//! Golden files: what a reader sees, compared character by character.

mod common;

use mapwise_record::bench::Bench;
use mapwise_report::text::Style;
use mapwise_report::{compare, csv, html, markdown, picture, suite, text};

#[test]
fn text_begins_with_the_verdict() {
    let plain = text::run(&common::win(), &Style::plain());
    assert_eq!(plain.lines().next(), Some(common::win().verdict.text.as_str()));
    insta::assert_snapshot!("text_120", plain);
}

#[test]
fn text_fits_80_columns() {
    insta::assert_snapshot!("text_80", text::run(&common::win(), &Style::plain().width(80)));
}

#[test]
fn text_in_color_names_the_written_report() {
    let style = Style::plain().width(100).color(true).report("out/report.html");
    insta::assert_snapshot!("text_100_color", text::run(&common::tie(), &style));
}

#[test]
fn text_of_several_thread_counts_has_trends() {
    insta::assert_snapshot!("text_scaling", text::run(&common::scaling(), &Style::plain().width(100)));
}

#[test]
fn text_of_an_interrupted_run_has_dashes_where_nothing_was_measured() {
    insta::assert_snapshot!("text_interrupted", text::run(&common::interrupted(), &Style::plain().width(100)));
}

#[test]
fn text_of_several_runs_begins_with_one_verdict_each() {
    insta::assert_snapshot!("text_bench", text::bench(&[common::win(), common::tie()], &Style::plain().width(100)));
}

#[test]
fn markdown_keeps_type_parameters() {
    let out = markdown::runs(&[common::win()]);
    assert!(out.contains("RwLock&lt;HashMap&gt;"));
    insta::assert_snapshot!("markdown", out);
}

#[test]
fn csv_has_one_row_for_each_cell() {
    let out = csv::runs(&[common::scaling(), common::tie()]);
    assert_eq!(out.lines().count(), 1 + 4 * 14 + 14);
    insta::assert_snapshot!("csv", csv::runs(&[common::tie()]));
}

#[test]
fn html_of_one_run() {
    insta::assert_snapshot!("html", html::page(&[common::interrupted()]).replace("><", ">\n<"));
}

#[test]
fn a_suite_has_one_line_for_each_row_with_what_it_misses() {
    let out = suite::text(&common::suite(), &Style::plain());
    let ends = |row: &str, end: &str| out.lines().any(|line| line.starts_with(row) && line.ends_with(end));
    assert!(ends("read-hit 1M u64 x1", "ok") && ends("read-hit 1M u64 x2", "BELOW: floor?"), "{out}");
    assert!(ends("grow 10M string x1", "BELOW: floor, longest"), "{out}");
    insta::assert_snapshot!("suite", out);
    insta::assert_snapshot!("suite_100", suite::text(&common::suite(), &Style::plain().width(100)));
    insta::assert_snapshot!("suite_markdown", suite::markdown(&common::suite()));
}

#[test]
fn a_file_without_rows_has_no_suite() {
    assert_eq!(suite::text(&Bench::new(vec![common::win()]), &Style::plain()), "");
}

#[test]
fn picture_of_a_terminal() {
    let style = Style::plain().width(100).color(true);
    insta::assert_snapshot!("picture", picture::svg_terminal(&text::run(&common::win(), &style)).replace("><", ">\n<"));
}

#[test]
fn a_comparison_names_what_changed_and_what_else_may_explain_it() {
    let (now, mut then) = (common::win(), common::win());
    then.machine.cores = 64;
    for (index, cell) in then.cells.iter_mut().enumerate() {
        let factor = [1.0, 0.5, 2.0, 1.02][index % 4];
        let rate = &mut cell.throughput_ops_per_s;
        (rate.low, rate.median, rate.high) =
            (rate.median * factor * 0.99, rate.median * factor, rate.median * factor * 1.01);
    }
    then.cells.remove(1);
    insta::assert_snapshot!("compare", compare::text(&[now, common::tie()], &[then], &Style::plain().width(80)));
}
