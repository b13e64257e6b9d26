//! Where reports go.
//!
//! - **lock-free-of-the-user**: writes go to the file descriptor, not through std's locks: the user may hold standard
//!   error locked while another thread, which is reporting, holds the map that the user's thread waits for.

use std::{
    fs::{self, File},
    io::{self, Seek, Write},
    path::{Path, PathBuf},
};

use super::options::Log;

/// An open log.
#[derive(Debug)]
pub(crate) enum Output {
    /// Standard error.
    Stderr,
    /// Standard output.
    Stdout,
    /// A file.
    File(PathBuf, File),
}

impl Output {
    /// Opens the log; a file gets the process's number behind its name, since every process has its own.
    pub(crate) fn open(log: &Log) -> Result<Self, (PathBuf, io::Error)> {
        let Log::File(path) = log else {
            return Ok(if *log == Log::Stdout { Self::Stdout } else { Self::Stderr });
        };
        let mut name = path.clone().into_os_string();
        name.push(format!(".{}", std::process::id()));
        let path = PathBuf::from(name);
        match File::create(&path) {
            Ok(file) => Ok(Self::File(path, file)),
            Err(error) => Err((path, error)),
        }
    }

    /// The file, if it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path, _) => Some(path),
            _ => None,
        }
    }

    /// Adds to the log.
    pub(crate) fn append(&self, text: &str) -> io::Result<()> {
        match self {
            Self::Stderr => descriptor(&io::stderr())?.write_all(text.as_bytes()),
            Self::Stdout => descriptor(&io::stdout())?.write_all(text.as_bytes()),
            Self::File(_, file) => (&*file).write_all(text.as_bytes()),
        }
    }

    /// Makes `text` all that the file has; adds it to a log that is no file.
    pub(crate) fn replace(&self, text: &str) -> io::Result<()> {
        if let Self::File(_, file) = self {
            file.set_len(0)?;
            (&*file).rewind()?;
        }
        self.append(text)
    }

    /// Takes a file away that nothing was written to.
    pub(crate) fn close(&self) {
        if let Self::File(path, file) = self
            && file.metadata().is_ok_and(|found| found.len() == 0)
        {
            let _ = fs::remove_file(path);
        }
    }
}

/// The open file behind a standard stream.
#[cfg(unix)]
fn descriptor(stream: &impl std::os::fd::AsFd) -> io::Result<File> {
    Ok(stream.as_fd().try_clone_to_owned()?.into())
}

/// The open file behind a standard stream.
#[cfg(windows)]
fn descriptor(stream: &impl std::os::windows::io::AsHandle) -> io::Result<File> {
    Ok(stream.as_handle().try_clone_to_owned()?.into())
}
