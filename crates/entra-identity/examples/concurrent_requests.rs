//! Many tasks, one credential: each scope is asked for once, however many wait for it.
//!
//! With `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and `AZURE_CLIENT_SECRET`: `cargo run --example concurrent_requests`.
#![expect(clippy::print_stdout, reason = "a program prints")]

use std::collections::HashMap;

use entra_identity::{DefaultAzureCredential, TokenCredential};
use tokio::task::JoinSet;

const SCOPES: [&str; 3] = [
    "https://management.azure.com/.default",
    "https://storage.azure.com/.default",
    "https://vault.azure.net/.default",
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let credential = DefaultAzureCredential::new()?;

    let mut tasks = JoinSet::new();
    for number in 0..300 {
        let Some(scope) = SCOPES.iter().copied().cycle().nth(number) else {
            break;
        };
        // Clones are one credential: they share its tokens, its requests and its connections.
        let credential = credential.clone();
        tasks.spawn(async move { (scope, credential.get_token(&[scope]).await) });
    }

    let mut served = HashMap::<_, usize>::new();
    while let Some(done) = tasks.join_next().await {
        let (scope, token) = done?;
        token?;
        *served.entry(scope).or_default() += 1;
    }
    for scope in SCOPES {
        println!("{scope}: {} callers", served.get(scope).unwrap_or(&0));
    }
    Ok(())
}
