//! The official crate over a fake transport.

use std::sync::Arc;

use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, ClientOptions, HttpClient, Request, StatusCode, Transport};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};

#[derive(Debug)]
struct FakeService;

#[async_trait::async_trait]
impl HttpClient for FakeService {
    async fn execute_request(&self, _request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let token = "x".repeat(crate::TOKEN_LENGTH);
        let body = format!(
            r#"{{"token_type":"Bearer","expires_in":{},"access_token":"{token}"}}"#,
            crate::TOKEN_LIFETIME_SECONDS
        );
        Ok(AsyncRawResponse::from_bytes(
            StatusCode::Ok,
            Headers::new(),
            body.into_bytes(),
        ))
    }
}

/// The official client-secret credential with `keys` tokens cached.
pub fn credential(keys: usize) -> Arc<dyn TokenCredential> {
    let options = ClientSecretCredentialOptions {
        client_options: ClientOptions {
            transport: Some(Transport::new(Arc::new(FakeService))),
            ..Default::default()
        },
    };
    let credential = ClientSecretCredential::new(
        "11111111-1111-1111-1111-111111111111",
        "44444444-4444-4444-4444-444444444444".to_owned(),
        Secret::from("not a secret"),
        Some(options),
    )
    .expect("a credential");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    for scope in crate::ours::scopes(keys) {
        runtime
            .block_on(credential.get_token(&[&scope], None))
            .expect("a token");
    }
    credential
}
