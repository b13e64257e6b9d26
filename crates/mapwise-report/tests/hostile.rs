//! A run file may come from anywhere: nothing in it may act on the reader, and no figure may stop a writer.

mod common;

use mapwise_report::text::Style;
use mapwise_report::{csv, html, markdown, text};
use proptest::prelude::*;

#[test]
fn html_of_hostile_strings_has_no_foreign_element() {
    let page = html::page(&[common::hostile()]);
    for tag in ["<script", "<img", "\u{1b}", "\u{202e}", "\u{7}"] {
        assert!(!page.contains(tag), "{tag:?}");
    }
    assert_eq!(page.matches("</style>").count(), 1);
    for word in ["NaN", "inf"] {
        assert!(!page.contains(&format!("\"{word}")), "a length is {word}");
    }
}

#[test]
fn text_of_hostile_strings_moves_no_cursor() {
    for width in [20, 80, 200] {
        let out = text::run(&common::hostile(), &Style::plain().width(width));
        assert!(out.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'));
    }
    let out = csv::runs(&[common::hostile()]);
    assert!(out.chars().all(|c| c == '\n' || !c.is_control()));
}

#[test]
fn markdown_of_hostile_strings_stays_in_its_cells() {
    let out = markdown::runs(&[common::hostile()]);
    let prose = out.split("```").step_by(2).collect::<String>();
    assert!(!prose.contains("<script") && !prose.contains("<img"));
    let separators = |line: &str| line.replace("\\\\", "").replace("\\|", "").matches('|').count();
    let rows: Vec<usize> = out.lines().filter(|line| line.starts_with('|')).map(separators).collect();
    assert!(rows.windows(2).all(|pair| pair[0] == pair[1]), "{rows:?}");
}

#[test]
fn a_run_without_cells_has_every_output() {
    let run = common::empty();
    assert!(text::run(&run, &Style::plain().width(80)).starts_with("Take Map"));
    assert!(html::page(std::slice::from_ref(&run)).contains("Take Map"));
    assert!(markdown::runs(std::slice::from_ref(&run)).contains("Take Map"));
    assert_eq!(csv::runs(&[run]).lines().count(), 1);
    assert!(html::page(&[]).contains("0 workloads"));
    assert_eq!(text::bench(&[], &Style::plain()), "");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_figure_stops_a_writer(
        figures in prop::collection::vec(any::<f64>(), 1..8),
        times in prop::collection::vec(any::<u64>(), 1..8),
        width in 0_usize..200,
        cores in any::<usize>(),
        threads in prop::collection::vec(any::<usize>(), 1..4),
    ) {
        let mut run = common::scaling();
        run.machine.cores = cores;
        run.cells.truncate(20);
        for (index, cell) in run.cells.iter_mut().enumerate() {
            let (figure, time) = (figures[index % figures.len()], times[index % times.len()]);
            cell.threads = threads[index % threads.len()];
            cell.throughput_ops_per_s.median = figure;
            cell.ratio = Some(cell.throughput_ops_per_s);
            cell.bytes_per_entry = Some(figure);
            cell.growth_pause_ns = Some(time);
            let latency = cell.latency_ns.as_mut().expect("every cell has latencies");
            (latency.p99, latency.max) = (time, time);
            latency.curve = vec![(figure, time); 3];
        }
        run.threads = threads[0];
        let _ = text::run(&run, &Style::plain().width(width).color(true));
        let _ = markdown::runs(std::slice::from_ref(&run));
        let page = html::page(&[run]);
        prop_assert!(!page.contains("=\"NaN") && !page.contains("=\"inf"));
    }
}
