//! Tests of the token engine: each promise of the module's documentation has one that breaks with it.

mod attended;
mod clearing;
mod closing;
mod failures;
mod flights;
mod hits;
mod limits;
mod model;
mod provider;
mod refresh;
mod runtimes;

use std::sync::Arc;
use std::time::Duration;

use identity_base::{AccessToken, Error, ErrorKind, TokenCredential, TokenFuture};
use identity_testkit::{ScriptedFetch, TestClock};

use super::{CacheOptions, Cached};
use crate::ClientOptions;

const SCOPE: &[&str] = &["https://management.azure.com/.default"];
const HOUR: Duration = Duration::from_secs(3600);

/// A credential over a script, on a virtual clock.
fn credential(fetch: &ScriptedFetch, clock: &TestClock) -> Cached<ScriptedFetch> {
    limited(fetch, clock, CacheOptions::new())
}

fn limited(fetch: &ScriptedFetch, clock: &TestClock, cache: CacheOptions) -> Cached<ScriptedFetch> {
    let options = ClientOptions::default()
        .with_clock(Arc::new(clock.clone()))
        .with_cache(cache);
    Cached::new(fetch.clone(), &options)
}

/// The token that is there without waiting.
#[track_caller]
fn hit(future: TokenFuture<'_>) -> AccessToken {
    future.try_now().expect("a hit is ready").unwrap()
}

fn refused() -> Error {
    Error::new(ErrorKind::AuthenticationFailed, "refused")
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Spawns `count` callers for the same scope.
fn callers(
    credential: &Cached<ScriptedFetch>,
    count: usize,
) -> Vec<tokio::task::JoinHandle<Result<AccessToken, Error>>> {
    let spawn = |_| {
        let credential = credential.clone();
        tokio::spawn(async move { credential.get_token(SCOPE).await })
    };
    (0..count).map(spawn).collect()
}
