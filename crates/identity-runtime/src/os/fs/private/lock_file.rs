//! The lock file, which two kinds of programs have to respect: those that make it exclusively, and those that lock it.
//!
//! Ours is made exclusively **and** locked, holds `<process id> <program>` as the peers' does, and is removed while it is still locked. A line end
//! after that tells it from a peer's, so that a lock whose holder was killed is known by being unlocked, at once.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::process::Pid;

use super::directory::Directory;
use super::lock::now;
use super::{CAREFULLY, with_ending};

/// Names may vanish between two looks; so often they are looked for again.
const ROUNDS: usize = 8;
/// A peer takes at most so long between making the file and writing its process id, or locking it.
const GRACE: Duration = Duration::from_secs(1);
/// No peer holds the lock longer; its process id may belong to somebody else by now.
const MAX_HELD: Duration = Duration::from_secs(60);
/// The longest content that is looked at.
const MAX_CONTENT_BYTES: u64 = 4096;

/// A lock that is held.
#[derive(Debug)]
pub(super) struct LockFile {
    directory: Directory,
    name: OsString,
    file: File,
}

impl LockFile {
    /// Tries once to take the lock of the file `of`.
    pub(super) fn try_new(directory: Directory, of: &OsStr) -> io::Result<Self> {
        let name = with_ending(of, ".lockfile");
        for _ in 0..ROUNDS {
            if let Some(file) = try_take(&directory, &name)? {
                return Ok(Self {
                    directory,
                    name,
                    file,
                });
            }
        }
        Err(held())
    }

    pub(super) const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Whether it is still ours: nobody removed it or put another one there.
    pub(super) fn is_held(&self) -> io::Result<bool> {
        is_at(&self.directory, &self.name, &self.file)
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // Removed first, unlocked by closing: nobody can lock a file that is about to be removed and believe in it.
        if self.is_held().unwrap_or(false) {
            drop(self.directory.remove(&self.name));
        }
    }
}

/// One try; `None` when the file vanished meanwhile.
fn try_take(directory: &Directory, name: &OsStr) -> io::Result<Option<File>> {
    let flags = OFlags::RDWR | CAREFULLY;
    let created = directory.open_file(name, flags | OFlags::CREATE | OFlags::EXCL);
    let (mut file, is_new) = match created {
        Ok(file) => (file, true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            match directory.open_file(name, flags) {
                Ok(file) => (file, false),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Err(error) => return Err(error),
    };
    // Looked at before it is locked: a peer that is about to lock its file is not to be disturbed.
    if !is_new && !may_be_stale(&mut file)? {
        return Err(held());
    }
    let is_locked = match file.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => return Err(held()),
        // File systems without locks: to have made the file is all there is.
        Err(TryLockError::Error(_)) if is_new => false,
        Err(TryLockError::Error(error)) => return Err(error),
    };
    if !is_at(directory, name, &file)? {
        return Ok(None);
    }
    if !is_new && !may_be_stale(&mut file)? {
        return Err(held());
    }
    sign(&mut file, is_locked)?;
    Ok(Some(file))
}

fn is_at(directory: &Directory, name: &OsStr, file: &File) -> io::Result<bool> {
    Ok(directory.inode(name)? == Some(file.metadata()?.ino()))
}

/// Whether the holder is dead, if nobody has the file locked.
fn may_be_stale(file: &mut File) -> io::Result<bool> {
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the lock file is not a regular file of this user; remove it",
        ));
    }
    let mut content = Vec::new();
    file.rewind()?;
    (&*file).take(MAX_CONTENT_BYTES).read_to_end(&mut content)?;
    if content.ends_with(b"\n") {
        return Ok(true);
    }
    let age = metadata
        .modified()
        .ok()
        .and_then(|modified| now().duration_since(modified).ok())
        .unwrap_or_default();
    Ok(match holder(&content) {
        Some(holder) => age >= MAX_HELD || (age >= GRACE && !is_alive(holder)),
        None => age >= GRACE,
    })
}

/// The process id that a lock file begins with.
fn holder(content: &[u8]) -> Option<Pid> {
    let digits = content.split(|byte| *byte == b' ').next()?;
    Pid::from_raw(std::str::from_utf8(digits).ok()?.parse().ok()?)
}

fn is_alive(process: Pid) -> bool {
    rustix::process::test_kill_process(process) != Err(rustix::io::Errno::SRCH)
}

/// Says who holds the lock. The line end says that its holder has it locked.
fn sign(file: &mut File, is_locked: bool) -> io::Result<()> {
    let program: String = std::env::args_os()
        .next()
        .map(|program| program.to_string_lossy().into_owned())
        .unwrap_or_default()
        .chars()
        .filter(|character| !character.is_control())
        .collect();
    let end = if is_locked { "\n" } else { "" };
    file.rewind()?;
    file.set_len(0)?;
    file.write_all(format!("{} {program}{end}", std::process::id()).as_bytes())
}

fn held() -> io::Error {
    io::Error::new(io::ErrorKind::WouldBlock, "another program has the lock")
}
