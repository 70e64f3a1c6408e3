//! A store that is only read.

use std::sync::Arc;

use identity_base::BoxFuture;

use super::{CacheStore, Loaded, Stamp, StoreError, StoreErrorKind, StoreLock};
use crate::StoreKind;

/// Reads what others write, and never writes.
#[derive(Debug)]
pub(crate) struct ReadOnly(Arc<dyn CacheStore>);

impl ReadOnly {
    pub(crate) fn new(inner: Arc<dyn CacheStore>) -> Self {
        Self(inner)
    }
}

impl CacheStore for ReadOnly {
    fn kind(&self) -> StoreKind {
        self.0.kind()
    }

    fn load<'a>(&'a self, seen: Option<&'a Stamp>) -> BoxFuture<'a, Result<Loaded, StoreError>> {
        self.0.load(seen)
    }

    fn lock(&self) -> BoxFuture<'_, Result<Box<dyn StoreLock>, StoreError>> {
        Box::pin(std::future::ready(Err(StoreError::new(
            StoreErrorKind::Failed,
            "the token cache belongs to other tools, and is only read",
        ))))
    }
}
