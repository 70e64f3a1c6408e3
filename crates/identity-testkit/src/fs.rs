//! A file system in memory.

mod faults;
#[cfg(test)]
mod tests;
mod tree;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use identity_base::BoxFuture;
use identity_base::seam::{FileKind, FileMetadata, FileSystem, ReadOptions, WriteOptions};
use zeroize::Zeroizing;

use crate::{Gate, TestClock};
use faults::Faults;
use tree::{Content, Tree};

/// What is done to a path, for faults and records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FsOp {
    /// Reading, blocking or not.
    Read,
    /// Looking without opening.
    Metadata,
    /// Replacing whole.
    Write,
    /// Listing a directory.
    List,
    /// Removing.
    Remove,
}

/// A [`FileSystem`] in memory: files, directories, symbolic links and special files, with modes and times that the test decides, and with
/// failures where it wants them. Clones are the same file system. Paths are taken as absolute.
///
/// Files that the test puts there are mode 0600, owner 1000, and last changed at the clock's time.
///
/// ```
/// use std::path::Path;
/// use identity_base::seam::{FileSystem, ReadOptions};
/// use identity_testkit::{FsOp, MemoryFs, block_on};
///
/// let fs = MemoryFs::new();
/// fs.put("/var/run/token", "first");
/// fs.fail_next(FsOp::Read, "/var/run/token", std::io::ErrorKind::PermissionDenied);
/// block_on(async {
///     let path = Path::new("/var/run/token");
///     assert!(fs.read(path, ReadOptions::new()).await.is_err());
///     assert_eq!(fs.read(path, ReadOptions::new()).await.unwrap().0.as_slice(), b"first");
/// });
/// ```
#[derive(Clone)]
pub struct MemoryFs(Arc<Inner>);

struct Inner {
    clock: TestClock,
    tree: Mutex<Tree>,
    faults: Mutex<Faults>,
}

