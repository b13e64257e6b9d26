//! `mapwise diagnose`: Go logs in, findings out, one log after the other.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use mapwise_diagnose::{Diagnosis, Error, Options, SourceDir, diagnose as read_log, render};
use mapwise_report::safe;
use serde_json::{Value, json};

use crate::args::{Diagnose, DiagnosisFormat};
use crate::failure::{Failure, INTERRUPTED, USAGE};
use crate::terminal::{print, say};
use crate::watch::{Reading, catch_interrupts, interrupted};

/// Something was found.
const FOUND: u8 = 1;
/// Stands for standard input.
const STDIN: &str = "-";

/// Reads the logs and prints what they show; one that cannot be read does not keep the rest from the user.
pub(crate) fn diagnose(args: &Diagnose) -> Result<u8, Failure> {
    let logs = logs(args)?;
    let source = args.src.as_deref().map(source).transpose()?;
    let options = source.as_ref().map_or_else(Options::default, |source| Options::default().with_source(source));
    // At a keyboard nothing would wake the read: there Ctrl-C ends the process as it always does.
    if !(logs.contains(&Path::new(STDIN)) && io::stdin().is_terminal()) {
        catch_interrupts()?;
    }
    let mut output = Output { format: args.format, several: logs.len() > 1, whole: None };
    let mut status = 0;
    for log in logs {
        match open(log) {
            Ok((reader, total)) => {
                let (diagnosis, failure) = understand(log, Reading::new(reader, total, &name(log)), &options);
                status = status.max(if diagnosis.findings.is_empty() { 0 } else { FOUND });
                if failure.is_none() || !diagnosis.findings.is_empty() {
                    output.add(log, &diagnosis, failure.as_ref())?;
                }
                if let Some(failure) = failure {
                    say(&failure.to_string());
                    status = USAGE;
                }
                if interrupted() {
                    say(&format!("interrupted: {} was read up to line {}", name(log), diagnosis.lines));
                    status = INTERRUPTED;
                    break;
                }
            }
            Err(failure) => {
                say(&failure.to_string());
                status = USAGE;
            }
        }
    }
    output.finish()?;
    Ok(status)
}

/// The logs that were named, or standard input if something is piped into it.
fn logs(args: &Diagnose) -> Result<Vec<&Path>, Failure> {
    if !args.logs.is_empty() {
        return Ok(args.logs.iter().map(AsRef::as_ref).collect());
    }
    if io::stdin().is_terminal() {
        return Err(Failure::new(
            "no log given",
            "name a file, or pipe one in: go test -race ./... 2>&1 | mapwise diagnose",
        ));
    }
    Ok(vec![Path::new(STDIN)])
}

fn source(folder: &Path) -> Result<SourceDir, Failure> {
    if folder.is_dir() {
        return Ok(SourceDir::new(folder));
    }
    Err(Failure::new(
        format_args!("--src must be a folder that can be read, got {}", folder.display()),
        "name the folder that holds the program's go.mod",
    ))
}

/// A log's bytes, and how many there are if that is known.
fn open(log: &Path) -> Result<(Box<dyn Read>, Option<u64>), Failure> {
    if log == Path::new(STDIN) {
        return Ok((Box::new(io::stdin().lock()), None));
    }
    let refuse = |error: io::Error| {
        Failure::new(format_args!("{}: {error}", log.display()), "check the path and that you may read the file")
    };
    let found = fs::metadata(log).map_err(refuse)?;
    if found.is_dir() {
        return Err(Failure::new(
            format_args!("{}: is a folder", log.display()),
            format!("name the logs in it: mapwise diagnose {}/*", log.display()),
        ));
    }
    let file = File::open(log).map_err(refuse)?;
    Ok((Box::new(file), found.is_file().then_some(found.len())))
}

/// What a log shows; where it could not be read to its end, what it shows up to there and why.
fn understand(log: &Path, reader: impl Read, options: &Options<'_>) -> (Diagnosis, Option<Failure>) {
    match read_log(reader, options) {
        Ok(diagnosis) => (diagnosis, None),
        Err(error) => {
            let hint = "what was understood up to there is shown: copy the log to a disk and read it again";
            let failure = Failure::new(format_args!("{}: {error}", name(log)), hint);
            match error {
                Error::Read { understood, .. } => (*understood, Some(failure)),
                _ => (Diagnosis::default(), Some(failure)),
            }
        }
    }
}

fn name(log: &Path) -> String {
    if log == Path::new(STDIN) { "standard input".to_owned() } else { safe(&log.display().to_string()) }
}

/// Prints findings as they come, or one document in the end where the format knows only one.
struct Output {
    format: DiagnosisFormat,
    several: bool,
    whole: Option<Value>,
}

impl Output {
    fn add(&mut self, log: &Path, diagnosis: &Diagnosis, failure: Option<&Failure>) -> Result<(), Failure> {
        let name = name(log);
        let headed = |heading: String, text: String| if self.several { heading + &text } else { text };
        match self.format {
            DiagnosisFormat::Text => print(&headed(format!("==> {name} <==\n"), render::text(diagnosis))),
            DiagnosisFormat::Markdown => {
                print(&headed(format!("Log: `{}`\n\n", name.replace('`', "'")), render::markdown(diagnosis)))
            }
            DiagnosisFormat::Github => print(&render::github(diagnosis)),
            DiagnosisFormat::Json => {
                let mut entry = parsed(&render::json(diagnosis))?;
                entry["log"] = json!(name);
                entry["error"] = json!(failure.map(Failure::error));
                self.join(json!({ "logs": [] }), "/logs", vec![entry])
            }
            DiagnosisFormat::Sarif => {
                let mut run = parsed(&render::sarif(diagnosis))?;
                let results = run.pointer_mut("/runs/0/results").and_then(Value::as_array_mut).map(std::mem::take);
                self.join(run, "/runs/0/results", results.unwrap_or_default())
            }
        }
    }

    /// Adds `items` to the list at `pointer` of the whole document, which starts as `empty`.
    fn join(&mut self, empty: Value, pointer: &str, items: Vec<Value>) -> Result<(), Failure> {
        let whole = self.whole.get_or_insert(empty);
        if let Some(list) = whole.pointer_mut(pointer).and_then(Value::as_array_mut) {
            list.extend(items);
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Failure> {
        self.whole.map_or(Ok(()), |whole| print(&format!("{whole:#}\n")))
    }
}

fn parsed(json: &str) -> Result<Value, Failure> {
    serde_json::from_str(json)
        .map_err(|error| Failure::new(error, "please report this: mapwise made a diagnosis that it cannot write"))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Breaks;

    impl Read for Breaks {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }

    #[test]
    fn what_was_understood_before_the_log_broke_off_is_kept() {
        let log =
            "fatal error: concurrent map writes\n\ngoroutine 7 [running]:\nmain.set(0x0)\n\t/app/main.go:23 +0x36\n";
        let reader = log.as_bytes().chain(Breaks);
        let (diagnosis, failure) = understand(Path::new("a.log"), reader, &Options::default());
        assert_eq!(diagnosis.findings[0].accesses[0].place.line, 23);
        let text = failure.expect("reading failed").to_string();
        assert!(text.starts_with("error: a.log: ") && text.contains("line 5") && text.contains("the disk is gone"));
        assert!(text.contains("\nhint: "));
    }
}
