//! The token service, the credential, and Azurite.

use std::path::Path;
use std::sync::Arc;

use azure_core::http::{ClientOptions, RetryOptions, Transport};
use azure_storage_blob::{BlobServiceClient, BlobServiceClientOptions};
use identity_azure_core::{ForAzureCore, TransportClient};
use identity_base::{Secret, TokenCredential, bearer_token_provider};
use identity_emulator::Emulator;
use identity_object_store::ForObjectStore;
use identity_transport::HyperTransport;

use crate::Result;
use crate::service::{ACCOUNT, Azurite};

/// What the storage clients ask tokens for.
pub(crate) const STORAGE: &str = "https://storage.azure.com/.default";

/// Everything that runs.
pub(crate) struct World {
    pub(crate) emulator: Emulator,
    pub(crate) azurite: Azurite,
    secret: Secret,
    pub(crate) credential: Arc<dyn TokenCredential>,
}

impl World {
    pub(crate) async fn start(node: &Path, modules: &Path) -> Result<Self> {
        adapter_testkit::install_ring();
        let secret = Secret::new("s3cret&=%+/~");
        let emulator = adapter_testkit::emulator(&secret).await;
        Ok(Self {
            credential: adapter_testkit::client_secret(&emulator, &secret),
            azurite: Azurite::start(node, modules)?,
            emulator,
            secret,
        })
    }

    /// A credential of the same application that has no token yet.
    pub(crate) fn fresh_credential(&self) -> Arc<dyn TokenCredential> {
        adapter_testkit::client_secret(&self.emulator, &self.secret)
    }

    /// The official client, signed by `credential`.
    pub(crate) fn official(
        &self,
        credential: Arc<dyn azure_core::credentials::TokenCredential>,
    ) -> Result<BlobServiceClient> {
        let transport = HyperTransport::builder()
            .extra_root_pem(self.azurite.ca_pem())?
            .build();
        let client = TransportClient::new(Arc::new(transport));
        let options = BlobServiceClientOptions {
            client_options: ClientOptions {
                retry: RetryOptions::none(),
                transport: Some(Transport::new(Arc::new(client))),
                ..ClientOptions::default()
            },
            ..BlobServiceClientOptions::default()
        };
        let url = azure_core::http::Url::parse(self.azurite.url())?;
        Ok(BlobServiceClient::new(url, Some(credential), Some(options))?)
    }

    /// [`World::official`] with our credential.
    pub(crate) fn official_with(&self, credential: Arc<dyn TokenCredential>) -> Result<BlobServiceClient> {
        self.official(ForAzureCore::new(credential).into_shared())
    }

    /// The provider that object_store asks.
    pub(crate) fn for_object_store(
        credential: Arc<dyn TokenCredential>,
        scope: &str,
    ) -> Result<Arc<ForObjectStore>> {
        Ok(Arc::new(ForObjectStore::new(bearer_token_provider(
            credential, scope,
        )?)))
    }

    /// object_store 0.14 for one container.
    pub(crate) fn store_0_14(
        &self,
        container: &str,
        provider: Arc<ForObjectStore>,
    ) -> Result<object_store_0_14::azure::MicrosoftAzure> {
        let root = object_store_0_14::Certificate::from_pem(self.azurite.ca_pem().as_bytes())?;
        Ok(object_store_0_14::azure::MicrosoftAzureBuilder::new()
            .with_account(ACCOUNT)
            .with_container_name(container)
            .with_endpoint(self.azurite.url().to_owned())
            .with_client_options(object_store_0_14::ClientOptions::new().with_root_certificate(root))
            .with_credentials(provider)
            .build()?)
    }

    /// object_store 0.13 for one container.
    pub(crate) fn store_0_13(
        &self,
        container: &str,
        provider: Arc<ForObjectStore>,
    ) -> Result<object_store_0_13::azure::MicrosoftAzure> {
        let root = object_store_0_13::Certificate::from_pem(self.azurite.ca_pem().as_bytes())?;
        Ok(object_store_0_13::azure::MicrosoftAzureBuilder::new()
            .with_account(ACCOUNT)
            .with_container_name(container)
            .with_endpoint(self.azurite.url().to_owned())
            .with_client_options(object_store_0_13::ClientOptions::new().with_root_certificate(root))
            .with_credentials(provider)
            .build()?)
    }
}
