//! Our side: a client secret's credential over the fake service.

use std::sync::Arc;

use identity_azure_core::ForAzureCore;
use identity_base::seam::{Clock, HttpClient, HttpError, HttpRequest, HttpResponse};
use identity_base::{BoxFuture, TokenCredential};
use identity_confidential::ClientSecretCredential;
use identity_runtime::{CacheOptions, ClientOptions};

use crate::service::{Service, scope, scopes};
use crate::subject::{Got, Subject, local_runtime};

/// More than any measurement asks for.
const ROOM: usize = 200_000;

#[derive(Debug)]
struct Transport(Arc<Service>);

impl HttpClient for Transport {
    fn send(&self, _request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(async {
            let (status, body) = self.0.answer().await;
            let status = http::StatusCode::from_u16(status).unwrap_or_default();
            Ok(HttpResponse::new(status, http::HeaderMap::new(), body))
        })
    }
}

/// A credential as programs hold it; nothing is cached yet.
pub fn cold(
    service: &Arc<Service>,
    max_entries: usize,
    clock: Option<Arc<dyn Clock>>,
) -> Result<Arc<dyn TokenCredential>, String> {
    let cache = CacheOptions::new()
        .with_max_entries(max_entries)
        .with_max_bytes(1 << 30);
    let mut options = ClientOptions::default()
        .with_cache(cache)
        .with_transport(Arc::new(Transport(Arc::clone(service))));
    if let Some(clock) = clock {
        options = options.with_clock(clock);
    }
    let credential = ClientSecretCredential::builder(
        "11111111-1111-1111-1111-111111111111",
        "44444444-4444-4444-4444-444444444444",
        "not a secret",
    )
    .with_options(&options)
    .build()
    .map_err(|error| error.to_string())?;
    Ok(Arc::new(credential))
}

/// A credential with `keys` tokens cached.
pub fn credential(keys: usize) -> Result<Arc<dyn TokenCredential>, String> {
    capped(keys, ROOM)
}

/// The same with room for so many entries.
pub fn capped(keys: usize, max_entries: usize) -> Result<Arc<dyn TokenCredential>, String> {
    let credential = cold(&Service::new(), max_entries, None)?;
    let runtime = local_runtime()?;
    for scope in scopes(keys) {
        runtime
            .block_on(credential.get_token(&[&scope]))
            .map_err(|error| error.to_string())?;
    }
    Ok(credential)
}

/// The credential with one token cached, behind the official trait.
pub fn behind_their_trait() -> Result<Arc<dyn azure_core::credentials::TokenCredential>, String> {
    Ok(ForAzureCore::new(credential(1)?).into_shared())
}

struct Ours(Arc<dyn TokenCredential>);

impl Subject for Ours {
    fn get(&self, key: usize) -> Got<'_> {
        Box::pin(async move {
            let token = self.0.get_token(&[&scope(key)]).await;
            token.map(drop).map_err(|error| error.to_string())
        })
    }
}

/// Our side where milliseconds count.
pub fn subject(service: &Arc<Service>, _keys: usize) -> Result<Arc<dyn Subject>, String> {
    Ok(Arc::new(Ours(cold(service, ROOM, None)?)))
}

/// The same, by a clock of the test's.
pub fn subject_with_clock(service: &Arc<Service>, clock: Arc<dyn Clock>) -> Result<Arc<dyn Subject>, String> {
    Ok(Arc::new(Ours(cold(service, ROOM, Some(clock))?)))
}
