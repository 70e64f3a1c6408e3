//! The data protection of Windows. This passes the compiler, and was never run.

use identity_base::BoxFuture;
use windows_dpapi::{Scope, decrypt_data, encrypt_data};
use zeroize::Zeroizing;

use super::protected::Protection;
use super::{StoreError, StoreErrorKind};
use crate::StoreKind;

/// Encrypts for the current user, as the peers do: without further entropy.
#[derive(Debug)]
pub(crate) struct DataProtection;

impl Protection for DataProtection {
    fn kind(&self) -> StoreKind {
        StoreKind::DataProtection
    }

    fn protect(&self, plain: Zeroizing<Vec<u8>>) -> BoxFuture<'_, Result<Zeroizing<Vec<u8>>, StoreError>> {
        let outcome = encrypt_data(&plain, Scope::User, None)
            .map(Zeroizing::new)
            .map_err(|error| {
                StoreError::new(
                    StoreErrorKind::Failed,
                    format!("the data protection can't be used: {error}"),
                )
            });
        Box::pin(std::future::ready(outcome))
    }

    fn unprotect(
        &self,
        protected: Zeroizing<Vec<u8>>,
    ) -> BoxFuture<'_, Result<Zeroizing<Vec<u8>>, StoreError>> {
        // An empty file is an empty cache.
        let outcome = match protected.is_empty() {
            true => Ok(Zeroizing::default()),
            false => decrypt_data(&protected, Scope::User, None)
                .map(Zeroizing::new)
                .map_err(|error| {
                    StoreError::new(
                        StoreErrorKind::Unreadable,
                        format!("the token cache can't be decrypted: {error}"),
                    )
                }),
        };
        Box::pin(std::future::ready(outcome))
    }
}
