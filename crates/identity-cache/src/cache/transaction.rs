//! Changing a document.

use zeroize::Zeroizing;

use super::state::{Seen, Shared};
use super::status::CacheStatus;
use crate::document::{Changes, Document, DocumentError};
use crate::store::{CacheStore, Loaded, StoreError, StoreErrorKind, StoreLock};

/// The largest document that is written. It can be read again, also with what encryption adds to it.
const MAX_WRITTEN_BYTES: usize = 16 * 1024 * 1024 - 4096;

fn written(document: &Document) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(document.to_text().as_bytes().to_vec())
}

impl Shared {
    pub(super) async fn update<R>(&self, change: impl FnOnce(&mut Document) -> R) -> R {
        let _turn = self.turn.lock().await;
        let Some(store) = &self.store else {
            let mut document = (*self.document()).clone();
            let result = change(&mut document);
            document.set_saved();
            self.state().replace(document);
            return result;
        };
        let opened = match store.lock().await {
            Ok(mut lock) => self.reload(&mut *lock).await.map(|()| lock),
            Err(error) => Err(error),
        };
        match opened {
            Ok(lock) => self.change_and_save(&**store, lock, change).await,
            Err(error) => {
                // What others wrote can usually be read, although nothing can be written.
                if matches!(error.kind, StoreErrorKind::Busy | StoreErrorKind::Failed) {
                    self.refresh().await;
                }
                self.change_in_memory(&**store, error, change)
            }
        }
    }

    /// Reads what others wrote, under the lock.
    async fn reload(&self, lock: &mut dyn StoreLock) -> Result<(), StoreError> {
        let seen = self.state().seen.clone();
        let known = seen
            .as_ref()
            .filter(|seen| seen.is_settled)
            .map(|seen| &seen.stamp);
        let (mut document, found) = match lock.load(known).await {
            Ok(Loaded::Unchanged) => return Ok(()),
            Ok(Loaded::Absent) => (Document::new(), None),
            Ok(Loaded::Contents(contents, stamp)) => {
                let found = Seen::new(stamp, &contents, self.clock.now().system_time());
                if seen.is_some_and(|seen| seen.digest == found.digest) {
                    self.state().seen = Some(found);
                    return Ok(());
                }
                match Document::parse(&contents) {
                    Ok(document) => (document, Some(found)),
                    Err(DocumentError::Malformed(why)) => {
                        return self
                            .replace_damaged(lock, &format!("the token cache is damaged: {why}"))
                            .await;
                    }
                    Err(newer) => {
                        return Err(StoreError::new(StoreErrorKind::Newer, newer.to_string()));
                    }
                }
            }
            Err(error) if error.kind == StoreErrorKind::Unreadable => {
                return self.replace_damaged(lock, &error.message).await;
            }
            Err(error) => return Err(error),
        };
        let mut state = self.state();
        state.pending.apply(&mut document);
        // Whatever was pending is written with the change to come.
        state.replace(document);
        state.seen = found;
        Ok(())
    }

    /// Under the lock nobody is writing, so what can't be read is damaged: it is kept aside, and what is in memory takes its place.
    async fn replace_damaged(&self, lock: &mut dyn StoreLock, why: &str) -> Result<(), StoreError> {
        self.state().warn(why);
        lock.keep_aside().await?;
        self.state().seen = None;
        Ok(())
    }

    async fn change_and_save<R>(
        &self,
        store: &dyn CacheStore,
        lock: Box<dyn StoreLock>,
        change: impl FnOnce(&mut Document) -> R,
    ) -> R {
        let before = self.document();
        let mut document = (*before).clone();
        let result = change(&mut document);
        if !document.is_changed() && self.state().pending.is_empty() {
            self.state().status = CacheStatus::Kept(store.kind());
            return result;
        }
        document.set_saved();
        let mut contents = written(&document);
        if contents.len() > MAX_WRITTEN_BYTES {
            // Access tokens are most of it, and those that are expired are of no use to anybody.
            document.drop_expired(self.clock.now().system_time());
            document.set_saved();
            contents = written(&document);
        }
        {
            // Before the first await: the change is kept also when this future is dropped while it is written.
            let mut state = self.state();
            state.pending.record(&before, &document);
            state.replace(document);
        }
        if contents.len() > MAX_WRITTEN_BYTES {
            let why = format!(
                "the token cache is too large to be kept: it has more than {MAX_WRITTEN_BYTES} bytes"
            );
            self.state()
                .can_not_be_written(store.kind(), StoreError::new(StoreErrorKind::Failed, why));
            return result;
        }
        let digest = identity_runtime::crypto::sha256(&contents);
        let outcome = lock.save(contents).await;
        let mut state = self.state();
        match outcome {
            Ok(stamp) => {
                state.pending = Changes::new();
                state.seen = Some(Seen {
                    stamp,
                    digest,
                    is_settled: false,
                });
                state.status = CacheStatus::Kept(store.kind());
            }
            Err(error) => state.can_not_be_written(store.kind(), error),
        }
        result
    }

    fn change_in_memory<R>(
        &self,
        store: &dyn CacheStore,
        error: StoreError,
        change: impl FnOnce(&mut Document) -> R,
    ) -> R {
        let before = self.document();
        let mut document = (*before).clone();
        let result = change(&mut document);
        let mut state = self.state();
        if document.is_changed() {
            document.set_saved();
            state.pending.record(&before, &document);
            state.replace(document);
        }
        state.can_not_be_written(store.kind(), error);
        result
    }
}
