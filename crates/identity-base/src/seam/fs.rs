//! Files.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use zeroize::Zeroizing;

use super::{FileContents, PrivateFile};
use crate::BoxFuture;

/// Reads and writes files, off the async threads.
pub trait FileSystem: fmt::Debug + Send + Sync {
    /// Reads a file as `options` say, and tells what it was **after** it was opened, so that nothing can be swapped in between.
    fn read<'a>(
        &'a self,
        path: &'a Path,
        options: ReadOptions,
    ) -> BoxFuture<'a, io::Result<(Zeroizing<Vec<u8>>, FileMetadata)>>;

    /// Reads a file in the call itself: for the few constructors that are documented to do so.
    ///
    /// # Errors
    /// As [`FileSystem::read`].
    fn read_blocking(
        &self,
        path: &Path,
        options: ReadOptions,
    ) -> io::Result<(Zeroizing<Vec<u8>>, FileMetadata)>;

    /// Reads the file `name` of `directory`, and tells what the file was and what the directory was, both **after** they were opened: the directory without
    /// following a link, the file below the open directory. So what the directory was is true of the one that was read from, whoever renames things
    /// meanwhile. `name` is one component.
    ///
    /// The default can't do that: it reads by path, and fails if the directory is another one after reading than it was before.
    fn read_in<'a>(
        &'a self,
        directory: &'a Path,
        name: &'a str,
        options: ReadOptions,
    ) -> BoxFuture<'a, io::Result<(FileContents, FileMetadata)>> {
        Box::pin(async move {
            let before = self.metadata(directory, true).await?;
            let contents = self.read(&directory.join(name), options).await?;
            let after = self.metadata(directory, true).await?;
            match before.kind == FileKind::Directory && before == after {
                true => Ok((contents, after)),
                false => Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "the directory is none, or was changed while it was read from",
                )),
            }
        })
    }

    /// Runs work that takes long, such as deriving a key from a password to open what was read, where it holds up no async thread.
    ///
    /// The default runs it in place, which is right for a file system whose time is a test's.
    fn run_blocking<'a>(&'a self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async move {
            work();
            Ok(())
        })
    }

    /// What `path` is, without opening it. Symbolic links are followed unless `no_follow`.
    fn metadata<'a>(&'a self, path: &'a Path, no_follow: bool) -> BoxFuture<'a, io::Result<FileMetadata>>;

    /// Replaces a file whole: a new file beside it with mode 0600, synced, renamed over it.
    fn write<'a>(
        &'a self,
        path: &'a Path,
        contents: &'a [u8],
        options: WriteOptions,
    ) -> BoxFuture<'a, io::Result<()>>;

    /// The names in a directory.
    fn list<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Vec<PathBuf>>>;

    /// Removes a file.
    fn remove<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<()>>;

    /// A file that belongs to this user alone and that several processes change. This does no I/O.
    ///
    /// The default has none; what would be kept in such a file then stays in memory.
    fn private_file(&self, path: &Path) -> Option<Arc<dyn PrivateFile>> {
        let _ = path;
        None
    }
}

/// How to read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadOptions {
    /// Longer files are an error of kind [`io::ErrorKind::FileTooLarge`]. Default: 1 MiB.
    pub max_bytes: u64,
    /// Refuse a symbolic link as the last component. Default: no.
    pub no_follow: bool,
    /// Refuse anything but a regular file. FIFOs and devices never block the reader either way. Default: yes.
    pub regular_only: bool,
}

impl ReadOptions {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_bytes: 1024 * 1024,
            no_follow: false,
            regular_only: true,
        }
    }

    /// Sets the cap.
    #[must_use]
    pub const fn max_bytes(mut self, max_bytes: u64) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Sets whether a symbolic link is refused.
    #[must_use]
    pub const fn no_follow(mut self, no_follow: bool) -> Self {
        self.no_follow = no_follow;
        self
    }
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// How to write a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteOptions {
    /// Make missing parent directories, with mode 0700. Default: no.
    pub create_parents: bool,
}

impl WriteOptions {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            create_parents: false,
        }
    }

    /// Sets whether missing parent directories are made.
    #[must_use]
    pub const fn create_parents(mut self, create: bool) -> Self {
        self.create_parents = create;
        self
    }
}

/// What a path is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileMetadata {
    /// Its kind.
    pub kind: FileKind,
    /// Its length in bytes.
    pub len: u64,
    /// When it was last changed, if the platform tells.
    pub modified: Option<SystemTime>,
    /// The owner's user id, on Unix.
    pub owner: Option<u32>,
    /// The permission bits, on Unix.
    pub mode: Option<u32>,
    /// A number that differs between a file and the one that replaced it (the inode on Unix).
    pub identity: Option<u64>,
    /// How many names the file has, on Unix.
    pub links: Option<u64>,
}

impl FileMetadata {
    /// Metadata with only kind and length known.
    #[must_use]
    pub const fn new(kind: FileKind, len: u64) -> Self {
        Self {
            kind,
            len,
            modified: None,
            owner: None,
            mode: None,
            identity: None,
            links: None,
        }
    }
}

/// The kinds of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link (only from a look that doesn't follow them).
    Symlink,
    /// A FIFO, socket or device.
    Other,
}
