//! Runs one program in a process of its own, as its user would: options in the environment, findings in the log, exit
//! status 66.
//!
//! - **fresh**: a process knows of earlier ones only the call sites they learned, in a file that the search for one bug
//!   shares and nobody else.

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use mapwise::check::Kind;
use serde_json::Value;

/// The variable that tells a child which program to run, and which twin of it.
pub const PROGRAM: &str = "MAPWISE_CORPUS_PROGRAM";
/// The test that runs it.
pub const TEST: &str = "run_one_program";

/// What is kept between runs that belong together.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Relaxed: only uniqueness matters.
        let number = NEXT.fetch_add(1, Relaxed);
        let folder = env::temp_dir().join(format!("mapwise-corpus-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).expect("the folder of temporary files takes one more");
        Self(folder)
    }

    /// Forgets what earlier runs learned.
    pub fn forget(&self) {
        let _none = fs::remove_file(self.sites());
    }

    fn sites(&self) -> PathBuf {
        self.0.join("sites")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

/// A finding, as the log has it.
#[derive(Clone, Debug)]
pub struct Report {
    pub kind: Kind,
    /// The files of its call sites.
    pub files: Vec<String>,
    pub text: String,
}

/// Runs a program, by `key`, and returns what is reported of it.
///
/// # Panics
///
/// If the program fails, or the exit status does not say whether there are findings.
pub fn run(folder: &Folder, key: &str) -> Vec<Report> {
    let log = folder.0.join("log");
    let options = format!("format=json log_path={} sites={}", log.display(), folder.sites().display());
    let child = Command::new(env::current_exe().expect("this program has a path"))
        .args([TEST, "--exact", "--ignored", "--nocapture"])
        .env(PROGRAM, key)
        .env("MAPWISE_CHECK", options)
        .env("RUST_BACKTRACE", "0")
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("this program can be run again");
    let log = folder.0.join(format!("log.{}", child.id()));
    let output = child.wait_with_output().expect("the child can be waited for");
    let reports = read(&log);
    let expected = if reports.is_empty() { 0 } else { 66 };
    assert!(output.status.code() == Some(expected), "{key}: {} reports, but {}", reports.len(), ending(&output));
    let _none = fs::remove_file(log);
    reports
}

fn ending(output: &Output) -> String {
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}{}", output.status, said(&output.stdout), said(&output.stderr))
}

/// Reads a log; one that is not there has no reports.
fn read(log: &Path) -> Vec<Report> {
    let Ok(text) = fs::read(log) else { return Vec::new() };
    let document: Value = serde_json::from_slice(&text).expect("the log is a document");
    document["findings"].as_array().expect("a document has findings").iter().map(report).collect()
}

fn report(finding: &Value) -> Report {
    let name = finding["kind"].as_str().expect("a finding has a kind");
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name).expect("the kind is one of the kinds");
    let mut text = format!("{kind} on {}", finding["map"]["type"].as_str().unwrap_or("?"));
    let mut files = Vec::new();
    for access in finding["accesses"].as_array().expect("a finding has accesses") {
        let place = &access["place"];
        files.push(place["file"].as_str().expect("a place has a file").to_owned());
        let _infallible = write!(text, "; {}, line {}", access["heading"].as_str().unwrap_or("?"), place["line"]);
    }
    Report { kind, files, text }
}
