//! A reader that is slower than a change.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use identity_base::BoxFuture;
use identity_base::seam::{FileKind, FileMetadata};
use tokio::sync::Notify;
use zeroize::Zeroizing;

use super::*;
use crate::store::{Loaded, Stamp, StoreError, StoreLock};

/// Readers get what was there when they came, after they were let on.
#[derive(Debug, Default)]
struct Slow(Arc<Contents>);

#[derive(Debug, Default)]
struct Contents {
    bytes: Mutex<Vec<u8>>,
    is_slow: AtomicBool,
    came: Notify,
    let_on: Notify,
}

impl Contents {
    fn now(&self) -> Loaded {
        let bytes = self.bytes.lock().unwrap().clone();
        let stamp = Stamp(FileMetadata::new(FileKind::File, bytes.len() as u64));
        Loaded::Contents(Zeroizing::new(bytes), stamp)
    }
}

impl CacheStore for Slow {
    fn kind(&self) -> StoreKind {
        StoreKind::SealedFile
    }

    fn load<'a>(&'a self, _seen: Option<&'a Stamp>) -> BoxFuture<'a, Result<Loaded, StoreError>> {
        Box::pin(async {
            let loaded = self.0.now();
            if self.0.is_slow.swap(false, Ordering::Relaxed) {
                self.0.came.notify_one();
                self.0.let_on.notified().await;
            }
            Ok(loaded)
        })
    }

    fn lock(&self) -> BoxFuture<'_, Result<Box<dyn StoreLock>, StoreError>> {
        let lock: Box<dyn StoreLock> = Box::new(Held(Arc::clone(&self.0)));
        Box::pin(std::future::ready(Ok(lock)))
    }
}

#[derive(Debug)]
struct Held(Arc<Contents>);

impl StoreLock for Held {
    fn load<'a>(&'a mut self, _seen: Option<&'a Stamp>) -> BoxFuture<'a, Result<Loaded, StoreError>> {
        Box::pin(std::future::ready(Ok(self.0.now())))
    }

    fn save(self: Box<Self>, contents: Zeroizing<Vec<u8>>) -> BoxFuture<'static, Result<Stamp, StoreError>> {
        let length = contents.len() as u64;
        *self.0.bytes.lock().unwrap() = contents.to_vec();
        Box::pin(std::future::ready(Ok(Stamp(FileMetadata::new(
            FileKind::File,
            length,
        )))))
    }

    fn keep_aside(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

#[test]
fn a_reader_that_was_overtaken_does_not_bring_the_old_document_back() {
    block_on(async {
        let contents = Arc::<Contents>::default();
        let store = Arc::new(Slow(Arc::clone(&contents)));
        let cache = TokenCache::with_store(store, &ClientOptions::default());
        contents.is_slow.store(true, Ordering::Relaxed);
        let reading = tokio::spawn({
            let cache = cache.clone();
            async move { cache.read(|document| has(document, "s")).await }
        });
        contents.came.notified().await;
        cache.update(|document| add(document, "s")).await;
        contents.let_on.notify_one();
        assert!(
            reading.await.unwrap(),
            "it sees the change, not what it had read before"
        );
    });
}
