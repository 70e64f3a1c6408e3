//! Changing a private file under its lock.

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use identity_base::BoxFuture;
use identity_base::seam::{FileLock, FileMetadata, Random as _};
use zeroize::Zeroizing;

use super::directory::Directory;
use super::lock_file::LockFile;
use super::{SystemPrivateFile, describe, with_ending};
use crate::crypto::base64url;
use crate::os::SystemRandom;
use crate::os::off_thread::off_thread;

/// What unfinished files end in.
const TEMPORARY: &str = ".tmp";

/// The lock of a private file. Whoever holds a clone of what is in it holds the lock.
#[derive(Debug)]
pub(super) struct SystemFileLock {
    file: SystemPrivateFile,
    lock: Arc<LockFile>,
}

impl SystemFileLock {
    pub(super) fn try_new(directory: Directory, file: SystemPrivateFile) -> io::Result<Self> {
        let lock = Arc::new(LockFile::try_new(directory, &file.name)?);
        Ok(Self { file, lock })
    }

    fn replace_now(&self, contents: &Zeroizing<Vec<u8>>) -> io::Result<FileMetadata> {
        let directory = self.lock.directory();
        let prefix = format!(".{}.", self.file.name.to_string_lossy());
        directory.remove_left_behind(&prefix, TEMPORARY)?;
        let temporary = std::ffi::OsString::from(format!("{prefix}{}{TEMPORARY}", random_name()?));
        let written = directory.create(&temporary, contents).and_then(|file| {
            // The file system's own clock may be some milliseconds behind, and others look for files that are newer than their last write.
            file.set_modified(now())?;
            file.sync_all()?;
            if !self.lock.is_held()? {
                return Err(io::Error::other("another program took the lock away"));
            }
            directory.rename(&temporary, &self.file.name)?;
            Ok(file)
        });
        match written {
            Ok(file) => {
                directory.sync()?;
                Ok(describe(&file.metadata()?))
            }
            Err(error) => {
                // The first error is the one to tell.
                drop(directory.remove(&temporary));
                Err(error)
            }
        }
    }
}

impl FileLock for SystemFileLock {
    fn replace(
        self: Box<Self>,
        contents: Zeroizing<Vec<u8>>,
    ) -> BoxFuture<'static, io::Result<FileMetadata>> {
        // The work owns the lock, so that it is held to the end of the work.
        Box::pin(off_thread(move || self.replace_now(&contents)))
    }

    fn set_aside(&self, ending: &'static str) -> BoxFuture<'_, io::Result<()>> {
        let (lock, name) = (Arc::clone(&self.lock), self.file.name.clone());
        Box::pin(off_thread(move || {
            let directory = lock.directory();
            let aside = with_ending(&name, ending);
            match directory.inode(&aside)? {
                Some(_) => Ok(()),
                None => directory.rename(&name, &aside),
            }
        }))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "files are stamped by the system's clock, whatever the program's is"
)]
pub(super) fn now() -> SystemTime {
    SystemTime::now()
}

/// A name that nobody can guess.
fn random_name() -> io::Result<String> {
    let mut bytes = [0u8; 12];
    SystemRandom::new().fill(&mut bytes).map_err(io::Error::other)?;
    Ok(base64url(&bytes))
}
