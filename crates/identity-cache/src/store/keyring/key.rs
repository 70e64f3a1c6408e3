//! A sealing key that lives in the keyring.

use std::fmt;
use std::sync::{Arc, OnceLock};

use identity_base::BoxFuture;
use identity_base::seam::Random;
use zeroize::Zeroizing;

use super::{Item, Keyring};
use crate::SealingKey;
use crate::store::sealed::KeySource;
use crate::store::{StoreError, StoreErrorKind};

/// Reads the key once, and makes one if there is none.
pub(super) struct KeyInKeyring {
    keyring: Keyring,
    item: Item,
    random: Arc<dyn Random>,
    key: OnceLock<SealingKey>,
}

impl KeyInKeyring {
    pub(super) fn new(keyring: Keyring, item: Item, random: Arc<dyn Random>) -> Self {
        Self {
            keyring,
            item,
            random,
            key: OnceLock::new(),
        }
    }

    async fn find_or_make(&self) -> Result<SealingKey, StoreError> {
        if let Some(key) = self.key.get() {
            return Ok(key.clone());
        }
        if let Some(key) = self.find().await? {
            return Ok(self.key.get_or_init(|| key).clone());
        }
        let new = SealingKey::generate(&*self.random)
            .map_err(|error| StoreError::new(StoreErrorKind::Failed, error.message().to_owned()))?;
        let item = self.item.clone();
        let text = Zeroizing::new(identity_runtime::crypto::base64(new.bytes()));
        self.keyring
            .call(move |backend| backend.set(&item, text.as_bytes()))
            .await?;
        // Another process may have made one at the same time: the keyring's is the one that counts.
        let key = self.find().await?.unwrap_or(new);
        Ok(self.key.get_or_init(|| key).clone())
    }

    async fn find(&self) -> Result<Option<SealingKey>, StoreError> {
        let item = self.item.clone();
        let Some(text) = self.keyring.call(move |backend| backend.get(&item)).await? else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&text).unwrap_or_default();
        match SealingKey::from_base64(&text.into()) {
            Ok(key) => Ok(Some(key)),
            // Not replaced: what is sealed with it would be lost.
            Err(_) => Err(StoreError::new(
                StoreErrorKind::Refused,
                format!(
                    "the keyring's item {:?} is no sealing key; remove it",
                    self.item.name
                ),
            )),
        }
    }
}

impl KeySource for KeyInKeyring {
    fn key(&self) -> BoxFuture<'_, Result<SealingKey, StoreError>> {
        Box::pin(self.find_or_make())
    }
}

impl fmt::Debug for KeyInKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyInKeyring")
            .field("item", &self.item)
            .finish_non_exhaustive()
    }
}
