//! For object_store 0.14.

use std::sync::Arc;

use async_trait::async_trait;
use object_store_0_14::azure::AzureCredential;
use object_store_0_14::{CredentialProvider, Error, Result};

use crate::ForObjectStore;
use crate::for_object_store::{STORE, source};

#[cfg_attr(docsrs, doc(cfg(feature = "object_store_0_14")))]
#[async_trait]
impl CredentialProvider for ForObjectStore {
    type Credential = AzureCredential;

    async fn get_credential(&self) -> Result<Arc<AzureCredential>> {
        let token = self.provider.token().await.map_err(|error| Error::Generic {
            store: STORE,
            source: source(error),
        })?;
        Ok(self.v0_14.of(&token, AzureCredential::BearerToken))
    }
}
