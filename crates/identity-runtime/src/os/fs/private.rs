//! Files with secrets of one user, on Unix.
//!
//! All names are looked up in a folder that was opened and checked, so that nothing can be swapped between the check and the use.

mod directory;
mod lock;
mod lock_file;
#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "the tests look at what is really on the disk"
)]
mod tests;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use identity_base::BoxFuture;
use identity_base::seam::{FileContents, FileKind, FileLock, FileMetadata, PrivateFile};
use rustix::fs::OFlags;

use self::directory::Directory;
use self::lock::SystemFileLock;
use super::{describe, read_capped, too_large};
use crate::os::off_thread::off_thread;

/// Opens no link, waits for no FIFO, and doesn't reach children.
const CAREFULLY: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// A file of this user.
#[derive(Clone, Debug)]
pub(super) struct SystemPrivateFile {
    directory: PathBuf,
    name: OsString,
}

impl SystemPrivateFile {
    /// The file at `path`, which has to end in a name.
    pub(super) fn new(path: &Path) -> Option<Self> {
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        Some(Self {
            directory: directory.to_owned(),
            name: path.file_name()?.to_owned(),
        })
    }

    fn path(&self) -> PathBuf {
        self.directory.join(&self.name)
    }

    fn metadata_now(&self) -> io::Result<Option<FileMetadata>> {
        match Directory::open(&self.directory)? {
            Some(directory) => directory.metadata(&self.name),
            None => Ok(None),
        }
    }

    fn read_now(&self, max_bytes: u64) -> io::Result<Option<FileContents>> {
        let Some(directory) = Directory::open(&self.directory)? else {
            return Ok(None);
        };
        let mut file = match directory.open_file(&self.name, OFlags::RDONLY | CAREFULLY) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if is_loop(&error) => return Err(self.refused("is a symbolic link", "remove it")),
            Err(error) => return Err(error),
        };
        let metadata = describe(&file.metadata()?);
        self.check(&metadata)?;
        if metadata.len > max_bytes {
            return Err(too_large(max_bytes));
        }
        let expected = usize::try_from(metadata.len).unwrap_or(0);
        Ok(Some((read_capped(&mut file, expected, max_bytes)?, metadata)))
    }

    /// Whether nobody else could have written the file, or can read it.
    fn check(&self, metadata: &FileMetadata) -> io::Result<()> {
        if metadata.kind != FileKind::File {
            return Err(self.refused("is not a regular file", "remove it"));
        }
        if metadata.owner != Some(rustix::process::geteuid().as_raw()) {
            return Err(self.refused("belongs to another user", "remove it, or run as its owner"));
        }
        if metadata.mode.is_none_or(|mode| mode & 0o077 != 0) {
            return Err(self.refused("can be read by others", "run `chmod 600` on it"));
        }
        if metadata.links != Some(1) {
            return Err(self.refused("has more than one name", "remove the other one"));
        }
        Ok(())
    }

    fn refused(&self, what: &str, to_do: &str) -> io::Error {
        refused(&self.path(), what, to_do)
    }

    fn try_lock_now(&self) -> io::Result<SystemFileLock> {
        let directory = Directory::open_or_create(&self.directory)?;
        SystemFileLock::try_new(directory, self.clone())
    }
}

impl PrivateFile for SystemPrivateFile {
    fn metadata(&self) -> BoxFuture<'_, io::Result<Option<FileMetadata>>> {
        let file = self.clone();
        Box::pin(off_thread(move || file.metadata_now()))
    }

    fn read(&self, max_bytes: u64) -> BoxFuture<'_, io::Result<Option<FileContents>>> {
        let file = self.clone();
        Box::pin(off_thread(move || file.read_now(max_bytes)))
    }

    fn try_lock(&self) -> BoxFuture<'_, io::Result<Box<dyn FileLock>>> {
        let file = self.clone();
        Box::pin(off_thread(move || {
            Ok(Box::new(file.try_lock_now()?) as Box<dyn FileLock>)
        }))
    }
}

/// The error for what can't be trusted.
fn refused(path: &Path, what: &str, to_do: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("{} {what}; {to_do}", path.display()),
    )
}

fn is_loop(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

/// A file name with something put after it.
fn with_ending(name: &OsStr, ending: &str) -> OsString {
    let mut name = name.to_owned();
    name.push(ending);
    name
}

/// The file behind a descriptor that was just opened.
fn file(descriptor: rustix::fd::OwnedFd) -> File {
    File::from(descriptor)
}
