//! Other crates that get tokens for Azure, each over the fake service by its own hook for transports.
//!
//! Both hold one token an object and have no map, so a key is an object of its own.

use std::sync::Arc;

use bytes::Bytes;
use object_store::azure::{AzureCredentialProvider, MicrosoftAzureBuilder};
use object_store::client::{HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService};
use object_store::{ClientOptions, RetryConfig};
use reqsign_azure_storage::{ClientSecretCredentialProvider, Credential};
use reqsign_core::{Context, HttpSend, SignRequest, Signer};

use crate::service::Service;
use crate::subject::{Got, Subject};

const TENANT: &str = "11111111-1111-1111-1111-111111111111";
const CLIENT: &str = "44444444-4444-4444-4444-444444444444";
const SECRET: &str = "not a secret";

#[derive(Debug)]
struct Fake(Arc<Service>);

#[async_trait::async_trait]
impl HttpService for Fake {
    async fn call(&self, _request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (status, body) = self.0.answer().await;
        let mut response = HttpResponse::new(body.into());
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
        Ok(response)
    }
}

impl HttpConnector for Fake {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Self(Arc::clone(&self.0))))
    }
}

impl HttpSend for Fake {
    async fn http_send(&self, _request: http::Request<Bytes>) -> reqsign_core::Result<http::Response<Bytes>> {
        let (status, body) = self.0.answer().await;
        let mut response = http::Response::new(body.into());
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
        Ok(response)
    }
}

/// What gives an `object_store` its tokens.
pub fn object_store_provider(service: &Arc<Service>) -> Result<AzureCredentialProvider, String> {
    let retry = RetryConfig {
        max_retries: 0,
        ..Default::default()
    };
    let store = MicrosoftAzureBuilder::new()
        .with_account("account")
        .with_container_name("container")
        .with_client_secret_authorization(CLIENT, SECRET, TENANT)
        .with_retry(retry)
        .with_http_connector(Fake(Arc::clone(service)))
        .build()
        .map_err(|error| error.to_string())?;
    Ok(Arc::clone(store.credentials()))
}

struct Stores(Vec<AzureCredentialProvider>);

impl Subject for Stores {
    fn get(&self, key: usize) -> Got<'_> {
        Box::pin(async move {
            let store = self.0.get(key).ok_or("no such key")?;
            store
                .get_credential()
                .await
                .map(drop)
                .map_err(|error| error.to_string())
        })
    }
}

/// `object_store` where milliseconds count.
pub fn object_store(service: &Arc<Service>, keys: usize) -> Result<Arc<dyn Subject>, String> {
    let stores: Result<_, _> = (0..keys).map(|_| object_store_provider(service)).collect();
    Ok(Arc::new(Stores(stores?)))
}

/// A signer that does nothing: the cached credential is private, and this is all that can be asked of it.
#[derive(Debug)]
struct Nothing;

impl SignRequest for Nothing {
    type Credential = Credential;

    async fn sign_request<'a>(
        &'a self,
        _context: &'a Context,
        _request: &'a mut http::request::Parts,
        _credential: Option<&'a Credential>,
        _expires_in: Option<std::time::Duration>,
    ) -> reqsign_core::Result<()> {
        Ok(())
    }
}

/// What holds reqsign's token.
pub fn signer(service: &Arc<Service>) -> Signer<Credential> {
    let provider = ClientSecretCredentialProvider::new()
        .with_tenant_id(TENANT)
        .with_client_id(CLIENT)
        .with_client_secret(SECRET);
    let context = Context::new().with_http_send(Fake(Arc::clone(service)));
    Signer::new(context, provider, Nothing)
}

/// Signs an empty request.
pub async fn sign(signer: &Signer<Credential>) -> Result<(), String> {
    let (mut parts, ()) = http::Request::new(()).into_parts();
    let signed = signer.sign(&mut parts, None).await;
    signed.map_err(|error| error.to_string())
}

struct Signers(Vec<Signer<Credential>>);

impl Subject for Signers {
    fn get(&self, key: usize) -> Got<'_> {
        Box::pin(async move { sign(self.0.get(key).ok_or("no such key")?).await })
    }
}

/// reqsign where milliseconds count.
pub fn reqsign(service: &Arc<Service>, keys: usize) -> Result<Arc<dyn Subject>, String> {
    Ok(Arc::new(Signers((0..keys).map(|_| signer(service)).collect())))
}
