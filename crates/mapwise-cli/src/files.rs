//! Files: checked before anything is measured, and written whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::Failure;

/// A place that a file can be written to.
#[derive(Debug)]
pub(crate) struct Target {
    /// As the user wrote it.
    given: PathBuf,
    /// A link stays a link: what it leads to is what is replaced.
    path: PathBuf,
}

impl Target {
    /// Checks that a file can be written at `path`, without touching what is there.
    pub(crate) fn check(path: &Path) -> Result<Target, Failure> {
        let target =
            Target { given: path.to_owned(), path: fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()) };
        let possible = if target.is_special() {
            // Opening a pipe would wait for its reader.
            Ok(())
        } else if target.path.is_dir() || target.path.file_name().is_none() {
            Err(io::Error::from(io::ErrorKind::IsADirectory))
        } else {
            target.temporary().map(drop)
        };
        possible.map_err(|error| target.failure(&error))?;
        Ok(target)
    }

    /// Writes the file in one step: a reader sees the old content or the new one.
    pub(crate) fn write(&self, content: &str) -> Result<(), Failure> {
        self.try_write(content).map_err(|error| self.failure(&error))
    }

    /// The path as the user wrote it.
    pub(crate) fn given(&self) -> &Path {
        &self.given
    }

    /// Whether both lead to one file.
    pub(crate) fn is_same(&self, other: &Target) -> bool {
        self.path == other.path
    }

    fn try_write(&self, content: &str) -> io::Result<()> {
        if self.is_special() {
            return OpenOptions::new().write(true).open(&self.path)?.write_all(content.as_bytes());
        }
        let mut file = self.temporary()?;
        file.write_all(content.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Whether this is a device or a pipe, which must not be replaced by a file.
    fn is_special(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|found| !found.is_file() && !found.is_dir())
    }

    fn temporary(&self) -> io::Result<NamedTempFile> {
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".mapwise-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any new file: the process's umask takes away from it.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        builder.tempfile_in(folder).map_err(|error| {
            // Without the name of the temporary file, which says nothing to the user.
            let text = error.to_string();
            let reason = text.split(" at path ").next().unwrap_or(&text);
            io::Error::new(error.kind(), reason.to_owned())
        })
    }

    fn failure(&self, error: &io::Error) -> Failure {
        Failure::new(
            format_args!("cannot write {}: {error}", self.given.display()),
            "name a file in a folder that exists and that you may write to",
        )
    }
}
