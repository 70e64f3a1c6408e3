//! Faults of a disk: operations on chosen files fail as a real one would fail them, and it is written down that they did.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use entra_identity::BoxFuture;
use entra_identity::seam::{FileContents, FileLock, FileMetadata, PrivateFile};
use zeroize::Zeroizing;

use super::watch::Watch;

/// Which operations fail. Clones are the same plan.
#[derive(Clone, Debug, Default)]
pub(super) struct FileFaults(Arc<Mutex<Plan>>);

#[derive(Debug, Default)]
struct Plan {
    rules: Vec<Rule>,
    met: usize,
    /// The names of all files that were read or locked.
    looks: Vec<String>,
}

#[derive(Clone, Debug)]
struct Rule {
    operation: &'static str,
    /// How the file's name begins.
    name: String,
    /// The system's number of the error, such as 28 for a full disk.
    errno: i32,
    times: usize,
}

impl FileFaults {
    /// Fails `operation` (`read`, `lock`, `write`) on files whose name begins so, `times` times.
    pub(super) fn add(&self, operation: &'static str, name: &str, errno: i32, times: usize) {
        self.lock().rules.push(Rule {
            operation,
            name: name.to_owned(),
            errno,
            times,
        });
    }

    pub(super) fn clear(&self) {
        self.lock().rules.clear();
    }

    /// How many operations failed by the plan.
    pub(super) fn met(&self) -> usize {
        self.lock().met
    }

    /// How often files whose name begins so were read or locked.
    pub(super) fn looks(&self, name: &str) -> usize {
        let plan = self.lock();
        plan.looks.iter().filter(|known| known.starts_with(name)).count()
    }

    pub(super) fn meet(&self, operation: &str, path: &Path) -> io::Result<()> {
        let mut plan = self.lock();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        plan.looks.push(name.clone());
        let rule = plan
            .rules
            .iter_mut()
            .find(|rule| rule.operation == operation && name.starts_with(&rule.name) && rule.times > 0);
        let Some(rule) = rule else { return Ok(()) };
        rule.times -= 1;
        let errno = rule.errno;
        plan.met += 1;
        Err(io::Error::from_raw_os_error(errno))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A private file with its operations counted and failed.
#[derive(Debug)]
pub(super) struct WatchedFile {
    pub(super) inner: Arc<dyn PrivateFile>,
    pub(super) path: PathBuf,
    pub(super) watch: Watch,
    pub(super) faults: FileFaults,
}

impl PrivateFile for WatchedFile {
    fn metadata(&self) -> BoxFuture<'_, io::Result<Option<FileMetadata>>> {
        Box::pin(async move {
            let _under_way = self.watch.file();
            self.inner.metadata().await
        })
    }

    fn read(&self, max_bytes: u64) -> BoxFuture<'_, io::Result<Option<FileContents>>> {
        Box::pin(async move {
            let _under_way = self.watch.file();
            self.faults.meet("read", &self.path)?;
            self.inner.read(max_bytes).await
        })
    }

    fn try_lock(&self) -> BoxFuture<'_, io::Result<Box<dyn FileLock>>> {
        Box::pin(async move {
            let _under_way = self.watch.file();
            self.faults.meet("lock", &self.path)?;
            let inner = self.inner.try_lock().await?;
            Ok(Box::new(WatchedLock {
                inner,
                path: self.path.clone(),
                watch: self.watch.clone(),
                faults: self.faults.clone(),
            }) as Box<dyn FileLock>)
        })
    }
}

#[derive(Debug)]
struct WatchedLock {
    inner: Box<dyn FileLock>,
    path: PathBuf,
    watch: Watch,
    faults: FileFaults,
}

impl FileLock for WatchedLock {
    fn replace(
        self: Box<Self>,
        contents: Zeroizing<Vec<u8>>,
    ) -> BoxFuture<'static, io::Result<FileMetadata>> {
        Box::pin(async move {
            let _under_way = self.watch.file();
            self.faults.meet("write", &self.path)?;
            self.inner.replace(contents).await
        })
    }

    fn set_aside(&self, ending: &'static str) -> BoxFuture<'_, io::Result<()>> {
        Box::pin(async move {
            let _under_way = self.watch.file();
            self.inner.set_aside(ending).await
        })
    }
}
