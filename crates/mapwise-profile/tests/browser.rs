//! The page in a real browser. Skips, and says so, where no Chromium is found.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use mapwise_profile::{Profile, page};
use serde_json::Value;

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// Puts the page into a frame of some width and writes down what a script outside can see of it.
const PROBE: &str = r#"<!doctype html><meta charset="utf-8"><iframe id="f" style="border:0;width:WIDTHpx;height:900px"></iframe>
<pre id="out"></pre><script>
const frame = document.getElementById('f');
frame.onload = () => {
  const page = frame.contentDocument, root = page.documentElement;
  const scrolls = e => e.closest('.scroll');
  const wide = [...page.querySelectorAll('body *')].filter(e => !scrolls(e) && e.getBoundingClientRect().right > root.clientWidth + 0.5);
  const stops = [...page.querySelectorAll('[tabindex="0"], button, input, summary')].filter(e => e.getClientRects().length);
  const cell = page.querySelector('.heat .cell');
  let walked = null;
  if (cell) {
    cell.focus();
    cell.dispatchEvent(new frame.contentWindow.KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
    walked = { label: page.activeElement.getAttribute('aria-label'), said: cell.closest('figure').querySelector('.said').textContent };
  }
  const out = {
    overflow: root.scrollWidth - root.clientWidth,
    wide: wide.map(e => e.tagName + ' ' + e.getAttribute('class')).slice(0, 5),
    title: page.title,
    foreign: page.querySelectorAll('img, iframe, a[href^="javascript"]').length,
    scripts: page.querySelectorAll('script').length,
    unlabeled: [...page.querySelectorAll('[role="img"], [role="group"]')].filter(e => !e.getAttribute('aria-label')).length,
    stops: stops.length,
    walked,
    headings: [...page.querySelectorAll('h1, h2')].map(e => e.textContent),
    pictures: [...page.querySelectorAll('figure h3')].map(e => e.textContent),
  };
  document.getElementById('out').textContent = 'PROBE' + JSON.stringify(out) + 'END';
};
frame.srcdoc = PAGE;
</script>"#;

/// The document that the browser has after a while at `address`.
fn dom(browser: &Path, folder: &Path, address: &str, budget_ms: u32) -> String {
    let out = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--window-size=1400,1000", "--dump-dom"])
        .arg(format!("--virtual-time-budget={budget_ms}"))
        .arg(format!("--user-data-dir={}", folder.join("browser").display()))
        .arg(address)
        .output()
        .expect("the browser starts");
    String::from_utf8_lossy(&out.stdout).into_owned()
}

fn unescape(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&nbsp;", "\u{a0}");
    text.replace("&amp;", "&")
}

/// What the probe saw of a page at a width.
fn probe(browser: &Path, name: &str, profile: &Profile, width: u32) -> Value {
    let folder = common::folder(&format!("page-{name}-{width}"));
    let page = page::saved(profile);
    std::fs::write(folder.join("page.html"), &page).expect("the build folder is writable");
    let literal =
        serde_json::to_string(&page).expect("a string is JSON").replace("</", "<\\/").replace("<!--", "<\\!--");
    let wrapper = PROBE.replace("WIDTH", &width.to_string()).replace("PAGE", &literal);
    let file = folder.join("probe.html");
    std::fs::write(&file, wrapper).expect("the build folder is writable");
    let dom = dom(browser, &folder, &format!("file://{}", file.display()), 4_000);
    let seen = dom.rsplit("PROBE{").next().and_then(|rest| rest.split("}END").next()).unwrap_or_default();
    serde_json::from_str(&format!("{{{}}}", unescape(seen))).unwrap_or_else(|error| panic!("{error}: {seen:.300}"))
}

/// Every figure of a document: its JSON pointer and its value.
fn figures(dom: &str) -> Vec<(String, String)> {
    let attribute = |tag: &str, name: &str| {
        let rest = tag.split(&format!("{name}=\"")).nth(1)?;
        Some(unescape(rest.split('"').next()?))
    };
    let tags = dom.split("<data ").skip(1).filter_map(|rest| rest.split('>').next());
    tags.filter_map(|tag| Some((attribute(tag, "data-at")?, attribute(tag, "value")?))).collect()
}

fn saved_dom(browser: &Path, name: &str, profile: &Profile) -> String {
    let folder = common::folder(name);
    let file = folder.join("page.html");
    std::fs::write(&file, page::saved(profile)).expect("the build folder is writable");
    dom(browser, &folder, &format!("file://{}", file.display()), 3_000)
}

fn browser() -> Option<PathBuf> {
    common::program(&BROWSERS)
}

#[test]
fn the_page_shows_the_figures_of_the_profile() {
    let Some(browser) = browser() else { return };
    let profile = common::service();
    let json: Value = serde_json::from_str(&profile.to_json()).expect("JSON");
    let figures = figures(&saved_dom(&browser, "page-values", &profile));
    for (at, value) in &figures {
        let expected = json.pointer(at).unwrap_or_else(|| panic!("{at} is in the profile"));
        assert_eq!(*value, expected.to_string(), "{at}");
    }
    let shown = |at: &str| figures.iter().any(|(shown, _)| shown == at);
    for at in [
        "/maps/0/delay_ns",
        "/maps/0/len",
        "/maps/0/shards/each/3/delay_ns",
        "/maps/0/shards/each/15/len",
        "/maps/0/waits/max_ns",
        "/maps/0/holds/times/sum_ns",
        "/maps/0/matrix/0/delay_ns",
        "/maps/0/hot_keys/keys/0/count",
        "/maps/0/operations/2/misses",
        "/maps/0/resizes/count",
        "/maps/0/resizes/delay_ns",
        "/maps/3/contentions",
    ] {
        assert!(shown(at), "{at} is on the page");
    }
    assert!(figures.len() > 250, "{} figures", figures.len());
}

#[test]
fn the_page_fits_a_phone_and_a_desk_and_the_keyboard_reaches_every_picture() {
    let Some(browser) = browser() else { return };
    for (name, profile) in [("service", common::service()), ("quiet", common::quiet()), ("hostile", common::hostile())]
    {
        for width in [360, 768, 1280] {
            let seen = probe(&browser, name, &profile, width);
            assert_eq!(seen["overflow"], 0, "{name} at {width}: {}", seen["wide"]);
            assert_eq!((seen["foreign"].as_u64(), seen["unlabeled"].as_u64()), (Some(0), Some(0)), "{name}");
            assert_eq!(seen["scripts"], 2, "the data and the script");
            assert!(
                seen["walked"]["label"].as_str().is_some_and(|label| label.starts_with("shard 1: waited")),
                "{seen}"
            );
            assert_eq!(seen["walked"]["label"], seen["walked"]["said"]);
            assert!(seen["stops"].as_u64().is_some_and(|stops| stops < 120), "{} stops", seen["stops"]);
            assert_ne!(seen["title"], "owned");
        }
    }
    let seen = probe(&browser, "service", &common::service(), 1280);
    let pictures: Vec<&str> = seen["pictures"].as_array().expect("pictures").iter().filter_map(Value::as_str).collect();
    for picture in ["Shards", "Who waits for whom", "Waits", "Holds", "Hot keys", "Operations", "Operations over time"]
    {
        assert!(pictures.contains(&picture), "{picture} in {pictures:?}");
    }
    assert_eq!(seen["headings"][1], "What to do");
    assert_eq!(seen["headings"][2], "What checked mode found");
}

#[test]
fn hostile_names_are_shown_and_not_obeyed() {
    let Some(browser) = browser() else { return };
    let dom = saved_dom(&browser, "page-hostile", &common::hostile());
    assert!(!dom.contains("<title>owned"), "no handler ran");
    assert!(dom.contains("&lt;/script&gt;&lt;img src=x onerror="), "the name is there as text");
    let shown = dom.split("<script type=").next().expect("what is before the data");
    assert!(!shown.contains("<img"));
    let bad: Vec<char> = shown.chars().filter(|c| c.is_control() && *c != '\n' || *c == '\u{202e}').collect();
    assert_eq!(bad, []);
}

/// Answers with the live page and, one after the other, with profiles; then not at all.
fn serve(listener: &TcpListener, profiles: &[Profile]) {
    let mut next = profiles.iter();
    for stream in listener.incoming() {
        let Ok(stream) = stream else { return };
        let mut line = String::new();
        if BufReader::new(&stream).read_line(&mut line).is_err() {
            continue;
        }
        match line.split(' ').nth(1) {
            Some("/debug/mapwise/") => answer(&stream, "200 OK", "text/html", &page::live()),
            Some("/debug/mapwise/profile.json") => match next.next() {
                Some(profile) => answer(&stream, "200 OK", "application/json", &profile.to_json()),
                None => answer(&stream, "503 Service Unavailable", "text/plain", "gone"),
            },
            _ => answer(&stream, "404 Not Found", "text/plain", ""),
        }
    }
}

fn answer(mut stream: &TcpStream, status: &str, kind: &str, body: &str) {
    let policy = page::policy();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\nContent-Security-Policy: {policy}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // A browser that left early is no failure of the test.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

#[test]
fn the_live_page_follows_the_server_without_a_reload_and_keeps_the_last_profile() {
    let Some(browser) = browser() else { return };
    let profiles: Vec<Profile> = (1..=4)
        .map(|step| {
            let mut profile = common::hot_key();
            profile.span_ns += step * 2_000_000_000;
            profile.maps[0].series.clear();
            profile.maps[0].delay_ns += step * 1_000_000_000;
            profile
        })
        .collect();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/debug/mapwise/", listener.local_addr().expect("an address"));
    let last = profiles[3].clone();
    // The thread ends with the test's process.
    std::thread::spawn(move || serve(&listener, &profiles));
    let dom = dom(&browser, &common::folder("page-live"), &address, 14_000);
    let delay = figures(&dom).into_iter().find(|(at, _)| at == "/maps/0/delay_ns").map(|(_, value)| value);
    assert_eq!(delay, Some(last.maps[0].delay_ns.to_string()), "the fourth profile is shown");
    assert!(dom.contains("No new profile; this is the last one. the server says 503"), "and the page says so");
    assert!(dom.contains("Operations over time"), "from what was seen while live");
    assert!(dom.contains("500&nbsp;ms a second now"), "one second waited in two");
}

#[test]
fn the_saved_page_fetches_nothing() {
    let page = page::saved(&common::service());
    for word in ["src=", "href=", "@import", "url("] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("default-src 'none'"));
    let names = page::saved(&common::hostile());
    assert_eq!(names.matches("</script>").count(), 2, "the data and the script end once each");
}
