//! The folder of a private file.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use identity_base::seam::FileMetadata;
use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags};
use rustix::io::Errno;
use zeroize::Zeroizing;

use super::{CAREFULLY, describe, file, is_loop, refused};

/// What may be read of a folder to find what a killed process left behind.
const MAX_ENTRIES: usize = 10_000;

/// A folder that was opened and checked.
#[derive(Debug)]
pub(super) struct Directory(File);

impl Directory {
    /// Opens the folder; `None` when there is none.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        match Self::open_existing(path) {
            Ok(directory) => Ok(Some(directory)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens the folder, and makes it when there is none.
    pub(super) fn open_or_create(path: &Path) -> io::Result<Self> {
        if let Some(directory) = Self::open(path)? {
            return Ok(directory);
        }
        check_ancestor(path)?;
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        Self::open_existing(path)
    }

    fn open_existing(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | CAREFULLY;
        let directory = rustix::fs::openat(CWD, path, flags, Mode::empty()).map_err(|error| match error {
            Errno::LOOP | Errno::NOTDIR => refused(path, "is a symbolic link or no folder", "remove it"),
            other => other.into(),
        })?;
        let directory = file(directory);
        let metadata = directory.metadata()?;
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(refused(
                path,
                "belongs to another user",
                "run as its owner, or choose another folder",
            ));
        }
        // A group of the user's own, as many systems make one, is nobody else.
        let is_own_group = metadata.gid() == metadata.uid();
        let others = if is_own_group { 0o002 } else { 0o022 };
        if metadata.mode() & others != 0 {
            return Err(refused(path, "can be changed by others", "run `chmod 700` on it"));
        }
        Ok(Self(directory))
    }

    /// What `name` is, a link itself if it is one; `None` when there is nothing.
    pub(super) fn metadata(&self, name: &OsStr) -> io::Result<Option<FileMetadata>> {
        // The descriptor's metadata come in the form that the rest of this module reads; `O_PATH` opens nothing.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let flags = OFlags::RDONLY | CAREFULLY;
        match self.open_file(name, flags) {
            Ok(file) => Ok(Some(describe(&file.metadata()?))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if is_loop(&error) => Err(refused(Path::new(name), "is a symbolic link", "remove it")),
            Err(error) => Err(error),
        }
    }

    pub(super) fn open_file(&self, name: &OsStr, flags: OFlags) -> io::Result<File> {
        Ok(file(rustix::fs::openat(
            &self.0,
            name,
            flags,
            Mode::RUSR | Mode::WUSR,
        )?))
    }

    /// The number of the file that `name` leads to now; `None` when there is none.
    pub(super) fn inode(&self, name: &OsStr) -> io::Result<Option<u64>> {
        match rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat.st_ino)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::empty())?)
    }

    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.0, from, &self.0, to)?)
    }

    /// A new file with these contents, written down to the disk.
    pub(super) fn create(&self, name: &OsStr, contents: &Zeroizing<Vec<u8>>) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | CAREFULLY;
        let mut file = self.open_file(name, flags)?;
        file.write_all(contents)?;
        Ok(file)
    }

    /// Removes what processes that were killed while they wrote left behind. Only who has the lock may do so.
    pub(super) fn remove_left_behind(&self, prefix: &str, suffix: &str) -> io::Result<()> {
        for entry in Dir::read_from(&self.0)?.take(MAX_ENTRIES) {
            let entry = entry?;
            let is_left = entry
                .file_name()
                .to_str()
                .is_ok_and(|name| name.starts_with(prefix) && name.ends_with(suffix));
            if is_left {
                match rustix::fs::unlinkat(&self.0, entry.file_name(), AtFlags::empty()) {
                    Ok(()) | Err(Errno::NOENT) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// Makes names durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        match self.0.sync_all() {
            // Some file systems can't sync a directory; the file itself is safe then.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
                ) =>
            {
                Ok(())
            }
            other => other,
        }
    }
}

/// Root must not leave folders of its own in the home of a user, who could then not use them.
fn check_ancestor(path: &Path) -> io::Result<()> {
    let user = rustix::process::geteuid();
    if !user.is_root() {
        return Ok(());
    }
    let existing: Option<(PathBuf, std::fs::Metadata)> = path
        .ancestors()
        .skip(1)
        .map(|ancestor| match ancestor.as_os_str().is_empty() {
            true => Path::new("."),
            false => ancestor,
        })
        .find_map(|ancestor| Some((ancestor.to_owned(), std::fs::metadata(ancestor).ok()?)));
    match existing {
        Some((ancestor, metadata)) if metadata.uid() != user.as_raw() => Err(refused(
            &ancestor,
            "belongs to another user",
            "set HOME to that of the user who runs this",
        )),
        _ => Ok(()),
    }
}
