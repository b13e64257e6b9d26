//! The page in a real browser. Skips, and says so, where no Chromium is found.

#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use mapwise_record::run::Run;
use mapwise_report::html;

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];
const NARROW: u32 = 360;

/// Puts the page into a frame of a phone's width and writes down what a script outside can see of it.
///
/// The page itself forbids scripts, so the frame's owner looks in.
const PROBE: &str = r#"<!doctype html><meta charset="utf-8"><iframe id="f" style="border:0;width:WIDTHpx;height:900px"></iframe>
<pre id="out"></pre><script>
const frame = document.getElementById('f');
frame.onload = () => {
  const page = frame.contentDocument, root = page.documentElement;
  const wide = [...page.querySelectorAll('body *')].filter(e => !e.closest('thead') && e.getBoundingClientRect().right > root.clientWidth + 0.5);
  const cut = [...page.querySelectorAll('svg text')].filter(e => { const r = e.getBoundingClientRect(); return r.left < 0 || r.right > root.clientWidth; });
  const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const overlapping = [...page.querySelectorAll('svg')].flatMap(svg => {
    const texts = [...svg.querySelectorAll(':scope > text')];
    return texts.flatMap((a, i) => texts.slice(i + 1)
      .filter(b => meet(a.getBoundingClientRect(), b.getBoundingClientRect()))
      .map(b => a.textContent + ' over ' + b.textContent));
  });
  const out = {
    overlapping: overlapping.slice(0, 5),
    overflow: root.scrollWidth - root.clientWidth,
    wide: wide.map(e => e.tagName + ' ' + e.getAttribute('class') + ' in ' + e.parentNode.getAttribute('class')).slice(0, 5),
    cut: cut.map(e => e.textContent).slice(0, 5),
    title: page.title,
    names: [...page.querySelectorAll('table.full:first-of-type tbody th bdi')].map(e => e.textContent),
    values: [...page.querySelectorAll('table.full:first-of-type tbody tr')].map(r => [...r.querySelectorAll('data')].map(d => d.value)),
  };
  document.getElementById('out').textContent = 'PROBE' + JSON.stringify(out) + 'END';
};
frame.srcdoc = PAGE;
</script>"#;

fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path)
        .flat_map(|folder| BROWSERS.map(|name| folder.join(name)))
        .find(|file| file.is_file());
    if found.is_none() {
        eprintln!("skipped: no Chromium on the path");
    }
    found
}

/// What the probe saw of the page at a width.
fn probe(browser: &Path, name: &str, runs: &[Run], width: u32) -> serde_json::Value {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("the build folder is writable");
    let page = html::page(runs);
    std::fs::write(folder.join("page.html"), &page).expect("the build folder is writable");
    let literal = serde_json::to_string(&page).expect("a string is JSON").replace("</", "<\\/");
    let wrapper = PROBE.replace("WIDTH", &width.to_string()).replace("PAGE", &literal);
    let file = folder.join("probe.html");
    std::fs::write(&file, wrapper).expect("the build folder is writable");
    let out = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--virtual-time-budget=4000", "--window-size=1400,1000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("file://{}", file.display()))
        .output()
        .expect("the browser starts");
    let dom = String::from_utf8_lossy(&out.stdout);
    let seen = dom.split("PROBE{").nth(1).and_then(|rest| rest.split("}END").next());
    let seen = seen.unwrap_or_else(|| panic!("the browser saw no page: {}", String::from_utf8_lossy(&out.stderr)));
    let json = format!("{{{seen}}}").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    serde_json::from_str(&json).expect("the probe writes JSON")
}

#[test]
fn the_page_fits_a_phone_and_a_desk() {
    let Some(browser) = browser() else { return };
    let pages = [
        ("scaling", vec![common::scaling()]),
        ("bench", vec![common::scaling(), common::win(), common::tie(), common::interrupted()]),
        ("hostile", vec![common::hostile()]),
    ];
    for (name, runs) in pages {
        for width in [NARROW, 768, 1280] {
            let seen = probe(&browser, name, &runs, width);
            assert_eq!(seen["overflow"], 0, "{name} at {width}: {}", seen["wide"]);

            if name != "hostile" {
                assert_eq!(seen["overlapping"], serde_json::json!([]), "{name} at {width}");
                assert_eq!(seen["cut"], serde_json::json!([]), "{name} at {width}");
            }
            assert_ne!(seen["title"], "owned");
        }
    }
}

#[test]
fn the_page_shows_the_figures_of_the_run() {
    let Some(browser) = browser() else { return };
    let run = common::win();
    let seen = probe(&browser, "values", std::slice::from_ref(&run), 1280);
    assert_eq!(seen["title"], run.verdict.text.as_str());
    for (index, cell) in run.cells.iter().enumerate() {
        assert_eq!(seen["names"][index], cell.name.as_str());
        let row: Vec<f64> = seen["values"][index]
            .as_array()
            .expect("a row of figures")
            .iter()
            .map(|value| value.as_str().expect("a value").parse().expect("a number"))
            .collect();
        let latency = cell.latency_ns.as_ref().expect("every cell has latencies");
        let times = [latency.p50, latency.p99, latency.p999, latency.p9999, latency.max].map(|ns| ns as f64);
        let mut expected = vec![cell.throughput_ops_per_s.median];
        expected.extend(cell.ratio.map(|ratio| ratio.median));
        expected.extend(times);
        expected.extend(cell.bytes_per_entry);
        expected.extend(cell.growth_pause_ns.map(|ns| ns as f64));
        assert_eq!(row[..expected.len()], expected, "{}", cell.name);
        assert_eq!(row.len(), expected.len() + 1, "and the slowest thread");
    }
}
