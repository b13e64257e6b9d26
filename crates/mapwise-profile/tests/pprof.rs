//! The pprof file in the real tool. Skips, and says so, where Go is not installed: `GO` names it, or it is on the path.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use mapwise_profile::{Blame, Profile, collapsed, pprof};

/// Go, where it is and has the tool.
fn go() -> Option<PathBuf> {
    match std::env::var_os("GO") {
        Some(go) => Some(PathBuf::from(go)),
        None => common::program(&["go"]),
    }
}

struct Tool {
    go: PathBuf,
    folder: PathBuf,
}

impl Tool {
    fn on(name: &str, profile: &Profile, blame: Blame) -> Option<Tool> {
        let tool = Tool { go: go()?, folder: common::folder(name) };
        std::fs::write(tool.file(), pprof::gz(profile, blame)).expect("the build folder is writable");
        Some(tool)
    }

    fn file(&self) -> PathBuf {
        self.folder.join("profile.pb.gz")
    }

    /// What `go tool pprof` says, asserting that it found nothing to complain about.
    fn say(&self, options: &[&str]) -> String {
        let output = Command::new(&self.go)
            .args(["tool", "pprof"])
            .args(options)
            .arg(self.file())
            // Its own folder for what it downloads and remembers.
            .env("PPROF_TMPDIR", &self.folder)
            .env("GOFLAGS", "-mod=mod")
            .current_dir(Path::new(env!("CARGO_TARGET_TMPDIR")))
            .output()
            .expect("Go starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{options:?}: {said}");
        assert!(!said.contains("error") && !said.contains("malformed"), "{options:?}: {said}");
        String::from_utf8(output.stdout).expect("pprof prints UTF-8")
    }
}

/// The row of a table of `-top` whose last words are `name`.
fn row<'a>(top: &'a str, name: &str) -> Vec<&'a str> {
    let line = top.lines().find(|line| line.trim_end().ends_with(name));
    line.unwrap_or_else(|| panic!("no row {name} in:\n{top}")).split_whitespace().collect()
}

#[test]
fn go_ranks_maps_and_shards_by_delay() {
    let Some(tool) = Tool::on("pprof-top", &common::hot_key(), Blame::Waiter) else { return };
    let top = tool.say(&["-top", "-unit=ms"]);
    assert!(top.contains("Type: delay"), "delay is the default:\n{top}");
    assert!(top.contains("Showing nodes accounting for 9000ms, 100% of 9000ms total"), "{top}");
    assert_eq!(row(&top, "map sessions shard 3")[..2], ["8100ms", "90.00%"], "flat:\n{top}");
    assert_eq!(row(&top, "map sessions shard 7")[..2], ["600ms", "6.67%"], "{top}");
    assert_eq!(row(&top, "not attributed")[3..5], ["300ms", "3.33%"], "cumulative:\n{top}");
    assert_eq!(row(&top, "shop::bump")[3..5], ["7000ms", "77.78%"], "{top}");
    let counted = tool.say(&["-top", "-sample_index=contentions"]);
    assert!(counted.contains("of 90000 total"), "{counted}");
    assert_eq!(row(&counted, "map sessions shard 3")[0], "81000", "{counted}");
}

#[test]
fn go_shows_the_calls_of_each_wait() {
    let Some(tool) = Tool::on("pprof-traces", &common::hot_key(), Blame::Waiter) else { return };
    let traces = tool.say(&["-traces"]);
    let stack = ["map sessions shard 3", "shop::bump", "shop::handle", "shop::main"];
    let lines: Vec<&str> = traces.lines().map(str::trim).collect();
    let first = lines.iter().position(|line| line.ends_with(stack[0])).expect("the leaf is shown");
    assert!(lines[first].starts_with("7s"), "{traces}");
    for (offset, call) in stack.iter().enumerate() {
        assert!(lines[first + offset].ends_with(call), "{call} in:\n{traces}");
    }
}

#[test]
fn go_groups_by_map_shard_operation_and_holder() {
    let Some(tool) = Tool::on("pprof-tags", &common::hot_key(), Blame::Waiter) else { return };
    let tags = tool.say(&["-tags"]);
    for (tag, total) in [("map", "9s"), ("shard", "8.70s"), ("operation", "8.70s"), ("holder", "8.70s")] {
        assert!(tags.contains(&format!("{tag}: Total {total}")), "{tag} {total} in:\n{tags}");
    }
    assert_eq!(row(&tags, ": 3")[..2], ["8.10s", "(90.00%):"], "{tags}");
    assert_eq!(row(&tags, ": update")[0], "7s", "{tags}");
    let focused = tool.say(&["-top", "-unit=ms", "-tagfocus=operation=get"]);
    assert!(focused.contains("accounting for 1700ms"), "{focused}");
}

