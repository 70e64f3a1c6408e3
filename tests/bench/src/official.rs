//! The official crate over the fake service.

use std::sync::Arc;

use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, ClientOptions, HttpClient, Request, StatusCode, Transport};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};

use crate::service::{Service, scope, scopes};
use crate::subject::{Got, Subject, local_runtime};

#[derive(Debug)]
struct FakeTransport(Arc<Service>);

#[async_trait::async_trait]
impl HttpClient for FakeTransport {
    async fn execute_request(&self, _request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let (status, body) = self.0.answer().await;
        Ok(AsyncRawResponse::from_bytes(
            StatusCode::from(status),
            Headers::new(),
            body,
        ))
    }
}

/// A client secret's credential with nothing cached.
pub fn cold(service: &Arc<Service>) -> Result<Arc<dyn TokenCredential>, String> {
    let options = ClientSecretCredentialOptions {
        client_options: ClientOptions {
            transport: Some(Transport::new(Arc::new(FakeTransport(Arc::clone(service))))),
            ..Default::default()
        },
    };
    let credential = ClientSecretCredential::new(
        "11111111-1111-1111-1111-111111111111",
        "44444444-4444-4444-4444-444444444444".to_owned(),
        Secret::from("not a secret"),
        Some(options),
    )
    .map_err(|error| error.to_string())?;
    Ok(credential)
}

/// A credential with `keys` tokens cached.
pub fn credential(keys: usize) -> Result<Arc<dyn TokenCredential>, String> {
    let credential = cold(&Service::new())?;
    let runtime = local_runtime()?;
    for scope in scopes(keys) {
        runtime
            .block_on(credential.get_token(&[&scope], None))
            .map_err(|error| error.to_string())?;
    }
    Ok(credential)
}

struct Official(Arc<dyn TokenCredential>);

impl Subject for Official {
    fn get(&self, key: usize) -> Got<'_> {
        Box::pin(async move {
            let token = self.0.get_token(&[&scope(key)], None).await;
            token.map(drop).map_err(|error| error.to_string())
        })
    }
}

/// Their side where milliseconds count.
pub fn subject(service: &Arc<Service>, _keys: usize) -> Result<Arc<dyn Subject>, String> {
    Ok(Arc::new(Official(cold(service)?)))
}
