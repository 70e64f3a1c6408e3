//! A chain: managed identity where the program is deployed, the Azure CLI's account on a developer's machine.
//!
//! `az login`, then `cargo run --example chain`.
#![expect(clippy::print_stdout, reason = "a program prints")]

use std::sync::Arc;

use entra_identity::{
    AzureCliCredential, ChainedTokenCredential, Error, ManagedIdentityCredential, TokenCredential,
};

#[tokio::main]
async fn main() -> Result<(), Error> {
    // Away from Azure nobody answers where the metadata service would be. Within a chain that is found out within a second.
    let deployed = ManagedIdentityCredential::new()?;
    let developer = AzureCliCredential::new()?;
    let credential = ChainedTokenCredential::new(vec![Arc::new(deployed), Arc::new(developer)])?;

    let answer = credential
        .get_token(&["https://management.azure.com/.default"])
        .await;
    if let Err(error) = &answer {
        // What each of them said.
        for attempt in error.attempts() {
            println!("{}", attempt.error());
        }
    }
    answer?;
    println!("got a token from {}", credential.selected().unwrap_or("nobody"));
    Ok(())
}
