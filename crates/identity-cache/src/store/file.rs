//! A file.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use identity_base::BoxFuture;
use identity_base::seam::{Clock, FileLock, PrivateFile};
use zeroize::Zeroizing;

use super::{CacheStore, Loaded, Stamp, StoreError, StoreErrorKind, StoreLock};
use crate::StoreKind;

/// The largest cache that is read.
pub(crate) const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// So long others may hold the lock before a change stays in memory; the peers wait as long.
pub(crate) const LOCK_LIMIT: Duration = Duration::from_secs(5);
/// The wait before the lock is tried again; it doubles to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(1);
/// The longest wait between two tries. The peers hold the lock for milliseconds.
const LONGEST_WAIT: Duration = Duration::from_millis(16);
/// What damaged contents are kept under.
const DAMAGED: &str = ".damaged";

/// Keeps the contents in a file.
#[derive(Clone, Debug)]
pub(crate) struct FileStore {
    pub(super) file: Arc<dyn PrivateFile>,
    pub(super) clock: Arc<dyn Clock>,
}

impl FileStore {
    pub(crate) fn new(file: Arc<dyn PrivateFile>, clock: Arc<dyn Clock>) -> Self {
        Self { file, clock }
    }

    async fn load_file(&self, seen: Option<&Stamp>) -> Result<Loaded, StoreError> {
        if let Some(seen) = seen {
            match self.file.metadata().await.map_err(of_io)? {
                Some(metadata) if metadata == seen.0 => return Ok(Loaded::Unchanged),
                Some(_) => {}
                None => return Ok(Loaded::Absent),
            }
        }
        Ok(match self.file.read(MAX_BYTES).await.map_err(of_io)? {
            Some((contents, metadata)) => Loaded::Contents(contents, Stamp(metadata)),
            None => Loaded::Absent,
        })
    }

    /// Waits for the lock, for [`LOCK_LIMIT`] at most.
    pub(super) async fn lock_file(&self) -> Result<Box<dyn FileLock>, StoreError> {
        let begun = self.clock.now();
        let mut wait = FIRST_WAIT;
        loop {
            match self.file.try_lock().await {
                Ok(lock) => return Ok(lock),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(of_io(error)),
            }
            if self.clock.now().since(begun) >= LOCK_LIMIT {
                return Err(StoreError::new(
                    StoreErrorKind::Busy,
                    format!(
                        "another program has had the token cache locked for {} s; if none is running, remove its `.lockfile`",
                        LOCK_LIMIT.as_secs()
                    ),
                ));
            }
            self.clock.sleep(wait).await;
            wait = LONGEST_WAIT.min(wait * 2);
        }
    }
}

impl CacheStore for FileStore {
    fn kind(&self) -> StoreKind {
        StoreKind::UnencryptedFile
    }

    fn load<'a>(&'a self, seen: Option<&'a Stamp>) -> BoxFuture<'a, Result<Loaded, StoreError>> {
        Box::pin(self.load_file(seen))
    }

    fn lock(&self) -> BoxFuture<'_, Result<Box<dyn StoreLock>, StoreError>> {
        Box::pin(async {
            let lock = self.lock_file().await?;
            Ok(Box::new(HeldFile {
                store: self.clone(),
                lock,
            }) as Box<dyn StoreLock>)
        })
    }
}

/// The right to change the file.
#[derive(Debug)]
struct HeldFile {
    store: FileStore,
    lock: Box<dyn FileLock>,
}

impl StoreLock for HeldFile {
    fn load<'a>(&'a mut self, seen: Option<&'a Stamp>) -> BoxFuture<'a, Result<Loaded, StoreError>> {
        Box::pin(self.store.load_file(seen))
    }

    fn save(self: Box<Self>, contents: Zeroizing<Vec<u8>>) -> BoxFuture<'static, Result<Stamp, StoreError>> {
        let replacing = self.lock.replace(contents);
        Box::pin(async { replacing.await.map(Stamp).map_err(of_io) })
    }

    fn keep_aside(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        let renaming = self.lock.set_aside(DAMAGED);
        Box::pin(async { renaming.await.map_err(of_io) })
    }
}

/// What an error of the system means for the cache.
pub(super) fn of_io(error: io::Error) -> StoreError {
    let kind = match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::FileTooLarge => StoreErrorKind::Refused,
        _ => StoreErrorKind::Failed,
    };
    StoreError::new(kind, format!("the token cache can't be used: {error}"))
}