impl MemoryFs {
    /// An empty file system whose time stands still.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(&TestClock::new())
    }

    /// An empty file system whose files are stamped by `clock`.
    #[must_use]
    pub fn with_clock(clock: &TestClock) -> Self {
        Self(Arc::new(Inner {
            clock: clock.clone(),
            tree: Mutex::default(),
            faults: Mutex::default(),
        }))
    }

    /// Puts a file there, with its directories. An existing one is replaced: another file with another identity.
    pub fn put(&self, path: impl AsRef<Path>, contents: impl Into<Vec<u8>>) -> &Self {
        self.add(path.as_ref(), Content::File(Zeroizing::new(contents.into())))
    }

    /// Puts a directory there.
    pub fn put_directory(&self, path: impl AsRef<Path>) -> &Self {
        self.add(path.as_ref(), Content::Directory)
    }

    /// Puts a symbolic link there. The target may be relative to the link's directory, and need not exist.
    pub fn put_symlink(&self, path: impl AsRef<Path>, target: impl Into<PathBuf>) -> &Self {
        self.add(path.as_ref(), Content::Symlink(target.into()))
    }

    /// Puts a FIFO, socket or device there: something a careless reader would wait for.
    pub fn put_special(&self, path: impl AsRef<Path>) -> &Self {
        self.add(path.as_ref(), Content::Special)
    }

    /// Overwrites a file in place, as a careless writer does: same identity, new time.
    ///
    /// # Panics
    /// When there is no such file.
    #[track_caller]
    pub fn overwrite(&self, path: impl AsRef<Path>, contents: impl Into<Vec<u8>>) -> &Self {
        let now = self.0.clock.wall();
        self.edit(path.as_ref(), |node| {
            node.content = Content::File(Zeroizing::new(contents.into()));
            node.modified = now;
        })
    }

    /// Sets the permission bits. Without any read bit reading fails.
    ///
    /// # Panics
    /// When there is nothing at `path`.
    #[track_caller]
    pub fn set_mode(&self, path: impl AsRef<Path>, mode: u32) -> &Self {
        self.edit(path.as_ref(), |node| node.mode = mode)
    }

    /// Sets the owner.
    ///
    /// # Panics
    /// When there is nothing at `path`.
    #[track_caller]
    pub fn set_owner(&self, path: impl AsRef<Path>, owner: u32) -> &Self {
        self.edit(path.as_ref(), |node| node.owner = owner)
    }

    /// Sets when it was last changed.
    ///
    /// # Panics
    /// When there is nothing at `path`.
    #[track_caller]
    pub fn set_modified(&self, path: impl AsRef<Path>, modified: SystemTime) -> &Self {
        self.edit(path.as_ref(), |node| node.modified = modified)
    }

    /// Takes it away, with what is below it.
    pub fn delete(&self, path: impl AsRef<Path>) -> &Self {
        self.tree().delete(path.as_ref());
        self
    }

    /// A file's contents; `None` when there is no such file. Neither faults nor records see this look.
    #[must_use]
    pub fn contents(&self, path: impl AsRef<Path>) -> Option<Vec<u8>> {
        match &self.tree().node(path.as_ref())?.content {
            Content::File(contents) => Some(contents.to_vec()),
            _ => None,
        }
    }

    /// The permission bits. Neither faults nor records see this look.
    #[must_use]
    pub fn mode(&self, path: impl AsRef<Path>) -> Option<u32> {
        self.tree().node(path.as_ref()).map(|node| node.mode)
    }

    /// All paths there are, sorted.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        self.tree().paths()
    }

    /// Fails the next `operation` on `path` with `error`.
    pub fn fail_next(&self, operation: FsOp, path: impl AsRef<Path>, error: io::ErrorKind) -> &Self {
        self.faults().add(operation, path.as_ref(), error, Some(1));
        self
    }

    /// Fails every `operation` on `path` with `error`, until [`heal`](Self::heal).
    pub fn fail_always(&self, operation: FsOp, path: impl AsRef<Path>, error: io::ErrorKind) -> &Self {
        self.faults().add(operation, path.as_ref(), error, None);
        self
    }

    /// Holds every asynchronous `operation` on `path` up at `gate`, until [`heal`](Self::heal): a network file system that hangs.
    pub fn hold(&self, operation: FsOp, path: impl AsRef<Path>, gate: &Gate) -> &Self {
        self.faults().hold(operation, path.as_ref(), gate);
        self
    }

    /// Takes all faults and gates away.
    pub fn heal(&self) -> &Self {
        self.faults().clear();
        self
    }

    /// What was done, in order, failures included.
    #[must_use]
    pub fn operations(&self) -> Vec<(FsOp, PathBuf)> {
        self.faults().operations()
    }

    /// How often `operation` was done to `path`.
    #[must_use]
    pub fn count(&self, operation: FsOp, path: impl AsRef<Path>) -> usize {
        let path = tree::normal(path.as_ref());
        self.operations()
            .iter()
            .filter(|(op, at)| *op == operation && *at == path)
            .count()
    }

    fn add(&self, path: &Path, content: Content) -> &Self {
        let now = self.0.clock.wall();
        self.tree().put(path, content, now);
        self
    }

    #[track_caller]
    fn edit(&self, path: &Path, change: impl FnOnce(&mut tree::Node)) -> &Self {
        let mut tree = self.tree();
        let Some(node) = tree.node_mut(path) else {
            panic!("there is nothing at {}", path.display())
        };
        change(node);
        drop(tree);
        self
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.0.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.0.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the operation, waits at its gates and fails if it shall.
    async fn enter(&self, operation: FsOp, path: &Path) -> io::Result<()> {
        let gates = self.faults().note(operation, path);
        for gate in gates {
            gate.pass().await;
        }
        self.faults().fail(operation, path)
    }

    fn read_now(&self, path: &Path, options: ReadOptions) -> io::Result<(Zeroizing<Vec<u8>>, FileMetadata)> {
        let tree = self.tree();
        let node = tree.resolve(path, options.no_follow)?;
        let metadata = node.metadata();
        match &node.content {
            Content::Symlink(_) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is a symbolic link",
            )),
            _ if node.mode & 0o444 == 0 => Err(io::ErrorKind::PermissionDenied.into()),
            Content::File(contents) if contents.len() as u64 > options.max_bytes => Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "the file is longer than allowed",
            )),
            Content::File(contents) => Ok((contents.clone(), metadata)),
            Content::Special if !options.regular_only => Ok((Zeroizing::default(), metadata)),
            Content::Directory if !options.regular_only => Err(io::ErrorKind::IsADirectory.into()),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is not a regular file",
            )),
        }
    }

    fn write_now(&self, path: &Path, contents: &[u8], options: WriteOptions) -> io::Result<()> {
        let now = self.0.clock.wall();
        let mut tree = self.tree();
        tree.check_parent(path, options.create_parents)?;
        match tree.resolve(path, true) {
            Ok(node) if node.content.kind() == FileKind::Directory => Err(io::ErrorKind::IsADirectory.into()),
            // Renaming over a link replaces the link, not what it points to.
            _ => {
                tree.put(path, Content::File(Zeroizing::new(contents.to_vec())), now);
                Ok(())
            }
        }
    }
}

impl FileSystem for MemoryFs {
    fn read<'a>(
        &'a self,
        path: &'a Path,
        options: ReadOptions,
    ) -> BoxFuture<'a, io::Result<(Zeroizing<Vec<u8>>, FileMetadata)>> {
        Box::pin(async move {
            self.enter(FsOp::Read, path).await?;
            self.read_now(path, options)
        })
    }

    fn read_blocking(
        &self,
        path: &Path,
        options: ReadOptions,
    ) -> io::Result<(Zeroizing<Vec<u8>>, FileMetadata)> {
        let mut faults = self.faults();
        faults.note(FsOp::Read, path);
        faults.fail(FsOp::Read, path)?;
        drop(faults);
        self.read_now(path, options)
    }

    fn metadata<'a>(&'a self, path: &'a Path, no_follow: bool) -> BoxFuture<'a, io::Result<FileMetadata>> {
        Box::pin(async move {
            self.enter(FsOp::Metadata, path).await?;
            self.tree().resolve(path, no_follow).map(tree::Node::metadata)
        })
    }

    fn write<'a>(
        &'a self,
        path: &'a Path,
        contents: &'a [u8],
        options: WriteOptions,
    ) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async move {
            self.enter(FsOp::Write, path).await?;
            self.write_now(path, contents, options)
        })
    }

    fn list<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Vec<PathBuf>>> {
        Box::pin(async move {
            self.enter(FsOp::List, path).await?;
            self.tree().list(path)
        })
    }

    fn remove<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async move {
            self.enter(FsOp::Remove, path).await?;
            self.tree().remove_file(path)
        })
    }
}

impl Default for MemoryFs {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryFs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MemoryFs").field(&self.paths()).finish()
    }
}
