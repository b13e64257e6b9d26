//! What the router answers, over real connections, to real parsers and a real browser.
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

#[path = "profile_server/mod.rs"]
mod server;

use std::{io::Read, path::PathBuf, process::Command};

use mapwise::ShardedMap;
use mapwise_profile::Profile;
use openmetrics_parser::{PrometheusValue, prometheus::parse_prometheus};
use server::{get, request, serve};

/// Ends whatever it stands in, in every format that is served.
const HOSTILE: &str = "</script><img src=x onerror=\"document.title='owned'\">\" 1\n# \u{1b}[31m\u{202e}{a='";

#[test]
fn each_path_answers_in_its_format_and_with_the_headers_that_protect_a_browser() {
    let map = ShardedMap::new().named("paths");
    map.insert(1, 1);
    let server = serve();
    for (path, kind) in [
        ("/debug/mapwise/", "text/html; charset=utf-8"),
        ("/debug/mapwise/profile.json", "application/json"),
        ("/debug/mapwise/profile.pb.gz", "application/octet-stream"),
        ("/debug/mapwise/profile.pb.gz?blame=holder", "application/octet-stream"),
        ("/debug/mapwise/stacks.txt", "text/plain; charset=utf-8"),
        ("/debug/mapwise/stacks.txt?blame=holder", "text/plain; charset=utf-8"),
        ("/debug/mapwise/metrics", "text/plain; version=0.0.4; charset=utf-8"),
    ] {
        let answer = get(&server, path);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{path}");
        assert_eq!(answer.header("content-length"), Some(answer.body.len().to_string().as_str()), "{path}");
        for (header, value) in [
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(header), Some(value), "{path}: {header}");
        }
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'; ") && policy.ends_with("; frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("script-src 'unsafe"), "{policy}");
    }
    let pprof = get(&server, "/debug/mapwise/profile.pb.gz");
    assert_eq!(pprof.header("content-disposition"), Some("attachment; filename=\"profile.pb.gz\""));
    assert_eq!(pprof.body[..2], [0x1f, 0x8b], "gzip");
}

#[test]
fn what_is_not_there_or_not_allowed_is_refused() {
    let server = serve();
    let moved = get(&server, "/debug/mapwise");
    assert_eq!((moved.status, moved.header("location")), (308, Some("/debug/mapwise/")));
    for (method, path, status) in [
        ("GET", "/debug/mapwise/other", 404),
        ("GET", "/debug/mapwise/../../etc/passwd", 404),
        ("GET", "/debug/mapwise/profile.pb.gz?blame=everybody", 400),
        ("GET", "/debug/mapwise/stacks.txt?blame=", 400),
        ("POST", "/debug/mapwise/profile.json", 405),
        ("DELETE", "/debug/mapwise/", 405),
    ] {
        let answer = request(&server, method, path);
        assert_eq!(answer.status, status, "{method} {path}");
    }
    let head = request(&server, "HEAD", "/debug/mapwise/metrics");
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[test]
fn the_profile_is_of_this_moment_and_can_be_read_back() {
    let map = ShardedMap::new().named("moment");
    let server = serve();
    for count in 1..=3_u64 {
        map.insert(count, count);
        let answer = get(&server, "/debug/mapwise/profile.json");
        let profile = Profile::from_json(&answer.body).expect("a valid profile");
        assert_eq!(profile.process.pid, std::process::id());
        let shown = profile.maps.iter().find(|map| map.name == "moment").expect("the map lives");
        assert_eq!((shown.len, shown.operations[0].misses), (Some(count), count));
    }
}

#[test]
fn a_hostile_name_stays_a_name_in_every_format() {
    let map = ShardedMap::<u64, u64>::new().named(HOSTILE);
    (0..7).for_each(|key| assert_eq!(map.insert(key, key), None));
    let server = serve();

    let json = get(&server, "/debug/mapwise/profile.json");
    let profile = Profile::from_json(&json.body).expect("a valid profile");
    assert!(
        profile.maps.iter().any(|map| map.name == HOSTILE && map.len == Some(7)),
        "as it is, where a parser reads it"
    );

    let metrics = String::from_utf8(get(&server, "/debug/mapwise/metrics").body).expect("UTF-8");
    let parsed = parse_prometheus(&metrics).unwrap_or_else(|error| panic!("{error}\n{metrics}"));
    let entries = parsed.families["map_entries"].iter_samples().find_map(|sample| {
        let label = sample.get_labelset().ok()?.get_label_value("map")?.to_owned();
        label.starts_with("</script><img").then_some((label, sample.value.clone()))
    });
    let (label, value) = entries.expect("the map has a series");
    assert!(matches!(&value, PrometheusValue::Gauge(gauge) if gauge.as_f64() == 7.0), "{value:?}");
    assert!(!label.chars().any(|c| c.is_control() || c == '\u{202e}'), "{label:?}");

    let mut pprof = Vec::new();
    let packed = get(&server, "/debug/mapwise/profile.pb.gz").body;
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut pprof).expect("gzip");
    assert!(!pprof.contains(&0x1b), "no escape sequence reaches a terminal");

    let page = String::from_utf8(get(&server, "/debug/mapwise/").body).expect("UTF-8");
    assert!(!page.contains("onerror"), "the page fetches its figures, and holds none");
    in_a_browser(&server);
}

/// The live page in Chromium, where it is installed.
fn in_a_browser(server: &server::Server) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
    let mut found = std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name)));
    let Some(browser) = found.find(|file| file.is_file()) else {
        eprintln!("skipped: no {} on the path", names.join(" or "));
        return;
    };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("router-browser");
    let out = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--dump-dom", "--virtual-time-budget=5000"])
        .arg(format!("--user-data-dir={}", folder.display()))
        .arg(format!("http://{}/debug/mapwise/", server.address))
        .output()
        .expect("the browser starts");
    let dom = String::from_utf8_lossy(&out.stdout);
    assert!(dom.contains("&lt;/script&gt;&lt;img src=x onerror="), "the name is shown: {dom:.2000}");
    assert!(!dom.contains("<title>owned") && !dom.contains("<img"), "and not obeyed");
    assert!(dom.contains("data-at=\"/maps/"), "the figures are there");
}
