//! Logs to test with, and what matters of a diagnosis.

#![allow(dead_code, clippy::print_stderr)]

use std::fs;
use std::path::{Path, PathBuf};

use mapwise_diagnose::{Diagnosis, diagnose};

/// The project's own logs.
pub(crate) fn own_logs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/logs")
}

/// Logs that lie beside the project, where they are present.
pub(crate) fn shared_dumps() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/go-dumps");
    if !path.is_dir() {
        eprintln!("skipped: {} is absent", path.display());
        return None;
    }
    Some(path)
}

/// Names and texts of the text logs in a folder.
pub(crate) fn texts(folder: &Path) -> Vec<(String, String)> {
    let mut logs: Vec<(String, String)> = fs::read_dir(folder)
        .expect("the folder is there")
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?.to_owned();
            let text = (name.ends_with(".txt") || name.ends_with(".json")) && name != "main.go.txt";
            text.then(|| Some((name, fs::read_to_string(&path).ok()?))).flatten()
        })
        .collect();
    logs.sort();
    logs
}

/// All text logs of both folders.
pub(crate) fn all_texts() -> Vec<(String, String)> {
    let mut logs = texts(&own_logs());
    logs.extend(shared_dumps().map(|folder| texts(&folder)).unwrap_or_default());
    logs
}

pub(crate) fn read(bytes: &[u8]) -> Diagnosis {
    diagnose(bytes, &Default::default()).expect("memory can be read")
}

/// What a wrapper must not change: kinds, accesses, operations, places, creators, counts, causes.
pub(crate) fn essence(diagnosis: &Diagnosis) -> Vec<String> {
    let mut out: Vec<String> = diagnosis
        .findings
        .iter()
        .map(|finding| {
            let accesses: Vec<String> = finding
                .accesses
                .iter()
                .map(|a| format!("{:?} {:?} {} {} {:?}", a.role, a.operation, a.place, a.actor, a.created))
                .collect();
            let causes: Vec<_> = finding.causes.iter().map(|cause| cause.kind).collect();
            format!("{:?} x{} {accesses:#?} {causes:?}", finding.kind, finding.count)
        })
        .collect();
    out.sort();
    out
}
