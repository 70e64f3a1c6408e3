//! The fake token service: what every side asks, each by its own transport.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// As long as a usual token with a few group claims.
pub const TOKEN_LENGTH: usize = 1_500;
/// As long as a managed identity's tokens live.
pub const TOKEN_LIFETIME_SECONDS: u64 = 86_400;

/// The service. It counts its requests, takes its time, and refuses when told to.
#[derive(Debug)]
pub struct Service {
    requests: AtomicUsize,
    delay_millis: AtomicU64,
    lifetime_seconds: AtomicU64,
    refuses: AtomicBool,
}

impl Service {
    /// One that answers at once.
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            requests: AtomicUsize::new(0),
            delay_millis: AtomicU64::new(0),
            lifetime_seconds: AtomicU64::new(TOKEN_LIFETIME_SECONDS),
            refuses: AtomicBool::new(false),
        })
    }

    /// How long it takes for an answer from now on.
    pub fn take(&self, delay: Duration) {
        let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.delay_millis.store(millis, Ordering::SeqCst);
    }

    /// How long its tokens live from now on.
    pub fn live(&self, seconds: u64) {
        self.lifetime_seconds.store(seconds, Ordering::SeqCst);
    }

    /// From now on it answers with 400.
    pub fn refuse(&self) {
        self.refuses.store(true, Ordering::SeqCst);
    }

    /// How many requests it got so far.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// One answer: status and body.
    pub async fn answer(&self) -> (u16, Vec<u8>) {
        self.requests.fetch_add(1, Ordering::SeqCst);
        match self.delay_millis.load(Ordering::SeqCst) {
            0 => {}
            millis => tokio::time::sleep(Duration::from_millis(millis)).await,
        }
        if self.refuses.load(Ordering::SeqCst) {
            let document = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.","error_codes":[7000215]}"#;
            return (400, document.into());
        }
        let (token, lifetime) = (
            "x".repeat(TOKEN_LENGTH),
            self.lifetime_seconds.load(Ordering::SeqCst),
        );
        let document =
            format!(r#"{{"token_type":"Bearer","expires_in":{lifetime},"access_token":"{token}"}}"#);
        (200, document.into_bytes())
    }
}

/// The scopes of `keys` resources.
pub fn scopes(keys: usize) -> Vec<String> {
    (0..keys).map(scope).collect()
}

/// The scope of one resource.
pub fn scope(key: usize) -> String {
    format!("https://resource-{key}.azure.example/.default")
}
