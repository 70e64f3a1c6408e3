//! A file system that counts the work it was given to run aside.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use identity_base::BoxFuture;
use identity_base::seam::{FileContents, FileMetadata, FileSystem, ReadOptions, WriteOptions};
use identity_testkit::MemoryFs;

#[derive(Clone, Debug)]
pub(crate) struct Aside {
    files: MemoryFs,
    ran: Arc<AtomicUsize>,
    refuses: Arc<AtomicBool>,
}

impl Aside {
    pub(crate) fn new(files: &MemoryFs) -> Self {
        Self {
            files: files.clone(),
            ran: Arc::default(),
            refuses: Arc::default(),
        }
    }

    /// How much work it ran.
    pub(crate) fn ran(&self) -> usize {
        self.ran.load(Ordering::Relaxed)
    }

    /// From now on nothing runs, as on a system without a thread to spare.
    pub(crate) fn refuse(&self) {
        self.refuses.store(true, Ordering::Relaxed);
    }
}

impl FileSystem for Aside {
    fn run_blocking<'a>(&'a self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async move {
            if self.refuses.load(Ordering::Relaxed) {
                return Err(io::Error::other("there is no thread"));
            }
            self.ran.fetch_add(1, Ordering::Relaxed);
            work();
            Ok(())
        })
    }

    fn read<'a>(&'a self, path: &'a Path, options: ReadOptions) -> BoxFuture<'a, io::Result<FileContents>> {
        self.files.read(path, options)
    }

    fn read_blocking(&self, path: &Path, options: ReadOptions) -> io::Result<FileContents> {
        self.files.read_blocking(path, options)
    }

    fn metadata<'a>(&'a self, path: &'a Path, no_follow: bool) -> BoxFuture<'a, io::Result<FileMetadata>> {
        self.files.metadata(path, no_follow)
    }

    fn write<'a>(
        &'a self,
        path: &'a Path,
        contents: &'a [u8],
        options: WriteOptions,
    ) -> BoxFuture<'a, io::Result<()>> {
        self.files.write(path, contents, options)
    }

    fn list<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Vec<PathBuf>>> {
        self.files.list(path)
    }

    fn remove<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<()>> {
        self.files.remove(path)
    }
}
