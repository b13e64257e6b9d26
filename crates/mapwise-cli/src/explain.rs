//! `mapwise explain`: what a finding of checked mode means, with a small wrong program and its repair.
//!
//! The stories and programs are files of `explain`, one folder a kind; the tests of `mapwise` run the programs under
//! checked mode, so a wrong one that finds nothing, and a repair that finds something, fail there.

use crate::failure::Failure;
use crate::terminal::print;

/// A kind of finding.
struct Story {
    /// As suppressions and SARIF call it.
    name: &'static str,
    /// As ids carry it.
    code: &'static str,
    /// One line.
    summary: &'static str,
    story: &'static str,
    wrong: &'static str,
    repair: &'static str,
}

macro_rules! stories {
    ($($name:literal $code:literal $summary:literal)*) => {
        [$(Story {
            name: $name,
            code: $code,
            summary: $summary,
            story: include_str!(concat!("../explain/", $name, "/story.txt")),
            wrong: include_str!(concat!("../explain/", $name, "/wrong.rs")),
            repair: include_str!(concat!("../explain/", $name, "/repair.rs")),
        }),*]
    };
}

static STORIES: [Story; 8] = stories! {
    "lost_update" "lu" "a write rested on a value that another thread had replaced"
    "double_init" "di" "two threads found a key absent, and both inserted"
    "stale_remove" "sr" "an entry was removed that had changed since it was looked at"
    "iterate_then_act" "ia" "an entry was acted on that had changed since the iteration"
    "reentrancy" "re" "a closure called the map that was running it"
    "lock_cycle" "lc" "two maps were nested in opposite orders"
    "long_hold" "lh" "a closure held its map for long, or waited inside"
    "overlap" "ov" "two threads were inside a FailFastMap at once"
};

/// Tells the story of one kind, or lists all.
pub(crate) fn explain(what: Option<&str>) -> Result<u8, Failure> {
    match what {
        None => print(&list())?,
        Some(what) => print(&find(what)?.text())?,
    }
    Ok(0)
}

fn list() -> String {
    let wide = STORIES.iter().map(|story| story.name.len()).max().unwrap_or(0);
    let line = |story: &Story| format!("  {:wide$}  mw-{}-...  {}\n", story.name, story.code, story.summary);
    STORIES.iter().map(line).collect()
}

/// The story of a kind, however it is written: an id, a name, two letters, a line of a suppression file.
fn find(what: &str) -> Result<&'static Story, Failure> {
    let word = what.trim().to_ascii_lowercase();
    let found = match word.strip_prefix("mw-").and_then(|rest| rest.split_once('-')) {
        Some((code, digits)) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            STORIES.iter().find(|story| story.code == code)
        }
        Some(_) => None,
        None => {
            let letters = |text: &str| text.replace(['-', '_', ' '], "");
            let kind = letters(word.split(':').next().unwrap_or_default());
            STORIES.iter().find(|story| letters(story.name) == kind || story.code == kind)
        }
    };
    found.ok_or_else(|| {
        let what: String = what.chars().take(60).collect();
        Failure::new(
            format_args!("no kind of finding is called `{}`", mapwise_report::safe(&what)),
            "an id such as mw-lu-1f09c3ab or a kind such as lost_update; `mapwise explain` lists all",
        )
    })
}

impl Story {
    fn text(&self) -> String {
        let Self { name, code, summary, story, wrong, repair } = self;
        let code_block = |program: &str| {
            let line = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") };
            program.lines().map(line).collect::<String>()
        };
        let harmless = match *name {
            "reentrancy" => "None is harmless: the inner call panics, for it would wait for itself.".to_owned(),
            "overlap" => "None is harmless: the process ends.".to_owned(),
            _ => {
                format!("To keep quiet about one that is harmless: a line `{name}:function` in a file of suppressions.")
            }
        };
        format!(
            "{name} (mw-{code}-...): {summary}\n\n{story}\nWrong:\n\n{}\nRepaired:\n\n{}\n{harmless}\n",
            code_block(wrong),
            code_block(repair),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_found_however_it_is_written() {
        for what in [
            "mw-lu-1f09c3ab",
            "mw-lu-0123456789abcdef",
            "lost_update",
            "lost-update",
            "Lost update",
            "lu",
            "lost_update:app::bump",
        ] {
            assert_eq!(find(what).map(|story| story.name).ok(), Some("lost_update"), "{what}");
        }
        assert_eq!(find("re-entrancy").map(|story| story.name).ok(), Some("reentrancy"));
        for what in ["", "mw-zz-1f09", "mw-lu-xyz", "mw-", "data_race", "\u{1b}[2J"] {
            assert!(find(what).is_err(), "{what:?}");
        }
    }

    #[test]
    fn every_story_fits_a_terminal_and_every_folder_has_its_story() {
        for story in &STORIES {
            let prose = story.story.lines().chain(story.summary.lines());
            assert!(prose.clone().all(|line| line.len() <= 80), "{}", story.name);
            assert!(!story.story.is_empty() && story.wrong != story.repair);
        }
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/explain");
        let folders = std::fs::read_dir(folder).expect("the folder is there").count();
        assert_eq!(folders, STORIES.len());
    }
}
