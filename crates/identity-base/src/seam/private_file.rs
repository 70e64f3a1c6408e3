//! A file that belongs to one user, and that several processes read and change.

use std::fmt;
use std::io;

use zeroize::Zeroizing;

use super::FileMetadata;
use crate::BoxFuture;

/// What a file holds, and what it was after it was opened.
pub type FileContents = (Zeroizing<Vec<u8>>, FileMetadata);

/// A file with secrets of one user, from [`FileSystem::private_file`](super::FileSystem::private_file).
///
/// Nothing is read or written when somebody else could have put it there or could read it. On Unix the folder is opened once for each call, without
/// following a link, and has to belong to this user and be writable by nobody else; the file has to be a regular file with one name, of this user,
/// with no permission for others. Everything else is an error of kind [`io::ErrorKind::InvalidInput`] whose text says what to do.
pub trait PrivateFile: fmt::Debug + Send + Sync {
    /// What the file is, without opening it; `None` when there is none.
    fn metadata(&self) -> BoxFuture<'_, io::Result<Option<FileMetadata>>>;

    /// Reads the file, of at most `max_bytes`; `None` when there is none.
    fn read(&self, max_bytes: u64) -> BoxFuture<'_, io::Result<Option<FileContents>>>;

    /// Tries once to take the lock: a file beside it named `….lockfile`, made exclusively, locked, and removed when it is given back, so that programs
    /// which know one of the two ways respect it. A lock whose holder is dead is taken over. Missing folders are made, with mode 0700.
    ///
    /// The error is of kind [`io::ErrorKind::WouldBlock`] while somebody else has it.
    fn try_lock(&self) -> BoxFuture<'_, io::Result<Box<dyn FileLock>>>;
}

/// The right to change a [`PrivateFile`]. Dropping it gives it back.
pub trait FileLock: fmt::Debug + Send + Sync {
    /// Replaces the file whole (a new file with mode 0600, synced, renamed over the old one), gives the lock back, and tells what the file is now.
    ///
    /// Once begun it goes on to its end with the lock held, also when the future is dropped. When the lock was lost meanwhile, nothing is written.
    fn replace(self: Box<Self>, contents: Zeroizing<Vec<u8>>)
    -> BoxFuture<'static, io::Result<FileMetadata>>;

    /// Renames the file to its name with `ending`, unless there is such a file already.
    fn set_aside(&self, ending: &'static str) -> BoxFuture<'_, io::Result<()>>;
}
