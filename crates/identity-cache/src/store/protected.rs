//! A file whose contents are encrypted by whatever protects them.

use std::fmt;
use std::sync::Arc;

use identity_base::BoxFuture;
use zeroize::Zeroizing;

use super::{CacheStore, Loaded, Stamp, StoreError, StoreLock};
use crate::StoreKind;

/// Encrypts and decrypts contents.
pub(crate) trait Protection: fmt::Debug + Send + Sync {
    fn kind(&self) -> StoreKind;

    fn protect(&self, plain: Zeroizing<Vec<u8>>) -> BoxFuture<'_, Result<Zeroizing<Vec<u8>>, StoreError>>;

    fn unprotect(
        &self,
        protected: Zeroizing<Vec<u8>>,
    ) -> BoxFuture<'_, Result<Zeroizing<Vec<u8>>, StoreError>>;
}

/// Keeps the contents in another store, encrypted.
#[derive(Debug)]
pub(crate) struct ProtectedStore<S> {
    inner: S,
    protection: Arc<dyn Protection>,
}

impl<S: CacheStore> ProtectedStore<S> {
    pub(crate) fn new(inner: S, protection: Arc<dyn Protection>) -> Self {
        Self { inner, protection }
    }
}

impl<S: CacheStore> CacheStore for ProtectedStore<S> {
    fn kind(&self) -> StoreKind {
        self.protection.kind()
    }

    fn load<'a>(&'a self, seen: Option<&'a Stamp>) -> BoxFuture<'a, Result<Loaded, StoreError>> {
        Box::pin(async move { plain(self.inner.load(seen).await?, &*self.protection).await })
    }

    fn lock(&self) -> BoxFuture<'_, Result<Box<dyn StoreLock>, StoreError>> {
        Box::pin(async {
            Ok(Box::new(ProtectedLock {
                inner: self.inner.lock().await?,
                protection: Arc::clone(&self.protection),
            }) as Box<dyn StoreLock>)
        })
    }
}

async fn plain(loaded: Loaded, protection: &dyn Protection) -> Result<Loaded, StoreError> {
    match loaded {
        Loaded::Contents(contents, stamp) => {
            Ok(Loaded::Contents(protection.unprotect(contents).await?, stamp))
        }
        other => Ok(other),
    }
}

#[derive(Debug)]
struct ProtectedLock {
    inner: Box<dyn StoreLock>,
    protection: Arc<dyn Protection>,
}

impl StoreLock for ProtectedLock {
    fn load<'a>(&'a mut self, seen: Option<&'a Stamp>) -> BoxFuture<'a, Result<Loaded, StoreError>> {
        Box::pin(async move { plain(self.inner.load(seen).await?, &*self.protection).await })
    }

    fn save(self: Box<Self>, contents: Zeroizing<Vec<u8>>) -> BoxFuture<'static, Result<Stamp, StoreError>> {
        Box::pin(async move {
            let contents = self.protection.protect(contents).await?;
            self.inner.save(contents).await
        })
    }

    fn keep_aside(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.inner.keep_aside()
    }
}
