//! Pairs of call sites that deserve a delay, from run to run.
//!
//! - **harmless**: a file that is not one of ours, too large or damaged is not believed: a note says so and the run begins
//!   with nothing. Nothing in it but weights and places in the source is used, and those only to compare.
//! - **whole**: the file is written beside its place and then renamed, so that another process never reads half of it.

use std::{
    fmt::Write as _,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{delay::Pair, notes, settings::settings};

const HEADER: &str = "mapwise-sites 1";
const LARGEST: u64 = 1 << 20;
const MOST: usize = 4096;

/// Returns the pairs that earlier runs learned.
pub(crate) fn load() -> Vec<Pair> {
    let Some(path) = path() else { return Vec::new() };
    match read(&path) {
        Ok(pairs) => pairs,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            notes::keep(format!("the file of learned call sites was not used: {}: {error}", path.display()));
            Vec::new()
        }
    }
}

/// Keeps the pairs for the next run.
pub(crate) fn save(pairs: &[Pair]) {
    let Some(path) = path() else { return };
    if pairs.is_empty() {
        return;
    }
    if let Err(error) = write(&path, pairs) {
        notes::keep(format!("learned call sites were not kept: {}: {error}", path.display()));
    }
}

/// Returns where they are kept: where the user says, or else below the `target` directory of the executable.
fn path() -> Option<PathBuf> {
    if let Some(path) = &settings().sites {
        return (!path.as_os_str().is_empty()).then(|| path.clone());
    }
    below_target(&std::env::current_exe().ok()?)
}

fn below_target(executable: &Path) -> Option<PathBuf> {
    let target = executable.ancestors().skip(1).find(|place| place.file_name().is_some_and(|name| name == "target"))?;
    let name = executable.file_stem()?.to_str()?;
    // Cargo puts a hash after the name of a test, which changes with every build.
    let name = match name.rsplit_once('-') {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => name,
        _ => name,
    };
    Some(target.join("mapwise").join(format!("{name}.sites")))
}

fn bad(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

fn read(path: &Path) -> io::Result<Vec<Pair>> {
    let file = fs::File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(bad("not a file"));
    }
    let mut text = String::new();
    file.take(LARGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST {
        return Err(bad(format!("must be at most {LARGEST} bytes long")));
    }
    parse(&text)
}

fn parse(text: &str) -> io::Result<Vec<Pair>> {
    let mut lines = text.lines();
    if lines.next() != Some(HEADER) {
        return Err(bad(format!("must begin with `{HEADER}`")));
    }
    let mut pairs = Vec::new();
    for (line, number) in lines.zip(2..) {
        let mut fields = line.split('\t');
        let (Some(weight), Some(check), Some(act), None) = (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(bad(format!("line {number} must have three fields")));
        };
        let weight: f32 = weight.parse().map_err(|_| bad(format!("line {number} must begin with a number")))?;
        if !(0.0..=1.0).contains(&weight) {
            return Err(bad(format!("the weight in line {number} must be from 0 to 1")));
        }
        if pairs.len() == MOST {
            return Err(bad(format!("must have at most {MOST} pairs")));
        }
        pairs.push(Pair { weight, check: Arc::from(check), act: Arc::from(act) });
    }
    Ok(pairs)
}

fn write(path: &Path, pairs: &[Pair]) -> io::Result<()> {
    let mut text = format!("{HEADER}\n");
    for Pair { weight, check, act } in pairs {
        if ![check, act].iter().any(|place| place.contains(['\t', '\n', '\r'])) {
            let _ = writeln!(text, "{weight}\t{check}\t{act}");
        }
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    fs::write(&beside, text)?;
    fs::rename(&beside, path).inspect_err(|_| drop(fs::remove_file(&beside)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_survive_a_file() {
        let folder = std::env::temp_dir().join(format!("mapwise-sites-test-{}", std::process::id()));
        let path = folder.join("a.sites");
        let pair = |weight, check: &str| Pair { weight, check: check.into(), act: "src/b.rs:3:4".into() };
        let pairs = vec![pair(0.25, "src/a.rs:1:2"), pair(1.0, "src/a.rs:9:9")];
        write(&path, &pairs).unwrap();
        assert_eq!(read(&path).unwrap(), pairs);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_damaged_file_is_refused_with_its_reason() {
        for (text, reason) in [
            ("", "must begin with `mapwise-sites 1`"),
            ("mapwise-sites 1\nx", "line 2 must have three fields"),
            ("mapwise-sites 1\n0.5\ta\tb\tc", "line 2 must have three fields"),
            ("mapwise-sites 1\nx\ta\tb", "line 2 must begin with a number"),
            ("mapwise-sites 1\nNaN\ta\tb", "the weight in line 2 must be from 0 to 1"),
            ("mapwise-sites 1\n0.5\ta\tb\n7\ta\tb", "the weight in line 3 must be from 0 to 1"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), reason, "{text:?}");
        }
        let many = format!("{HEADER}\n{}", "1\ta\tb\n".repeat(MOST + 1));
        assert_eq!(parse(&many).unwrap_err().to_string(), "must have at most 4096 pairs");
        assert_eq!(read(Path::new("/")).unwrap_err().to_string(), "not a file");
    }

    #[test]
    fn the_file_is_the_same_for_every_build_of_an_executable() {
        let one = below_target(Path::new("/w/target/debug/deps/conformance-d66fa1a0acf97773"));
        assert_eq!(one, Some(PathBuf::from("/w/target/mapwise/conformance.sites")));
        assert_eq!(below_target(Path::new("/w/target/debug/app-one")), Some("/w/target/mapwise/app-one.sites".into()));
        assert_eq!(below_target(Path::new("/usr/bin/app")), None);
    }
}