#[test]
fn go_blames_holders_on_request() {
    let Some(tool) = Tool::on("pprof-holders", &common::hot_key(), Blame::Holder) else { return };
    let top = tool.say(&["-top", "-unit=ms"]);
    assert_eq!(row(&top, "shop::bump")[3], "8100ms", "{top}");
    assert_eq!(row(&top, "shop::expire")[3], "600ms", "{top}");
    assert!(tool.say(&["-tags"]).contains("waiter: Total 8.70s"));
}

#[test]
fn without_sites_go_sees_the_shards() {
    let mut profile = common::quiet();
    profile.maps.push(common::map("flags"));
    let Some(tool) = Tool::on("pprof-shards", &profile, Blame::Waiter) else { return };
    let top = tool.say(&["-top", "-unit=us", "-nodecount=100"]);
    assert!(top.contains("100% of 20000us total"), "{top}");
    for shard in 0..16 {
        assert_eq!(row(&top, &format!("map flags shard {shard}"))[0], "625us", "{top}");
    }
}

#[test]
fn go_keeps_the_types_in_a_name() {
    let mut profile = common::hot_key();
    profile.maps[0].name = "ShardedMap<String, Vec<u8>> (src/main.rs:7)".to_owned();
    let Some(tool) = Tool::on("pprof-types", &profile, Blame::Waiter) else { return };
    let top = tool.say(&["-top"]);
    assert!(top.contains("map ShardedMap<String, Vec<u8>> (src/main.rs:7) shard 3\n"), "{top}");
}

#[test]
fn go_reads_hostile_names_and_prints_no_control_character() {
    let Some(tool) = Tool::on("pprof-hostile", &common::hostile(), Blame::Waiter) else { return };
    for report in ["-top", "-traces", "-tags"] {
        let text = tool.say(&[report]);
        assert!(text.contains("</script><img src=x"), "{report}: {text}");
        let bad: Vec<char> =
            text.chars().filter(|c| c.is_control() && !"\n\t".contains(*c) || *c == '\u{202e}').collect();
        assert_eq!(bad, [], "{report}");
    }
}

#[test]
fn collapsed_stacks_add_up_and_begin_outermost() {
    let text = collapsed::text(&common::hot_key(), Blame::Waiter);
    assert!(text.contains("shop::main;shop::handle;shop::bump;map sessions shard #3 7000000000\n"), "{text}");
    let values = text.lines().map(|line| folded(line).1);
    assert_eq!(values.sum::<u64>(), 9_000_000_000);
    for line in collapsed::text(&common::hostile(), Blame::Holder).lines() {
        assert!(folded(line).0.len() <= 2, "no name adds a frame: {line}");
    }
}

#[test]
fn no_name_makes_a_collapsed_stack_the_difference_of_two_profiles() {
    for name in ["cache 2", "cache 2.", "7", "cache ", " ", "a 1;b 2", "cache 2\n"] {
        let mut profile = common::hot_key();
        profile.maps[0].name = name.to_owned();
        profile.maps[0].shards.each.clear();
        let text = collapsed::text(&profile, Blame::Waiter);
        assert_eq!(text.lines().map(|line| folded(line).1).sum::<u64>(), 9_000_000_000, "{text}");
    }
}

/// The frames and the value of a line, by the rules of inferno's `LineParser` and of speedscope's `parseBGFoldedStacks`: the
/// value is what is behind the last space; if another number is before it, the line is a difference.
fn folded(line: &str) -> (Vec<&str>, u64) {
    fn number(line: &str) -> Option<(&str, &str)> {
        let (rest, last) = line.rsplit_once(' ')?;
        let (whole, fraction) = last.split_once('.').unwrap_or((last, ""));
        let is_number = whole.chars().chain(fraction.chars()).all(|c| c.is_ascii_digit());
        is_number.then_some((rest.trim_end(), last))
    }
    let (stack, value) = number(line.trim()).expect("a value");
    assert!(number(stack).is_none(), "a difference: {line}");
    assert!(!stack.is_empty() && stack.split(';').all(|frame| !frame.is_empty()), "{line}");
    (stack.split(';').collect(), value.parse().expect("a whole number"))
}
