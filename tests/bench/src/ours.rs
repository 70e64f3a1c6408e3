//! Our side: a credential over a source that makes tokens up.

use std::sync::Arc;
use std::time::Duration;

use identity_base::{Error, FetchToken, Fetched, KeyBuilder, OwnedRequest, TokenCredential};
use identity_runtime::{CacheOptions, Cached, ClientOptions};

#[derive(Debug)]
struct MadeUp;

impl FetchToken for MadeUp {
    fn name(&self) -> &'static str {
        "MadeUp"
    }

    fn cache_identity(&self, _key: &mut KeyBuilder) {}

    async fn fetch(&self, _request: &OwnedRequest) -> Result<Fetched, Error> {
        Ok(Fetched::new(
            "x".repeat(crate::TOKEN_LENGTH),
            Duration::from_secs(crate::TOKEN_LIFETIME_SECONDS),
        ))
    }
}

/// A credential as programs hold it, with `keys` tokens cached.
pub fn credential(keys: usize, max_entries: usize) -> Arc<dyn TokenCredential> {
    let options = ClientOptions::default().with_cache(CacheOptions::new().with_max_entries(max_entries));
    let credential: Arc<dyn TokenCredential> = Arc::new(Cached::new(MadeUp, &options));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    for scope in scopes(keys) {
        runtime
            .block_on(credential.get_token(&[&scope]))
            .expect("a token");
    }
    credential
}

/// The scopes of `keys` resources.
pub fn scopes(keys: usize) -> Vec<String> {
    (0..keys)
        .map(|n| format!("https://resource-{n}.azure.example/.default"))
        .collect()
}
