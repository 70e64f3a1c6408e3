//! A program on the umbrella crate with none of its default features: the contract and the token engine are there, for a
//! credential of its own.
#![expect(clippy::print_stdout, reason = "a program that says that it worked")]

use std::error::Error as StdError;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use entra_identity::{
    Cached, ClientOptions, Error, FetchToken, Fetched, KeyBuilder, OwnedRequest, TokenCredential,
};

/// Gives out a token, and counts how often it was asked for one.
#[derive(Debug, Default)]
struct Counted(Arc<AtomicUsize>);

impl FetchToken for Counted {
    fn name(&self) -> &'static str {
        "Counted"
    }

    fn cache_identity(&self, key: &mut KeyBuilder) {
        key.field("counted", "one");
    }

    async fn fetch(&self, _request: &OwnedRequest) -> Result<Fetched, Error> {
        let before = self.0.fetch_add(1, Ordering::SeqCst);
        Ok(Fetched::new(format!("token-{before}"), Duration::from_secs(3600)))
    }
}

fn main() -> Result<(), Box<dyn StdError>> {
    let fetched = Arc::new(AtomicUsize::new(0));
    let credential = Cached::new(Counted(Arc::clone(&fetched)), &ClientOptions::default());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;

    let first = runtime.block_on(credential.get_token(&["api://orders/.default"]))?;
    let second = runtime.block_on(credential.get_token(&["api://orders/.default"]))?;

    assert_eq!(first.secret(), "token-0");
    assert_eq!(second.secret(), "token-0");
    assert_eq!(fetched.load(Ordering::SeqCst), 1);
    println!("umbrella-alone: a token of its own was fetched once and kept");
    Ok(())
}
