//! From blocking code to async, a piece at a time: both ask one credential, so they share its tokens.
//!
//! With `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and `AZURE_CLIENT_SECRET`: `cargo run --example sync_to_async`.
#![expect(clippy::print_stdout, reason = "a program prints")]

use std::sync::Arc;

use entra_identity::{BlockingCredential, DefaultAzureCredential, Error, TokenCredential};

const SCOPES: &[&str] = &["https://vault.azure.net/.default"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let credential: Arc<dyn TokenCredential> = Arc::new(DefaultAzureCredential::new()?);

    // Before: no runtime anywhere. The facade brings its own when a token has to be fetched.
    let blocking = BlockingCredential::new(Arc::clone(&credential));
    println!("before: {}", before(&blocking)?);

    // After: the same credential in async code. What is left of the blocking code runs beside it.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        println!("after: {}", after(&*credential).await?);
        let left_over = tokio::task::spawn_blocking(move || before(&blocking));
        println!("meanwhile: {}", left_over.await??);
        credential.close().await;
        Ok(())
    })
}

fn before(credential: &BlockingCredential) -> Result<&'static str, Error> {
    Ok(credential.get_token(SCOPES)?.token_type())
}

async fn after(credential: &dyn TokenCredential) -> Result<&'static str, Error> {
    Ok(credential.get_token(SCOPES).await?.token_type())
}
