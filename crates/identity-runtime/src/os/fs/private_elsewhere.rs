//! Files with secrets of one user, where folders of the user's profile are nobody else's by the system's own rules. This was never run.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use identity_base::BoxFuture;
use identity_base::seam::{
    FileContents, FileLock, FileMetadata, FileSystem as _, PrivateFile, ReadOptions, WriteOptions,
};
use zeroize::Zeroizing;

use super::{SystemFs, describe, replace};
use crate::os::off_thread::off_thread;

/// A file of this user.
#[derive(Clone, Debug)]
pub(super) struct SystemPrivateFile(PathBuf);

impl SystemPrivateFile {
    /// The file at `path`, which has to end in a name.
    pub(super) fn new(path: &Path) -> Option<Self> {
        path.file_name()?;
        Some(Self(path.to_owned()))
    }

    fn try_lock_now(&self) -> io::Result<SystemFileLock> {
        if let Some(parent) = self.0.parent() {
            fs::create_dir_all(parent)?;
        }
        let path = with_ending(&self.0, ".lockfile");
        let mut file = match OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
        {
            Ok(file) => file,
            // A file that is open can't be removed here; one that nobody has locked was left behind.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                OpenOptions::new().read(true).write(true).open(&path)?
            }
            Err(error) => return Err(error),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        file.set_len(0)?;
        file.write_all(format!("{} \n", std::process::id()).as_bytes())?;
        Ok(SystemFileLock {
            target: self.0.clone(),
            path,
            file: Some(file),
        })
    }
}

impl PrivateFile for SystemPrivateFile {
    fn metadata(&self) -> BoxFuture<'_, io::Result<Option<FileMetadata>>> {
        let path = self.0.clone();
        Box::pin(off_thread(move || match fs::symlink_metadata(&path) {
            Ok(metadata) => Ok(Some(describe(&metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }))
    }

    fn read(&self, max_bytes: u64) -> BoxFuture<'_, io::Result<Option<FileContents>>> {
        let path = self.0.clone();
        Box::pin(off_thread(move || {
            let options = ReadOptions::new().max_bytes(max_bytes).no_follow(true);
            match SystemFs::new().read_blocking(&path, options) {
                Ok(read) => Ok(Some(read)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        }))
    }

    fn try_lock(&self) -> BoxFuture<'_, io::Result<Box<dyn FileLock>>> {
        let file = self.clone();
        Box::pin(off_thread(move || {
            Ok(Box::new(file.try_lock_now()?) as Box<dyn FileLock>)
        }))
    }
}

/// The lock of a private file.
#[derive(Debug)]
struct SystemFileLock {
    target: PathBuf,
    path: PathBuf,
    file: Option<File>,
}

impl FileLock for SystemFileLock {
    fn replace(
        self: Box<Self>,
        contents: Zeroizing<Vec<u8>>,
    ) -> BoxFuture<'static, io::Result<FileMetadata>> {
        Box::pin(off_thread(move || {
            replace::replace(&self.target, &contents, WriteOptions::new())?;
            Ok(describe(&fs::metadata(&self.target)?))
        }))
    }

    fn set_aside(&self, ending: &'static str) -> BoxFuture<'_, io::Result<()>> {
        let path = self.target.clone();
        Box::pin(off_thread(move || {
            let aside = with_ending(&path, ending);
            match aside.exists() {
                true => Ok(()),
                false => fs::rename(&path, &aside),
            }
        }))
    }
}

impl Drop for SystemFileLock {
    fn drop(&mut self) {
        // Unlocked before it is removed: the system doesn't remove what is open.
        drop(self.file.take());
        drop(fs::remove_file(&self.path));
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}
