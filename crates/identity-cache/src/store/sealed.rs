//! The sealed form, for a cache that no other program shares.

use std::fmt;
use std::sync::Arc;

use identity_base::seam::Random;
use identity_base::{BoxFuture, Error, ErrorKind, Secret};
use identity_runtime::crypto::{decode_base64, open_sealed, seal};
use zeroize::Zeroizing;

use super::protected::Protection;
use super::{StoreError, StoreErrorKind};
use crate::StoreKind;

/// What sealed files begin with, before the version.
const MAGIC: &[u8; 7] = b"ENTRAID";
/// The only version there is.
const VERSION: u8 = 1;

/// The key that a cache is sealed with: 32 bytes. `Debug` doesn't show it; it is overwritten when it is dropped.
#[derive(Clone)]
pub struct SealingKey(Arc<Zeroizing<[u8; 32]>>);

impl SealingKey {
    /// A key of its bytes, which have to be random: a password is none.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Arc::new(Zeroizing::new(bytes)))
    }

    /// A key from base64 text.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when the text isn't 32 bytes in base64.
    pub fn from_base64(text: &Secret) -> Result<Self, Error> {
        let bytes = decode_base64(text.expose().trim()).ok();
        bytes
            .and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok())
            .map(Self::new)
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::InvalidConfiguration,
                    "the sealing key is not 32 bytes in base64",
                )
                .with_hint("make one with `openssl rand -base64 32`")
            })
    }

    /// A new random key.
    ///
    /// # Errors
    /// As [`Random::fill`].
    pub fn generate(random: &dyn Random) -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0u8; 32]);
        random.fill(&mut *bytes)?;
        Ok(Self(Arc::new(bytes)))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for SealingKey {
    fn eq(&self, other: &Self) -> bool {
        identity_runtime::crypto::constant_time_eq(self.bytes(), other.bytes())
    }
}

impl Eq for SealingKey {}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(<redacted>)")
    }
}

/// Where the key comes from.
pub(crate) trait KeySource: fmt::Debug + Send + Sync {
    fn key(&self) -> BoxFuture<'_, Result<SealingKey, StoreError>>;
}

impl KeySource for SealingKey {
    fn key(&self) -> BoxFuture<'_, Result<SealingKey, StoreError>> {
        Box::pin(std::future::ready(Ok(self.clone())))
    }
}

/// Seals contents, bound to the cache's name: a file can't be put in the place of another.
#[derive(Debug)]
pub(crate) struct Sealing {
    source: Arc<dyn KeySource>,
    random: Arc<dyn Random>,
    context: Vec<u8>,
}

impl Sealing {
    pub(crate) fn new(source: Arc<dyn KeySource>, random: Arc<dyn Random>, name: &str) -> Self {
        let context = [MAGIC, &[VERSION][..], name.as_bytes()].concat();
        Self {
            source,
            random,
            context,
        }
    }
}

impl Protection for Sealing {
    fn kind(&self) -> StoreKind {
        StoreKind::SealedFile
    }

    fn protect(&self, plain: Zeroizing<Vec<u8>>) -> BoxFuture<'_, Result<Zeroizing<Vec<u8>>, StoreError>> {
        Box::pin(async move {
            let key = self.source.key().await?;
            let sealed = seal(key.bytes(), &self.context, &plain, &*self.random)
                .map_err(|error| StoreError::new(StoreErrorKind::Failed, error.message().to_owned()))?;
            Ok(Zeroizing::new([MAGIC, &[VERSION][..], &sealed].concat()))
        })
    }

    fn unprotect(
        &self,
        protected: Zeroizing<Vec<u8>>,
    ) -> BoxFuture<'_, Result<Zeroizing<Vec<u8>>, StoreError>> {
        Box::pin(async move {
            let unreadable = |why: &str| {
                StoreError::new(
                    StoreErrorKind::Unreadable,
                    format!("the sealed token cache {why}"),
                )
            };
            let (version, sealed) = protected
                .strip_prefix(MAGIC)
                .and_then(<[u8]>::split_first)
                .ok_or_else(|| unreadable("is damaged"))?;
            if *version > VERSION {
                return Err(StoreError::new(
                    StoreErrorKind::Newer,
                    format!(
                        "the sealed token cache was written by a newer program: its version is {version}"
                    ),
                ));
            }
            let key = self.source.key().await?;
            open_sealed(key.bytes(), &self.context, sealed)
                .ok_or_else(|| unreadable("is damaged, or sealed with another key"))
        })
    }
}
