//! What the clones of a cache share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use identity_base::seam::Clock;
use identity_runtime::ClientOptions;
use identity_runtime::crypto::sha256;

use super::status::{CacheStatus, StoreKind};
use crate::document::{Changes, Document, DocumentError};
use crate::store::{CacheStore, Loaded, Stamp, StoreError, StoreErrorKind};

/// A file that was changed less than this before it was read is read again: the file system's clock may not have ticked since.
const SETTLED_AFTER_MILLIS: i64 = 100;
/// A reader without a lock may see what a careless writer has half written: so often it looks again before it believes that.
const TORN_RETRIES: usize = 3;
/// What it waits before that.
const TORN_WAIT: std::time::Duration = std::time::Duration::from_millis(50);

pub(super) struct Shared {
    pub(super) store: Option<Arc<dyn CacheStore>>,
    pub(super) clock: Arc<dyn Clock>,
    /// One transaction at a time in this process.
    pub(super) turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

/// What is known of the store, and what is in memory.
pub(super) struct State {
    pub(super) document: Arc<Document>,
    /// The state of the store that `document` was read from or written to.
    pub(super) seen: Option<Seen>,
    /// Contents that were found to be damaged, so that nobody waits for them to be whole again and again.
    damaged: Option<[u8; 32]>,
    /// What could not be written down.
    pub(super) pending: Changes,
    pub(super) status: CacheStatus,
    has_warned: bool,
    /// Counts the documents, so that a reader that was overtaken by a change doesn't put an older one in its place.
    edition: u64,
}

/// The contents that are known, by which they are recognised.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) stamp: Stamp,
    pub(super) digest: [u8; 32],
    /// Whether the same stamp means the same contents.
    pub(super) is_settled: bool,
}

impl Seen {
    pub(super) fn new(stamp: Stamp, contents: &[u8], now: SystemTime) -> Self {
        let age = stamp
            .0
            .modified
            .and_then(|modified| now.duration_since(modified).ok())
            .and_then(|age| i64::try_from(age.as_millis()).ok());
        Self {
            is_settled: age.is_some_and(|age| age > SETTLED_AFTER_MILLIS),
            digest: sha256(contents),
            stamp,
        }
    }
}

impl Shared {
    pub(super) fn new(store: Option<Arc<dyn CacheStore>>, client: &ClientOptions) -> Self {
        let status = store
            .as_ref()
            .map_or(CacheStatus::InMemory, |store| CacheStatus::Unused(store.kind()));
        Self {
            store,
            clock: Arc::clone(client.clock()),
            turn: tokio::sync::Mutex::new(()),
            state: Mutex::new(State {
                document: Arc::new(Document::new()),
                seen: None,
                damaged: None,
                pending: Changes::new(),
                status,
                has_warned: false,
                edition: 0,
            }),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn document(&self) -> Arc<Document> {
        Arc::clone(&self.state().document)
    }

    pub(super) fn status(&self) -> CacheStatus {
        self.state().status.clone()
    }

    /// Reads what others wrote, without a lock.
    pub(super) async fn refresh(&self) {
        let Some(store) = &self.store else { return };
        // Only files that others write in place are ever half written.
        let retries = match store.kind() {
            StoreKind::UnencryptedFile | StoreKind::DataProtection => TORN_RETRIES,
            StoreKind::SealedFile | StoreKind::Keyring => 0,
        };
        for attempt in 0..=retries {
            let (seen, edition) = {
                let state = self.state();
                (state.seen.clone(), state.edition)
            };
            let known = seen
                .as_ref()
                .filter(|seen| seen.is_settled)
                .map(|seen| &seen.stamp);
            let mut digest = None;
            let damage = match store.load(known).await {
                Ok(Loaded::Unchanged) => return self.state().went_well(store.kind()),
                Ok(Loaded::Absent) => return self.take(edition, Document::new(), None),
                Ok(Loaded::Contents(contents, stamp)) => {
                    let now = self.clock.now().system_time();
                    let found = Seen::new(stamp, &contents, now);
                    if seen.is_some_and(|seen| seen.digest == found.digest) {
                        let mut state = self.state();
                        if state.edition == edition {
                            state.seen = Some(found);
                        }
                        return state.went_well(store.kind());
                    }
                    match Document::parse(&contents) {
                        Ok(document) => return self.take(edition, document, Some(found)),
                        Err(DocumentError::Malformed(why)) => {
                            digest = Some(found.digest);
                            format!("the token cache is damaged: {why}")
                        }
                        Err(newer) => return self.state().can_not_be_used(newer.to_string()),
                    }
                }
                Err(error) if error.kind == StoreErrorKind::Unreadable => error.message,
                Err(error) => return self.state().can_not_be_used(error.message),
            };
            {
                let mut state = self.state();
                if attempt == retries || (digest.is_some() && digest == state.damaged) {
                    state.damaged = digest;
                    return state.can_not_be_used(damage);
                }
            }
            self.clock.sleep(TORN_WAIT).await;
        }
    }

    /// Takes what was read over, with what could not be written before.
    fn take(&self, edition: u64, mut document: Document, seen: Option<Seen>) {
        let Some(store) = &self.store else { return };
        let mut state = self.state();
        if state.edition != edition {
            return;
        }
        state.pending.apply(&mut document);
        document.set_saved();
        state.replace(document);
        state.seen = seen;
        state.went_well(store.kind());
    }

    /// Forgets what is in memory.
    pub(super) async fn close(&self) {
        if !self.state().pending.is_empty() {
            self.update(|_| ()).await;
        }
        let mut state = self.state();
        state.replace(Document::new());
        state.pending = Changes::new();
        state.seen = None;
    }
}

impl State {
    pub(super) fn replace(&mut self, document: Document) {
        self.document = Arc::new(document);
        self.edition = self.edition.wrapping_add(1);
    }

    /// A use of the store went well. What could not be written before still waits.
    fn went_well(&mut self, kind: StoreKind) {
        match &self.status {
            CacheStatus::ReadOnly(..) if !self.pending.is_empty() => {}
            _ => self.status = CacheStatus::Kept(kind),
        }
    }

    /// The store can't be used: go on in memory, and say so once.
    pub(super) fn can_not_be_used(&mut self, why: String) {
        self.warn(&why);
        self.status = CacheStatus::MemoryOnly(why);
    }

    /// A change could not be written down: it stays in memory, which is said once.
    pub(super) fn can_not_be_written(&mut self, kind: StoreKind, error: StoreError) {
        self.warn(&error.message);
        self.status = match error.kind {
            StoreErrorKind::Busy | StoreErrorKind::Failed => CacheStatus::ReadOnly(kind, error.message),
            StoreErrorKind::Refused
            | StoreErrorKind::Unreadable
            | StoreErrorKind::Newer
            | StoreErrorKind::Unavailable => CacheStatus::MemoryOnly(error.message),
        };
    }

    pub(super) fn warn(&mut self, why: &str) {
        if !std::mem::replace(&mut self.has_warned, true) {
            tracing::warn!(
                target: identity_runtime::trace::TARGET,
                error = why,
                "the token cache is kept in memory"
            );
        }
    }
}
