//! The keyring, or a file where there is none.

use std::sync::OnceLock;

use identity_base::BoxFuture;

use super::file::FileStore;
use super::keyring::KeyringStore;
use super::{CacheStore, Loaded, Stamp, StoreError, StoreLock};
use crate::StoreKind;

/// Decides at the first use, and stays with that.
#[derive(Debug)]
pub(crate) struct Fallback {
    keyring: KeyringStore,
    file: FileStore,
    has_keyring: OnceLock<bool>,
}

impl Fallback {
    pub(crate) const fn new(keyring: KeyringStore, file: FileStore) -> Self {
        Self {
            keyring,
            file,
            has_keyring: OnceLock::new(),
        }
    }

    async fn choice(&self) -> &dyn CacheStore {
        let has_keyring = match self.has_keyring.get() {
            Some(known) => *known,
            None => {
                let outcome = self.keyring.probe().await;
                if let Err(error) = &outcome {
                    tracing::debug!(
                        target: identity_runtime::trace::TARGET,
                        error = %error,
                        "the token cache is kept without encryption"
                    );
                }
                *self.has_keyring.get_or_init(|| outcome.is_ok())
            }
        };
        match has_keyring {
            true => &self.keyring,
            false => &self.file,
        }
    }
}

impl CacheStore for Fallback {
    fn kind(&self) -> StoreKind {
        match self.has_keyring.get() {
            Some(false) => self.file.kind(),
            _ => self.keyring.kind(),
        }
    }

    fn load<'a>(&'a self, seen: Option<&'a Stamp>) -> BoxFuture<'a, Result<Loaded, StoreError>> {
        Box::pin(async move { self.choice().await.load(seen).await })
    }

    fn lock(&self) -> BoxFuture<'_, Result<Box<dyn StoreLock>, StoreError>> {
        Box::pin(async { self.choice().await.lock().await })
    }
}
