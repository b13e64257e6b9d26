//! Runs the command as a user does.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// The command, away from this process's terminal.
pub fn mapwise(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mapwise"));
    command.args(args).stdin(Stdio::null()).env_remove("COLUMNS").env_remove("NO_COLOR");
    command
}

/// What the command did.
pub fn run(args: &[&str]) -> Output {
    mapwise(args).output().expect("the command starts")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("results are UTF-8")
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("messages are UTF-8")
}

/// A folder for the files of one test.
pub fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the build folder is writable");
    folder
}

/// A short real run on two candidates, measured once for all tests of a file.
pub fn measured() -> &'static str {
    static RUN: OnceLock<String> = OnceLock::new();
    RUN.get_or_init(|| {
        let output =
            run(&["advise", "--time", "1s", "--threads", "1", "--only", "std-mutex,dashmap", "--format", "json"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output)
    })
}

/// The measured run in a file.
pub fn measured_file(folder: &str) -> PathBuf {
    let path = self::folder(folder).join("run.json");
    std::fs::write(&path, measured()).expect("the build folder is writable");
    path
}
